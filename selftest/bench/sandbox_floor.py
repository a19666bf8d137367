#!/usr/bin/env python3
"""Compares cells of the sandbox with what the kernel alone takes for the same namespaces, networks and mounts (sandbox_floor.cpp), in turn, so
that both see the same machine. As root.

    sandbox_floor.py BUILD [--cells 300] [--rounds 5]      BUILD holds bin/interoper and the targets sandbox_floor and interoper_nothing
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("--cells", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args()


def find(build, name):
    for place, _, names in os.walk(build):
        if name in names:
            return os.path.join(os.path.realpath(place), name)
    sys.exit(f"there is no {name} below {build}: build it")


class Project:
    def __init__(self, nothing, cells):
        self.path = tempfile.mkdtemp(prefix="sandbox-floor-")
        os.makedirs(os.path.join(self.path, "interop/tests"))
        self.role = shutil.copy(nothing, os.path.join(self.path, "th-test"))
        for number in range(cells):
            with open(os.path.join(self.path, f"interop/tests/nothing-{number}.md"), "w") as file:
                file.write("```json\n{}\n```\n\n# Nothing\n")

    def run(self, program, jobs):
        """Seconds of the whole run, and the milliseconds of each attempt by its own clock."""
        shutil.rmtree(os.path.join(self.path, "interop/reports"), ignore_errors=True)
        began = time.monotonic()
        subprocess.run([program, "test", "--runtime", "sandbox", "-q", "-j", jobs], cwd=self.path, check=True, capture_output=True)
        took = time.monotonic() - began
        folder = os.path.join(self.path, "interop/reports/latest/cells")
        each = []
        for cell in os.listdir(folder):
            with open(os.path.join(folder, cell, "1.jsonl"), "rb") as file:
                each.append(json.loads(file.readlines()[-1])["us"] / 1000)
        return took, each


def floor(program, kind, cells, jobs, role):
    began = time.monotonic()
    done = subprocess.run([program, kind, str(cells), str(jobs), role], check=True, capture_output=True, text=True)
    return time.monotonic() - began, [int(line) / 1000 for line in done.stdout.split()]


def main():
    wish = arguments()
    interoper, kernel, nothing = (find(wish.build, name) for name in ("interoper", "sandbox_floor", "interoper_nothing"))
    project = Project(nothing, wish.cells)
    cores = len(os.sched_getaffinity(0))
    ways = {
        "kernel, pooled networks": lambda: floor(kernel, "pooled", wish.cells, 1, project.role),
        "kernel, fresh networks": lambda: floor(kernel, "fresh", wish.cells, 1, project.role),
        "interoper -j 1": lambda: project.run(interoper, "1"),
        f"kernel, pooled, {cores} at once": lambda: floor(kernel, "pooled", wish.cells, cores, project.role),
        "interoper -j auto": lambda: project.run(interoper, "auto"),
    }
    seconds = {name: [] for name in ways}
    each = {name: [] for name in ways}
    try:
        for _ in range(wish.rounds):
            for name, way in ways.items():
                took, milliseconds = way()
                seconds[name].append(took)
                each[name] += milliseconds
    finally:
        shutil.rmtree(project.path)
    print(f"{wish.rounds} rounds of {wish.cells} cells each, {cores} cores, load {os.getloadavg()[0]:.1f}")
    for name in ways:
        print(f"{name:28} {statistics.median(each[name]):6.2f} ms a cell (median)   {wish.cells / statistics.median(seconds[name]):6.0f} cells/s (whole run)")
    wall = {name: statistics.median(seconds[name]) for name in ways}
    print(f"one at a time, whole run against the kernel: {wall['interoper -j 1'] / wall['kernel, pooled networks']:.2f} (pooled), "
          f"{wall['interoper -j 1'] / wall['kernel, fresh networks']:.2f} (fresh)")
    print(f"-j auto against the kernel: {wall['interoper -j auto'] / wall[f'kernel, pooled, {cores} at once']:.2f}")


if __name__ == "__main__":
    main()
