#!/usr/bin/env python3
"""How long a two-role cell takes that does nothing: through interoper (containers in slots, with a network of their own, and without a
container engine), through the `docker` program, and through docker-compose.

    cell.py [PROGRAM]    (default: build/release/bin/interoper; needs a container engine, and nothing else should run meanwhile)

All play the same image in turn, round after round; then four cells at once, beside a bare client of the same engine that makes the same
calls and does nothing else. Prints medians and ratios. `scripts/engine run selftest/bench/cell.py` brings an engine.
"""
import concurrent.futures
import http.client
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
IMAGE, RUN = "interoper-bench:latest", f"interoper-bench-{os.getpid()}"
ROUNDS, OURS, THEIRS, AT_ONCE, MANY = 5, 20, 3, 4, 40
# Both roles do nothing. The worker ends at SIGTERM, as whoever is not process 1 does.
PLAYER = """#!/bin/sh
echo '{"ty":"ready"}'
if [ "$2" = driver ]; then echo '{"ty":"done"}'; exit 0; fi
exec sleep 600
"""


def median(values):
    return statistics.median(values)


# ---- ours ----------------------------------------------------------------------------------------


class Ours:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        os.makedirs(f"{folder}/interop/tests")
        with open(f"{folder}/interop/tests/nothing.md", "w", encoding="utf-8") as file:
            file.write('    {"timeout": "60s"}\n\n# Nothing\n')
        with open(f"{folder}/interop/tests/_implementations.json", "w", encoding="utf-8") as file:
            json.dump({"bench": {"image": IMAGE}, "direct": {"path": f"{folder}/direct"}}, file)
        os.mkdir(f"{folder}/direct")
        with open(f"{folder}/direct/th-test", "w", encoding="utf-8") as file:
            file.write(PLAYER)
        os.chmod(f"{folder}/direct/th-test", 0o755)

    def run(self, cells, jobs, *options, implementation="bench"):
        """Milliseconds: the whole run, its start and its clean-up too."""
        began = time.monotonic()
        done = subprocess.run([self.program, "tournament", "-q", "-j", str(jobs), "--repeat", str(cells), "--impl", implementation, *options], cwd=self.folder, capture_output=True, text=True)
        wall = time.monotonic() - began
        if done.returncode != 0:
            sys.exit(f"interoper: exit status {done.returncode}\n{done.stdout}{done.stderr}")
        return wall * 1000

    def further_cell(self, cells, jobs, *options, **more):
        """Milliseconds that each further cell takes once a run is under way: the difference of a long run and a short one."""
        return (self.run(jobs + cells, jobs, *options, **more) - self.run(jobs, jobs, *options, **more)) / cells


# ---- theirs --------------------------------------------------------------------------------------


def call(*words, **more):
    return subprocess.run(words, check=True, capture_output=True, text=True, **more).stdout


def docker_cell():
    """As a script would do it: a network, the worker in the background, the driver in the foreground, and everything away again."""
    began = time.monotonic()
    call("docker", "network", "create", RUN)
    call("docker", "run", "-d", "--init", "--network", RUN, "--name", f"{RUN}-worker", "-v", f"{RUN}:/shared", IMAGE, "th-test", "nothing", "worker")
    while "ready" not in call("docker", "logs", f"{RUN}-worker"):
        pass
    call("docker", "run", "--rm", "--init", "--network", RUN, "-v", f"{RUN}:/shared", IMAGE, "th-test", "nothing", "driver")
    call("docker", "rm", "-f", f"{RUN}-worker")
    call("docker", "network", "rm", RUN)
    call("docker", "volume", "rm", RUN)
    return (time.monotonic() - began) * 1000


def compose_cell(folder):
    began = time.monotonic()
    words = ["docker-compose", "-f", f"{folder}/compose.yml", "-p", RUN]
    call(*words, "up", "--abort-on-container-exit", "--exit-code-from", "driver")
    call(*words, "down", "-v", "-t", "1")
    return (time.monotonic() - began) * 1000


COMPOSE = f"""version: "2.4"
services:
  worker: {{image: "{IMAGE}", init: true, command: th-test nothing worker, volumes: ["shared:/shared"]}}
  driver: {{image: "{IMAGE}", init: true, command: th-test nothing driver, volumes: ["shared:/shared"], depends_on: [worker]}}
volumes: {{shared: }}
"""


# ---- a bare client of the engine -----------------------------------------------------------------


class Connection(http.client.HTTPConnection):
    def __init__(self):
        super().__init__("engine")

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").removeprefix("unix://"))


class Bare:
    """The same calls for the same cell, with nothing around them: slots made ahead, both roles started at once, removal in the background."""

    def __init__(self, width):
        self.width = width
        self.removals = concurrent.futures.ThreadPoolExecutor(width)
        self.roles = concurrent.futures.ThreadPoolExecutor(2 * width)
        self.slots = [self.slot(number) for number in range(width)]
        self.number = 0

    @staticmethod
    def ask(method, path, body=None):
        connection = Connection()
        connection.request(method, path, json.dumps(body) if body is not None else None, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status} {text!r}")
        return json.loads(text) if text.startswith(b"{") else {}

    def slot(self, number):
        name = f"{RUN}-{number}"
        self.ask("POST", "/networks/create", {"Name": name, "Internal": True, "IPAM": {"Config": [{"Subnet": f"10.233.{number}.0/28"}]}})
        places = []
        for role in ("worker", "driver"):
            made = self.ask("POST", f"/containers/create?name={name}-{role}", {"Image": IMAGE, "Cmd": ["sleep", "600"], "HostConfig": {"Init": True, "NetworkMode": name}})
            self.ask("POST", f"/containers/{made['Id']}/start")
            places.append(made["Id"])
        return name, places

    def role(self, name, place, role):
        host = {"Init": True, "NetworkMode": f"container:{place}", "LogConfig": {"Type": "none"}, "Mounts": [{"Type": "volume", "Source": name, "Target": "/shared"}]}
        order = {"Image": IMAGE, "Cmd": ["th-test", "nothing", role], "AttachStdout": True, "AttachStderr": True, "HostConfig": host}
        made = self.ask("POST", f"/containers/create?name={name}-{role}", order)["Id"]
        stream = socket.socket(socket.AF_UNIX)
        stream.connect(os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").removeprefix("unix://"))
        stream.sendall(f"POST /containers/{made}/attach?stream=1&stdout=1&stderr=1 HTTP/1.1\r\nHost: engine\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n".encode())
        self.read_until(stream, b"\r\n\r\n")  # attached: nothing is lost from here on
        self.ask("POST", f"/containers/{made}/start")
        return made, stream

    @staticmethod
    def read_until(stream, word):
        seen = b""
        while word is None or word not in seen:
            piece = stream.recv(65536)
            if not piece:
                break
            seen += piece

    def cell(self):
        self.number += 1
        name, places = self.slots.pop()
        volume = f"{name}-cell{self.number}"
        self.ask("POST", "/volumes/create", {"Name": volume, "DriverOpts": {"type": "tmpfs", "device": "tmpfs", "o": "size=64m"}})
        (worker, w), (driver, d) = self.roles.map(lambda role: self.role(volume, *role), zip(places, ("worker", "driver")))
        self.read_until(w, b"ready")
        self.read_until(d, None)  # the end of its output: it has exited
        self.ask("POST", f"/containers/{worker}/kill?signal=TERM")
        self.read_until(w, None)
        w.close()
        d.close()
        self.slots.append((name, places))
        self.removals.submit(self.remove, (worker, driver), volume)

    def remove(self, containers, volume):
        for container in containers:
            self.ask("DELETE", f"/containers/{container}?force=1&v=1")
        self.ask("DELETE", f"/volumes/{volume}")

    def run(self, cells):
        """Milliseconds a cell, removals included."""
        began = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(self.width) as pool:
            for done in [pool.submit(self.cell) for _ in range(cells)]:
                done.result()
        self.removals.shutdown()
        self.removals = concurrent.futures.ThreadPoolExecutor(self.width)
        return (time.monotonic() - began) * 1000 / cells

    def close(self):
        self.removals.shutdown()
        for name, places in self.slots:
            for place in places:
                self.ask("DELETE", f"/containers/{place}?force=1&v=1")
            self.ask("DELETE", f"/networks/{name}")


# ---- in turn -------------------------------------------------------------------------------------


def build_image(folder):
    with open(f"{folder}/th-test", "w", encoding="utf-8") as file:
        file.write(PLAYER)
    os.chmod(f"{folder}/th-test", 0o755)
    with open(f"{folder}/Dockerfile", "w", encoding="utf-8") as file:
        file.write("FROM debian:bookworm-slim\nCOPY th-test /usr/local/bin/\n")
    call("docker", "build", "-q", "-t", IMAGE, folder, env={**os.environ, "DOCKER_BUILDKIT": "0"})


def one_at_a_time(ours, folder):
    ways = {
        "pooled": lambda: [ours.further_cell(OURS, 1)],
        "pooled, whole run": lambda: [ours.run(OURS, 1) / OURS],
        "strict": lambda: [ours.further_cell(OURS // 2, 1, "--isolation", "strict")],
        "sandbox": lambda: [ours.further_cell(10 * OURS, 1, "--runtime", "sandbox", implementation="direct")],
        "sandbox, whole run": lambda: [ours.run(10 * OURS, 1, "--runtime", "sandbox", implementation="direct") / (10 * OURS)],
        "docker": lambda: [docker_cell() for _ in range(THEIRS)],
    }
    if shutil.which("docker-compose"):
        ways["docker-compose"] = lambda: [compose_cell(folder) for _ in range(THEIRS)]
    else:
        print("docker-compose is not installed: left out", file=sys.stderr)
    times = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            times[name] += way()
    print(f"\none cell at a time, {ROUNDS} rounds in turn; `whole run` has {OURS} cells ({10 * OURS} in the sandbox) and counts its start, its slot and its clean-up")
    print(f"{'':18} {'median':>9} {'least':>9}   {'docker / it':>12} {'compose / it':>13}")
    for name, values in times.items():
        ratios = [median(times[other]) / median(values) if other in times else float("nan") for other in ("docker", "docker-compose")]
        print(f"{name:18} {median(values):6.1f} ms {min(values):6.1f} ms   {ratios[0]:11.1f}x {ratios[1]:12.1f}x")


def many_at_once(ours):
    bare = Bare(AT_ONCE)
    times = {"interoper": [], "bare client": []}
    try:
        for _ in range(3):
            times["interoper"].append(ours.further_cell(MANY, AT_ONCE))
            times["bare client"].append(bare.run(MANY))
    finally:
        bare.close()
    print(f"\n{AT_ONCE} cells at once, {MANY} a run, 3 rounds in turn")
    for name, values in times.items():
        print(f"{name:16} {1000 / median(values):6.1f} cells/s")
    print(f"interoper reaches {median(times['bare client']) / median(times['interoper']):.0%} of the bare client")


def main():
    program = os.path.realpath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "build", "release", "bin", "interoper"))
    with tempfile.TemporaryDirectory(prefix="interoper-bench-") as folder:
        build_image(folder)
        with open(f"{folder}/compose.yml", "w", encoding="utf-8") as file:
            file.write(COMPOSE)
        ours = Ours(program, os.path.join(folder, "project"))
        print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")
        ours.run(2, 1)  # the slot's image, the engine's caches
        one_at_a_time(ours, folder)
        many_at_once(ours)
    call("docker", "image", "rm", IMAGE)


if __name__ == "__main__":
    main()
