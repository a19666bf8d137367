#!/usr/bin/env python3
"""Runs clang-tidy over the C++ files of a change: what differs from the merge base with origin/main, or, on main itself, what the last
commits changed.

    tidy.py ROOT BUILD [FILE...]    BUILD holds compile_commands.json; FILEs are looked at instead of the change
"""
import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from tree import SKIPPED, end, git

PROGRAM = "clang-tidy-19"
# Eight seconds of one core each, because of the libraries' headers: what a person waits for. Whoever changes more at once is told.
MOST_FILES = 24
# A change comes to main as a row of commits.
COMMITS_BACK = 20
# For a clone without history: one file of each kind (pure, coroutines, JSON, sockets), so that the check itself is known to work.
WITHOUT_HISTORY = ("src/engine/judge.cpp", "src/engine/conduct.cpp", "src/suites/spec_reader.cpp", "src/base/http.cpp")


def changed_files(root):
    """The changed files, most changed lines first, and what they were compared with."""
    head = git(root, "rev-parse", "HEAD")
    back = git(root, "rev-list", "--first-parent", f"--max-count={COMMITS_BACK + 1}", "HEAD") or []
    for base in (git(root, "merge-base", "origin/main", "HEAD"), back[-1:]):
        if not base or base == head:
            continue
        lines = {}
        for row in git(root, "diff", "--numstat", "--no-renames", base[0]) or []:
            added, removed, name = row.split("\t")
            lines[name] = 0 if added == "-" else int(added) + int(removed)
        return sorted(lines, key=lambda name: (-lines[name], name)), base[0][:12]
    return list(WITHOUT_HISTORY), "nothing: there is no history here"


def sources_of(root, names, compiled):
    """What a compiler sees of these: a source stands for itself, a header for the source (or else the test) beside it."""
    sources = []
    for name in names:
        stem, extension = os.path.splitext(name)
        beside = [name] if extension == ".cpp" else [stem + ".cpp", stem + "_test.cpp"] if extension == ".hpp" else []
        sources += [path for path in beside if os.path.join(root, path) in compiled][:1]
    return list(dict.fromkeys(sources))


def look_at(root, build, name):
    # The database may be g++'s, whose warnings clang need not know.
    command = [PROGRAM, "-p", build, "--quiet", "--extra-arg=-Wno-unknown-warning-option", name]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    return [] if done.returncode == 0 else [done.stdout.strip() or f"{name}: {PROGRAM} failed: {done.stderr.strip()}"]


def main():
    root, build, *names = [os.path.realpath(sys.argv[1]), os.path.realpath(sys.argv[2]), *sys.argv[3:]]
    if not shutil.which(PROGRAM):
        print(f"there is no {PROGRAM} here: scripts/deps --test installs it")
        sys.exit(SKIPPED)
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        compiled = {os.path.realpath(os.path.join(entry["directory"], entry["file"])) for entry in json.load(file)}
    if not names:
        names, base = changed_files(root)
        print(f"compared with {base}")
    sources = sources_of(root, names, compiled)
    if not sources:
        print("no C++ file changed")
        sys.exit(0)
    for name in sources[MOST_FILES:]:
        print(f"not looked at, too many files changed: {name}")
    sources = sources[:MOST_FILES]
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        found = pool.map(lambda name: look_at(root, build, name), sources)
    end("tidy", [fault for faults in found for fault in faults], len(sources))


if __name__ == "__main__":
    main()
