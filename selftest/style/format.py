#!/usr/bin/env python3
"""Holds the C++ of src/ and selftest/ against .clang-format.

    format.py ROOT
"""
import shutil
import subprocess
import sys

from tree import SKIPPED, end, files_of

PROGRAM = "clang-format-19"  # another version formats otherwise


def main():
    root = sys.argv[1]
    if not shutil.which(PROGRAM):
        print(f"there is no {PROGRAM} here: scripts/deps --test installs it")
        sys.exit(SKIPPED)
    names = [name for name in files_of(root) if name.endswith((".cpp", ".hpp")) and name.startswith(("src/", "selftest/"))]
    faults = []
    if names:
        done = subprocess.run([PROGRAM, "--dry-run", "-Werror", *names], cwd=root, capture_output=True, text=True)
        faults = [line for line in done.stderr.splitlines() if "error:" in line]
        if done.returncode != 0 and not faults:
            faults = [done.stderr]
        if faults:
            print(f"mend with: {PROGRAM} -i " + " ".join(sorted({fault.split(":")[0] for fault in faults})))
    end("format", faults, len(names))


if __name__ == "__main__":
    main()
