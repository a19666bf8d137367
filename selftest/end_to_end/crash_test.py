#!/usr/bin/env python3
"""kill -9 in the middle of 20 cells, while another interoper works: what was finished is readable, and `clean` removes what the dead one left and
nothing else."""
import json
import os
import signal

import stage
from stage import Case, engine, main, read_events, timelines_of, wait_until

stage.need_engine()
scenes = stage.Stage()
CELLS = 20
scenes.scene("waits", {"params": {"n": [str(number) for number in range(CELLS)]}}, driver="say ready; seq 50; sleep 0.7; say done")
scenes.scene("goes-on", {"timeout": "3m", "params": {"n": ["1", "2", "3"]}}, driver="say ready; while [ ! -e /shared/stop ]; do sleep 0.2; n=$((n+1)); [ $n -lt 15 ] || touch /shared/stop; done; say done")


class Crash(Case):
    def test_kill_in_the_middle(self):
        other = scenes.set_up(self.project(), "goes-on")
        living = other.start("tournament", "--params", "all", "-j", "1", "--repeat", "2")
        self.addCleanup(living.stop)

        project = scenes.set_up(self.project(), "waits")
        dying = project.start("tournament", "--params", "all", "-j", "3")
        self.addCleanup(dying.stop)

        def finished():
            if dying.process.poll() is not None:
                raise AssertionError(f"it ended before it was killed: {dying.wait()}")
            return [path for path in timelines_of(project.run_folder()) if (read_events(path) or [{}])[-1].get("ty") == "status"] if project.runs() else []

        wait_until("five cells have ended and others run", lambda: len(finished()) >= 5 and len(engine.left_by(project.runs()[0], dying.pid)) >= 4)
        dying.send(signal.SIGKILL)
        dead = dying.wait()
        self.assertEqual(dead.code, -signal.SIGKILL)
        run = project.runs()[0]
        folder = project.run_folder()
        self.assertFalse(os.path.exists(os.path.join(folder, "report.json")))
        self.assertGreaterEqual(len(engine.left_by(run, dead.pid)), 4, "nothing was left, so that nothing is shown here")

        # The folder: every whole line is an event, and what had ended is complete.
        paths = timelines_of(folder)
        whole = [path for path in paths if (read_events(path) or [{}])[-1].get("ty") == "status"]
        self.assertGreaterEqual(len(whole), 5)
        for path in paths:
            self.assertEqual([event["seq"] for event in read_events(path)], list(range(len(read_events(path)))))
        self.assert_valid(folder)

        before = project.tree()
        shown = project.interoper("show", "--format", "json")
        self.assert_code(shown, 0)
        cells = json.loads(shown.out)["cells"]
        self.assertEqual(len(cells), CELLS)
        verdicts = [cell["verdict"] for cell in cells]
        self.assertEqual((verdicts.count("passed"), verdicts.count("aborted")), (len(whole), CELLS - len(whole)))
        text = project.interoper("show")
        self.assert_code(text, 0)
        self.assertIn(f"{len(whole)} passed, {CELLS - len(whole)} aborted", text.out)
        half = next(cell for cell in cells if cell["verdict"] == "aborted" and cell["attempts"])
        timeline = project.interoper("show", "latest", half["id"])
        self.assert_code(timeline, 0)
        self.assertIn("exec", timeline.out)
        judged = project.interoper("judge", "--format", "json")
        self.assert_code(judged, 3)
        again = {cell["id"]: cell["verdict"] for cell in map(json.loads, judged.out.splitlines())}
        self.assertEqual(again, {cell["id"]: cell["verdict"] for cell in cells})
        self.assertEqual(project.tree(), before, "looking at it changed it")

        # The engine.
        self.assertIsNone(living.process.poll(), "the other run is over already, so that `clean` has nothing to spare")
        theirs = {one[1] for one in engine.left_by(other.runs()[0], living.pid)}
        cleaned = project.interoper("clean")
        self.assert_code(cleaned, 0)
        self.assertRegex(cleaned.out, rf"(?m)^removed +{run}: \d+ containers?, \d+ networks?, \d+ volumes?$")
        self.assertRegex(cleaned.out, rf"(?m)^kept +{other.runs()[0]}: it is running")
        self.assert_nothing_left(run, dead.pid)
        self.assertNotEqual(theirs, set())

        # The other one has seen nothing of all that.
        done = living.wait()
        self.assert_code(done, 0)
        self.assertEqual([attempt["verdict"] for cell in other.report()["cells"] for attempt in cell["attempts"]], ["passed"] * 6)
        self.assert_valid(other.run_folder())
        self.assert_nothing_left(other.report()["run"]["id"], done.pid)

        # A new run beside the dead one's folder.
        self.assert_code(project.interoper("tournament"), 0)
        self.assertNotEqual(os.path.basename(project.run_folder()), run)


if __name__ == "__main__":
    main()
