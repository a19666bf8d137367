#!/usr/bin/env python3
"""The sandbox runtime on a real kernel: networks that do not meet, processes that do not outlive their role, limits that hold, and nothing
left of a run that ended or was killed.

SANDBOX_USER=ordinary runs the same as a user without privileges. NOTHING names a role that does nothing (nothing.cpp).
"""
import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "end_to_end"))
import stage  # noqa: E402
from stage import read_events, skip_all, timelines_of, wait_until  # noqa: E402

ORDINARY = os.environ.get("SANDBOX_USER") == "ordinary"
# An ID that no account has: such a user owns nothing here.
UID = 61234
NOTHING = os.environ["NOTHING"]
SANITIZED = os.environ.get("SANITIZED") == "ON"  # such a program needs more of everything


class Machine:
    """What a run could leave behind on this machine. A namespace is held by processes and mounts alone: without those it is gone too."""

    @staticmethod
    def processes(run_by):
        """Those that `run_by` started and that carry the sandbox's marks: its launcher, and roles of the test's projects."""
        found = []
        for process in os.listdir("/proc"):
            if not process.isdigit():
                continue
            try:
                with open(f"/proc/{process}/cmdline", "rb") as file:
                    words = file.read().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if f"interoper-launcher {run_by} " in words + " " or "th-test" in words and "/sandbox-test-" in words:
                found.append((int(process), words))
        return found

    @staticmethod
    def groups(pid):
        found = []
        for place, folders, _ in os.walk("/sys/fs/cgroup"):
            found += [os.path.join(place, name) for name in folders if re.fullmatch(rf"interoper-.*@[^@]*:{pid}:\d+", name)]
        return found

    @staticmethod
    def traces():
        """Mounts and interfaces of the sandbox that stand outside of it. Others use this machine too: only what is like ours counts."""
        with open("/proc/self/mounts") as file:
            found = [line for line in file if re.search(r" /shared | /\.interoper", line)]
        return found + [name for _, name in socket.if_nameindex() if re.fullmatch(r"port\d+|br0|tap0", name)]


def parent(pid):
    with open(f"/proc/{pid}/stat") as file:
        return int(file.read().rsplit(")", 1)[1].split()[1])


def host_addresses():
    done = subprocess.run(["hostname", "-I"], capture_output=True, text=True)
    return [address for address in done.stdout.split() if "." in address]


def call(arguments, **options):
    """As the user that the tests are for."""
    if ORDINARY:
        arguments = ["setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups", *arguments]
    return subprocess.Popen(arguments, **options)


class Case(stage.Case):
    def project(self, program=None):
        folder = tempfile.mkdtemp(prefix="sandbox-test-")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        os.chmod(folder, 0o755)
        project = stage.Project(folder)
        shutil.copy(program or os.path.join(HERE, "scenes.py"), os.path.join(folder, "th-test"))
        os.chmod(os.path.join(folder, "th-test"), 0o755)
        if ORDINARY:
            subprocess.run(["chown", "-R", f"{UID}:{UID}", folder], check=True)
        return project

    def start(self, project, *arguments, files=None, **variables):
        limit = ["prlimit", f"--nofile={files}"] if files else []
        env = stage.environment(**{"HOME": "/tmp", "DOCKER_HOST": "unix:///nonexistent/engine.sock", **variables})
        out = tempfile.TemporaryFile("w+")
        self.addCleanup(out.close)
        process = call([*limit, PROGRAM, *arguments], cwd=project.path, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        process.text = lambda: os.pread(out.fileno(), 1 << 24, 0).decode(errors="replace")
        return process

    def run_tests(self, project, *arguments, code=0, **variables):
        process = self.start(project, "test", "--runtime", "sandbox", *arguments, **variables)
        process.wait(stage.PATIENCE)
        self.assertEqual(process.returncode, code, process.text())
        return process

    def events(self, project, kind, test=None):
        found = []
        for path in timelines_of(project.run_folder()):
            if test is None or f"/{test}~" in path:
                found += [event for event in read_events(path) if event["ty"] == kind]
        return found

    def one(self, project, kind, role="driver"):
        found = [event for event in self.events(project, kind) if event.get("ro") == role]
        self.assertEqual(len(found), 1, found)
        return found[0].get("in")

    def assert_nothing_of(self, pid):
        wait_until(f"every process of {pid} is gone", lambda: not Machine.processes(pid), within=30)
        wait_until(f"every group of {pid} is gone", lambda: not Machine.groups(pid), within=30)


class Network(Case):
    def test_ten_cells_bind_one_port_at_once_and_do_not_meet(self):
        project = self.project()
        names = [f"meet-{number}" for number in range(10)]
        for name in names:
            project.test(name, {"timeout": "1m"})
        self.run_tests(project, "-j", "10")
        for name in names:
            (met,) = self.events(project, "met", name)
            self.assertEqual(met["in"], {"test": name, "others": {"worker": dict.fromkeys(("udp4", "tcp4", "udp6", "tcp6"), name)}})

    def test_three_roles_meet_on_a_bridge(self):
        project = self.project()
        for number in range(3):
            project.test(f"meet-{number}", {"timeout": "1m", "containers": {"relay": {}, "driver": {"env": {"OTHERS": "worker relay"}}}})
        self.run_tests(project, "-j", "2")
        for number in range(3):
            (met,) = self.events(project, "met", f"meet-{number}")
            answers = dict.fromkeys(("udp4", "tcp4", "udp6", "tcp6"), f"meet-{number}")
            self.assertEqual(met["in"]["others"], {"worker": answers, "relay": answers})

    def test_a_fresh_network_for_each_attempt(self):
        project = self.project()
        project.test("meet", {"timeout": "1m"})
        self.run_tests(project, "--isolation", "strict", "--repeat", "3")
        self.assertEqual(len(self.events(project, "met")), 3)

    def test_what_a_role_sees_and_may(self):
        project = self.project()
        listening = [socket.create_server(("", 0)), ]
        self.addCleanup(listening[0].close)
        port = listening[0].getsockname()[1]
        listening.append(socket.create_server(("::1", port), family=socket.AF_INET6))
        self.addCleanup(listening[1].close)
        path = os.path.join(tempfile.mkdtemp(prefix="interoper-socket-", dir="/run" if os.access("/run", os.W_OK) else None), "socket")
        self.addCleanup(shutil.rmtree, os.path.dirname(path))
        local = socket.socket(socket.AF_UNIX)
        self.addCleanup(local.close)
        local.bind(path)
        local.listen()
        addresses = host_addresses()
        project.test("look", {"containers": {"driver": {"env": {"HOST_PORT": str(port), "HOST_ADDRESSES": " ".join(addresses), "HOST_SOCKET": path}}}})
        self.run_tests(project, SECRET_TOKEN="x")
        seen = self.one(project, "seen")
        none = "0" * 16
        self.assertNotEqual(seen["pid"], 1)
        self.assertEqual(seen["processes"], [1, seen["pid"]])
        self.assertEqual(seen["hostname"], "driver")
        self.assertEqual(seen["interfaces"], ["eth0", "lo"])
        self.assertEqual(seen["capabilities"], [none] * 5)
        self.assertEqual(seen["no_new_privileges"], "1")
        self.assertEqual(seen["uid"], UID if ORDINARY else os.getuid())
        self.assertEqual(os.path.realpath(seen["directory"]), os.path.realpath(project.path))
        self.assertEqual(seen["shared"], [])
        self.assertEqual([name for name in seen["tmp"] if not name.startswith("sandbox-test-")], [])
        unreachable = "Network is unreachable"
        self.assertEqual(seen["network"], {"loopback": "Connection refused", "loopback6": "Connection refused", "outside": unreachable,
                                           "outside6": unreachable, **dict.fromkeys(addresses, unreachable)})
        writable = [name for name, how in seen["writes"].items() if how == "written"]
        self.assertEqual(writable, ["/tmp/x", "/dev/shm/x", "/run/x", "/shared/x", "/dev/null"], seen["writes"])
        self.assertEqual(seen["sockets"], "No such file or directory")
        self.assertEqual(seen["hidden"], [])
        self.assertEqual(seen["mount"], -1)
        self.assertIsNone(seen["port_80"])
        self.assertNotIn("SECRET_TOKEN", seen["environment"])
        self.assertEqual(seen["core"], 0)

    def test_the_hosts_own_network(self):
        project = self.project()
        project.test("meet", {"timeout": "1m"})
        # Both roles bind one port: on the host's network that cannot be.
        self.run_tests(project, "--network", "host", code=1)
        texts = [event["in"]["line"] for event in self.events(project, "log")]
        self.assertTrue(any("Address already in use" in text for text in texts), texts)

    def test_the_outside(self):
        device = "/dev/net/tun"
        may_open = os.path.exists(device) and (not ORDINARY or os.stat(device).st_mode & 0o006 == 0o006)
        if not shutil.which("slirp4netns") or not may_open:
            project = self.project()
            project.test("outside", {"network": {"outside": True}})
            process = self.run_tests(project, code=3)
            what = "apt-get install slirp4netns" if not shutil.which("slirp4netns") else "you may not open" if os.path.exists(device) else "modprobe tun"
            self.assertIn(what, process.text())
            return
        addresses = host_addresses()
        with socket.create_server(("", 0)) as server:
            env = {"HOST_PORT": str(server.getsockname()[1]), "HOST_ADDRESSES": " ".join(addresses)}
            project = self.project()
            project.test("outside", {"network": {"outside": True}, "containers": {"driver": {"env": env}}})
            process = self.run_tests(project)
        seen = self.one(project, "seen")
        self.assertTrue(seen["worker"].startswith("10.231.0."), seen)
        self.assertNotEqual(seen["loopback"], "connected")
        self.assertEqual(seen["host"], ["connected"] * len(addresses))
        self.assert_nothing_of(process.pid)


class Processes(Case):
    def test_nobody_outlives_its_role(self):
        project = self.project()
        project.test("linger", {"containers": {"worker": {"grace": "200ms"}}})
        process = self.run_tests(project, "--repeat", "2")
        ends = [(event["ro"], event["in"]) for event in self.events(project, "exited")]
        self.assertEqual(ends, [("driver", {"exit_code": 0}), ("worker", {"exit_code": 137, "signal": 9})] * 2)
        self.assert_nothing_of(process.pid)

    def test_orphans_are_reaped(self):
        project = self.project()
        project.test("orphans")
        self.run_tests(project)
        self.assertEqual(self.one(project, "left"), {"processes": []})

    def test_a_signal_is_told(self):
        project = self.project()
        project.test("abort")
        self.run_tests(project, code=1)
        self.assertEqual(self.one(project, "exited"), {"exit_code": 134, "signal": 6})

    def test_memory_is_limited(self):
        project = self.project()
        project.test("hog", {"containers": {"driver": {"memory": "96m"}}})
        process = self.start(project, "test", "--runtime", "sandbox")
        process.wait(stage.PATIENCE)
        end = self.one(project, "exited")
        if project.report()["run"]["host"]["sandbox_memory_limit"].startswith("cgroup"):
            self.assertEqual((process.returncode, end), (3, {"exit_code": 137, "signal": 9, "oom": True}))
        else:  # each process for itself: it is refused more, and says so
            self.assertEqual((process.returncode, end), (1, {"exit_code": 9}))

    def test_processes_are_limited(self):
        project = self.project()
        project.test("bomb", {"containers": {"driver": {"pids": 50}}})
        self.run_tests(project)
        made = self.one(project, "made")
        limited = project.report()["run"]["host"]["sandbox_process_limit"]
        if limited == "none":
            self.skipTest("no limit of processes can be had here")
        self.assertLess(made["processes"], 52, made)

    def test_files_are_limited(self):
        project = self.project()
        project.test("big")
        self.run_tests(project)
        seen = self.one(project, "seen")
        self.assertEqual(seen, dict.fromkeys(("/shared", "/tmp"), [512 << 20, "No space left on device"]))

    def test_what_is_kept(self):
        project = self.project()
        project.test("keep")
        self.run_tests(project, "--keep")
        kept = os.path.join(project.run_folder(), "cells", "keep~local~local", "1-shared")
        self.assertEqual(os.listdir(kept), ["a"])
        left_out = self.one(project, "left-out", role=None)
        self.assertEqual((left_out["directory"], left_out["entries"]), ("/shared", [{"path": "link", "why": "a symbolic link"}]))
        with open(os.path.join(kept, "a", "b", "file")) as file:
            self.assertEqual(file.read(), "kept\n")

    @stage.unittest.skipIf(ORDINARY, "only root can become another user")
    def test_another_user(self):
        project = self.project()
        env = {"HOST_PORT": "1", "HOST_ADDRESSES": "", "HOST_SOCKET": "/nowhere"}
        project.test("look", {"containers": {"driver": {"user": "61235:61236", "env": env}}})
        self.run_tests(project)
        seen = self.one(project, "seen")
        self.assertEqual(seen["uid"], 61235)
        self.assertEqual(seen["writes"]["/shared/x"], "written")


class Trouble(Case):
    def hanging(self):
        project = self.project()
        for number in range(4):
            project.test(f"hang-{number}", {"containers": {"worker": {"grace": "300ms"}}})
        process = self.start(project, "test", "--runtime", "sandbox", "-j", "2")
        wait_until("two roles hang", lambda: project.runs() and len(self.hangs(project)) == 2)
        return project, process

    def hangs(self, project):
        paths = timelines_of(project.run_folder(project.runs()[-1]))
        return [event for path in paths for event in read_events(path) if event["ty"] == "hanging"]

    def test_an_interrupt(self):
        project, process = self.hanging()
        process.send_signal(signal.SIGINT)
        process.wait(stage.PATIENCE)
        self.assertEqual(process.returncode, 130, process.text())
        self.assertEqual({cell["verdict"] for cell in project.report()["cells"]}, {"aborted"})
        self.assert_nothing_of(process.pid)

    def test_an_interrupt_of_the_whole_group_at_any_moment(self):
        """As a terminal sends it, also while the launcher is being started and while the run ends: never a hang, never an error."""
        project = self.project(NOTHING)
        project.test("nothing")
        for milliseconds in range(0, 40, 2):
            moment = milliseconds / 1000
            with self.subTest(moment=moment):
                before = project.runs()
                process = self.start(project, "test", "--runtime", "sandbox")
                wait_until("the run has begun", lambda: process.poll() is not None or len(project.runs()) > len(before))
                time.sleep(moment)
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGINT)
                process.wait(stage.PATIENCE)
                self.assertIn(process.returncode, (0, 130, -signal.SIGINT), process.text())
                self.assert_nothing_of(process.pid)

    def test_two_interrupts(self):
        _, process = self.hanging()
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)
        process.wait(stage.PATIENCE)
        self.assertEqual(process.returncode, 130, process.text())
        self.assert_nothing_of(process.pid)

    def test_the_launcher_is_killed(self):
        project, process = self.hanging()
        (launcher,) = [pid for pid, words in Machine.processes(process.pid) if words.startswith(f"interoper-launcher {process.pid}") and parent(pid) == process.pid]
        os.kill(launcher, signal.SIGKILL)
        process.wait(stage.PATIENCE)
        self.assertEqual(process.returncode, 3, process.text())
        self.assertEqual({cell["reason"] for cell in project.report()["cells"]}, {"sandbox-died"})
        self.assert_nothing_of(process.pid)

    @stage.unittest.skipIf(SANITIZED, "the sanitizer itself needs descriptors, and takes their lack for a fault")
    def test_few_descriptors(self):
        project = self.project(NOTHING)
        for number in range(20):
            project.test(f"nothing-{number}")
        process = self.start(project, "test", "--runtime", "sandbox", "-j", "8", files=50)
        process.wait(stage.PATIENCE)
        self.assertEqual(process.returncode, 3, process.text())
        self.assertIn("Too many open files; run fewer cells at once (-j), or raise the limit of open files (ulimit -n)", process.text())
        self.assert_nothing_of(process.pid)


class BadInput(Case):
    def says(self, project, *texts, arguments=("tournament",)):
        process = self.start(project, *arguments)
        process.wait(stage.PATIENCE)
        self.assertEqual(process.returncode, 3, process.text())
        for text in texts:
            self.assertIn(text, process.text())

    def entry(self, path):
        project = self.project()
        os.remove(project.inside("th-test"))
        project.test("meet")
        project.implementations({"other": {"path": path}})
        return project

    def test_no_directory(self):
        self.says(self.entry("nowhere"), "interop/tests/nowhere of other, which is to play worker, does not exist; correct its `path`")

    def test_a_file(self):
        self.says(self.entry("meet.md"), "is no directory; let its `path` name the directory that the th-test stands in")

    def test_no_program(self):
        self.says(self.entry("."), "cannot run 'th-test' of other (role worker): there is no such program in", "put an executable of that name there")

    def program(self, text, mode=0o755):
        project = self.project()
        project.test("meet")
        os.remove(project.inside("th-test"))
        project.write("th-test", text, mode)
        if ORDINARY:
            os.chown(project.inside("th-test"), UID, UID)
        return project

    def test_not_executable(self):
        self.says(self.program("#!/bin/sh\n", 0o644), "th-test is not executable; chmod +x ", arguments=("test",))

    def test_a_bad_interpreter(self):
        said = "its first line names the interpreter /no/such/shell, which does not exist"
        self.says(self.program("#!/no/such/shell\n"), said, arguments=("test",))

    def test_line_ends_of_another_system(self):
        self.says(self.program("#!/bin/sh\r\n"), "ends with a carriage return", arguments=("test",))

    def test_no_format(self):
        self.says(self.program("echo hello\n"), "a script begins with a line such as #!/bin/sh", arguments=("test",))

    def test_mixed_runtimes(self):
        project = self.project()
        project.test("meet")
        project.implementations({"image": {"image": "nowhere/nothing"}})
        process = self.start(project, "test", "-d", "image")
        process.wait(stage.PATIENCE)
        self.assertEqual(process.returncode, 4, process.text())
        self.assertIn("mixed runtimes: one side is an image, the other a path", process.text())

    def test_user_namespaces_are_forbidden(self):
        project = self.project(NOTHING)
        project.test("nothing")
        # As root of a user namespace that may hold no other; without capabilities, so that one is needed.
        script = 'echo 0 > /proc/sys/user/max_user_namespaces && exec setpriv --bounding-set=-all --inh-caps=-all "$@"'
        process = subprocess.run(["unshare", "--user", "--map-root-user", "sh", "-c", script, "sh", PROGRAM, "test"], cwd=project.path,
                                 capture_output=True, text=True, env=stage.environment(), preexec_fn=lambda: os.setuid(UID) if ORDINARY else None)
        self.assertEqual(process.returncode, 3, process.stdout + process.stderr)
        self.assertIn("cannot make a user namespace: No space left on device; user namespaces are switched off: "
                      "`sysctl -w user.max_user_namespaces=10000` as root allows them", process.stdout)

    def test_a_full_tmp_does_no_harm(self):
        project = self.project(NOTHING)
        project.test("nothing")
        self.run_tests(project, TMPDIR="/dev/full")


class Many(Case):
    CELLS = 200 if SANITIZED else 1000

    def many(self):
        project = self.project(NOTHING)
        for number in range(self.CELLS):
            project.test(f"nothing-{number}")
        return project

    def started(self, project):
        runs = project.runs()
        return len(timelines_of(project.run_folder(runs[-1]))) if runs else 0

    def state(self, pid):
        with open(f"/proc/{pid}/status") as file:
            status = dict(line.split(":\t", 1) for line in file.read().splitlines() if ":\t" in line)
        return {"files": len(os.listdir(f"/proc/{pid}/fd")), "threads": int(status["Threads"]), "kilobytes": int(status["VmRSS"].split()[0])}

    def test_a_thousand_cells_leave_nothing(self):
        project = self.many()
        before = Machine.traces()
        process = self.start(project, "test", "--runtime", "sandbox", "-j", "4", "-q")
        samples = []
        while process.poll() is None:
            done = self.started(project)
            try:
                if done > 100:
                    samples.append((done, self.state(process.pid)))
            except (OSError, KeyError):
                pass
            time.sleep(0.05)
        self.assertEqual(process.returncode, 0, process.text())
        self.assertIn(f"{self.CELLS} cells", process.text())
        self.assert_nothing_of(process.pid)
        self.assertEqual(Machine.traces(), before)
        for done, state in samples:
            self.assertEqual(state["threads"], 1, samples)
            # 4 cells of 2 roles with 7 descriptors each, their slots, and the run's own.
            self.assertLess(state["files"], 150, samples)
            self.assertTrue(SANITIZED or state["kilobytes"] < 64 * 1024, samples)

    def test_killed_in_the_middle(self):
        project = self.many()
        before = Machine.traces()
        process = self.start(project, "test", "--runtime", "sandbox", "-j", "4", "-q")
        wait_until("some cells have been run", lambda: self.started(project) > 50 or process.poll() is not None)
        process.send_signal(signal.SIGKILL)
        process.wait()
        wait_until("every process is gone", lambda: not Machine.processes(process.pid), within=30)
        cleaned = self.start(project, "clean", DOCKER_HOST=None)
        cleaned.wait(stage.PATIENCE)
        self.assertEqual(cleaned.returncode, 0, cleaned.text())
        self.assertEqual(Machine.groups(process.pid), [])
        self.assertEqual(Machine.traces(), before)


def find_program():
    """The program where the user of the tests may run it."""
    if not ORDINARY:
        return stage.PROGRAM
    folder = tempfile.mkdtemp(prefix="sandbox-program-")
    os.chmod(folder, 0o755)
    return shutil.copy(stage.PROGRAM, folder)


if __name__ == "__main__":
    if not sys.platform.startswith("linux"):
        skip_all("the sandbox is Linux's")
    if ORDINARY and os.getuid() != 0:
        skip_all("only root can become another user")
    PROGRAM = find_program()
    doctor = call([PROGRAM, "doctor"], stdout=subprocess.PIPE, text=True, env=stage.environment()).communicate()[0]
    if not re.search(r"ok +namespaces", doctor):
        skip_all("the sandbox does not work here:\n" + doctor)
    try:
        stage.main()
    finally:
        if ORDINARY:
            shutil.rmtree(os.path.dirname(PROGRAM))
