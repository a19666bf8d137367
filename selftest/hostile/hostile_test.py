#!/usr/bin/env python3
"""Every misbehaviour of suite/ through the program, at each of its speeds: judged as its page demands, nothing lost, nothing left.

    hostile_test.py docker|docker-strict|sandbox [SELECTION…]     SELECTION: options of `tournament`, as -t 'exits-*', while developing
"""
import copy
import fnmatch
import io
import json
import os
import re
import resource
import shutil
import sys
import tarfile
import tempfile
import unittest
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "end_to_end"), os.path.join(HERE, "..", "schema")]
import stage  # noqa: E402

SUITE = os.path.join(HERE, "suite")
RUNTIMES = {
    "docker": ["--runtime", "docker"],
    "docker-strict": ["--runtime", "docker", "--isolation", "strict"],
    "sandbox": ["--runtime", "sandbox"],
}
MOST_MEMORY_KB = 100 * 1024  # of the program, whatever is thrown at it
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x80-\x9f\u202a-\u202e\u2066-\u2069]")
BASE = "debian:bookworm-slim"


# ---- what the pages demand -----------------------------------------------------------------------


def demands_of(page):
    with open(page, encoding="utf-8") as file:
        blocks = re.findall(r"(?ms)^```demand\n(.*?)^```$", file.read())
    if len(blocks) != 1:
        raise AssertionError(f"{page}: {len(blocks)} blocks `demand`, expected one")
    demands = json.loads(blocks[0])
    return demands if isinstance(demands, list) else [demands]


KEYS = {"when", "verdict", "reason", "blame", "findings", "timeline", "never", "floods", "texts", "why", "known"}


def demand_for(demands, params):
    for demand in demands:
        unknown = set(demand) - KEYS
        if unknown:
            raise AssertionError(f"unknown keys in a demand: {sorted(unknown)}")
        if all(params[name] == value for name, value in demand.get("when", {}).items()):
            return demand
    raise AssertionError(f"no demand is for {params}")


# ---- what came out -------------------------------------------------------------------------------


def at(event, path):
    """The value under `path`, None when there is none. A key that itself holds dots is tried first, as in `expect`."""
    if not isinstance(event, dict):
        return None
    if path in event:
        return event[path]
    head, _, rest = path.partition(".")
    return at(event.get(head), rest) if rest else None


def matches(event, pattern):
    return all(at(event, path) == value and type(at(event, path)) is type(value) for path, value in pattern.items())


def long_text(size):
    """The same as in th-test."""
    text, length, number = [], 0, 0
    while length < size:
        text.append(f"{number}.")
        length += len(text[-1])
        number += 1
    return "".join(text)[:size]


def read_timeline(path):
    """The events. One that Python cannot read (nested too deep) is there as its type alone."""
    events = []
    with open(path, "rb") as file:
        for line in file:
            try:
                events.append(json.loads(line))
            except RecursionError:
                events.append({"ty": re.search(rb'"ty":"([^"\\]*)"', line).group(1).decode(), "seq": len(events), "us": 0})
    return events


class Timeline:
    """What demands ask for, gathered in one pass: timelines of floods are large."""

    def __init__(self, events):
        self.events = events
        self.logs = {}
        for event in events:
            if event["ty"] == "log" and event.get("by") == "engine":
                self.logs.setdefault((event["ro"], event["in"]["stream"]), []).append(event["in"])

    def lines(self, role, stream):
        return [log["line"] for log in self.logs.get((role, stream), [])]


def complaints(cell, demand, timeline):
    """Why this cell is not as demanded; empty when it is."""
    told = []

    def expect(what, found, wanted):
        if found != wanted:
            told.append(f"{what}: {found!r}, demanded {wanted!r}")

    attempt = cell["attempts"][-1]
    expect("verdict", cell["verdict"], demand["verdict"])
    expect("reason", cell["reason"], demand.get("reason", ""))
    expect("blamed", (cell["blame"] or {}).get("role"), demand.get("blame"))
    expect("a message", cell["message"] != "", demand["verdict"] != "passed")
    expect_findings(attempt, demand.get("findings", {}), told)
    for pattern in demand.get("timeline", []):
        if not any(matches(event, pattern) for event in timeline.events):
            told.append(f"no event matches {json.dumps(pattern)}")
    for pattern in demand.get("never", []):
        found = [event for event in timeline.events if matches(event, pattern)]
        if found:
            told.append(f"an event matches {json.dumps(pattern)}: {json.dumps(found[0])[:300]}")
    for flood in demand.get("floods", []):
        expect_flood(timeline.lines(flood["role"], flood["stream"]), flood, told)
    for text in demand.get("texts", []):
        expect_text(timeline, text, told)
    return told


def expect_findings(attempt, wanted, told):
    found = {}
    for finding in attempt["findings"]:
        kinds = found.setdefault(finding["role"], {})
        kinds[finding["kind"]] = kinds.get(finding["kind"], 0) + 1
    for role in sorted(set(found) | set(wanted)):
        for kind in sorted(set(found.get(role, {})) | set(wanted.get(role, {}))):
            number, demanded = found.get(role, {}).get(kind, 0), wanted.get(role, {}).get(kind, 0)
            is_open = isinstance(demanded, str)
            if not (number >= int(demanded.removeprefix(">=")) if is_open else number == demanded):
                first = next((one["message"] for one in attempt["findings"] if (one["role"], one["kind"]) == (role, kind)), "")
                told.append(f"{number} findings {kind} of {role}, demanded {demanded} {first}")


def expect_flood(lines, flood, told):
    number = flood["lines"]
    wanted = [flood["text"]] * number if "text" in flood else [f"line {i} of {number}" for i in range(1, number + 1)]
    if lines == wanted:
        return
    first = next((i for i, (a, b) in enumerate(zip(lines, wanted)) if a != b), min(len(lines), number))
    told.append(f"{len(lines)} lines of {flood['role']} on {flood['stream']}, demanded {number}; different from line {first + 1} on: {lines[first:first + 1]!r}")


def expect_text(timeline, text, told):
    wanted = long_text(text["bytes"])
    if "event" in text:
        found = [at(event, text["path"]) for event in timeline.events if event["ty"] == text["event"] and event.get("ro") == text["role"]]
        if found != [wanted]:
            told.append(f"the text of {text['bytes']} bytes is not in an event {text['event']} of {text['role']}")
        return
    logs = timeline.logs.get((text["role"], text["stream"] if "stream" in text else "stdout"), [])
    if "".join(log["line"] for log in logs) != wanted:
        told.append(f"the pieces of {text['role']} are not the text of {text['bytes']} bytes: {len(logs)} pieces, {sum(len(log['line']) for log in logs)} bytes")
    more = [log.get("more", False) for log in logs]
    if more != [True] * (text["pieces"] - 1) + [False]:
        told.append(f"pieces with `more`: {more}, demanded {text['pieces']} pieces")


def disorder(cell, timeline):
    """What no timeline may show, whatever was demanded."""
    told, exited, started = [], {}, set()
    events = timeline.events
    if [event["seq"] for event in events] != list(range(len(events))):
        told.append("seq has gaps")
    if (events[0]["ty"], events[-1]["ty"]) != ("exec", "status"):
        told.append(f"it begins with {events[0]['ty']} and ends with {events[-1]['ty']}")
    for event in events:
        role, ty, engine = event.get("ro"), event["ty"], event.get("by") == "engine"
        if ty in ("exec", "exited", "log", "status") and not engine:
            told.append(f"a process sent the reserved {ty}")
        if engine and ty == "started":
            started.add(role)
        if engine and ty == "exited":
            exited[role] = event["seq"]
        elif role in exited and not (engine and ty == "stopping"):
            told.append(f"{role} speaks after it exited: {json.dumps(event)[:200]}")
    if cell["verdict"] != "error" and set(exited) != started:
        told.append(f"started: {sorted(started)}, exited: {sorted(exited)}")
    return told


# ---- the run -------------------------------------------------------------------------------------


def is_sanitized():
    return os.environ.get("INTEROPER_SANITIZED") == "1"


def make_image(name):
    """Builds the image from the Dockerfile here; its name is ours, so that other runs keep theirs."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for entry in ("Dockerfile", "th-test", "suite"):
            tar.add(os.path.join(HERE, entry), entry)
    answer = stage.engine.call("POST", f"/build?t={urllib.parse.quote(name)}&rm=1", buffer.getvalue(), timeout=stage.PATIENCE)
    if '"errorDetail"' in answer:
        raise RuntimeError(answer[-2000:])


def processes_in_sandboxes(run):
    """Processes whose environment or arguments name this run."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                if f"HOSTILE_RUN={run}".encode() in file.read().split(b"\0"):
                    found.append(pid)
        except OSError:
            continue
    return found


def contents(folder):
    found = {}
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), "rb") as file:
            found[name] = file.read()
    return found


class Hostile(stage.Case):
    runtime = "docker"
    selection = ()

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="interoper-hostile-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.mark = os.path.basename(cls.folder)
        suite = os.path.join(cls.folder, "suite")
        shutil.copytree(SUITE, suite)
        with open(os.path.join(suite, "_implementations.json"), "w", encoding="utf-8") as file:
            json.dump({"hostile": cls.implementation()}, file)
        cls.suite = suite
        cls.pages = {name[: -len(".md")]: demands_of(os.path.join(SUITE, name)) for name in os.listdir(SUITE) if name.endswith(".md") and name[0] != "_"}
        # All variants once, where cells are cheapest; elsewhere each page at both speeds; under the sanitizers each page once.
        speeds = [] if is_sanitized() else ["-p", "speed=*"] if cls.runtime == "docker-strict" else ["--params", "all"]
        cls.done = cls.play("all", *speeds, "-j", "4", *cls.selection)
        # Before anything else is waited for: the largest of the children so far, and there was one.
        cls.memory_kb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        cls.report = cls.report_of("all")
        cls.timelines = {}

    @classmethod
    def implementation(cls):
        # What must know whether it is fenced off (th-test) compares with this.
        env = {"HOST_PIDS": os.readlink("/proc/self/ns/pid"), "HOSTILE_RUN": cls.mark}
        if cls.runtime == "sandbox":
            # A copy: what misbehaves is not trusted with the original.
            cls.player = os.path.join(cls.folder, "player")
            shutil.copytree(SUITE, os.path.join(cls.player, "suite"))
            shutil.copy2(os.path.join(HERE, "th-test"), cls.player)
            return {"path": cls.player, "env": env}
        image = f"interoper-hostile-{os.getpid()}"
        cls.addClassCleanup(stage.engine.remove_image, image)
        make_image(image)
        return {"image": image, "env": env}

    @classmethod
    def play(cls, name, *arguments):
        reports = os.path.join(cls.folder, name)
        # Nobody is given up for hanging: that is what the players are here for.
        return stage.interoper("tournament", "--suite", cls.suite, "--reports", reports, "--no-breaker", *RUNTIMES[cls.runtime], *arguments, cwd=cls.folder, within=900)

    @classmethod
    def report_folder(cls, name):
        return os.path.realpath(os.path.join(cls.folder, name, "latest"))

    @classmethod
    def report_of(cls, name):
        path = os.path.join(cls.report_folder(name), "report.json")
        if not os.path.exists(path):
            raise AssertionError(f"there is no report\n{cls.done}")
        with open(path, encoding="utf-8") as file:
            return json.load(file)

    def timeline(self, cell, attempt=-1):
        return Timeline(read_timeline(os.path.join(self.report_folder("all"), cell["attempts"][attempt]["log"])))

    # ---- what it shows

    def test_1_every_cell_is_judged_as_demanded(self):
        """One pass over the timelines: also nothing is lost on finite floods, and every timeline is in order."""
        self.assertGreater(len(self.report["cells"]), 0, str(self.done))
        known = []
        for cell in self.report["cells"]:
            with self.subTest(cell=cell["id"]):
                demand = demand_for(self.pages[cell["test"]], cell["params"])
                self.assertTrue(cell["attempts"], f"{cell['verdict']} {cell['reason']}: {cell['message']}")
                timeline = self.timeline(cell)
                told = complaints(cell, demand, timeline)
                head = "\n".join(json.dumps(event)[:300] for event in timeline.events[:15] + timeline.events[-15:])
                self.assertEqual(disorder(cell, timeline), [], head)
                if self.runtime in demand.get("known", {}):
                    known.append(f"{cell['id']}: {demand['known'][self.runtime]}")
                    self.assertNotEqual(told, [], "this is mended: take the line `known` off its page")
                else:
                    self.assertEqual(told, [], f"{cell['message']}\n{head}")
                self.assert_can_fail(cell, demand, timeline, told)
        for line in known:
            print(f"known: {line}", file=sys.stderr)

    def assert_can_fail(self, cell, demand, timeline, told):
        """A wrong demand of every kind must be complained of. In long timelines only what is looked for there: the rest is shown by the others."""
        if told:
            return
        self.assert_lost_lines_are_noticed(demand, timeline)
        if len(timeline.events) > 2000:
            return
        wrong = {
            "verdict": "passed" if demand["verdict"] != "passed" else "failed",
            "reason": "another",
            "blame": "nobody",
            "findings": {"worker": {"imagined": 1}},
            "timeline": [{"ty": "imagined"}],
            "never": [{"ty": "exec"}],
            "floods": [{"role": "driver", "stream": "stderr", "lines": 1}],
            "texts": [{"role": "driver", "bytes": 17, "pieces": 1}],
        }
        for key, value in wrong.items():
            changed = copy.deepcopy(demand)
            changed[key] = value
            self.assertNotEqual(complaints(cell, changed, timeline), [], f"a wrong `{key}` is not noticed")

    def assert_lost_lines_are_noticed(self, demand, timeline):
        for flood in demand.get("floods", []):
            lines = timeline.lines(flood["role"], flood["stream"])
            for damaged in (lines[:-1], lines[1:], lines[:1] + lines, lines[:7] + ["?"] + lines[8:]):
                told = []
                expect_flood(damaged, flood, told)
                self.assertNotEqual(told, [], "a flood with a line lost, doubled or changed is not noticed")

    def test_2_the_engine_stays_small(self):
        if is_sanitized():
            self.skipTest("the sanitizers keep what was freed")
        self.assertLess(self.memory_kb, MOST_MEMORY_KB)
        print(f"{len(self.report['cells'])} cells, {self.report['run']['duration_ms'] / 1000:.0f} s, peak memory {self.memory_kb // 1024} MiB", file=sys.stderr)

    def test_3_nothing_is_left(self):
        if self.runtime == "sandbox":
            self.assertEqual(processes_in_sandboxes(self.mark), [])
            self.assertEqual(contents(os.path.join(self.player, "suite")), contents(SUITE), "a player could write into its own folder")
        else:
            self.assert_nothing_left(self.report["run"]["id"], self.done.pid)

    def test_4_judged_again_it_is_the_same(self):
        again = stage.interoper("judge", self.report_folder("all"), "--format", "json", cwd=self.folder, within=300)
        judged = {cell["id"]: cell for cell in map(json.loads, again.out.splitlines())}
        self.assertEqual(set(judged), {cell["id"] for cell in self.report["cells"]}, str(again)[:2000])
        keys = ("verdict", "reason", "message", "blame", "flaky")
        for cell in self.report["cells"]:
            with self.subTest(cell=cell["id"]):
                self.assertEqual({key: judged[cell["id"]][key] for key in keys}, {key: cell[key] for key in keys})

    def test_5_the_report_is_valid(self):
        try:
            import validate
        except SystemExit:
            self.skipTest("python3-jsonschema is not installed")
        schemas = {}
        for name in ("report", "event"):
            with open(os.path.join(stage.SOURCE, "reports", name + ".schema.json"), encoding="utf-8") as file:
                schemas[name] = validate.Draft202012Validator(json.load(file))
        schemas["event"] = Sampling(schemas["event"])
        faults = validate.Faults()
        validate.check_folder(self.report_folder("all"), schemas, faults)
        self.assertEqual(faults.number, 0, "the faults stand above")

    def test_6_the_terminal_is_left_alone(self):
        shown = [self.done, stage.interoper("show", self.report_folder("all"), cwd=self.folder)]
        escapes = [cell["id"] for cell in self.report["cells"] if fnmatch.fnmatch(cell["test"], "terminal-escapes")]
        shown += [stage.interoper("show", self.report_folder("all"), cell, cwd=self.folder) for cell in escapes]
        for call in shown:
            for text in (call.out, call.err):
                found = CONTROL.search(text.replace("\n", ""))
                self.assertIsNone(found, found and f"{found.group()!r} in {call.arguments}: {text[max(0, found.start() - 100) : found.end() + 100]!r}")
        self.assertEqual(len(escapes) == 0, bool(self.selection), "nobody tried to rewrite the terminal")

    def test_7_an_attempt_finds_nothing_of_an_earlier_one(self):
        """One after the other, so that a pooled slot serves them all."""
        done = self.play("again", "-t", "leaves-traces", "-j", "1", "--repeat", "3")
        report = self.report_of("again")
        (cell,) = report["cells"]
        logs = "\n".join(json.dumps(event)[:300] for event in read_timeline(os.path.join(self.report_folder("again"), cell["attempts"][-1]["log"])))
        self.assertEqual([attempt["verdict"] for attempt in cell["attempts"]], ["passed"] * 3, f"{done}\n{logs}")


class Sampling:
    """A schema for the first events of a kind; a flood's other lines are made by the same code, and Python's schemas are slow."""

    MOST = 200

    def __init__(self, schema):
        self.schema, self.seen = schema, {}

    def iter_errors(self, event):
        kind = (event.get("ty"), event.get("by"), event.get("ro")) if isinstance(event, dict) else None
        self.seen[kind] = self.seen.get(kind, 0) + 1
        return self.schema.iter_errors(event) if self.seen[kind] <= self.MOST else ()


def main():
    if len(sys.argv) < 2 or sys.argv[1] not in RUNTIMES:
        print(__doc__, file=sys.stderr)
        return 2
    Hostile.runtime, Hostile.selection = sys.argv[1], tuple(sys.argv[2:])
    if Hostile.runtime == "sandbox":
        said = stage.interoper("help", "tournament", cwd="/")
        if "sandbox" not in said.out:
            stage.skip_all("this interoper has no sandbox")
    else:
        stage.need_engine()
        images = json.loads(stage.engine.call("GET", "/images/json"))
        if not any(BASE in (image["RepoTags"] or []) for image in images):
            stage.skip_all(f"there is no {BASE} to make the players' image of; run: scripts/engine base")
    unittest.main(argv=sys.argv[:1], verbosity=2)
    return 0


if __name__ == "__main__":
    sys.exit(main())
