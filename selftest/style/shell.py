#!/usr/bin/env python3
"""Runs shellcheck over every shell script: what ends in .sh or .bash, and what begins with a shell's name.

    shell.py ROOT
"""
import re
import shutil
import subprocess
import sys

from tree import SKIPPED, end, files_of, text_of

SHEBANG = re.compile(r"#!\s*/(usr/)?bin/(env )?(ba|da|)sh\b")


def main():
    root = sys.argv[1]
    if not shutil.which("shellcheck"):
        print("there is no shellcheck here: scripts/deps --test installs it")
        sys.exit(SKIPPED)
    names = [name for name in files_of(root) if name.endswith((".sh", ".bash")) or SHEBANG.match(text_of(root, name) or "")]
    done = subprocess.run(["shellcheck", "--format=gcc", *names], cwd=root, capture_output=True, text=True) if names else None
    end("shellcheck", (done.stdout + done.stderr).splitlines() if done else [], len(names))


if __name__ == "__main__":
    main()
