#!/usr/bin/env python3
"""How long `interoper report` takes for 5,280 cells (15 clients, 16 servers, 22 tests), format by format and all at once, and for a cell of
a million events.

    formats.py [PROGRAM]    (default: build/release/bin/interoper; nothing else should run meanwhile)

Prints the median wall and CPU time of some runs, the most memory that was held, and the size of what was written. Aim: all formats within 2 s.
"""
import os
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
FORMATS = ("junit", "tap", "ctrf", "html", "trace", "md")
RUNS = 5


def measure(program, report, cell, formats, folder):
    seconds, cpu, most_kib = [], [], 0
    files = [os.path.join(folder, name) for name in formats]
    for _ in range(RUNS):
        began = time.monotonic()
        child = subprocess.Popen([program, "report", report, *cell, *(word for name, file in zip(formats, files) for word in (f"--{name}", file))])
        _, status, usage = os.wait4(child.pid, 0)
        seconds.append(time.monotonic() - began)
        cpu.append(usage.ru_utime + usage.ru_stime)
        if status != 0:
            sys.exit(f"interoper report ended with {status}")
        most_kib = max(most_kib, usage.ru_maxrss)
    size = sum(os.path.getsize(file) for file in files)
    print(f"  {' '.join(formats):<32} {statistics.median(seconds) * 1000:7.0f} ms  {statistics.median(cpu) * 1000:7.0f} ms CPU  {most_kib / 1024:6.0f} MiB held  {size / 1e6:8.2f} MB written")


def main():
    program = sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "build/release/bin/interoper")
    with tempfile.TemporaryDirectory() as folder:
        made = {}
        for kind in ("matrix", "million"):
            made[kind] = os.path.join(folder, kind)
            subprocess.run([sys.executable, os.path.join(ROOT, "selftest/inspector/make_report.py"), kind, made[kind]], check=True)
        print("5,280 cells")
        for name in FORMATS:
            measure(program, made["matrix"], [], [name], folder)
        measure(program, made["matrix"], [], FORMATS, folder)
        print("one cell of 1,000,000 events")
        for name in ("junit", "trace"):
            measure(program, made["million"], ["flood~a~b"], [name], folder)


if __name__ == "__main__":
    main()
