#!/usr/bin/env python3
"""What `cmake --install` leaves is a usable tool that needs neither the source tree nor the build tree; and a plain configure works.

    install_test.py SOURCE BUILD
"""
import json
import os
import subprocess
import sys
import tempfile
import unittest

SOURCE, BUILD = (os.path.realpath(path) for path in sys.argv[1:3])
CMAKE = os.environ.get("CMAKE", "cmake")


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, **options)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="interoper-install-")
        cls.addClassCleanup(folder.cleanup)
        cls.prefix = os.path.join(folder.name, "prefix")
        cls.elsewhere = os.path.join(folder.name, "elsewhere")
        os.mkdir(cls.elsewhere)
        run(CMAKE, "--install", BUILD, "--prefix", cls.prefix)

    def interoper(self, *arguments):
        return run(os.path.join(self.prefix, "bin", "interoper"), *arguments, cwd=self.elsewhere)

    def test_says_what_it_is(self):
        self.assertRegex(self.interoper("--version"), r"\d+\.\d+\.\d+")
        self.assertIn("tournament", self.interoper("help"))

    def test_finds_the_suites_that_were_installed(self):
        listed = json.loads(self.interoper("tests", "list", "--suite", "telehash", "--format", "json"))
        self.assertIn("net-link", [test["name"] for test in listed["tests"]])
        self.assertTrue(listed["cells"])
        for implementation in listed["implementations"]:
            self.assertIn(self.prefix, implementation["source"])

    def test_a_suite_that_is_added_there_is_found(self):
        added = os.path.join(self.prefix, "share", "interoper", "tests-specs", "mine")
        os.mkdir(added)
        with open(os.path.join(added, "one.md"), "w", encoding="utf-8") as file:
            file.write("    {}\n\n# One\n")
        listed = json.loads(self.interoper("tests", "list", "--suite", "mine", "--format", "json"))
        self.assertEqual([test["name"] for test in listed["tests"]], ["one"])

    def test_drivers_and_schemas_come_along(self):
        share = os.path.join(self.prefix, "share", "interoper")
        for name in ("drivers/telehash-js/Dockerfile", "reports/report.schema.json", "reports/event.schema.json", "reports/lnav/interoper.json"):
            self.assertTrue(os.path.isfile(os.path.join(share, name)), name)
        self.assertTrue(os.access(os.path.join(share, "drivers/telehash-js/th-test"), os.X_OK))

    def test_nothing_points_back(self):
        """No file that was installed names the source tree, but the program itself: it knows its build tree, to be run from there."""
        for folder, _, names in os.walk(self.prefix):
            for name in names:
                path = os.path.join(folder, name)
                if path == os.path.join(self.prefix, "bin", "interoper"):
                    continue
                with open(path, "rb") as file:
                    self.assertNotIn(SOURCE.encode() + b"/", file.read(), path)

    def test_a_plain_configure_works(self):
        """Neither presets nor Ninja: what somebody types who has read nothing."""
        plain = os.path.join(self.elsewhere, "plain")
        run(CMAKE, "-S", SOURCE, "-B", plain, "-G", "Unix Makefiles")
        self.assertRegex(run(CMAKE, "--build", plain, "--target", "help"), r"(?m)^\.\.\. interoper$")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
