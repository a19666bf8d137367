#!/usr/bin/env python3
"""What users get wrong, and worlds that are not as they should be: a clear sentence at the right place, the right exit status, no damage."""
import json
import os
import re
import socket
import threading

from stage import SOURCE, Case, environment, main

# What only programmers should ever see of a program.
INTERNALS = re.compile(r"what\(\)|std::|boost|nlohmann|json\.exception|terminate called|Assertion|CLI::|[.][ch]pp\b|0x[0-9a-f]{6,}|Segmentation|Sanitizer|runtime error")
NOWHERE = "unix:///nonexistent/interoper.sock"


class BadCase(Case):
    def setUp(self):
        self.project_under_test = self.project()
        self.write = self.project_under_test.write
        self.write("Dockerfile", "FROM scratch\n")
        self.project_under_test.test("good")

    def refused(self, *arguments, code, says=(), env=None, within=30):
        """Calls the program; it must refuse, say all of `says` (regular expressions), and leave every file as it was."""
        before = self.project_under_test.tree()
        done = self.project_under_test.interoper(*arguments, env=env or environment(DOCKER_HOST=NOWHERE), within=within)
        self.assert_code(done, code)
        for pattern in says:
            self.assertRegex(done.err, pattern)
        self.assertNotRegex(done.out + done.err, INTERNALS)
        self.assertEqual(self.project_under_test.tree(), before, "files were changed or made")
        return done

    def header(self, text, name="bad"):
        self.write(f"interop/tests/{name}.md", f"```json\n{text}\n```\n\n# A bad test\n")


class Headers(BadCase):
    COMMANDS = (("test",), ("tournament",), ("tests", "list"), ("tests", "build"))

    def assert_refused(self, *says):
        for command in self.COMMANDS:
            with self.subTest(command=command):
                self.refused(*command, code=2, says=says)

    def test_no_json(self):
        self.header('{ "timeout" 3s }')
        self.assert_refused(r"(?m)^interop/tests/bad\.md:2:13: error: .*JSON")

    def test_a_number_as_timeout(self):
        self.header('{ "timeout": 3 }')
        self.assert_refused(r'(?m)^interop/tests/bad\.md:2:14: error: .*timeout.*string.*number', r'help: .*"3s"')

    def test_a_timeout_that_is_no_duration(self):
        self.header('{ "timeout": "3 parsecs" }')
        self.assert_refused(r"(?m)^interop/tests/bad\.md:2:\d+: error: .*3 parsecs", "help: ")

    def test_an_unclosed_quote(self):
        self.write("interop/tests/bad.md", '    { "containers": { "worker": { "command": "th-test \'open" } } }\n\n# A bad test\n')
        self.assert_refused(r"(?m)^interop/tests/bad\.md:1:\d+: error: .*quote.*never closed", "help: ")

    def test_a_role_that_is_no_host_name(self):
        self.header('{\n  "containers": {\n    "Bad_Role": {}\n  }\n}')
        self.assert_refused(r"(?m)^interop/tests/bad\.md:4:5: error: .*Bad_Role", "help: .*host name")

    def test_a_test_without_a_header(self):
        self.write("interop/tests/bad.md", "# Only words\n\nNo header here.\n")
        self.assert_refused(r"(?m)^interop/tests/bad\.md:1:\d+: error: ")

    def test_bytes_that_are_no_text(self):
        self.write("interop/tests/bad.md", b'```json\n{ "timeout": "\xff\xfe" }\n```\n\x00\n')
        self.assert_refused(r"(?m)^interop/tests/bad\.md:\d+:\d+: error: ")

    def test_all_bad_files_are_told_in_one_go(self):
        self.header('{ "timeout" 3s }', "no-json")
        self.header('{ "timeout": 3 }', "number")
        self.header('{ "containers": { "NOT/a/host": {} }, "weight": "heavy" }', "two")
        self.write("interop/tests/_implementations.json", "[]\n")
        self.assert_refused("no-json.md:2:", "number.md:2:", "two.md:2:.*NOT/a/host", "two.md:2:.*weight", "_implementations.json:1:1: error: ")

    def test_an_unknown_key_is_a_warning_only(self):
        self.header('{ "timeot": "3s" }')
        done = self.refused("tests", "list", code=0)
        self.assertRegex(done.err, r"(?m)^interop/tests/bad\.md:2:3: warning: .*timeot")
        self.assertIn("'timeout'", done.err)


class Folders(BadCase):
    def test_no_tests(self):
        os.remove(self.project_under_test.inside("interop/tests/good.md"))
        for command in Headers.COMMANDS:
            self.refused(*command, code=2, says=["interop/tests: error: .*no tests", "help: .*interoper tests update"])

    def test_no_folder_of_tests(self):
        os.rename(self.project_under_test.inside("interop"), self.project_under_test.inside("elsewhere"))
        self.refused("test", code=2, says=["interop/tests: error: ", "help: .*interoper tests update"])
        self.refused("test", "--suite", "no/such/suite", code=2, says=["no/such/suite: error: ", "implementations.json"])

    def test_the_same_test_in_two_suites(self):
        self.write("other/good.md", "```json\n{}\n```\n\n# The same name\n")
        self.refused("test", "--suite", "interop/tests", "--suite", "other", code=2, says=["other/good.md.*error: .*good", "interop/tests"])

    def test_nothing_at_dash_c(self):
        self.refused("-C", "nowhere", "test", code=2, says=["error: .*nowhere", "help: "])
        self.refused("-C", "Dockerfile", "test", code=2, says=["error: .*Dockerfile", "help: "])

    def test_no_dockerfile(self):
        os.remove(self.project_under_test.inside("Dockerfile"))
        self.refused("test", code=2, says=["error: .*no Dockerfile", "help: .*--dockerfile"])
        self.refused("test", "--dockerfile", "Dockerfile.other", code=2, says=["error: .*no Dockerfile.other", "help: "])

    def test_reports_that_cannot_be_written(self):
        self.write("interop/reports", "somebody's notes\n")
        self.refused("test", code=3, says=["error: .*interop/reports", "file stands where"])
        self.refused("test", "--reports", "Dockerfile/inside", code=3, says=["error: .*Dockerfile/inside"])
        self.refused("test", "--reports", "/proc/interoper", code=3, says=["error: .*/proc/interoper"])


class Implementations(BadCase):
    def assert_refused(self, text, *says):
        self.write("interop/tests/_implementations.json", text)
        self.refused("test", code=2, says=says)

    def test_an_array(self):
        self.assert_refused("[]\n", r"(?m)^interop/tests/_implementations\.json:1:1: error: .*object.*array", "help: ")

    def test_no_json(self):
        self.assert_refused('{\n  "a": {"image": "x",}\n}\n', r"(?m)^interop/tests/_implementations\.json:2:\d+: error: .*JSON")

    def test_an_entry_called_local(self):
        self.assert_refused('{\n  "local": {"image": "x"}\n}\n', r"(?m)^interop/tests/_implementations\.json:2:3: error: 'local'", "help: .*another name")

    def test_two_sources(self):
        self.assert_refused('{"a": {"image": "x", "repo": "y"}}\n', r"_implementations\.json:1:\d+: error: .*one source")

    def test_a_bad_name(self):
        self.assert_refused('{"a b": {"image": "x"}}\n', r"_implementations\.json:1:2: error: 'a b'")

    def test_an_unreachable_repository(self):
        self.write("interop/tests/_implementations.json", json.dumps({"gone": {"repo": f"file://{self.project_under_test.path}/no-such-repository"}}))
        done = self.refused("tests", "build", code=3, within=60)
        self.assertIn("gone was not built", done.err)


class CommandLine(BadCase):
    def test_usage(self):
        for arguments, says in (
            (["tset"], 'no command "tset".*\n.*`test`'),
            (["tests", "lsit"], 'no command "lsit".*\n.*`list`'),
            (["tests"], "subcommand"),
            (["test", "--tets", "x"], "--tets"),
            (["test", "extra"], "extra"),
            (["show", "latest", "--bogus"], "--bogus"),
            (["show", "latest", "--bogus=1"], "--bogus=1"),
            (["test", "-j", "0"], '"0"'),
            (["test", "-j", "many"], '"many"'),
            (["test", "--repeat", "x"], "--repeat"),
            (["test", "--retries", "-1"], "--retries"),
            (["test", "--format", "xml"], "xml.*human"),
            (["test", "--network", "none"], "none.*private"),
            (["test", "--params", "some"], "some.*all"),
            (["test", "--set", "foo"], "foo.*NAME=VALUE"),
            (["test", "--role", "foo"], "foo.*=VALUE"),
            (["test", "--timeout-scale", "0"], "--timeout-scale"),
            (["test", "--shard", "5/4"], "--shard.*the parts of 4 are 1/4 to 4/4"),
            (["test", "--shard", "0/4"], "--shard.*1/4 to 4/4"),
            (["test", "--shard", "2"], "--shard.*expected I/N"),
            (["test", "--budget", "0s"], "--budget"),
            (["test", "--budget", "soon"], "--budget.*soon.*duration"),
            (["show", "--format"], "--format"),
            (["tests", "build", "nobody"], 'no implementation "nobody"'),
        ):
            with self.subTest(arguments=arguments):
                self.refused(*arguments, code=2, says=[f"error: (.|\n)*{says}", "help: "])

    def test_nothing_at_all(self):
        done = self.refused(code=2)
        self.assertIn("tournament", done.err)

    def test_options_from_the_environment(self):
        self.refused("test", code=2, says=["nonsense"], env=environment(DOCKER_HOST=NOWHERE, INTEROPER_OPT_JOBS="nonsense"))

    def test_unknown_params(self):
        self.header('{ "params": { "size": ["1", "2"] } }', "sized")
        for arguments in (["--set", "sise=3"], ["-p", "sise=*"]):
            self.refused("test", *arguments, code=2, says=['parameter "sise"', "help: "])

    def test_values_that_do_not_fit(self):
        self.header('{ "timeout": "{param.long}", "params": { "long": ["1s"] } }', "timed")
        self.refused("test", "--set", "long=forever", code=2, says=["timed.md.*error: .*forever", "help: .*--set"])

    def test_results_in_a_shape_that_the_suite_does_not_have(self):
        self.refused("test", "--compat-results", "out", code=2, says=["error: --compat-results: the suite .* no other runner's registry", "help: leave it out"])

    def test_globs_that_select_nothing(self):
        for glob in ("nothing*", "[", "[z-", "\\", "!*"):
            with self.subTest(glob=glob):
                self.refused("test", "-t", glob, code=4, says=["error: no cell was selected", "help: .*tests list"])


class NoEngine(BadCase):
    """The run is blocked: every cell is an error with a reason, the report is there, the exit status is 3, all in bounded time."""

    def blocked(self, host, *says, arguments=("test",), others=(("tests", "build", "local"), ("clean",))):
        env = environment(DOCKER_HOST=host)
        done = self.project_under_test.interoper(*arguments, env=env, within=90)
        self.assert_code(done, 3)
        self.assertNotRegex(done.out + done.err, INTERNALS)
        for pattern in says:
            self.assertRegex(done.out + done.err, pattern)
        report = self.project_under_test.report()
        self.assertEqual([(cell["verdict"], cell["reason"]) for cell in report["cells"]], [("error", "engine-unreachable")])
        for pattern in says:
            self.assertRegex(report["cells"][0]["message"], pattern)
        self.assert_valid(self.project_under_test.run_folder())
        shown = self.project_under_test.interoper("show")
        self.assertIn("engine-unreachable", shown.out)
        for command in others:
            done = self.project_under_test.interoper(*command, env=env, within=90)
            self.assert_code(done, 3)
            self.assertNotRegex(done.out + done.err, INTERNALS)
            self.assertRegex(done.err, "error: .*container engine")

    def test_no_socket(self):
        self.blocked(NOWHERE, re.escape(NOWHERE), "start it, or set DOCKER_HOST")
        self.blocked(NOWHERE, re.escape(NOWHERE), arguments=("test", "--no-build"))

    def test_an_address_of_a_kind_that_is_none(self):
        env = environment(DOCKER_HOST="pigeon://over.the.hills")
        done = self.project_under_test.interoper("test", env=env)
        self.assert_code(done, 3)
        self.assertIn("pigeon://over.the.hills", done.out + done.err)

    def serve(self, answer):
        """A socket whose connections are given to `answer`."""
        path = os.path.join(self.folder(), "s")
        server = socket.socket(socket.AF_UNIX)
        server.bind(path)
        server.listen(64)
        self.addCleanup(server.close)
        taken = []

        def accept():
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                taken.append(connection)  # kept open
                try:
                    answer(connection)
                except OSError:
                    pass

        threading.Thread(target=accept, daemon=True).start()
        return f"unix://{path}", taken

    def test_a_socket_that_never_answers(self):
        host, taken = self.serve(lambda connection: None)
        self.blocked(host, "does not answer", others=())
        self.assertNotEqual(taken, [])

    def test_a_socket_that_answers_nonsense(self):
        def answer(connection):
            connection.recv(4096)
            connection.sendall(b"\x00\xff nonsense\r\n\r\n")
            connection.close()

        host, taken = self.serve(answer)
        self.blocked(host, re.escape(host))
        self.assertNotEqual(taken, [])

    def test_something_that_is_no_engine(self):
        def answer(connection):
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n<html>hi</html>")

        host, taken = self.serve(answer)
        self.blocked(host, "no container engine")
        self.assertNotEqual(taken, [])


class Reports(BadCase):
    def assert_refused(self, text, *says, name="report.json"):
        self.write(f"interop/reports/odd/{name}", text)
        for command in ("show", "judge"):
            self.refused(command, "odd", code=2, says=says)

    def test_none(self):
        self.refused("show", code=2, says=["error: ", "interop/reports"])
        self.refused("judge", "nothing", code=2, says=['"nothing"'])

    def test_no_json(self):
        self.assert_refused('{\n  "schema": "interoper.report/1",\n', r"(?m)^interop/reports/odd/report\.json:\d+:\d+: error: .*JSON", "help: ")

    def test_no_report(self):
        for text in ("[]", "3", '"interoper.report/1"', "{}", "null", '{"schema": 1}'):
            with self.subTest(text=text):
                self.assert_refused(text, r"report\.json:1:\d+: error: ")

    def test_parts_of_another_type(self):
        for text in ('"cells": 3', '"cells": [3]', '"run": []', '"cells": [{"id": 7}]', '"tests": 1', '"summary": "none"', '"absent": {}'):
            with self.subTest(text=text):
                self.assert_refused('{"schema": "interoper.report/1", %s}' % text, r"report\.json:1:\d+: error: ")

    def test_a_newer_schema(self):
        self.assert_refused('{"schema": "interoper.report/2", "cells": "quite another thing"}', r"report\.json:1:\d+: error: .*report/2.*report/1", "help: .*newer")

    def test_bytes(self):
        self.assert_refused(bytes(range(256)) * 64, r"report\.json:1:\d+: error: ")

    def test_a_nest_deeper_than_any_stack(self):
        self.assert_refused('{"schema": "interoper.report/1", "cells": ' + "[" * 200_000, r"report\.json:1:\d+: error: ")

    def test_a_folder_that_is_none(self):
        os.makedirs(self.project_under_test.inside("interop/reports/empty"))
        for command in ("show", "judge"):
            self.refused(command, "empty", code=2, says=["empty"])

    def test_a_cell_that_is_not_there(self):
        sample = os.path.join(SOURCE, "reports", "sample")
        runs = [place for place, _, names in os.walk(sample) if "report.json" in names]
        self.assertTrue(runs)
        self.refused("show", runs[0], "no-such-cell", code=2, says=['no cell "no-such-cell"', "help: "])
        self.refused("show", runs[0], code=0)


if __name__ == "__main__":
    main()
