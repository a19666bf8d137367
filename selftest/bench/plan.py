#!/usr/bin/env python3
"""How long planning takes: `tests list` over 10,000 tests and 20 implementations (4,000,000 cells), with filters, and `--version`.

    plan.py [PROGRAM]    (default: build/release/bin/interoper; nothing else should run meanwhile)

Prints for each call the fastest and the median wall time of some runs, its CPU time, and the most memory that it held.
"""
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
TESTS, IMPLEMENTATIONS, RUNS = 10_000, 20, 7
CALLS = (
    ("--version",),
    ("tests", "list", "-t", "test-00042"),
    ("tests", "list", "--tag", "t3", "-w", "impl-03", "-d", "impl-04"),
    ("tests", "list", "--impl", "impl-03"),
    ("tests", "list", "--impl", "impl-03", "--format", "json"),
)
HEADER = {
    "timeout": "30s",
    "params": {"size": ["1k", "1m"]},
    "expect": [{"event": {"ro": "worker", "ty": "hello"}, "within": "5s"}, {"never": {"ty": "exchange.error"}}],
}
PROSE = "## Worker\n\n1. Say `ready`.\n2. Answer what comes, with the *same* bytes.\n\n## Driver\n\n1. Say `ready`, send, compare, say `done`.\n"


def make_suite(folder):
    tests = os.path.join(folder, "interop", "tests")
    os.makedirs(tests)
    for number in range(TESTS):
        header = json.dumps({**HEADER, "tags": [f"t{number % 10}"]}, indent=1)
        with open(f"{tests}/test-{number:05}.md", "w", encoding="utf-8") as file:
            file.write(f"```json\n{header}\n```\n\n# Test number {number}\n\n{PROSE}")
    with open(f"{tests}/_implementations.json", "w", encoding="utf-8") as file:
        json.dump({f"impl-{number:02}": {"image": f"x{number}"} for number in range(IMPLEMENTATIONS)}, file)


def measure(program, arguments, cwd):
    began = time.monotonic()
    process = subprocess.Popen([program, *arguments], cwd=cwd, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{program} {' '.join(arguments)}: exit status {process.returncode}")
    return wall * 1000, (usage.ru_utime + usage.ru_stime) * 1000, usage.ru_maxrss / 1024


def main():
    program = os.path.realpath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "build", "release", "bin", "interoper"))
    with tempfile.TemporaryDirectory(prefix="interoper-bench-") as folder:
        make_suite(folder)
        print(f"{TESTS} tests, {IMPLEMENTATIONS} x {IMPLEMENTATIONS} implementations; load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")
        print(f"{'fastest':>10} {'median':>10} {'CPU':>10} {'memory':>10}")
        for arguments in CALLS:
            runs = [measure(program, arguments, folder) for _ in range(RUNS)]
            wall, cpu, memory = zip(*runs)
            print(f"{min(wall):7.1f} ms {statistics.median(wall):7.1f} ms {statistics.median(cpu):7.1f} ms {max(memory):6.1f} MiB  {' '.join(arguments)}")


if __name__ == "__main__":
    main()
