#!/usr/bin/env python3
"""Finds what is true on one machine or one day only: paths of a developer's machine, hosts of package registries, and notes to oneself.

    words.py ROOT
"""
import re
import sys

from tree import end, files_of, text_of

FORBIDDEN = (
    (re.compile(r"(?<![\w.$}/-])/(work|root|home/\w+)/"), "a path of somebody's machine"),
    (re.compile(r"\b(TO[D]O|FIX[M]E|X[X]X)\b"), "a note to oneself: do it, or write an issue"),
    # Which mirror serves packages is the machine's business: apt, npm and go are configured there. (Names of images are data.)
    (re.compile(r"\b(registry[.](npmjs|yarnpkg)|proxy[.]golang|(deb|security)[.]debian|(static|index)[.]crates|pypi|rubygems)[.](org|com|io)\b"), "the host of a package registry"),
)
# TAP has a directive of this name: its own files, and lines that name TAP or its other directive, speak of that.
NO_NOTE = re.compile(r"(^|/)tap[._]|/tap/|^docs/tap\.md$")
OF_TAP = re.compile(r"\b(TAP|SKIP)\b")


def main():
    root = sys.argv[1]
    faults, looked_at = [], 0
    for name in files_of(root):
        text = text_of(root, name)
        if text is None:
            continue
        looked_at += 1
        for number, line in enumerate(text.splitlines(), 1):
            for pattern, what in FORBIDDEN:
                found = pattern.search(line)
                if found and not (found.group() == "TO" "DO" and (NO_NOTE.search(name) or OF_TAP.search(line))):
                    faults.append(f"{name}:{number}: {what}: {found.group()}")
    end("words", faults, looked_at)


if __name__ == "__main__":
    main()
