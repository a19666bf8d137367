#!/usr/bin/env python3
"""The formats of a report as a user gets them: what is written for one recording that holds everything (golden/), the same bytes from
`test` and from `report`, files that are whole or not there, GitHub's annotations and summary.

INTEROPER_WRITE_GOLDEN=1 writes golden/ anew; look at its diff.
"""
import json
import os
import re
import stat
import subprocess
import sys
import tempfile
import unittest

import recording

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = os.environ.get("INTEROPER", "interoper")
PATIENCE = 120  # seconds
# File in golden/ -> what `interoper report RECORDING` is asked for.
GOLDEN = {
    "junit.xml": ["--junit", "-"],
    "report.tap": ["--tap", "-"],
    "ctrf.json": ["--ctrf", "-"],
    "report.md": ["--md", "-"],
    "run.trace.json": ["--trace", "-"],
    "cell.trace.json": ["ping~local~other~size=1k", "--trace", "-"],
    "cell.md": ["results~local~other", "--md", "-"],
}


def interoper(*arguments, cwd=None, stdout=subprocess.PIPE, **variables):
    env = {name: value for name, value in os.environ.items() if not name.startswith(("INTEROPER_", "GITHUB_")) and name not in ("CI", "NO_COLOR")}
    env.update(variables, LC_ALL="C.UTF-8")
    return subprocess.run([PROGRAM, *arguments], cwd=cwd, env=env, stdout=stdout, stderr=subprocess.PIPE, encoding="utf-8", timeout=PATIENCE, check=False)


# An interoper that was built without its page has no HTML.
HAS_PAGE = interoper("report", os.path.join(HERE, "../../reports/sample"), "--html", "/dev/null").returncode == 0
FORMATS = ("junit", "tap", "ctrf", *(["html"] if HAS_PAGE else []), "trace", "md")


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="interoper-formats-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def inside(self, *names):
        return os.path.join(self.folder, *names)

    def recorded(self):
        os.mkdir(self.inside("every"))
        recording.write(self.inside("every"))
        return self.inside("every")

    def text(self, *names):
        with open(self.inside(*names), encoding="utf-8") as file:
            return file.read()

    def report(self, *arguments):
        done = interoper("report", *arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout


class Golden(Case):
    def test_every_format(self):
        every = self.recorded()
        for name, arguments in GOLDEN.items():
            with self.subTest(name):
                written = self.report(every, *arguments)
                path = os.path.join(HERE, "golden", name)
                if os.environ.get("INTEROPER_WRITE_GOLDEN"):
                    with open(path, "w", encoding="utf-8") as file:
                        file.write(written)
                with open(path, encoding="utf-8", newline="") as file:
                    self.assertEqual(written, file.read())

    def test_the_recording_is_a_report(self):
        done = subprocess.run([sys.executable, os.path.join(HERE, "..", "schema", "validate.py"), self.recorded()], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)


class Files(Case):
    def test_all_at_once_are_each_alone(self):
        every = self.recorded()
        self.report(every, *(word for name in FORMATS for word in (f"--{name}", self.inside("out", name))))
        for name in FORMATS:
            self.assertEqual(self.text("out", name), self.report(every, f"--{name}", "-"), name)
        self.assertEqual(sorted(os.listdir(self.inside("out"))), sorted(FORMATS))

    def test_what_is_no_file_is_written_to(self):
        every = self.recorded()
        self.report(every, "--tap", "/dev/null")
        self.assertTrue(stat.S_ISCHR(os.stat("/dev/null").st_mode))
        os.symlink("real.xml", self.inside("link.xml"))
        self.report(every, "--junit", self.inside("link.xml"))
        self.assertTrue(os.path.islink(self.inside("link.xml")))
        self.assertIn("<testsuites", self.text("real.xml"))

    def test_bad_input_is_explained(self):
        every = self.recorded()
        for arguments, words in (
            ([every], "nothing says what to render\nhelp: .*--junit"),
            ([every, "--junit", "-", "--tap", "-"], "--tap: standard output is taken already"),
            ([every, "--junit", self.folder], "is the name of a folder"),
            ([every, "--junit", self.inside("x"), "--tap", self.inside("x")], "is to be written twice"),
            ([every, "--junit", "/proc/no/x"], "cannot be written"),
            ([every, "nothing~*", "--junit", "-"], 'every has no cell "nothing'),
            ([self.inside("nowhere"), "--junit", "-"], "there is no report"),
        ):
            done = interoper("report", *arguments)
            self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
            self.assertRegex(done.stderr, "(?s)" + words)

    def test_a_full_disk_leaves_nothing(self):
        every = self.recorded()
        with open("/dev/full", "w", encoding="utf-8") as full:
            self.assertEqual(interoper("report", every, "--tap", "/dev/full").returncode, 3)
            self.assertEqual(interoper("report", every, "--tap", "-", stdout=full).returncode, 3)

    def test_a_killed_run_is_rendered(self):
        every = self.recorded()
        os.remove(os.path.join(every, "report.json"))
        text = self.report(every, "--tap", "-")
        self.assertIn("ok 1 - ", text)
        self.assertIn("its timelines tell", self.report(every, "--md", "-"))


# A suite whose cells need no container: th-test plays by the test's name.
PLAYER = """#!/bin/sh
case $1-$2 in
bad-driver) echo '::error::from the process ##[error]too' >&2; exit 3 ;;
esac
echo '{"id": 1, "ty": "ready"}'
case $2 in
driver) echo '{"id": 2, "ty": "done"}' ;;
*) sleep 60 ;;
esac
"""


class Runs(Case):
    def setUp(self):
        super().setUp()
        os.makedirs(self.inside("interop/tests"))
        with open(self.inside("th-test"), "w", encoding="utf-8") as file:
            file.write(PLAYER)
        os.chmod(self.inside("th-test"), 0o755)
        for name in ("bad", "good"):
            with open(self.inside(f"interop/tests/{name}.md"), "w", encoding="utf-8") as file:
                file.write(f'\n\n    {{"timeout": "20s"}}\n\n# The {name} one\n')

    def run_it(self, *arguments, **variables):
        return interoper("test", "--runtime", "sandbox", *arguments, cwd=self.folder, **variables)

    def skip_without_sandbox(self, done):
        if "sandbox" in done.stderr and done.returncode == 3:
            self.skipTest("the sandbox does not run here: " + done.stderr)

    def test_a_run_writes_what_report_writes(self):
        done = self.run_it(*(word for name in FORMATS for word in (f"--{name}", f"out/{name}")))
        self.skip_without_sandbox(done)
        self.assertEqual(done.returncode, 1, done.stderr)
        for name in FORMATS:
            self.assertEqual(self.text("out", name), interoper("report", f"--{name}", "-", cwd=self.folder).stdout, name)
        self.assertIn("1..1\n", interoper("report", "bad~*", "--tap", "-", cwd=self.folder).stdout)

    def test_standard_output_is_the_formats(self):
        done = self.run_it("--ctrf", "-")
        self.skip_without_sandbox(done)
        self.assertEqual(json.loads(done.stdout)["results"]["summary"]["failed"], 1)
        self.assertIn("2 cells in", done.stderr)
        refused = self.run_it("--ctrf", "-", "--format", "tap")
        self.assertEqual(refused.returncode, 2)
        self.assertIn("--ctrf: standard output is taken already", refused.stderr)
        self.assertEqual(len(os.listdir(self.inside("interop/reports"))), 2)  # one run, and `latest`

    def test_the_environment_asks_too_and_the_command_line_wins(self):
        done = self.run_it("--junit", "line.xml", "--seed", "7", INTEROPER_OPT_JUNIT="variable.xml", INTEROPER_OPT_TAP="variable.tap", INTEROPER_OPT_SEED="5")
        self.skip_without_sandbox(done)
        self.assertEqual(sorted(name for name in os.listdir(self.folder) if name.startswith(("line", "variable"))), ["line.xml", "variable.tap"])
        self.assertIn('"seed": 7', self.text("interop/reports/latest/report.json"))

    def test_tap_is_streamed(self):
        done = self.run_it("--format", "tap", "-j", "1")
        self.skip_without_sandbox(done)
        self.assertEqual(done.stdout, interoper("report", "--tap", "-", cwd=self.folder).stdout)

    def test_github_is_told(self):
        summary = self.inside("summary.md")
        with open(summary, "w", encoding="utf-8") as file:
            file.write("before\n")
        done = self.run_it(GITHUB_ACTIONS="true", GITHUB_WORKSPACE=os.path.dirname(self.folder), GITHUB_STEP_SUMMARY=summary)
        self.skip_without_sandbox(done)
        self.assertEqual(done.returncode, 1, done.stderr)
        commands = re.findall(r"^\s*(::.*|.*##\[.*)$", done.stdout + done.stderr, re.MULTILINE)
        where = os.path.join(os.path.basename(self.folder), "interop/tests/bad.md")
        self.assertEqual(len(commands), 1, commands)
        self.assertTrue(commands[0].startswith(f"::error file={where},line=3,title=bad failed ("), commands)
        self.assertIn("from the process", done.stdout)
        text = self.text("summary.md")
        self.assertTrue(text.startswith("before\n## Interoperability: 1 of 2 cells failed\n"), text)
        quiet = self.run_it("-t", "good")
        self.assertNotIn("::", quiet.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
