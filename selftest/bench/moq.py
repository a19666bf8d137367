#!/usr/bin/env python3
"""One cell of the MoQ suite with an instant client, against the Engine calls that nobody can do without.

    scripts/engine run selftest/bench/moq.py [PROGRAM] [--rounds N]

In turn: `interoper tournament` with COUNT cells and with one (their difference is what each further cell costs, as in a run of many), and a
bare client of the same engine that does for one pair what must be done: a network, two containers with an agent's worth of options, start
the relay, see its port bound, start the client, wait for its end, stop the relay, remove everything. The relay binds at once; a second
relay ignores SIGTERM. The original runner cannot be had here: the contract's 4.1 s and 13.9 s were measured elsewhere, and no ratio is made of them.
"""
import argparse
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

HERE = os.path.dirname(os.path.abspath(__file__))
LIAR = os.path.join(HERE, "..", "moq")
IMAGE = "interoper-selftest/moq-liar:latest"
HOST = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").removeprefix("unix://")
COUNT = 20


class Connection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(HOST)


def call(method, path, body=None):
    connection = Connection("localhost")
    connection.request(method, "/v1.41" + path, json.dumps(body) if body is not None else None, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    if answer.status >= 400 and answer.status != 404:
        raise RuntimeError(f"{method} {path}: {answer.status} {text.decode(errors='replace')}")
    return json.loads(text) if text[:1] in (b"{", b"[") else text


def bound(pid):
    for family in ("udp", "udp6"):
        with open(f"/proc/{pid}/net/{family}", encoding="ascii") as table:
            if any(line.split()[1].endswith(":115B") for line in table.readlines()[1:]):
                return True
    return False


def container(network, name, env, memory, cpus, certs, out):
    body = {
        "Image": IMAGE, "Env": env, "User": "1000:65534", "Hostname": name,
        "HostConfig": {"NetworkMode": network, "Memory": memory, "NanoCpus": int(cpus * 1e9), "Init": True, "Binds": [f"{certs}:/certs:ro", f"{out}:/mlog"]},
        "NetworkingConfig": {"EndpointsConfig": {network: {"Aliases": [name, "test-client" if name == "client" else name]}}},
    }
    return call("POST", "/containers/create", body)["Id"]


def floor(lie, network=None):
    """Seconds for one pair with nothing but the engine's calls; with a network that is there already, without making one."""
    own = network is None
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "10", "-subj", "/CN=localhost",
                        "-keyout", folder + "/priv.key", "-out", folder + "/cert.pem"], check=True, capture_output=True)
        for path in (folder, folder + "/priv.key"):
            os.chmod(path, 0o755)
        out = folder + "/out"
        os.mkdir(out)
        os.chmod(out, 0o1777)
        began = time.monotonic()
        if own:
            network = "interoper-bench-moq"
            call("POST", "/networks/create", {"Name": network, "Internal": True})
        relay = container(network, "relay", ["MOQT_ROLE=relay", "MOQT_PORT=4443", "LIE=" + lie], 512 << 20, 1, folder, out)
        client = container(network, "client", ["RELAY_URL=https://relay:4443", "TLS_DISABLE_VERIFY=1", "SAYS_DRAFT=draft-18"], 256 << 20, 0.5, folder, out)
        call("POST", f"/containers/{relay}/start")
        pid = call("GET", f"/containers/{relay}/json")["State"]["Pid"]
        while not bound(pid):
            time.sleep(0.001)
        call("POST", f"/containers/{client}/start")
        status = call("POST", f"/containers/{client}/wait")["StatusCode"]
        assert status == 0, status
        call("POST", f"/containers/{relay}/stop?t=2")
        for one in (relay, client):
            call("DELETE", f"/containers/{one}?force=1&v=1")
        if own:
            call("DELETE", "/networks/" + network)
        return time.monotonic() - began


def ours(program, folder, relay, count, isolation):
    command = [program, "tournament", "--suite", "implementations.json", "--relay", relay, "--client", "client", "-j", "1", "--repeat", str(count), "--isolation", isolation]
    began = time.monotonic()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    seconds = time.monotonic() - began
    if done.returncode != 0:
        sys.exit(done.stdout + done.stderr)
    return seconds


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program", nargs="?", default=os.path.join(HERE, "../../build/release/bin/interoper"))
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    program = os.path.abspath(options.program)
    with tempfile.TemporaryDirectory() as folder:
        for name in ("Dockerfile", "liar", ".dockerignore"):
            shutil.copy(os.path.join(LIAR, name), folder)
        entry = lambda role, lie, **more: {"name": role, "draft_versions": ["draft-18"], "roles": {role: {"docker": {"image": IMAGE, "env": {"LIE": lie, "SAYS_DRAFT": "draft-18"}, **more}}}}
        registry = {"version": "1.1", "implementations": {"relay": entry("relay", "", build={"dockerfile": "Dockerfile", "context": "."}), "client": entry("client", ""), "deaf": entry("relay", "ignores-sigterm")}}
        with open(os.path.join(folder, "implementations.json"), "w", encoding="utf-8") as file:
            json.dump(registry, file)
        subprocess.run([program, "tests", "build", "relay", "--suite", "implementations.json"], cwd=folder, check=True, capture_output=True)
        print(f"load {os.getloadavg()[0]:.1f}; medians of {options.rounds} rounds, each way in turn")
        for relay, lie, count in (("relay", "", COUNT), ("deaf", "ignores-sigterm", 3)):
            rows = {"floor": [], "floor, network kept": [], "pooled": [], "strict": []}
            call("DELETE", "/networks/interoper-bench-kept")
            call("POST", "/networks/create", {"Name": "interoper-bench-kept", "Internal": True})
            for _ in range(options.rounds):
                rows["floor"].append(statistics.median(floor(lie) for _ in range(3 if lie else 5)))
                rows["floor, network kept"].append(statistics.median(floor(lie, "interoper-bench-kept") for _ in range(3 if lie else 5)))
                for isolation in ("pooled", "strict"):
                    one = ours(program, folder, relay, 1, isolation)
                    rows[isolation].append((ours(program, folder, relay, 1 + count, isolation) - one) / count)
            call("DELETE", "/networks/interoper-bench-kept")
            print(f"\na relay that {'ignores SIGTERM (grace 2 s)' if lie else 'ends on SIGTERM'}:")
            base = statistics.median(rows["floor"])
            for name, seconds in rows.items():
                print(f"  {name:22} {statistics.median(seconds) * 1000:7.0f} ms a cell   {statistics.median(seconds) / base:5.2f} of the floor")


if __name__ == "__main__":
    main()
