#!/usr/bin/env python3
"""The process contract and the verdicts, played by shell scripts in real containers and read from the report, the console and the timelines."""
import json
import os
import re
import socketserver
import subprocess
import threading

import stage
from stage import GOOD_WORKER, PATIENCE, PROGRAM, Case, Project, cells_of, environment, main, read_events, timelines_of

stage.need_engine()
scenes = stage.Stage()
BUSY = {"worker": "busy", "driver": "busy"}


# What is expected of each scene: verdict, reason, blamed role.
EXPECTED = {}


def verdict(name, verdict, reason="", blamed=None, header=None, **scripts):
    EXPECTED[scenes.scene(name, header, **scripts)] = (verdict, reason, blamed)


SHORT = {"timeout": "4s"}

verdict("passes", "passed")
verdict("exits-with-3-after-sigterm", "passed", worker="say ready; trap 'exit 3' TERM; sleep 60 & wait")
verdict("worker-exits-at-once", "failed", "not-ready", "worker", worker="exit 0")
verdict("worker-never-ready", "failed", "not-ready", "worker", header=SHORT, worker="sleep 60")
verdict("driver-done-without-ready", "failed", "not-ready", "driver", driver="say done; sleep 60")
verdict("worker-leaves-early", "failed", "exited", "worker", worker="say ready; sleep 0.3; exit 0", driver="say ready; sleep 30; say done")
verdict("driver-exits-5-after-done", "failed", "exited", "driver", driver="say ready; say done; exit 5")
verdict("worker-dies-of-a-signal", "failed", "exited", "worker", worker="say ready; kill -SEGV $$; sleep 60", driver="say ready; sleep 30")
verdict("driver-never-done", "failed", "not-done", "driver", driver="say ready; exit 0")
verdict("driver-hangs", "failed", "timeout", "driver", header=SHORT, driver="say ready; sleep 60")
verdict("driver-hangs-after-done", "failed", "timeout", "driver", header=SHORT, driver="say ready; say done; sleep 60")
# The driver waits for a file of the worker's: done ends the test, also for a worker that had no time to assert.
ASSERTED = ": >/shared/asserted"
UNTIL_ASSERTED = "until [ -e /shared/asserted ]; do sleep 0.05; done"
verdict(
    "asserts-differ",
    "failed",
    "assert",
    worker=f"say ready; say assert '{{\"assert_id\": 1, \"value\": \"blue\"}}'; {ASSERTED}; wait_for_end",
    driver=f"{UNTIL_ASSERTED}; say ready; say assert '{{\"assert_id\": 1, \"value\": \"red\"}}'; say done",
)
verdict(
    "asserts-agree",
    "passed",
    worker=f"say ready; say assert '{{\"assert_id\": 1, \"value\": \"blue\"}}'; say assert '{{\"assrt_id\": 2, \"value\": 7}}'; {ASSERTED}; wait_for_end",
    driver=f"{UNTIL_ASSERTED}; say ready; say assert '{{\"assert_id\": 1, \"value\": \"blue\"}}'; say assert '{{\"assrt_id\": 2, \"value\": 7}}'; say done",
)
PINGS = {"expect": [{"event": {"ro": "driver", "ty": "ping", "in.to.name": "x"}, "count": ">=3"}]}
verdict("expected-thrice-came-twice", "failed", "expect", header=PINGS, driver="say ready; for i in 1 2; do say ping '{\"to\": {\"name\": \"x\"}}'; done; say ping; say done")
verdict("expected-thrice-came-thrice", "passed", header=PINGS, driver="say ready; for i in 1 2 3; do say ping '{\"to\": {\"name\": \"x\"}}'; done; say done")
verdict("never-came", "failed", "expect", header={"expect": [{"never": {"ty": "ping"}}]}, driver="say ready; say ping; say done")
verdict("out-of-order", "failed", "expect", header={"expect": [{"order": [{"ty": "second"}, {"ty": "first"}]}]}, driver="say ready; say first; say second; say done")
verdict("not-supported-by-the-driver", "unsupported", "exit-127", driver=None)
verdict("not-supported-by-the-worker", "unsupported", "exit-127", worker=None)
verdict("no-such-command", "error", "command-missing", header={"containers": {"driver": {"command": "no-such-program '{role}'"}}})
verdict("not-executable", "error", "command-missing", header={"containers": {"worker": {"command": "/etc/passwd"}}})
verdict("no-such-user", "error", "start-failed", header={"containers": {"worker": {"user": "nobody-has-this-name"}}})
verdict("out-of-memory", "error", "oom", header={"containers": {"worker": {"memory": "32m"}}}, worker="say ready; exec tail /dev/zero", driver="say ready; sleep 30; say done")
verdict("three-roles", "passed", header={"containers": {"relay": {}}}, relay=GOOD_WORKER, driver="say ready; ping -c 1 -W 5 relay && say done")

# Messages: what is addressed arrives, in order and also when it was sent before the receiver's start; what is not does not.
verdict(
    "letters",
    "passed",
    header={"timeout": "30s"},
    worker=r"""
say ready
echo '{"id": 50, "ty": "early", "to": "driver", "in": {"n": 1}}'
echo '{"id": 51, "ty": "early", "to": ["driver", "worker"], "in": {"n": 2}}'
echo '{"id": 52, "ty": "secret", "to": "nobody-here"}'
echo '{"id": 53, "ty": "early", "to": "*", "in": {"n": 3}}'
while read -r letter; do
  case $letter in
    *question*) echo '{"id": 60, "ty": "answer", "to": "driver", "in": {"deep": {"n": 12345678901234567890.50}}}' ;;
    *'"done"'*) exit 0 ;;
  esac
done""",
    driver=r"""
say ready
echo '{"id": 70, "ty": "question", "to": "worker"}'
seen=
while read -r letter; do
  case $letter in
    *secret*) echo "what is not for us: $letter" >&2; exit 1 ;;
    *'"n": 1}'*) seen=${seen}1 ;;
    *'"n": 2}'*) seen=${seen}2 ;;
    *'"n": 3}'*) seen=${seen}3 ;;
    *answer*12345678901234567890.50*) seen=${seen}a; break ;;
  esac
done
[ "$seen" = 123a ] || { echo "letters came as $seen" >&2; exit 1; }
say done""",
)
verdict("stdin-is-never-read", "passed", worker="say ready; trap 'exit 0' TERM; sleep 60 & wait", driver="say ready; i=0; while [ $i -lt 300 ]; do i=$((i+1)); echo '{\"ty\": \"x\", \"to\": \"worker\"}'; done; say done")

# /shared: empty, the same for all, writable for everybody, with nothing of other attempts.
verdict(
    "shared",
    "passed",
    header={"containers": {"worker": {"user": "player"}, "driver": {"user": "4321:4321"}}},
    worker=r"""
[ "$(id -u)" = 1234 ] || { id >&2; exit 1; }
[ -z "$(ls -A /shared)" ] || { ls -lA /shared >&2; exit 1; }
echo "from the worker" >/shared/.w && mv /shared/.w /shared/w && mkdir /shared/d && chmod 777 /shared/d || exit 1
say ready; wait_for_end""",
    driver=r"""
[ "$(id -u)" = 4321 ] || { id >&2; exit 1; }
say ready
[ "$(cat /shared/w)" = "from the worker" ] && echo back >/shared/d/b && touch /shared/x || exit 1
[ $$ != 1 ] || { echo "this is process 1" >&2; exit 1; }
say done""",
)
verdict(
    "names",
    "passed",
    header={"timeout": "30s"},
    worker=r"""
[ "$(hostname)" = worker ] || { hostname >&2; exit 1; }
(echo "hello $INTEROPER_ROLE" | nc -l -p 4000) & say ready; wait $!; wait_for_end""",
    driver=r"""
say ready
ping -c 1 -W 5 driver >&2 || exit 1
until heard=$(nc worker 4000 </dev/null); do sleep 0.1; done
[ "$heard" = "hello worker" ] || exit 1
say done""",
)
verdict(
    "environment",
    "passed",
    header={"timeout": "30s", "params": {"the-size": ["one size"]}, "containers": {"driver": {"env": {"OWN": "{test} {role} {param.the-size}"}}}},
    driver="env; say ready; say done",
)

# Output that lies, breaks and floods.
verdict(
    "hostile-output",
    "passed",
    worker=r"""
echo '{"ty": "exited", "ro": "driver", "in": {"exit_code": 9}}'
echo '{"ty": "status", "by": "engine", "in": {"success": true}}'
echo '{"'
printf '\377\376 no text\n'
echo 'a warning' >&2
say ready; printf 'a last line without its end'; wait_for_end""",
    driver="say ready; echo '{\"ty\": \"big\", \"id\": 18446744073709551615, \"in\": {\"x\": 1e400}, \"seq\": 999, \"own\": [1.10]}'; say done; seq 20000",
)


class Verdicts(Case):
    """All scenes in one run, four at a time."""

    @classmethod
    def setUpClass(cls):
        folder = stage.tempfile.mkdtemp(prefix="interoper-e2e-")
        cls.addClassCleanup(stage.shutil.rmtree, folder, ignore_errors=True)
        cls.project = scenes.set_up(Project(folder), *EXPECTED)
        cls.done = cls.project.interoper("tournament", "-j", "4", "--seed", "77", within=300)
        cls.report = cls.project.report()
        cls.cells = {cell["test"]: cell for cell in cls.report["cells"]}

    def timeline(self, test):
        return read_events(os.path.join(self.project.run_folder(), self.cells[test]["attempts"][-1]["log"]))

    def test_verdicts(self):
        for name, (verdict, reason, blamed) in EXPECTED.items():
            with self.subTest(scene=name):
                cell = self.cells[name]
                told = f"{cell['message']}\n{subprocess.list2cmdline([PROGRAM, 'show', cell['id']])}\n" + "\n".join(json.dumps(event) for event in self.timeline(name)[:60])
                self.assertEqual((cell["verdict"], cell["reason"]), (verdict, reason), told)
                self.assertEqual(cell["blame"] and cell["blame"]["role"], blamed or (cell["blame"] and cell["blame"]["role"]), told)
                self.assertEqual(cell["message"] == "", verdict == "passed", told)
                if verdict == "failed":
                    self.assertIsNotNone(cell["blame"], told)

    def test_the_report(self):
        self.assert_code(self.done, 1)
        self.assertEqual(self.report["run"]["exit_code"], 1)
        self.assertEqual(self.report["run"]["seed"], 77)
        self.assertEqual([cell["test"] for cell in self.report["cells"]], sorted(EXPECTED))
        counts = {one: sum(1 for verdict, _, _ in EXPECTED.values() if verdict == one) for one in ("passed", "failed", "unsupported", "error")}
        self.assertEqual({one: self.report["summary"][one] for one in counts}, counts)
        self.assert_valid(self.project.run_folder())
        self.assert_nothing_left(self.report["run"]["id"], self.done.pid)

    def test_the_console(self):
        for name, (verdict, reason, _) in EXPECTED.items():
            lines = [line for line in self.done.out.splitlines() if re.search(rf"\b{name}~busy~busy\b", line) and verdict in line]
            self.assertTrue(lines, f"{name}: {verdict}\n{self.done}")
            if reason:
                self.assertTrue(any(reason in line for line in lines), lines)
        self.assertRegex(self.done.out, rf"{len(EXPECTED)} cells in .*\d+ passed, \d+ failed, 2 unsupported, 4 error")
        self.assertIn(f"report: interop/reports/{self.report['run']['id']}", self.done.out)

    def test_errors_say_what_to_do(self):
        for name, says in (
            ("no-such-command", "no-such-program.*`command`"),
            ("not-executable", "/etc/passwd.*`command`"),
            ("no-such-user", "user"),
            ("out-of-memory", "memory"),
        ):
            self.assertRegex(self.cells[name]["message"], says)

    def test_judged_again_it_is_the_same(self):
        again = self.project.interoper("judge", "--format", "json")
        self.assert_code(again, 1)
        judged = {cell["id"]: cell for cell in map(json.loads, again.out.splitlines())}
        self.assertEqual(set(judged), {cell["id"] for cell in self.cells.values()})
        for cell in self.cells.values():
            with self.subTest(cell=cell["id"]):
                self.assertEqual({key: judged[cell["id"]][key] for key in ("verdict", "reason", "message", "blame", "flaky")}, {key: cell[key] for key in ("verdict", "reason", "message", "blame", "flaky")})
        told = self.project.interoper("judge", "-q")
        self.assertIn("0 differ from the record", told.out)

    def test_show(self):
        shown = self.project.interoper("show")
        self.assert_code(shown, 0)
        for cell in self.cells.values():
            self.assertRegex(shown.out, rf"(?m){cell['verdict']} +{re.escape(cell['id'])}\b.*{cell['reason']}")
        one = self.project.interoper("show", "latest", "driver-exits-5-after-done")
        self.assert_code(one, 0)
        self.assertRegex(one.out, r'(?m)^> .*driver +exited +\{"exit_code":5\}')
        self.assertRegex(one.out, r"blamed +driver")
        self.assertEqual(self.project.interoper("show", "passes").out.count("ready"), 2)

    def test_timelines_are_whole(self):
        for cell in self.cells.values():
            for attempt in cell["attempts"]:
                events = read_events(os.path.join(self.project.run_folder(), attempt["log"]))
                self.assertEqual([event["seq"] for event in events], list(range(attempt["events"])))
                self.assertEqual((events[0]["ty"], events[-1]["ty"]), ("exec", "status"))
                self.assertEqual(events[-1]["in"]["verdict"], attempt["verdict"])
                times = [event["us"] for event in events]
                self.assertEqual(times, sorted(times))

    def test_environment(self):
        lines = [event["in"]["line"] for event in self.timeline("environment") if event["ty"] == "log" and event["ro"] == "driver"]
        for line in (
            "INTEROPER_TEST=environment",
            "INTEROPER_ROLE=driver",
            "INTEROPER_TIMEOUT_MS=30000",
            "INTEROPER_SEED=77",
            "INTEROPER_IMPL_WORKER=busy",
            "INTEROPER_IMPL_DRIVER=busy",
            "INTEROPER_PARAM_THE_SIZE=one size",
            "OWN=environment driver one size",
        ):
            self.assertIn(line, lines)

    def test_hostile_output(self):
        events = self.timeline("hostile-output")
        logs = [event["in"] for event in events if event["ty"] == "log" and event["ro"] == "worker"]
        self.assertIn({"line": '{"', "stream": "stdout", "malformed": True}, logs)
        self.assertTrue(any(log.get("raw") == "//4gbm8gdGV4dA==" for log in logs), logs)
        self.assertTrue(any(log["line"] == "a warning" and log["stream"] == "stderr" for log in logs), logs)
        self.assertTrue(any(log["line"] == "a last line without its end" for log in logs), logs)
        self.assertTrue(any("exit_code" in log["line"] and log.get("reserved") for log in logs), logs)
        self.assertEqual([event for event in events if event["ty"] in ("exited", "status") and event.get("by") != "engine"], [])
        with open(os.path.join(self.project.run_folder(), self.cells["hostile-output"]["attempts"][0]["log"]), encoding="utf-8") as file:
            self.assertIn('"own": [1.10]', file.read())  # as it was sent
        numbers = [event["in"]["line"] for event in events if event["ty"] == "log" and event["ro"] == "driver"]
        self.assertEqual(numbers, [str(number) for number in range(1, 20001)])
        self.assertTrue(self.cells["hostile-output"]["attempts"][0]["findings"])


# ---- attempts ------------------------------------------------------------------------------------

ASK = """say ready; answer=$(nc -w 20 127.0.0.1 "$INTEROPER_PARAM_PORT" </dev/null) || exit 9
[ "$answer" = pass ] || exit 1
say done"""
for name in ("flaky", "repeated"):
    scenes.scene(name, {"params": {"port": ["0"]}}, driver=ASK)
scenes.scene("a-fails", driver="say ready; exit 1")
scenes.scene("b-waits", driver="say ready; sleep 1; say done")
scenes.scene("c-waits", driver="say ready; sleep 1; say done")


class Attempts(Case):
    """Programs that pass one time and fail the other: they ask this process, over the host's network."""

    def answers(self, *wanted):
        left = list(wanted)

        class Oracle(socketserver.BaseRequestHandler):
            def handle(self):
                self.request.sendall((left.pop(0) if left else "asked too often").encode())

        server = socketserver.TCPServer(("127.0.0.1", 0), Oracle)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return ["--network", "host", "--set", f"port={server.server_address[1]}"]

    def run_cell(self, scene, answers, *arguments):
        project = scenes.set_up(self.project(), scene)
        done = project.interoper("tournament", *self.answers(*answers), *arguments)
        self.assert_valid(project.run_folder())
        cell = project.report()["cells"][0]
        again = project.interoper("judge", "--format", "json")
        self.assertEqual(json.loads(again.out.splitlines()[0])["verdict"], cell["verdict"], again.out)
        return done, cell, [attempt["verdict"] for attempt in cell["attempts"]]

    def test_the_network_of_the_host(self):
        done, cell, _ = self.run_cell("flaky", ["pass"])
        self.assert_code(done, 0)
        self.assertEqual(cell["verdict"], "passed", cell)

    def test_retries(self):
        done, cell, attempts = self.run_cell("flaky", ["fail", "fail", "pass"], "--retries", "5")
        self.assert_code(done, 0)
        self.assertEqual((cell["verdict"], cell["flaky"], attempts), ("passed", True, ["failed", "failed", "passed"]))
        self.assertIn("flaky", done.out)

    def test_retries_that_do_not_help(self):
        done, cell, attempts = self.run_cell("flaky", ["fail", "fail"], "--retries", "1")
        self.assert_code(done, 1)
        self.assertEqual((cell["verdict"], cell["flaky"], attempts), ("failed", False, ["failed", "failed"]))

    def test_repeat_counts_the_worst(self):
        done, cell, attempts = self.run_cell("repeated", ["pass", "fail", "pass"], "--repeat", "3")
        self.assert_code(done, 1)
        self.assertEqual((cell["verdict"], cell["flaky"], attempts), ("failed", True, ["passed", "failed", "passed"]))
        self.assertEqual(cell["blame"]["attempt"], 2)

    def test_repeat_with_retries(self):
        done, cell, attempts = self.run_cell("repeated", ["fail", "pass", "pass"], "--repeat", "2", "--retries", "1")
        self.assert_code(done, 0)
        self.assertEqual((cell["verdict"], cell["flaky"], attempts), ("passed", True, ["failed", "passed", "passed"]))

    def test_fail_fast(self):
        project = scenes.set_up(self.project(), "a-fails", "b-waits", "c-waits")
        done = project.interoper("tournament", "--fail-fast", "-j", "1")
        self.assert_code(done, 1)
        self.assertEqual([(cell["verdict"], cell["reason"]) for cell in project.report()["cells"]], [("failed", "exited")] + [("skipped", "fail-fast")] * 2)
        self.assert_valid(project.run_folder())


# ---- cells beside each other, and parameters -----------------------------------------------------

scenes.scene(
    "alone",
    {"timeout": "60s", "params": {"who": ["red", "blue", "green", "white"]}},
    worker=r"""
[ -z "$(ls -A /shared)" ] || { ls -lA /shared >&2; exit 1; }
echo "$INTEROPER_PARAM_WHO" >"/shared/$INTEROPER_PARAM_WHO"
(while true; do echo "$INTEROPER_PARAM_WHO" | nc -l -p 4000; done) &
say ready; wait_for_end""",
    driver=r"""
say ready
for i in 1 2 3; do
  sleep 0.5
  heard=$(nc -w 10 worker 4000 </dev/null)
  [ "$heard" = "$INTEROPER_PARAM_WHO" ] || { echo "heard $heard" >&2; exit 1; }
  [ "$(ls -A /shared)" = "$INTEROPER_PARAM_WHO" ] || { ls -lA /shared >&2; exit 1; }
done
say done""",
)


class Beside(Case):
    def test_four_at_once_do_not_see_each_other(self):
        project = scenes.set_up(self.project(), "alone")
        done = project.interoper("tournament", "-j", "4", "--params", "all")
        self.assert_code(done, 0)
        report = project.report()
        self.assertEqual([cell["params"] for cell in report["cells"]], [{"who": who} for who in ("red", "blue", "green", "white")])
        spans = []
        for path in timelines_of(project.run_folder()):
            events = read_events(path)
            begin = next(event["ti"] for event in events if event["ty"] == "ready" and event["ro"] == "driver")
            spans.append((begin, next(event["ti"] for event in events if event["ty"] == "done" and event["ro"] == "driver")))
        self.assertTrue(any(a is not b and a[0] < b[1] and b[0] < a[1] for a in spans for b in spans), f"no two of {spans} were there at once")
        self.assert_valid(project.run_folder())

    def test_parameters(self):
        project = scenes.set_up(self.project(), "alone")

        def planned(*arguments):
            listed = project.interoper("tests", "list", "--format", "json", *arguments)
            self.assert_code(listed, 0)
            return [cell["params"]["who"] for cell in json.loads(listed.out)["cells"]]

        self.assertEqual(planned(), ["red"])
        self.assertEqual(planned("-p", "who=blue"), ["red", "blue"])
        self.assertEqual(planned("-p", "who=*e*"), ["red", "blue", "green", "white"])
        self.assertEqual(planned("--params", "all"), ["red", "blue", "green", "white"])
        self.assertEqual(planned("--set", "who=some body"), ["some body"])
        done = project.interoper("tournament", "--set", "who=somebody")
        self.assert_code(done, 0)
        self.assertEqual(project.report()["cells"][0]["params"], {"who": "somebody"})

    def test_two_projects_that_start_in_the_same_second(self):
        """Their runs have the same name, and still neither may touch the other's things."""
        projects = [scenes.set_up(self.project(), "b-waits") for _ in range(3)]
        running = [project.start("tournament", "--repeat", "2") for project in projects]
        for project, run in zip(projects, running):
            done = run.wait()
            self.assert_code(done, 0)
            self.assert_nothing_left(project.report()["run"]["id"], done.pid)


# ---- what is printed -----------------------------------------------------------------------------

scenes.scene("prints", driver="say ready; seq 200; say done")


class Formats(Case):
    def setUp(self):
        self.project_with_three = scenes.set_up(self.project(), "a-fails", "not-supported-by-the-driver", "prints")

    def test_json(self):
        done = self.project_with_three.interoper("tournament", "--format", "json", "-j", "2")
        self.assert_code(done, 1)
        told = [json.loads(line) for line in done.out.splitlines()]
        self.assertEqual((told[0]["what"], told[-1]["what"], told[-1]["exit_code"]), ("run-began", "run-ended", 1))
        folder, report = self.project_with_three.run_folder(), self.project_with_three.report()
        for cell in report["cells"]:
            for attempt in cell["attempts"]:
                with open(os.path.join(folder, attempt["log"]), encoding="utf-8") as file:
                    kept = file.read().splitlines()
                head = f'{{"what": "event", "cell": "{cell["id"]}", "attempt": {attempt["n"]}, "event": '
                self.assertEqual([line[len(head) : -1] for line in done.out.splitlines() if line.startswith(head)], kept)
        ended = {line["cell"]["id"]: line["cell"]["verdict"] for line in told if line["what"] == "cell-ended"}
        self.assertEqual(ended, {cell["id"]: cell["verdict"] for cell in report["cells"]})
        self.assert_valid(folder)

    def test_tap(self):
        done = self.project_with_three.interoper("tournament", "--format", "tap", "-j", "1")
        self.assert_code(done, 1)
        lines = done.out.splitlines()
        self.assertEqual(lines[:2], ["TAP version 14", "1..3"])
        points = [line for line in lines if re.match(r"(not )?ok ", line)]
        self.assertEqual(points[0], "not ok 1 - a-fails~busy~busy")
        self.assertRegex(points[1], r"^ok 2 - not-supported-by-the-driver~busy~busy # SKIP exit-127")
        self.assertEqual(points[2], "ok 3 - prints~busy~busy")
        self.assertEqual(len(points), 3)
        self.assertIn("  reason: \"exited\"", lines)

    def test_a_reader_that_leaves_loses_nothing(self):
        for arguments in ((), ("--format", "json"), ("-v",)):
            with self.subTest(arguments=arguments):
                before = self.project_with_three.runs()
                command = [PROGRAM, "tournament", *arguments]
                process = subprocess.Popen(command, cwd=self.project_with_three.path, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                process.stdout.readline()
                process.stdout.close()
                self.assertEqual(process.wait(PATIENCE), 1)
                (run,) = set(self.project_with_three.runs()) - set(before)
                self.assertEqual([cell["verdict"] for cell in self.project_with_three.report(run)["cells"]], ["failed", "unsupported", "passed"])
                self.assert_valid(self.project_with_three.run_folder(run))

    def test_a_reader_that_pauses_stops_nothing(self):
        """More than a pipe holds, and nobody reads: the run goes on to its report, and then everything is there to be read."""
        project = scenes.set_up(self.project(), "hostile-output", "passes")
        command = [PROGRAM, "tournament", "--format", "json", "-j", "1"]
        process = subprocess.Popen(command, cwd=project.path, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.addCleanup(process.kill)
        stage.wait_until("the report is there", lambda: project.runs() and os.path.exists(os.path.join(project.run_folder(project.runs()[0]), "report.json")))
        out, _ = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 0)
        told = [json.loads(line) for line in out.splitlines()]
        for cell in project.report(project.runs()[0])["cells"]:
            self.assertEqual(cell["verdict"], "passed")
            events = [line["event"] for line in told if line["what"] == "event" and line["cell"] == cell["id"]]
            self.assertEqual(events, read_events(os.path.join(project.run_folder(project.runs()[0]), cell["attempts"][0]["log"])))
        self.assertEqual(told[-1]["what"], "run-ended")

    def test_list(self):
        self.project_with_three.test("zzz", {"timeout": "1m2.5s", "tags": ["slow"], "params": {"n": ["1", "2"]}})
        self.project_with_three.implementations({"busy": {"image": scenes.image()}, "lazy": {"image": scenes.image(), "roles": ["worker"]}})
        listed = self.project_with_three.interoper("tests", "list", "--format", "json", "-t", "zzz", "-t", "prints")
        self.assert_code(listed, 0)
        plan = json.loads(listed.out)
        self.assertEqual(sorted(plan), ["absent", "cells", "implementations", "tests"])
        zzz = plan["tests"][-1]
        self.assertEqual(zzz, {"name": "zzz", "title": "The test zzz", "timeout_ms": 62500, "tags": ["slow"], "params": {"n": ["1", "2"]}})
        self.assertEqual([(one["name"], one["roles"]) for one in plan["implementations"]], [("busy", ["worker", "driver"]), ("lazy", ["worker"])])
        self.assertEqual([cell["id"] for cell in plan["cells"]], ["prints~busy~busy", "prints~lazy~busy", "zzz~busy~busy~n=1", "zzz~lazy~busy~n=1"])
        self.assertEqual(plan["cells"][2], {"id": "zzz~busy~busy~n=1", "test": "zzz", "roles": BUSY, "params": {"n": "1"}, "labels": {}})
        for one in plan["absent"]:
            self.assertEqual(sorted(one), ["reason", "roles", "test"])
        reasons = {one["reason"] for one in plan["absent"]}
        self.assertIn("filtered", reasons)
        self.assertTrue(any("role not offered" in reason for reason in reasons), reasons)


# ---- what is under test, and what is kept --------------------------------------------------------

scenes.scene("whose", driver='[ "$WHO" = "$EXPECTED" ] || { echo "this is the image of $WHO" >&2; exit 1; }; say ready; say done')
scenes.scene("keeps", driver="say ready; mkdir /shared/sub; echo kept >/shared/sub/file; say done")


class UnderTest(Case):
    def test_a_dockerfile(self):
        project = scenes.set_up(self.project(), "passes", "a-fails")
        project.write("Dockerfile", f"FROM {scenes.image()}\nRUN echo built\n")
        done = project.interoper("test", "-t", "passes")
        self.assert_code(done, 0)
        report = project.report()
        self.assertEqual([cell["id"] for cell in report["cells"]], ["passes~local~local", "passes~local~busy"])
        self.assertRegex(report["implementations"]["local"]["roles"]["worker"]["digest"], r"^sha256:[0-9a-f]{64}$")
        self.assertRegex(os.path.basename(project.run_folder()), r"^local-\d{8}-\d{6}(-\d+)?$")
        both = project.interoper("tests", "list", "--both", "--format", "json", "-t", "passes")
        self.assertIn("passes~busy~local", [cell["id"] for cell in json.loads(both.out)["cells"]])
        self.assert_valid(project.run_folder())

    def test_two_projects_that_build_at_once_run_their_own(self):
        """Both images are called interoper/local:latest; whoever ends last has the name."""
        running = []
        for who in ("red", "blue", "green", "white"):
            project = self.project()
            project.test("whose", {"containers": {"driver": {"env": {"EXPECTED": who}}}})
            project.write("Dockerfile", f"FROM {scenes.image()}\nENV WHO={who}\nRUN sleep 0.5\n")
            running.append(project.start("test"))
            self.addCleanup(running[-1].stop)
        for run in running:
            self.assert_code(run.wait(), 0)

    def test_a_dockerfile_that_does_not_build(self):
        project = scenes.set_up(self.project(), "passes")
        project.write("Dockerfile", f"FROM {scenes.image()}\nRUN echo the compiler says no; exit 7\n")
        done = project.interoper("test")
        self.assert_code(done, 3)
        self.assertIn("the compiler says no", done.out + done.err)
        report = project.report()
        self.assertEqual({(cell["verdict"], cell["reason"]) for cell in report["cells"]}, {("error", "build-failed")})
        self.assertEqual(report["run"]["exit_code"], 3)
        self.assert_valid(project.run_folder())

    def test_an_image_that_was_never_built(self):
        project = scenes.set_up(self.project(), "passes", more={"unbuilt": {"build": "../../unbuilt"}})
        done = project.interoper("tournament", "-j", "2")
        self.assert_code(done, 3)
        cells = cells_of(project.report())
        self.assertEqual(cells["passes~busy~busy"]["verdict"], "passed")
        for cell in ("passes~busy~unbuilt", "passes~unbuilt~busy", "passes~unbuilt~unbuilt"):
            self.assertEqual((cells[cell]["verdict"], cells[cell]["reason"]), ("error", "image-missing"))
            self.assertIn("interoper tests build unbuilt", cells[cell]["message"])
        self.assert_valid(project.run_folder())

    def test_nothing_but_unsupported(self):
        project = scenes.set_up(self.project(), "not-supported-by-the-driver")
        self.assert_code(project.interoper("tournament"), 4)

    def test_keep(self):
        project = scenes.set_up(self.project(), "keeps")
        done = project.interoper("tournament", "--keep")
        self.assert_code(done, 0)
        kept = os.path.join(project.run_folder(), "cells", "keeps~busy~busy", "1-shared", "sub", "file")
        with open(kept, encoding="utf-8") as file:
            self.assertEqual(file.read(), "kept\n")
        self.assert_nothing_left(project.report()["run"]["id"], done.pid)
        self.assert_valid(project.run_folder())


if __name__ == "__main__":
    main()
