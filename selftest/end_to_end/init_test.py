#!/usr/bin/env python3
"""`interoper init`: a folder with nothing in it becomes a project whose tests pass, and nothing that is there is touched."""
import os
import subprocess

import stage
from stage import SOURCE, Case, environment, interoper, main

WRITTEN = {"th-test", "interop/tests/hello.md", "interop/tests/_implementations.json", "interop/.gitignore", ".github/workflows/interop.yml"}


def files_in(folder):
    return {os.path.relpath(os.path.join(place, name), folder) for place, _, names in os.walk(folder) for name in names if "/reports" not in place}


class Init(Case):
    def init(self, folder, *arguments):
        done = interoper("init", *arguments, cwd=folder)
        self.assert_code(done, 0)
        return done

    def test_a_new_project_runs_green(self):
        folder = self.folder()
        done = self.init(folder)
        self.assertEqual(files_in(folder), WRITTEN)
        self.assertIn("interoper test", done.out)
        done = interoper("test", cwd=folder, env=environment(DOCKER_HOST=None))
        self.assert_code(done, 0)
        self.assertRegex(done.out, r"passed +hello~local~local")
        self.assert_valid(os.path.join(folder, "interop/reports/latest"))

    def test_what_is_there_stays(self):
        folder = self.folder()
        own = os.path.join(folder, "th-test")
        with open(own, "w", encoding="utf-8") as file:
            file.write("mine\n")
        os.makedirs(os.path.join(folder, "interop/tests"))
        os.symlink("nowhere", os.path.join(folder, "interop/tests/hello.md"))
        done = self.init(folder)
        self.assertIn("kept   th-test: it is there already", done.out)
        self.assertIn("kept   interop/tests/hello.md", done.out)
        with open(own, encoding="utf-8") as file:
            self.assertEqual(file.read(), "mine\n")
        self.assertFalse(os.path.exists(os.path.join(folder, "interop/tests/nowhere")))
        before = self.init(folder).out
        self.assertEqual(before.count("kept "), len(WRITTEN))

    def test_a_place_where_nothing_can_be_written(self):
        folder = self.folder()
        with open(os.path.join(folder, "interop"), "w", encoding="utf-8") as file:
            file.write("a file where a folder should be\n")
        done = interoper("init", cwd=folder)
        self.assert_code(done, 3)
        self.assertIn("cannot write interop/tests", done.err)

    def test_in_containers(self):
        folder = self.folder()
        self.init(folder, "--docker")
        self.assertEqual(files_in(folder), WRITTEN | {"Dockerfile"})
        stage.engine.host = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
        if not stage.engine.host.startswith("unix://") or not stage.engine.answers():
            self.skipTest("no container engine answers")
        if "debian:bookworm-slim" not in stage.engine.call("GET", "/images/json"):
            self.skipTest("the engine has no debian:bookworm-slim; run: scripts/engine base")
        done = interoper("test", cwd=folder)
        self.assert_code(done, 0)
        self.assertRegex(done.out, r"passed +hello~local~local")

    def test_the_workflow_is_yaml_and_th_test_is_posix(self):
        try:
            import yaml
        except ImportError:
            self.skipTest("python3-yaml is not installed")
        with open(os.path.join(SOURCE, "examples/skeleton/.github/workflows/interop.yml"), encoding="utf-8") as file:
            steps = yaml.safe_load(file)["jobs"]["interop"]["steps"]
        self.assertIn("interoper test", [step.get("run") for step in steps])
        subprocess.run(["dash", "-n", os.path.join(SOURCE, "examples/skeleton/th-test")], check=True)


if __name__ == "__main__":
    main()
