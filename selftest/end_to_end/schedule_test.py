#!/usr/bin/env python3
"""What runs when, and what does not run at all: an implementation that only hangs, a budget, cells that want the machine for themselves."""
import json

import stage
from stage import Case, cells_of, main, read_events, timelines_of

scenes = stage.Stage()

scenes.scene("hangs", {"timeout": "200ms", "params": {"n": [str(number) for number in range(6)]}, "containers": {"worker": {"grace": "100ms"}}}, worker="wait_for_end")
scenes.scene("short", {"params": {"n": ["1", "2", "3"]}}, driver="say ready; sleep 0.5; say done")
scenes.scene("alone", {"exclusive": True})


class Scheduled(Case):
    def test_who_only_hangs_is_given_up(self):
        project = scenes.set_up_paths(self.project(), "hangs")
        done = project.interoper("tournament", "--params", "all", "-j", "1")
        self.assert_code(done, 1)
        cells = project.report()["cells"]
        self.assertEqual([cell["verdict"] for cell in cells], ["failed"] * 5 + ["skipped"], str(done))
        self.assertEqual(cells[5]["reason"], "breaker")
        self.assertRegex(done.out, r"(?m)^1 skipped: not run: 5 attempts in a row are blamed on busy .*--no-breaker")
        self.assert_valid(project.run_folder())

        done = project.interoper("tournament", "--params", "all", "--no-breaker")
        self.assertEqual(project.report()["summary"]["failed"], 6, str(done))
        self.assertNotIn("--no-breaker", done.out)

    def test_a_budget(self):
        project = scenes.set_up_paths(self.project(), "short")
        done = project.interoper("tournament", "--params", "all", "-j", "1", "--budget", "250ms")
        self.assert_code(done, 3)
        # The first begins at once and outlives the budget; on a very slow machine even that is too late.
        verdicts = [(cell["verdict"], cell["reason"]) for cell in project.report()["cells"]]
        self.assertIn(verdicts[0], [("passed", ""), ("skipped", "budget")], str(done))
        self.assertEqual(verdicts[1:], [("skipped", "budget")] * 2)
        self.assertRegex(done.out, r"(?m)^[23] skipped: not run: the time that --budget gave was used up before this cell was started$")
        done = project.interoper("tournament", "--params", "all", "--budget", "1h")
        self.assert_code(done, 0)

    def test_the_order_is_the_plan_s_or_the_longest_first(self):
        project = scenes.set_up_paths(self.project(), "alone", "short")
        done = project.interoper("tournament", "--params", "all", "-j", "1", "--format", "json")
        self.assertEqual(self.ended(done), ["alone~busy~busy"] + [f"short~busy~busy~n={n}" for n in "123"])
        done = project.interoper("tournament", "--params", "all", "-j", "2", "--format", "json")
        self.assertEqual(self.ended(done)[-1], "alone~busy~busy")
        # Nothing else happens while the exclusive one runs; and the report is in the order of the plan.
        exclusive, others = [], []
        for path in timelines_of(project.run_folder()):
            times = [event["ti"] for event in read_events(path)]
            (exclusive if "alone" in path else others).append((times[0], times[-1]))
        self.assertGreaterEqual(exclusive[0][0], max(last for _, last in others))
        self.assertEqual(list(cells_of(project.report()))[0], "alone~busy~busy")

    def ended(self, done):
        self.assert_code(done, 0)
        return [line["cell"]["id"] for line in map(json.loads, done.out.splitlines()) if line["what"] == "cell-ended"]


if __name__ == "__main__":
    main()
