#!/usr/bin/env python3
"""An engine that dies in the middle of a run, and one that is not there: nobody's implementation is to blame, and the report says what to do.

It has an engine of its own, in a network namespace of its own, that it may kill.
"""
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import stage
from stage import SOURCE, Case, environment, main, read_events, timelines_of, wait_until

BOUND = 90  # seconds, until everything about a dead engine must have been understood
SCRIPT = os.path.join(SOURCE, "scripts", "engine")

scenes = stage.Stage()
scenes.scene("a-fails", driver="say ready; exit 1")
scenes.scene("b-hangs", {"timeout": "10m", "params": {"n": ["1", "2", "3"]}}, driver="say ready; while true; do sleep 1; done")
scenes.scene("passes")


class OwnEngine:
    def __init__(self):
        # Sockets have short names.
        self.folder = tempfile.mkdtemp(prefix="ie-", dir="/tmp")
        self.env = {**os.environ, "INTEROPER_ENGINE_DIR": self.folder}

    def start(self):
        started = subprocess.run([SCRIPT, "start", "--isolated"], env=self.env, capture_output=True, text=True, timeout=180)
        if started.returncode != 0:
            return started.stderr
        (line,) = started.stdout.splitlines()
        stage.engine.host = shlex.split(line)[1].removeprefix("DOCKER_HOST=")
        return None

    def kill(self):
        with open(os.path.join(self.folder, "run", "docker.pid"), encoding="utf-8") as file:
            os.kill(int(file.read()), signal.SIGKILL)

    def stop(self):
        subprocess.run([SCRIPT, "stop"], env=self.env, capture_output=True, text=True, timeout=180)

    def remove(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


own = OwnEngine()


def setUpModule():
    unittest.addModuleCleanup(own.remove)
    why = own.start()
    if why:
        print(why, file=sys.stderr)
        own.remove()
        stage.skip_all("no engine of its own can be started here: " + why.strip().splitlines()[0])
    scenes.image()


class EngineDeath(Case):
    def setUp(self):
        self.assertIsNone(own.start())

    def killed_while(self, *names):
        """Runs these tests; kills the engine when three cells hang."""
        project = scenes.set_up(self.project(), *names)
        running = project.start("tournament", "--params", "all", "-j", "3")
        self.addCleanup(running.stop)

        def hanging():
            if running.process.poll() is not None:
                raise AssertionError(f"it ended too early: {running.wait()}")
            folder = project.run_folder() if project.runs() else project.path
            return sum(event["ty"] == "ready" and event["ro"] == "driver" for path in timelines_of(folder) if "b-hangs" in path for event in read_events(path)) == 3

        wait_until("three cells hang", hanging)
        own.kill()
        since = time.monotonic()
        done = running.wait(BOUND)
        print(f"understood after {time.monotonic() - since:.1f} s", file=sys.stderr)
        report = project.report()
        for cell in report["cells"]:
            if cell["test"] == "b-hangs":
                self.assertEqual((cell["verdict"], cell["reason"]), ("error", "engine-died"), f"{cell}\n{done}")
                self.assertRegex(cell["message"], r"engine.*(start it again|run the test)")
                self.assertIsNone(cell["blame"])
                self.assertIn(cell["message"].split(";")[0], done.out)
        for path in timelines_of(project.run_folder()):
            events = read_events(path)
            self.assertEqual(events[-1]["ty"], "status")
        self.assertEqual(report["run"]["exit_code"], done.code)
        self.assert_valid(project.run_folder())
        again = project.interoper("judge")
        self.assert_code(again, done.code)
        self.assertIn("0 differ from the record", again.out)

        # The engine is back: `clean` finds what the run could not remove.
        self.assertIsNone(own.start())
        cleaned = project.interoper("clean")
        self.assert_code(cleaned, 0)
        self.assert_nothing_left(report["run"]["id"], done.pid)
        return done, report

    def test_in_the_middle_of_a_run(self):
        done, report = self.killed_while("b-hangs")
        self.assert_code(done, 3)
        self.assertEqual(report["summary"]["error"], 3)

    def test_after_something_has_failed(self):
        done, report = self.killed_while("a-fails", "b-hangs")
        self.assert_code(done, 1)
        self.assertEqual(report["cells"][0]["verdict"], "failed")

    def test_stopped_before_the_run(self):
        project = scenes.set_up(self.project(), "passes")
        self.assert_code(project.interoper("tournament"), 0)
        own.stop()
        done = project.interoper("tournament", env=environment(), within=BOUND)
        self.assert_code(done, 3)
        self.assertRegex(done.out, "engine-unreachable(.|\n)*start it")
        self.assertEqual(project.report()["cells"][0]["reason"], "engine-unreachable")
        self.assert_valid(project.run_folder())


if __name__ == "__main__":
    main()
