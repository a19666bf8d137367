#!/usr/bin/env python3
"""Ctrl-C, at any moment: what runs is ended, the report is written, the exit status is 130, and nothing is left behind."""
import json
import os
import random
import signal
import time

import stage
from stage import Case, main, read_events, timelines_of, wait_until

stage.need_engine()
scenes = stage.Stage()
SEED = int(os.environ.get("E2E_SEED", random.SystemRandom().randrange(1_000_000)))
AT_ONCE = 3
CELLS = 15  # of a second each, three at once: five seconds at least
LATEST_MOMENT = 4.0  # seconds after the run began

scenes.scene(
    "waits",
    {"params": {"n": [str(number) for number in range(CELLS)]}, "containers": {"worker": {"grace": "300ms"}}},
    # Every third worker ignores that it should end.
    worker='[ $((INTEROPER_PARAM_N % 3)) = 0 ] && trap "" TERM; say ready; while true; do sleep 1; done',
    driver="say ready; sleep 1; say done",
)
scenes.scene(
    "clings",
    {"timeout": "5m", "params": {"n": [str(number) for number in range(12)]}, "containers": {"worker": {"grace": "60s"}, "driver": {"grace": "60s"}}},
    worker='trap "" TERM; say ready; while true; do sleep 1; done',
    driver='trap "" TERM; say ready; while true; do sleep 1; done',
)


class Interrupted(Case):
    def start(self, scene, jobs=AT_ONCE):
        """A run that has begun: its plan is written, so its signals are heard."""
        project = scenes.set_up(self.project(), scene)
        running = project.start("tournament", "--params", "all", "-j", str(jobs))
        self.addCleanup(running.stop)
        wait_until("the run has begun", lambda: running.process.poll() is not None or any(os.path.exists(project.run_folder(run) + "/plan.json") for run in project.runs()))
        return project, running

    def assert_ended_well(self, project, done):
        self.assert_code(done, 130)
        report = project.report()
        self.assertEqual(report["run"]["exit_code"], 130)
        for cell in report["cells"]:
            self.assertIn((cell["verdict"], cell["reason"]), [("passed", ""), ("aborted", "interrupted")], str(done))
        self.assertGreater(report["summary"]["aborted"], 0)
        for path in timelines_of(project.run_folder()):
            events = read_events(path)
            self.assertEqual(events[-1]["ty"], "status")
            self.assertEqual(events[-1]["in"]["verdict"] == "aborted", any(event["ty"] == "interrupted" for event in events))
        self.assert_valid(project.run_folder())
        self.assert_nothing_left(report["run"]["id"], done.pid)
        return report

    def test_at_ten_random_moments(self):
        print(f"E2E_SEED={SEED}")
        moments = random.Random(SEED)
        for number in range(10):
            moment = moments.uniform(0, LATEST_MOMENT)
            with self.subTest(number=number, moment=moment):
                project, running = self.start("waits")
                time.sleep(moment)
                running.send(signal.SIGINT)
                done = running.wait(60)
                self.assert_ended_well(project, done)
                self.assertIn("interrupted", done.err)

    def test_sigterm_too(self):
        project, running = self.start("waits")
        time.sleep(1)
        running.send(signal.SIGTERM)
        self.assert_ended_well(project, running.wait(60))

    def clinging(self):
        """A run whose roles were told to end, and will not for a minute."""
        project, running = self.start("clings")
        wait_until("three cells are at it", lambda: self.count(project, "ready") >= 2 * AT_ONCE)
        running.send(signal.SIGINT)
        wait_until("all are told to end", lambda: self.count(project, "stopping") >= 2 * AT_ONCE)
        return project, running

    def count(self, project, kind):
        return sum(event["ty"] == kind for path in timelines_of(project.run_folder()) for event in read_events(path))

    def test_a_second_one_does_not_wait_for_the_grace(self):
        project, running = self.clinging()
        time.sleep(0.5)
        self.assertIsNone(running.process.poll(), "it did not give them their grace")
        again = time.monotonic()
        running.send(signal.SIGINT)
        done = running.wait(40)
        report = self.assert_ended_well(project, done)
        self.assertLess(time.monotonic() - again, 40)
        self.assertEqual(report["summary"]["aborted"], 12)

    def test_a_third_one_ends_it_whatever_happens(self):
        project, running = self.clinging()
        for _ in range(8):
            running.send(signal.SIGINT)
        done = running.wait(40)
        self.assert_code(done, 130)
        # What it could not put away, `clean` does.
        run = project.runs()[0]
        self.assert_code(project.interoper("clean"), 0)
        self.assert_nothing_left(run, done.pid)
        self.assert_valid(project.run_folder())
        self.assert_code(project.interoper("show"), 0)


class WhileBuilding(Case):
    def build(self, project, *command):
        token = f"sleep 3{random.randrange(10 ** 8):08d}"
        project.write("Dockerfile", f"FROM {scenes.image()}\nRUN {token}\n")
        running = project.start(*command, "-v")
        self.addCleanup(running.stop)

        def builds():
            return any(token in one["Command"] for one in json.loads(stage.engine.call("GET", "/containers/json")))

        wait_until("the image is being built", lambda: running.process.poll() is not None or builds())
        running.send(signal.SIGINT)
        done = running.wait(60)
        self.assert_code(done, 130)
        wait_until("the engine has given up the build", lambda: not builds(), 60)
        return done

    def test_what_is_under_test(self):
        project = scenes.set_up(self.project(), "waits")
        done = self.build(project, "test")
        report = project.report()
        self.assertEqual({(cell["verdict"], cell["reason"]) for cell in report["cells"]}, {("aborted", "interrupted")})
        self.assertEqual(report["run"]["exit_code"], 130)
        self.assert_valid(project.run_folder())
        self.assert_nothing_left(report["run"]["id"], done.pid)

    def test_drivers(self):
        project = scenes.set_up(self.project(), "waits", more={"built": {"build": "../.."}})
        self.build(project, "tests", "build", "built")
        self.assertEqual(project.runs(), [])


if __name__ == "__main__":
    main()
