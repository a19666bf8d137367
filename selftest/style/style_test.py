#!/usr/bin/env python3
"""Shows that each check of style can fail: plants one fault at a time in a small tree, and expects to be told of it."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))

# Found by none of the checks.
GOOD = {
    "src/main.cpp": '#include <CLI/CLI.hpp>\n\n#include "engine/run.hpp"\n#include "suites/reader.hpp"\n\nint main() { return 0; }\n',
    "src/engine/run.hpp": '#pragma once\n\n#include <sys/stat.h>\n\n#include <string>\n\n#include "reporters/reporter.hpp"\n',
    "src/engine/run_test.cpp": '#include "engine/run.hpp"\n\n#include "fakes/scripted_runtime.hpp"\n#include "reporters/reading.hpp"\n',
    "src/suites/reader.cpp": '#include <nlohmann/json.hpp>\n\n#include "base/text.hpp"\n#include "model/spec.hpp"\n',
    "scripts/hello": '#!/usr/bin/env bash\nset -euo pipefail\necho "hello"\n',
}


class Style(unittest.TestCase):
    def setUp(self):
        self.tree = tempfile.mkdtemp(prefix="interoper-style-")
        self.addCleanup(shutil.rmtree, self.tree)
        shutil.copy(os.path.join(ROOT, ".clang-format"), self.tree)
        shutil.copy(os.path.join(ROOT, ".clang-tidy"), self.tree)
        for name, text in GOOD.items():
            self.write(name, text)

    def write(self, name, text):
        path = os.path.join(self.tree, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def run_check(self, check, *arguments):
        command = [sys.executable, os.path.join(HERE, check), self.tree, *arguments]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode == 77:
            self.skipTest(done.stdout.strip())
        return done.returncode, done.stdout + done.stderr

    def finds(self, check, said, *arguments):
        status, output = self.run_check(check, *arguments)
        self.assertEqual(status, 1, output)
        self.assertIn(said, output)

    def test_a_good_tree_passes(self):
        for check in ("levels.py", "words.py", "format.py", "shell.py"):
            with self.subTest(check):
                status, output = self.run_check(check)
                self.assertEqual(status, 0, output)

    def test_an_empty_tree_shows_nothing(self):
        shutil.rmtree(os.path.join(self.tree, "src"))
        status, output = self.run_check("levels.py")
        self.assertEqual(status, 2, output)

    def test_levels(self):
        cases = {
            "src/engine/a.cpp": ('#include "runtimes/docker/lab.hpp"\n', "src/engine/a.cpp:1: engine must not include runtimes/docker/lab.hpp"),
            "src/engine/b.cpp": ('\n#include "suites/reader.hpp"\n', "src/engine/b.cpp:2: engine must not include suites/reader.hpp"),
            "src/engine/c.cpp": ('#include "reporters/reading.hpp"\n', "engine must not include reporters/reading.hpp"),
            "src/suites/d.cpp": ('#include "runtimes/runtime.hpp"\n', "suites must not include runtimes/runtime.hpp"),
            "src/base/e.cpp": ('#include "model/spec.hpp"\n', "base must not include model/spec.hpp"),
            "src/model/f.cpp": ('#include "base/text.hpp"\n', "model must not include base/text.hpp"),
            "src/reporters/g.cpp": ('#  include "engine/run.hpp"\n', "reporters must not include engine/run.hpp"),
            "src/suites/h.hpp": ("#include <nlohmann/json.hpp>\n", "a header must not include <nlohmann/json.hpp>"),
            "src/suites/i.hpp": ("#include <archive.h>\n", "a header must not include <archive.h>"),
            "src/base/j.hpp": ("#include <boost/asio/awaitable.hpp>\n", "a header must not include <boost/asio/awaitable.hpp>"),
            "src/engine/k.cpp": ("// as Docker does\n", 'engine knows no "Docker"'),
            "src/model/l.hpp": ("int telehash_version();\n", 'model knows no "telehash"'),
            "src/attic/m.cpp": ("int x;\n", "attic is no room of the house"),
        }
        for name, (text, said) in cases.items():
            with self.subTest(name):
                self.write(name, text)
                self.finds("levels.py", said)
                os.remove(os.path.join(self.tree, name))

    def test_words(self):
        for line in ("/" + "root/x", 'cd "/' + 'home/somebody/x"', "TO" + "DO later", "FIX" + "ME", "registry." + "npmjs.org"):
            with self.subTest(line):
                self.write("docs/a.md", f"fine\n{line}\n")
                self.finds("words.py", "docs/a.md:2: ")

    def test_words_allows_what_only_looks_alike(self):
        self.write("docs/a.md", "https://example.org/root/x, $HOME/work/x, build/work/x, the npm registry\n")
        self.assertEqual(self.run_check("words.py")[0], 0)

    def test_format(self):
        self.write("src/base/a.cpp", "int  f( ){return 0;}\n")
        self.finds("format.py", "src/base/a.cpp:1")

    def test_shell(self):
        self.write("scripts/hello", '#!/usr/bin/env bash\nfor f in $(ls *); do rm $f; done\n')
        self.finds("shell.py", "scripts/hello:2")

    def test_tidy(self):
        self.write("src/base/a.cpp", "#include <vector>\n\nbool f(const std::vector<int>& v) { return v.size() == 0; }\n")
        source = os.path.join(self.tree, "src/base/a.cpp")
        self.write("build/compile_commands.json", json.dumps([{"directory": self.tree, "file": source, "command": f"c++ -std=c++20 -c {source}"}]))
        self.finds("tidy.py", "readability-container-size-empty", os.path.join(self.tree, "build"), "src/base/a.cpp")

    def test_tidy_looks_at_what_changed(self):
        self.write("src/base/a.cpp", "int f() { return 0; }\n")
        self.write("src/base/b.cpp", "char* g() { return 0; }\n")
        commands = [{"directory": self.tree, "file": os.path.join(self.tree, name), "command": f"c++ -c {name}"}
                    for name in ("src/base/a.cpp", "src/base/b.cpp")]
        self.write("build/compile_commands.json", json.dumps(commands))
        git = ["git", "-C", self.tree, "-c", "user.name=x", "-c", "user.email=x@example.org"]
        subprocess.run([*git, "init", "--quiet"], check=True)
        subprocess.run([*git, "add", "src"], check=True)
        subprocess.run([*git, "commit", "--quiet", "--message", "one"], check=True)
        self.write("src/base/a.cpp", "char* f() { return 0; }\n")
        subprocess.run([*git, "commit", "--quiet", "--all", "--message", "two"], check=True)
        status, output = self.run_check("tidy.py", os.path.join(self.tree, "build"))
        self.assertEqual(status, 1, output)
        self.assertIn("a.cpp", output)
        self.assertNotIn("b.cpp", output)


if __name__ == "__main__":
    unittest.main()
