#!/usr/bin/env python3
"""A disk that fills up while a role floods: the cell is an error that says so, the report is there and whole, nothing stays on the engine."""
import contextlib
import os
import subprocess

import stage
from stage import Case, main, read_events, timelines_of

stage.need_engine()
if os.geteuid() != 0:
    stage.skip_all("only root can mount the small disk that this needs")
scenes = stage.Stage()
scenes.scene("a-passes")
scenes.scene("b-floods", {"timeout": "2m"}, driver="say ready; yes 'a line of a flood that fills every disk, however large it may be, because it never ends'")
scenes.scene("c-passes")


class FullDisk(Case):
    def small_disk(self, size):
        place = self.folder()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place], capture_output=True, text=True)
        if mounted.returncode != 0:
            self.skipTest(f"no tmpfs can be mounted here: {mounted.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "--lazy", place], check=True)
        return place

    def assert_told(self, project, done, reports):
        self.assert_code(done, 3)
        self.assertIn("disk", done.out + done.err)
        (run,) = [name for name in os.listdir(reports) if name != "latest"]
        folder = os.path.join(reports, run)
        self.assertTrue(os.path.exists(os.path.join(folder, "report.json")), str(done))
        self.assert_valid(folder)
        shown = project.interoper("show", "--reports", reports)
        self.assert_code(shown, 0)
        self.assertIn("disk-full", shown.out)
        self.assert_nothing_left(run, done.pid)
        return folder

    def test_a_flood_fills_it(self):
        project = scenes.set_up(self.project())
        reports = self.small_disk("4m")
        done = project.interoper("tournament", "--reports", reports, "-j", "1", within=180)
        folder = self.assert_told(project, done, reports)
        with open(os.path.join(folder, "report.json"), encoding="utf-8") as file:
            cells = {cell["test"]: cell for cell in stage.json.load(file)["cells"]}
        self.assertEqual(cells["a-passes"]["verdict"], "passed")
        self.assertEqual((cells["b-floods"]["verdict"], cells["b-floods"]["reason"]), ("error", "disk-full"))
        self.assertRegex(cells["b-floods"]["message"], "room|space|free")
        self.assertIn(cells["c-passes"]["verdict"], ("error", "passed"))
        self.assertGreater(sum(len(read_events(path)) for path in timelines_of(folder)), 1000)
        self.assertIn(cells["b-floods"]["message"].split(";")[0][:60], done.out)

    def test_full_from_the_start(self):
        project = scenes.set_up(self.project(), "a-passes")
        reports = self.small_disk("1m")
        with open(os.path.join(reports, "somebody's"), "wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))
        done = project.interoper("tournament", "--reports", reports)
        self.assert_code(done, 3)
        self.assertRegex(done.err, r"error: .*(room|space|full)")
        self.assertNotIn("defect of interoper", done.err)
        self.assertEqual([one for one in stage.engine.objects() if one[2].get("interoper.owner", "").split(":")[2:3] == [str(done.pid)]], [])

    def test_room_for_the_plan_but_not_for_the_reserve(self):
        project = scenes.set_up(self.project(), "a-passes", "c-passes")
        reports = self.small_disk("100k")
        done = project.interoper("tournament", "--reports", reports, "-j", "1")
        self.assertIn(done.code, (0, 3), str(done))
        self.assertNotIn("defect of interoper", done.err)
        self.assertEqual([one for one in stage.engine.objects() if one[2].get("interoper.owner", "").split(":")[2:3] == [str(done.pid)]], [])
        if done.code == 0:
            (run,) = [name for name in os.listdir(reports) if name != "latest"]
            self.assert_valid(os.path.join(reports, run))


if __name__ == "__main__":
    main()
