"""What the end-to-end tests share: the program, projects in folders of their own, images that hold scenes, and questions to the engine.

The environment says where things are: INTEROPER is the program under test, INTEROPER_SOURCE the repository.
"""
import contextlib
import http.client
import io
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
import unittest

SKIPPED = 77
PROGRAM = os.environ.get("INTEROPER", "interoper")
SOURCE = os.environ.get("INTEROPER_SOURCE", os.path.realpath(os.path.join(os.path.dirname(__file__), "..", "..")))
PATIENCE = 120  # seconds; no promise of speed, only what tells a slow machine from one that waits for ever


def skip_all(reason):
    print(f"skipped: {reason}")
    sys.exit(SKIPPED)


def main():
    unittest.main(verbosity=2)


# ---- the program ---------------------------------------------------------------------------------


def environment(**changes):
    """This process's, without what would change the program's behaviour; a value of None removes a variable."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("INTEROPER_") and name not in ("CI", "GITHUB_ACTIONS", "NO_COLOR")}
    env.update(LC_ALL="C.UTF-8", **({"DOCKER_HOST": engine.host} if engine.host else {}))
    for name, value in changes.items():
        env.pop(name, None)
        if value is not None:
            env[name] = value
    return env


class Done:
    """How a call of the program ended."""

    def __init__(self, arguments, code, out, err, pid):
        self.arguments, self.code, self.out, self.err, self.pid = arguments, code, out, err, pid

    def __str__(self):
        return f"interoper {' '.join(self.arguments)}: exit status {self.code}\n--- stdout\n{self.out}--- stderr\n{self.err}"


class Running:
    """A call of the program that goes on. What it prints goes to files, so that nobody need read it."""

    def __init__(self, arguments, cwd, env=None):
        self.arguments = arguments
        self.out, self.err = tempfile.TemporaryFile("w+", errors="replace"), tempfile.TemporaryFile("w+", errors="replace")
        self.process = subprocess.Popen(
            [PROGRAM, *arguments], cwd=cwd, env=env or environment(), stdin=subprocess.DEVNULL, stdout=self.out, stderr=self.err, start_new_session=True
        )
        self.pid = self.process.pid

    def stop(self):
        """For clean-ups: whatever became of it, it is gone."""
        self.process.kill()
        self.process.wait()
        self.out.close()
        self.err.close()

    def send(self, number):
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def text(self, file):
        size = os.fstat(file.fileno()).st_size
        return os.pread(file.fileno(), size, 0).decode(errors="replace")

    def wait(self, within=PATIENCE):
        try:
            code = self.process.wait(within)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"it did not end within {within} s\n{Done(self.arguments, 'killed', self.text(self.out), self.text(self.err), self.pid)}") from None
        done = Done(self.arguments, code, self.text(self.out), self.text(self.err), self.pid)
        self.out.close()
        self.err.close()
        return done


def interoper(*arguments, cwd, env=None, within=PATIENCE):
    return Running(arguments, cwd, env).wait(within)


# ---- projects ------------------------------------------------------------------------------------


class Case(unittest.TestCase):
    maxDiff = None

    def folder(self):
        path = tempfile.mkdtemp(prefix="interoper-e2e-")
        self.addCleanup(shutil.rmtree, path, ignore_errors=True)
        return path

    def project(self):
        return Project(self.folder())

    def assert_code(self, done, code):
        self.assertEqual(done.code, code, str(done))

    def assert_nothing_left(self, run, pid):
        left = engine.left_by(run, pid)
        self.assertEqual(left, [], f"run {run} left something on the engine")

    def assert_valid(self, *folders):
        """Checks report folders against the schemas, where the library for that is there."""
        command = [sys.executable, os.path.join(SOURCE, "selftest", "schema", "validate.py"), *folders]
        checked = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
        if checked.returncode != SKIPPED:
            self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)


class Project:
    def __init__(self, path):
        self.path = path
        os.makedirs(self.inside("interop/tests"))
        self.implementations({})

    def inside(self, *names):
        return os.path.join(self.path, *names)

    def write(self, name, text, mode=0o644):
        path = self.inside(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb" if isinstance(text, bytes) else "w") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def implementations(self, entries):
        self.write("interop/tests/_implementations.json", json.dumps(entries))

    def test(self, name, header=None):
        self.write(f"interop/tests/{name}.md", f"```json\n{json.dumps(header or {})}\n```\n\n# The test {name}\n")

    def interoper(self, *arguments, **options):
        return interoper(*arguments, cwd=self.path, **options)

    def start(self, *arguments, **options):
        return Running(arguments, self.path, **options)

    def run_folder(self, run="latest"):
        return os.path.realpath(self.inside("interop/reports", run))

    def runs(self):
        reports = self.inside("interop/reports")
        return sorted(name for name in os.listdir(reports) if name != "latest") if os.path.isdir(reports) else []

    def report(self, run="latest"):
        with open(os.path.join(self.run_folder(run), "report.json"), encoding="utf-8") as file:
            return json.load(file)

    def tree(self):
        """Every file with what it holds, to see that nothing was damaged."""
        files = {}
        for folder, _, names in os.walk(self.path):
            for name in names:
                path = os.path.join(folder, name)
                with open(path, "rb") as file:
                    files[os.path.relpath(path, self.path)] = file.read()
        return files


def cells_of(report):
    return {cell["id"]: cell for cell in report["cells"]}


def read_events(path):
    """The events of a timeline; AssertionError for a whole line that is none. A last line without its end is left out."""
    events = []
    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                break
            try:
                events.append(json.loads(line))
            except ValueError as error:
                raise AssertionError(f"{path}:{number}: {error}: {line[:200]}") from None
    return events


def timelines_of(folder):
    found = []
    for place, _, names in os.walk(os.path.join(folder, "cells")):
        found += [os.path.join(place, name) for name in names if re.fullmatch(r"\d+\.jsonl", name)]
    return sorted(found)


def wait_until(what, holds, within=PATIENCE):
    deadline = time.monotonic() + within
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"after {within} s still not: {what}")
        time.sleep(0.02)


# ---- the engine ----------------------------------------------------------------------------------


class Connection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("engine", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Engine:
    """A few questions to a container engine, so that no `docker` program is needed here either."""

    def __init__(self, host=None):
        self.host = host

    def call(self, method, path, body=None, kind="application/x-tar", timeout=60):
        connection = Connection(self.host.removeprefix("unix://"), timeout)
        try:
            connection.request(method, path, body, {"Content-Type": kind} if body is not None else {})
            answer = connection.getresponse()
            text = answer.read().decode(errors="replace")
        finally:
            connection.close()
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status} {text}")
        return text

    def answers(self):
        try:
            return self.call("GET", "/_ping", timeout=10) == "OK"
        except (OSError, RuntimeError, http.client.HTTPException):
            return False

    def objects(self):
        """(kind, name, labels, state) of all that carries the label of a run."""
        query = "filters=" + '%7B%22label%22%3A%5B%22interoper.run%22%5D%7D'
        found = [("container", one["Names"][0], one["Labels"], one["State"]) for one in json.loads(self.call("GET", f"/containers/json?all=1&{query}"))]
        found += [("network", one["Name"], one["Labels"], "") for one in json.loads(self.call("GET", f"/networks?{query}"))]
        found += [("volume", one["Name"], one["Labels"], "") for one in json.loads(self.call("GET", f"/volumes?{query}"))["Volumes"] or []]
        return found

    def left_by(self, run, pid):
        """What a process's run has on the engine. Another project's run may have the same name."""
        return [one for one in self.objects() if one[2].get("interoper.run") == run and one[2].get("interoper.owner", "").split(":")[2:3] == [str(pid)]]

    def remove_image(self, name):
        with contextlib.suppress(RuntimeError, OSError):
            self.call("DELETE", f"/images/{name}?force=1")


engine = Engine()


def need_engine():
    """Finds the engine that the program would use, or skips the whole file."""
    for host in (os.environ.get("DOCKER_HOST"), "unix:///var/run/docker.sock"):
        if host and host.startswith("unix://"):
            engine.host = host
            if engine.answers():
                return
    engine.host = None
    skip_all("no container engine answers; run: eval \"$(scripts/engine start)\"")


# ---- scenes --------------------------------------------------------------------------------------

TH_TEST = r"""#!/bin/sh
# Plays the scene that is written down for this test and role.
id=0
say() { # TYPE [JSON]
  id=$((id + 1))
  if [ -n "$2" ]; then echo "{\"id\": $id, \"ty\": \"$1\", \"in\": $2}"; else echo "{\"id\": $id, \"ty\": \"$1\"}"; fi
}
wait_for_end() {
  trap 'exit 0' TERM
  while read -r letter; do
    case $letter in *'"ty":"done"'*|*'"ty": "done"'*) exit 0 ;; esac
  done
  sleep 600 &
  wait
}
scene=/scenes/$1.$2
[ -f "$scene" ] || scene=/scenes/$1.any
[ -f "$scene" ] || { echo "there is no scene for $1 $2" >&2; exit 127; }
. "$scene"
"""

GOOD_WORKER = "say ready; wait_for_end"
GOOD_DRIVER = "say ready; say done"


def busybox():
    for path in ("/bin/busybox", "/usr/bin/busybox"):
        if os.path.exists(path):
            return path
    return None


class Image:
    """An image with a busybox, and a th-test that plays `scenes`: test.role -> shell script."""

    def __init__(self, scenes, on=None):
        program = busybox()
        if program is None:
            skip_all("there is no busybox to make an image of; install busybox-static")
        self.engine = on or engine
        self.name = f"interoper-e2e-{os.getpid()}-{random.randrange(16 ** 6):06x}"
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            with open(program, "rb") as file:
                self.add(tar, "bin/busybox", file.read(), 0o755)
            for applet in subprocess.run([program, "--list"], capture_output=True, text=True, check=True).stdout.split():
                if applet != "busybox":
                    self.link(tar, f"bin/{applet}")
            self.add(tar, "bin/th-test", TH_TEST.encode(), 0o755)
            self.add(tar, "etc/passwd", b"root:x:0:0:root:/:/bin/sh\nplayer:x:1234:1234:player:/:/bin/sh\n", 0o644)
            self.add(tar, "etc/group", b"root:x:0:\nplayer:x:1234:\n", 0o644)
            for name, script in scenes.items():
                self.add(tar, f"scenes/{name}", script.encode() + b"\n", 0o644)
        answer = self.engine.call("POST", f"/images/create?fromSrc=-&repo={self.name}&tag=latest", buffer.getvalue())
        if '"error"' in answer:
            raise RuntimeError(answer)

    @staticmethod
    def add(tar, name, content, mode):
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = len(content), mode
        tar.addfile(entry, io.BytesIO(content))

    @staticmethod
    def link(tar, name):
        entry = tarfile.TarInfo(name)
        entry.type, entry.linkname = tarfile.SYMTYPE, "busybox"
        tar.addfile(entry)

    def remove(self):
        self.engine.remove_image(self.name)


class Stage:
    """The scenes of a file, noted down beside the tests that play them; the image is made when the first of them runs."""

    def __init__(self):
        self.scenes, self.headers, self.made = {}, {}, None

    def scene(self, name, header=None, **scripts):
        """A test and its scripts; worker and driver are well-behaved unless told otherwise, None makes a role that is not there."""
        assert name not in self.headers, name
        self.headers[name] = header or {}
        for role, script in {"worker": GOOD_WORKER, "driver": GOOD_DRIVER, **scripts}.items():
            if script is not None:
                self.scenes[f"{name}.{role}"] = script
        return name

    def image(self):
        if self.made is None:
            self.made = Image(self.scenes)
            unittest.addModuleCleanup(self.made.remove)
        return self.made.name

    def set_up_paths(self, project, *names):
        """The same without a container engine: `busy` is a folder of the project, which the sandbox runs."""
        for name in names or self.headers:
            project.test(name, self.headers[name])
        for name, script in self.scenes.items():
            project.write(f"busy/scenes/{name}", script + "\n")
        project.write("busy/th-test", TH_TEST.replace("/scenes/", "./scenes/"), 0o755)
        project.implementations({"busy": {"path": "../../busy"}})
        return project

    def set_up(self, project, *names, more=None):
        """Puts these tests into the project, and the implementation `busy` that plays them."""
        for name in names or self.headers:
            project.test(name, self.headers[name])
        project.implementations({"busy": {"image": self.image()}, **(more or {})})
        return project
