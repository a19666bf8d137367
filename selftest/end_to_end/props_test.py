#!/usr/bin/env python3
"""What a suite gives its roles beside their images: certificates that are made for the run, a directory to leave files in, further names. And
`clean`, after a kill -9, takes away what was made."""
import glob
import os
import signal
import tempfile

import stage
from stage import Case, main, wait_until

SUITE = """```json
{ "suite": "props",
  "files": { "certs": { "x509": { "days": 10, "names": ["localhost", "relay", "127.0.0.1"] } } },
  "roles": { "worker": { "mount": { "/certs": "certs", "/mlog": "out" }, "aliases": ["relay"] },
             "driver": { "mount": { "/certs": "certs", "/mlog": "out" } } } }
```

# Props
"""

scenes = stage.Stage()
scenes.scene("finds", worker="echo trace > /mlog/worker.mlog; say ready; wait_for_end",
             driver="say ready; grep -q CERTIFICATE /certs/cert.pem && grep -q 'PRIVATE KEY' /certs/priv.key && ! touch /certs/x && "
                    "[ ! -e /mlog/worker.mlog ] && ! touch /shared/x && grep -q relay /etc/hosts && say done")
# Run as root: what it leaves would be another user's, or nobody's to read.
scenes.scene("hostile", worker="cd /mlog; echo trace > kept; ln -s /etc/shadow absolute; ln -s kept relative; mkfifo pipe; mkdir closed; "
                               "echo x > closed/inside; chmod 0 closed/inside closed; chmod 4755 kept; say ready; wait_for_end",
             driver="i=0; while [ $i -lt 1100 ]; do : > /mlog/$i; i=$((i+1)); done; say ready; say done")
scenes.scene("waits", {"timeout": "60s"}, driver="say ready; wait_for_end")


def made(project):
    return [path for run in project.runs() for path in glob.glob(os.path.join(tempfile.gettempdir(), f"interoper-{run}-*-props"))]


class Props(Case):
    def setUp(self):
        if os.geteuid() != 0:
            stage.skip_all("the sandbox may need root here")

    def suite(self):
        project = scenes.set_up_paths(self.project())
        project.write("interop/tests/_suite.md", SUITE)
        return project

    def test_roles_find_what_the_suite_says(self):
        project = self.suite()
        done = project.interoper("tournament", "-t", "finds")
        self.assert_code(done, 0)
        (cell,) = glob.glob(os.path.join(project.run_folder(), "cells", "*"))
        with open(os.path.join(cell, "1-mlog", "worker", "worker.mlog"), encoding="utf-8") as file:
            self.assertEqual(file.read(), "trace\n")
        self.assertEqual(os.listdir(os.path.join(cell, "1-mlog")), ["worker"], "what is empty is not kept")
        self.assertEqual(made(project), [])
        self.assert_valid(project.run_folder())

    def test_only_files_are_kept_and_the_rest_is_named(self):
        project = self.suite()
        done = project.interoper("tournament", "-t", "hostile")
        self.assert_code(done, 0)
        (cell,) = glob.glob(os.path.join(project.run_folder(), "cells", "*"))
        kept = os.path.join(cell, "1-mlog", "worker")
        self.assertEqual(sorted(os.listdir(kept)), ["closed", "kept"])
        for name in ("kept", "closed/inside"):
            facts = os.stat(os.path.join(kept, name))
            self.assertEqual((facts.st_uid, facts.st_mode & 0o7400), (os.geteuid(), 0o400), name)
        self.assertEqual(len(os.listdir(os.path.join(cell, "1-mlog", "driver"))), 1000)
        ((attempt,),) = [one["attempts"] for one in project.report()["cells"]]
        findings = {finding["role"]: finding["message"] for finding in attempt["findings"] if finding["kind"] == "left-out"}
        self.assertEqual(
            findings["worker"],
            'not all of what was left in /mlog is kept: "absolute" (a symbolic link), "pipe" (a FIFO), "relative" (a symbolic link)',
        )
        self.assertTrue(findings["driver"].endswith(", and 97 more"), findings["driver"])
        self.assertEqual(made(project), [])
        self.assert_valid(project.run_folder())
        self.assertIn("0 differ from the record", project.interoper("judge").out)

    def test_shared_is_kept_as_files_too(self):
        project = self.suite()
        os.remove(project.inside("interop/tests/_suite.md"))
        project.test("shares")
        project.write("busy/scenes/shares.worker", stage.GOOD_WORKER)
        project.write("busy/scenes/shares.driver", "say ready; echo x > /shared/file; mkfifo /shared/pipe; say done")
        self.assert_code(project.interoper("tournament", "-t", "shares", "--keep"), 0)
        (cell,) = glob.glob(os.path.join(project.run_folder(), "cells", "*"))
        self.assertEqual(os.listdir(os.path.join(cell, "1-shared")), ["file"])
        self.assertEqual(made(project), [])

    def test_clean_after_a_kill(self):
        project = self.suite()
        dying = project.start("tournament", "-t", "waits")
        self.addCleanup(dying.stop)
        wait_until("the run has made its files", lambda: made(project) and glob.glob(os.path.join(made(project)[0], "certs", "priv.key")))
        (directory,) = made(project)
        kept = project.interoper("clean")
        self.assertIn(f"kept     {directory}: its run may be alive\n", kept.out)
        dying.send(signal.SIGKILL)
        dying.wait()
        self.assertTrue(os.path.exists(directory), "nothing was left, so that nothing is shown here")
        cleaned = project.interoper("clean")
        self.assertIn(f"removed  {directory}\n", cleaned.out)
        self.assertFalse(os.path.exists(directory))


if __name__ == "__main__":
    main()
