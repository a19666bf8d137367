#!/usr/bin/env python3
"""Shards on several machines, joined: the merged report is the unsharded run's but for times; what does not belong together is refused."""
import json
import os
import re
import shutil

import stage
from stage import Case, main, timelines_of

scenes = stage.Stage()

OF = 4
scenes.scene("good", {"params": {"n": ["1", "2", "3"]}})
scenes.scene("bad", {"params": {"n": ["1", "2"]}}, driver="say ready; exit 3")
scenes.scene("foreign", worker="exit 127")

# What the same run has of its own each time it is made: times, how its events interleave, and whether a role that is told to end does so
# before it is sent a signal (50 ms later; verdicts do not depend on it).
TIMES = ("duration_ms", "started", "finished", "events", "seq", "exit")


def without_times(value):
    """A report, without what no two runs share."""
    if isinstance(value, dict):
        return {key: without_times(item) for key, item in value.items() if key not in TIMES}
    if isinstance(value, list):
        return [without_times(item) for item in value]
    # Messages and events name moments: "after 1.2 s".
    return re.sub(r"\d+([.]\d+)? m?s\b", "<time>", value) if isinstance(value, str) else value


class Merging(Case):
    def setUp(self):
        self.project_under_test = scenes.set_up_paths(self.project())

    def run_it(self, *arguments):
        return self.project_under_test.interoper("tournament", "--params", "all", *arguments)

    def shards(self, *arguments, of=OF):
        for index in range(1, of + 1):
            self.run_it("--reports", "shards", "--shard", f"{index}/{of}", *arguments)
        return sorted(os.path.join("shards", name) for name in os.listdir(self.project_under_test.inside("shards")) if name != "latest")

    def merge(self, *reports, out="merged"):
        return self.project_under_test.interoper("merge", *reports, "--out", out)

    def read(self, folder):
        with open(self.project_under_test.inside(folder, "report.json"), encoding="utf-8") as file:
            return json.load(file)

    def test_four_shards_are_the_run(self):
        whole = self.run_it("--seed", "7")
        self.assert_code(whole, 1)
        shards = self.shards("--seed", "7")
        parts = [self.read(shard) for shard in shards]
        self.assertEqual(sum(len(part["cells"]) for part in parts), 6)
        self.assertLess(max(len(part["cells"]) for part in parts), 6)
        done = self.merge(*shards)
        self.assert_code(done, 1)
        self.assertEqual(done.err, "")
        merged, expected = self.read("merged"), self.project_under_test.report()
        merged["run"]["command"].remove("--reports")
        merged["run"]["command"].remove("shards")
        self.assertEqual([cell["id"] for cell in merged["cells"]], [cell["id"] for cell in expected["cells"]])
        self.assertEqual(merged["run"].pop("id"), "merged")
        del expected["run"]["id"]
        self.assertEqual(without_times(merged), without_times(expected))
        self.assertNotIn("shard", merged["run"])
        folder = self.project_under_test.inside("merged")
        self.assertEqual(len(timelines_of(folder)), 6)
        self.assert_valid(folder, *map(self.project_under_test.inside, shards))
        judged = self.project_under_test.interoper("judge", "merged")
        self.assertIn("6 judged again, 0 differ", judged.out)

        # What is there stays; what is missing, twice, whole or of another seed is refused, and leaves nothing.
        self.assert_refused(self.merge(*shards), "merged: error: .*there is something already")
        self.assert_refused(self.merge(*shards[1:], out="x"), "shard [1-4]/4 is missing")
        self.assert_refused(self.merge(*shards, shards[0], out="x"), "this is shard ([1-4]/4), and so is")
        self.assert_refused(self.merge(*shards[1:], "latest", out="x"), "this is the report of a whole run")
        self.assert_refused(self.merge("nowhere", out="x"), 'there is no report "nowhere"')
        report = self.read(shards[0])
        report["run"]["seed"] = 8
        self.project_under_test.write(shards[0] + "/report.json", json.dumps(report))
        self.assert_refused(self.merge(*shards, out="x"), "seed is [78], and .*'s is [78]")
        report["cells"], report["run"]["shard"]["positions"] = report["cells"] or parts[1]["cells"], report["run"]["shard"]["positions"] or [0]
        report["cells"][0]["id"] = "../escape"
        self.project_under_test.write(shards[0] + "/report.json", json.dumps(report))
        self.assert_refused(self.merge(*shards, out="x"), "a cell's id is no name of a folder")
        self.assertFalse(os.path.exists(self.project_under_test.inside("x")))

    def test_without_a_seed_the_shards_have_the_same(self):
        self.project_under_test = scenes.set_up_paths(self.project(), "good")
        shards = self.shards(of=2)
        shutil.rmtree(self.project_under_test.inside("interop"))  # a merge needs the reports only
        self.assert_code(self.merge(*shards), 0)

    def test_a_shard_without_cells(self):
        self.project_under_test = scenes.set_up_paths(self.project(), "foreign")
        empty = [self.run_it("--reports", "shards", "--shard", f"{index}/3") for index in (1, 2, 3)]
        codes = sorted(done.code for done in empty)
        self.assertEqual(codes, [0, 0, 4], "\n".join(map(str, empty)))  # one has the cell, which shows nothing
        self.assertEqual(sum("0 cells of 1" in done.err for done in empty), 2)

    def assert_refused(self, done, says):
        self.assert_code(done, 2)
        self.assertRegex(done.err, says)
        self.assertIn("help: ", done.err)
        self.assertEqual(done.out, "")


if __name__ == "__main__":
    main()
