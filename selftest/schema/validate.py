#!/usr/bin/env python3
"""Validates report folders: report.json and every line of every timeline against the schemas in reports/, and one against the other.

    validate.py [--schemas DIR] FOLDER...

FOLDER is a report folder, or one that holds some. A folder of a run that was killed (plan.json, no report.json) must still be a valid
prefix. Faults go to standard output as `FILE:LINE: what`.
Exit status: 0 all valid, 1 faults, 2 nothing to validate, 77 python3-jsonschema is not there.
"""
import argparse
import json
import os
import re
import sys

try:
    from jsonschema import Draft202012Validator
except ImportError:
    print("python3-jsonschema is not installed", file=sys.stderr)
    sys.exit(77)

MOST_FAULTS = 200  # who reads more than this knows that it is broken
VERDICTS = ("passed", "failed", "unsupported", "skipped", "error", "aborted")


class Faults:
    def __init__(self):
        self.number = 0

    def add(self, file, line, what):
        self.number += 1
        if self.number <= MOST_FAULTS:
            print(f"{file}:{line}: {what}")


def refuse_constant(name):
    raise ValueError(f"{name} is no JSON")


def parse(text):
    return json.loads(text, parse_constant=refuse_constant)


def lines_of_values(text):
    """Path of every value in a JSON text -> its line. `text` must be valid."""
    lines, path, keys = {}, [], []
    token = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|\n|[^\s{}\[\],:"]+')
    line, expect_key, pending = 1, [], None

    def begin_value():
        if keys and keys[-1] == "array":
            path[-1] += 1
        lines[tuple(path)] = line

    for match in token.finditer(text):
        word = match.group()
        if word == "\n":
            line += 1
        elif word in "{[":
            begin_value()
            keys.append("object" if word == "{" else "array")
            path.append(None if word == "{" else -1)
            expect_key.append(word == "{")
        elif word in "}]":
            keys.pop(), path.pop(), expect_key.pop()
        elif word == ",":
            expect_key[-1] = keys[-1] == "object"
        elif word == ":":
            expect_key[-1] = False
            path[-1] = json.loads(pending)
        elif word[0] == '"' and expect_key and expect_key[-1]:
            pending = word
        else:
            begin_value()
    return lines


def describe(error):
    where = "/".join(str(part) for part in error.absolute_path)
    return f"{where or 'the whole'}: {error.message[:300]}"


def schema_errors(validator, value):
    for error in validator.iter_errors(value):
        yield error


class Timeline:
    """What the report is compared with."""

    def __init__(self):
        self.events = 0
        self.status = None  # of the last event, when it is the engine's status
        self.exits = {}


def read_timeline(path, shown, validator, finished, faults):
    timeline = Timeline()
    last_us = 0
    with open(path, "rb") as file:
        for number, raw in enumerate(file, 1):
            cut = not raw.endswith(b"\n")
            try:
                event = parse(raw.decode("utf-8"))
            except RecursionError:  # nested deeper than Python reads; it may be right all the same
                timeline.events += 1
                continue
            except (ValueError, UnicodeDecodeError) as error:
                if not (cut and not finished):  # a killed run may leave a cut last line
                    faults.add(shown, number, f"this is no JSON: {error}")
                timeline.events += not cut
                continue
            if cut and finished:
                faults.add(shown, number, "the last line has no newline")
            for error in schema_errors(validator, event):
                faults.add(shown, number, describe(error))
            if not isinstance(event, dict):
                continue
            if event.get("seq") != timeline.events:
                faults.add(shown, number, f"seq is {event.get('seq')}, expected {timeline.events}")
            us = event.get("us")
            if isinstance(us, int):
                if us < last_us:
                    faults.add(shown, number, f"us goes back from {last_us} to {us}")
                last_us = us
            by_engine = event.get("by") == "engine"
            if timeline.events == 0 and not (by_engine and event.get("ty") == "exec"):
                faults.add(shown, number, "the first event is not exec")
            if timeline.status is not None:
                faults.add(shown, number, "there is an event after status")
            inside = event.get("in") if isinstance(event.get("in"), dict) else {}
            if by_engine and event.get("ty") == "status":
                timeline.status = inside
            if by_engine and event.get("ty") == "exited":
                if event.get("ro") in timeline.exits:
                    faults.add(shown, number, f"{event.get('ro')} exits twice")
                timeline.exits[event.get("ro")] = inside
            timeline.events += 1
    return timeline


def check_attempt(report, cell, attempt, timeline, say):
    recording_failed = attempt["verdict"] == "error" and attempt["reason"] in ("disk-full", "write-failed")
    if attempt["events"] != timeline.events:
        say(f"events is {attempt['events']}, the timeline has {timeline.events}")
    if timeline.status is None:
        if not recording_failed:
            say("the timeline does not end with status")
    elif not recording_failed:
        for key in ("verdict", "reason"):
            if timeline.status.get(key) != attempt[key]:
                say(f"{key} is {attempt[key]!r}, the timeline's status says {timeline.status.get(key)!r}")
    for role, outcome in attempt["roles"].items():
        told = timeline.exits.get(role)
        exit_ = outcome["exit"]
        if recording_failed:
            continue
        if (told is None) != (exit_ is None):
            say(f"{role} {'has' if exit_ else 'has no'} exit here, and {'has' if told else 'has none'} in the timeline")
        elif exit_ is not None and told.get("exit_code") != exit_["code"]:
            say(f"{role} exits with {exit_['code']} here, and with {told.get('exit_code')} in the timeline")
    for kind in ("results", "measurements", "conditions", "findings"):
        for entry in attempt[kind]:
            if entry["seq"] is not None and entry["seq"] >= max(attempt["events"], 1) and not recording_failed:
                say(f"{kind}: event {entry['seq']} does not exist")


def check_cell(cell, say):
    numbers = [attempt["n"] for attempt in cell["attempts"]]
    if numbers != list(range(1, len(numbers) + 1)):
        say(f"attempts are numbered {numbers}")
    if cell["flaky"] and len(numbers) < 2:
        say("flaky with fewer than two attempts")
    if cell["verdict"] in ("passed", "failed") and not numbers:
        say(f"{cell['verdict']} without an attempt")
    blame = cell["blame"]
    if blame is None:
        return
    if blame["attempt"] not in numbers:
        say(f"the blame is for attempt {blame['attempt']}, which does not exist")
    elif blame["seq"] >= cell["attempts"][blame["attempt"] - 1]["events"]:
        say(f"the blame is for event {blame['seq']}, which does not exist")
    if cell["roles"].get(blame["role"], blame["implementation"]) != blame["implementation"]:
        say(f"the blamed {blame['role']} is played by {cell['roles'][blame['role']]}, not by {blame['implementation']}")


def check_summary(report, say):
    summary, cells = report["summary"], report["cells"]
    expected = {verdict: sum(cell["verdict"] == verdict for cell in cells) for verdict in VERDICTS}
    expected["flaky"] = sum(cell["flaky"] for cell in cells)
    expected["total"] = len(cells)
    for key, number in expected.items():
        if summary[key] != number:
            say(f"{key} is {summary[key]}, the cells say {number}")


def check_folder(folder, schemas, faults):
    finished = os.path.exists(os.path.join(folder, "report.json"))
    name = "report.json" if finished else "plan.json"
    path = os.path.join(folder, name)
    with open(path, encoding="utf-8") as file:
        text = file.read()
    try:
        report = parse(text)
    except ValueError as error:
        faults.add(path, getattr(error, "lineno", 1), f"this is no JSON: {error}")
        return
    lines = lines_of_values(text)
    before = faults.number
    for error in schema_errors(schemas["report"], report):
        faults.add(path, lines.get(tuple(error.absolute_path), 1), describe(error))
    if faults.number != before:
        return  # the rest relies on the form
    if finished and os.path.exists(os.path.join(folder, "plan.json")):
        faults.add(path, 1, "plan.json stands beside it")
    if finished != (report["run"]["finished"] is not None):
        faults.add(path, lines[("run", "finished")], "finished is set in report.json, and only there")
    check_summary(report, lambda what: faults.add(path, lines[("summary",)], "summary: " + what))

    ids, known = set(), set()
    for i, cell in enumerate(report["cells"]):
        def say(what, line=lines[("cells", i)]):
            faults.add(path, line, f"{cell['id']}: {what}")
        if cell["id"] in ids:
            say("this id stands on two cells")
        ids.add(cell["id"])
        if cell["test"] not in report["tests"]:
            say(f"the test {cell['test']} is not described")
        check_cell(cell, say)
        for j, attempt in enumerate(cell["attempts"]):
            def say_attempt(what, line=lines[("cells", i, "attempts", j)]):
                faults.add(path, line, f"{cell['id']} attempt {attempt['n']}: {what}")
            log = attempt["log"]
            if not log:
                if attempt["events"]:
                    say_attempt("events without a log")
                continue
            known.add(log)
            if log != f"cells/{cell['id']}/{attempt['n']}.jsonl":
                say_attempt(f"the log is {log}")
            if not os.path.isfile(os.path.join(folder, log)):
                say_attempt(f"there is no {log}")
                continue
            timeline = read_timeline(os.path.join(folder, log), os.path.join(folder, log), schemas["event"], True, faults)
            check_attempt(report, cell, attempt, timeline, say_attempt)

    cells = os.path.join(folder, "cells")
    for id_ in sorted(os.listdir(cells)) if os.path.isdir(cells) else []:
        if id_ not in ids:
            faults.add(os.path.join(cells, id_), 1, "there is no such cell")
        for entry in sorted(os.listdir(os.path.join(cells, id_))):
            log = f"cells/{id_}/{entry}"
            if not re.fullmatch(r"[1-9][0-9]*\.jsonl", entry) or log in known:
                continue
            if finished:
                faults.add(os.path.join(folder, log), 1, "no attempt has this log")
            else:
                read_timeline(os.path.join(folder, log), os.path.join(folder, log), schemas["event"], False, faults)


def report_folders(path):
    if any(os.path.exists(os.path.join(path, name)) for name in ("report.json", "plan.json")):
        return [path]
    if not os.path.isdir(path):
        return []
    below = [os.path.join(path, name) for name in sorted(os.listdir(path))]
    return [folder for child in below if os.path.isdir(child) and not os.path.islink(child) for folder in report_folders(child)]


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--schemas", default=os.path.join(here, "..", "..", "reports"))
    arguments.add_argument("folder", nargs="+")
    options = arguments.parse_args()
    schemas = {}
    for name in ("report", "event"):
        with open(os.path.join(options.schemas, name + ".schema.json"), encoding="utf-8") as file:
            schema = json.load(file)
        Draft202012Validator.check_schema(schema)
        schemas[name] = Draft202012Validator(schema)

    folders = [folder for path in options.folder for folder in report_folders(path)]
    if not folders:
        print("there is no report below " + ", ".join(options.folder), file=sys.stderr)
        return 2
    faults = Faults()
    for folder in folders:
        check_folder(folder, schemas, faults)
    if faults.number > MOST_FAULTS:
        print(f"… and {faults.number - MOST_FAULTS} more")
    print(f"{len(folders)} report{'' if len(folders) == 1 else 's'}, {faults.number} fault{'' if faults.number == 1 else 's'}")
    return 1 if faults.number else 0


if __name__ == "__main__":
    sys.exit(main())
