#!/usr/bin/env python3
"""Holds the includes of src/ against the levels of docs/architecture.md, and keeps the words of one suite or runtime out of the engine.

    levels.py ROOT
"""
import re
import sys

from tree import end, files_of, text_of

# Room -> what its files may include beside their own room. `main.cpp` and commands/ join the rooms: they may include everything.
MAY_INCLUDE = {
    "model": (),
    "base": (),
    "suites": ("base/", "model/"),
    "runtimes": ("base/", "model/"),
    "reporters": ("base/", "model/"),
    # Of its neighbours the engine sees the two ports.
    "engine": ("base/", "model/", "runtimes/runtime.hpp", "reporters/reporter.hpp"),
    "inspector": ("base/", "model/", "suites/", "runtimes/", "reporters/"),
}
# Tests may also read back what the reporters wrote, and play with fakes.
TESTS_MAY_INCLUDE = ("reporters/", "fakes/")

# Headers cost every file that includes them: beside the standard library and POSIX they may name this, and nothing else.
HEADERS_MAY_INCLUDE = {
    "base/task.hpp": ("boost/asio/any_io_executor.hpp", "boost/asio/awaitable.hpp", "boost/asio/steady_timer.hpp"),
}
CHEAP_HEADERS = ("nlohmann/json_fwd.hpp",)
PLATFORM_HEADER = re.compile(r"[a-z_]+|sys/[a-z]+\.h|(unistd|stdlib|stdio|string|signal|fcntl|poll|errno|time)\.h")

# What an engine that knows neither suite nor runtime has no word for. "Dockerfile" is interface: the key of an implementation.
FOREIGN = re.compile(r"docker(?!file)|podman|kubernetes|telehash|libp2p|\bmoq\b|\bquic\b|markdown|cmark|commonmark", re.IGNORECASE)
FOREIGN_FREE = ("engine", "model")
# Where a comment points at a document, the document's name is no knowledge.
DOCUMENT = re.compile(r"(contracts|docs|design)/[\w./-]+")

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)


def faults_of(name, text):
    inside = name[len("src/"):]
    room, _, rest = inside.partition("/")
    faults = []

    def fault(position, what):
        faults.append(f"{name}:{text.count(chr(10), 0, position) + 1}: {what}")

    joins_rooms = not rest or room == "commands"
    if not joins_rooms and room not in MAY_INCLUDE:
        return [f"{name}:1: {room} is no room of the house: give it a level in selftest/style/levels.py and docs/architecture.md"]
    for include in INCLUDE.finditer(text):
        kind, header = include.groups()
        if kind == '"' and not joins_rooms:
            allowed = (f"{room}/", *MAY_INCLUDE[room], *(TESTS_MAY_INCLUDE if inside.endswith("_test.cpp") else ()))
            if not header.startswith(allowed):
                fault(include.start(), f"{room} must not include {header}; it may include {', '.join(allowed)}")
        if kind == "<" and inside.endswith(".hpp"):
            allowed = HEADERS_MAY_INCLUDE.get(inside, ()) + CHEAP_HEADERS
            if header not in allowed and not PLATFORM_HEADER.fullmatch(header):
                fault(include.start(), f"a header must not include <{header}>: everybody who includes it would pay; forward declare")
    if room in FOREIGN_FREE:
        for line in re.finditer(r"[^\n]+", text):
            word = FOREIGN.search(DOCUMENT.sub("", line.group()))
            if word:
                fault(line.start(), f"{room} knows no \"{word.group()}\": it serves every suite and every runtime")
    return faults


def main():
    root = sys.argv[1]
    faults, looked_at = [], 0
    for name in files_of(root):
        if name.startswith("src/") and name.endswith((".cpp", ".hpp")):
            looked_at += 1
            faults += faults_of(name, text_of(root, name) or "")
    end("levels", faults, looked_at)


if __name__ == "__main__":
    main()
