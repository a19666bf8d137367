#!/usr/bin/env python3
"""How fast a role's output becomes a timeline, from a pipe (sandbox) and from a container (docker), and how much memory that takes.

    stream.py [PROGRAM] [--gigabytes N]    (default: build/release/bin/interoper; nothing else should run meanwhile)

Everything is written to a tmpfs, in turn: `cat > file`, which takes as many bytes from a pipe as our timeline has; a reader that takes the
role's bytes from a container to nowhere, through pipes and as an engine's attached stream; and us. A writer flushes either each line, as
programs under test do, or 64 KiB at a time. Prints medians and ratios. `scripts/engine run selftest/bench/stream.py` brings an engine.
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

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
IMAGE = "interoper-bench:latest"
ROUNDS, LINES, LINE_BYTES = 3, {"line": 1_000_000, "block": 4_000_000}, 113
# LINE_BYTES of an event, as a driver writes them. What it writes with one call is said by its first argument.
WRITER = r"""
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <unistd.h>

const char line[] = "{\"ty\":\"sample\",\"in\":{\"channel_id\":17,\"seq\":123,\"packet\":{\"body\":\"0123456789abcdef0123456789abcdef\",\"ack\":1200}}}\n";

void put(const char* bytes, size_t size) {
  while (size > 0) {
    const ssize_t written = write(1, bytes, size);
    if (written <= 0) std::exit(1);
    bytes += written;
    size -= static_cast<size_t>(written);
  }
}

int main(int, char** arguments) {  // line|block LINES
  const size_t each = std::strcmp(arguments[1], "line") == 0 ? 1 : 65536 / (sizeof line - 1);
  std::string piece;
  for (size_t i = 0; i < each; ++i) piece += line;
  for (long left = std::atol(arguments[2]); left > 0; left -= static_cast<long>(each)) {
    const size_t now = static_cast<size_t>(left) < each ? static_cast<size_t>(left) : each;
    put(piece.data(), now * (sizeof line - 1));
  }
}
"""
PLAYER = """#!/bin/sh
echo '{"ty":"ready"}'
if [ "$2" = worker ]; then while read -r letter; do case $letter in '{"ty":"done"}') exit 0;; esac; done; exit 0; fi
%s/writer $INTEROPER_PARAM_WRITES $INTEROPER_PARAM_LINES
echo '{"ty":"done"}'
"""
DOCKERFILE = "FROM debian:bookworm-slim\nCOPY writer /usr/local/bin/\nCOPY container-test /usr/local/bin/th-test\n"


def median(values):
    return statistics.median(values)


class Stage:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        os.makedirs(f"{folder}/local")
        os.makedirs(f"{folder}/interop/tests")
        self.write("writer.cc", WRITER)
        subprocess.run(["g++", "-O2", "-static", f"{folder}/writer.cc", "-o", f"{folder}/writer"], check=True)
        shutil.copy(f"{folder}/writer", f"{folder}/local/writer")
        self.write("local/th-test", PLAYER % f"{folder}/local", 0o755)
        self.write("container-test", PLAYER % "/usr/local/bin", 0o755)
        self.write("Dockerfile.bench", DOCKERFILE)
        self.write("interop/tests/stream.md", json.dumps({"timeout": "1h", "params": {"writes": ["line"], "lines": ["1"]}}).join(["```json\n", "\n```\n\n# Stream\n"]))
        self.write("interop/tests/_implementations.json", json.dumps({"pipe": {"path": f"{folder}/local"}, "container": {"image": IMAGE}}))
        self.has_engine = subprocess.run(["docker", "build", "-q", "-t", IMAGE, "-f", f"{folder}/Dockerfile.bench", folder], capture_output=True, check=False, env={**os.environ, "DOCKER_BUILDKIT": "0"}).returncode == 0

    def write(self, name, text, mode=0o644):
        with open(f"{self.folder}/{name}", "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(f"{self.folder}/{name}", mode)

    def ours(self, implementation, writes, lines):
        """Seconds from the driver's start to its exit, by the timeline's own clock; bytes and lines of the timeline; the most memory."""
        reports = f"{self.folder}/reports"
        process = subprocess.Popen(
            [self.program, "tournament", "--runtime", "sandbox" if implementation == "pipe" else "docker", "--impl", implementation,
             "--set", f"writes={writes}", "--set", f"lines={lines}", "--reports", reports], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        said = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        if status != 0:
            sys.exit(f"interoper: exit status {os.waitstatus_to_exitcode(status)}\n{said}")
        with open(f"{reports}/latest/report.json", encoding="utf-8") as file:
            attempt = json.load(file)["cells"][0]["attempts"][0]
        log = f"{reports}/latest/{attempt['log']}"
        marks, samples = {}, 0
        with open(log, "rb") as file:
            for line in file:
                if b'"ty":"sample"' in line:
                    samples += 1
                elif b'"ro":"driver","by":"engine"' in line:
                    event = json.loads(line)
                    marks[event["ty"]] = event["us"]
        size = os.path.getsize(log)
        shutil.rmtree(reports)
        if samples != lines:
            sys.exit(f"{implementation}: {lines} lines were written and {samples} are on the timeline")
        return (marks["exited"] - marks["started"]) / 1e6, size, usage.ru_maxrss / 1024

    def cat(self, writes, size):
        """Seconds in which `cat` takes so many bytes from a pipe to a file."""
        lines = size // LINE_BYTES
        with open(f"{self.folder}/cat.out", "wb") as out:
            began = time.monotonic()
            writer = subprocess.Popen([f"{self.folder}/writer", writes, str(lines)], stdout=subprocess.PIPE)
            subprocess.run(["cat"], stdin=writer.stdout, stdout=out, check=True)
            writer.wait()
            took = time.monotonic() - began
        os.remove(f"{self.folder}/cat.out")
        return took

    @staticmethod
    def to_nowhere(writes, lines):
        """Seconds in which the engine's client takes a container's attached stream to nowhere, its start not counted."""
        times = []
        for count in (0, lines):
            began = time.monotonic()
            subprocess.run(["docker", "run", "--rm", "--log-driver", "none", "--network", "none", IMAGE, "writer", writes, str(count)], stdout=subprocess.DEVNULL, check=True)
            times.append(time.monotonic() - began)
        return times[1] - times[0]


def compare(stage):
    print(f"{'':34} {'lines/s':>10} {'MB/s in':>8} {'MB/s out':>9} {'memory':>8}")
    for writes, lines in LINES.items():
        results = {}
        for _ in range(ROUNDS):
            for implementation in ("pipe", "container")[: 1 + stage.has_engine]:
                results.setdefault(implementation, []).append(stage.ours(implementation, writes, lines))
            size = results["pipe"][0][1]
            results.setdefault("cat", []).append(stage.cat(writes, size))
            if stage.has_engine:
                results.setdefault("nowhere", []).append(stage.to_nowhere(writes, lines))
        size = results["pipe"][0][1]
        took = {name: median([value if isinstance(value, float) else value[0] for value in values]) for name, values in results.items()}

        def show(name, what, bytes_out, memory=None):
            print(f"{what:34} {lines / took[name]:10.0f} {lines * LINE_BYTES / took[name] / 1e6:8.0f} {bytes_out / took[name] / 1e6:9.0f} {f'{memory:.0f} MB' if memory else '':>8}")

        print(f"one write for each {writes}:")
        show("pipe", "  interoper, from a pipe", size, max(value[2] for value in results["pipe"]))
        print(f"{'  cat, from a pipe':34} {'':10} {'':8} {size / took['cat'] / 1e6:9.0f}")
        print(f"  interoper reaches {took['cat'] / took['pipe']:.0%} of cat, which writes as many bytes")
        if stage.has_engine:
            show("container", "  interoper, from a container", size, max(value[2] for value in results["container"]))
            show("nowhere", "  the engine's stream, to nowhere", 0)
            print(f"  interoper reaches {took['nowhere'] / took['container']:.0%} of that")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program", nargs="?", default=os.path.join(ROOT, "build", "release", "bin", "interoper"))
    parser.add_argument("--directory", default="/dev/shm", help="where everything is written (default: %(default)s, a tmpfs)")
    parser.add_argument("--gigabytes", type=float, default=0, help="instead, let so much flow at once, and print the memory")
    wish = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="interoper-bench-", dir=wish.directory) as folder:
        stage = Stage(os.path.realpath(wish.program), folder)
        print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores{'' if stage.has_engine else '; no container engine: pipes only'}")
        if not wish.gigabytes:
            compare(stage)
        if wish.gigabytes:
            lines = int(wish.gigabytes * 1e9 / LINE_BYTES)
            for implementation in ("pipe", "container")[: 1 + stage.has_engine]:
                took, size, memory = stage.ours(implementation, "block", lines)
                print(f"{wish.gigabytes} GB from a {implementation}: {took:.0f} s, {size / 1e9:.1f} GB of timeline, {memory:.0f} MB of memory, nothing lost")
    if stage.has_engine:
        subprocess.run(["docker", "image", "rm", IMAGE], capture_output=True, check=False)


if __name__ == "__main__":
    main()
