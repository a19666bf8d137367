#!/usr/bin/env python3
"""How long it takes to plan from the MoQ interop runner's registry.

    moq_plan.py REGISTRY [INTEROPER]    REGISTRY is an implementations.json, or a folder that holds one

The runner that the registry is from cannot be had here. Its own plan (`--dry-run`) of the registry with 350 runs was measured elsewhere,
on another machine, with 69 s; that number is printed as what it is, and no ratio is made of it.
"""
import json
import os
import statistics
import subprocess
import sys
import time

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
RUNS = 20
CALLS = ((), ("--format", "json"), ("--per-test",), ("--relay", "moqx", "-p", "transport=quic"))


def measure(command):
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit status {process.returncode}")
    return wall * 1000, (usage.ru_utime + usage.ru_stime) * 1000


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    program = os.path.realpath(sys.argv[2] if len(sys.argv) > 2 else os.path.join(ROOT, "build", "release", "bin", "interoper"))
    base = [program, "tests", "list", "--suite", sys.argv[1]]
    cells = len(json.loads(subprocess.run([*base, "--format", "json"], capture_output=True, check=True).stdout)["cells"])
    print(f"{cells} cells; load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores; {RUNS} runs each")
    print(f"{'fastest':>10} {'median':>10} {'CPU':>10}")
    for arguments in CALLS:
        wall, cpu = zip(*(measure([*base, *arguments]) for _ in range(RUNS)))
        print(f"{min(wall):7.1f} ms {statistics.median(wall):7.1f} ms {statistics.median(cpu):7.1f} ms  tests list {' '.join(arguments)}")
    print("the original's --dry-run: 69 s, measured elsewhere with the registry of 350 runs")


if __name__ == "__main__":
    main()
