#!/usr/bin/env python3
"""The validator must find what is wrong: the sample report passes, and each way of spoiling it is told with its file and line."""
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile

if importlib.util.find_spec("jsonschema") is None:
    sys.exit(77)

HERE = os.path.dirname(os.path.abspath(__file__))
VALIDATE = os.path.join(HERE, "validate.py")
SAMPLE = os.path.join(HERE, "..", "..", "reports", "sample")
FAILING = "cells/net-link~local~telehash-js~hold=5s/1.jsonl"


def validate(*folders):
    done = subprocess.run([sys.executable, VALIDATE, *folders], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def in_report(change):
    def spoil(folder):
        path = os.path.join(folder, "report.json")
        with open(path, encoding="utf-8") as file:
            report = json.load(file)
        change(report)
        with open(path, "w", encoding="utf-8") as file:
            json.dump(report, file, indent=1)
    return spoil


def in_timeline(change):
    def spoil(folder):
        path = os.path.join(folder, FAILING)
        with open(path, encoding="utf-8") as file:
            lines = file.read().splitlines(keepends=True)
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(change(lines))
    return spoil


def replaced(index, old, new):
    def change(lines):
        assert old in lines[index], lines[index]
        lines[index] = lines[index].replace(old, new)
        return lines
    return in_timeline(change)


def cell(report, index=1):
    return report["cells"][index]


# (what is done, what must be told)
SPOILT = [
    (in_report(lambda r: r.update(schema="interoper.report/2")), "report.json:2: schema: 'interoper.report/1' was expected"),
    (in_report(lambda r: r.pop("absent")), "report.json:1: the whole: 'absent' is a required property"),
    (in_report(lambda r: cell(r).update(verdict="good")), "cells/1/verdict"),
    (in_report(lambda r: cell(r).update(message="")), "cells/1/message"),
    (in_report(lambda r: cell(r, 3).update(blame=cell(r)["blame"])), "cells/3/blame"),
    (in_report(lambda r: cell(r, 3).update(id="a/b")), "cells/3/id"),
    (in_report(lambda r: cell(r)["attempts"][0].update(log="../x.jsonl")), "cells/1/attempts/0/log"),
    (in_report(lambda r: r["run"].update(finished="yesterday")), "run/finished"),
    (in_report(lambda r: r["run"].update(finished=None)), "finished is set in report.json, and only there"),
    (in_report(lambda r: r["summary"].update(passed=7)), "summary: passed is 7, the cells say 2"),
    (in_report(lambda r: cell(r, 4).update(id=cell(r, 3)["id"])), "this id stands on two cells"),
    (in_report(lambda r: cell(r)["attempts"][0].update(events=18)), "events is 18, the timeline has 19"),
    (in_report(lambda r: cell(r)["attempts"][0].update(reason="other")), "reason is 'other', the timeline's status says 'exited'"),
    (in_report(lambda r: cell(r)["attempts"][0].update(n=2)), "attempts are numbered [2]"),
    (in_report(lambda r: cell(r)["blame"].update(seq=19)), "the blame is for event 19, which does not exist"),
    (in_report(lambda r: cell(r)["blame"].update(implementation="go")), "the blamed driver is played by telehash-js, not by go"),
    (in_report(lambda r: cell(r).update(flaky=True)), "flaky with fewer than two attempts"),
    (in_report(lambda r: cell(r)["attempts"][0]["roles"]["driver"]["exit"].update(code=0)), "driver exits with 0 here, and with 3 in the timeline"),
    (in_report(lambda r: cell(r)["attempts"][0]["roles"]["driver"].update(exit=None)), "driver has no exit here, and has in the timeline"),
    (in_report(lambda r: cell(r)["attempts"][0]["findings"][0].update(seq=99)), "findings: event 99 does not exist"),
    (in_report(lambda r: r["tests"].pop("sanity")), "the test sanity is not described"),
    (lambda folder: os.remove(os.path.join(folder, FAILING)), "there is no " + FAILING),
    (lambda folder: shutil.copy(os.path.join(folder, FAILING), os.path.join(folder, FAILING.replace("1.jsonl", "2.jsonl"))), "no attempt has this log"),
    (lambda folder: os.mkdir(os.path.join(folder, "cells/stray")), "there is no such cell"),
    (lambda folder: shutil.copy(os.path.join(folder, "report.json"), os.path.join(folder, "plan.json")), "plan.json stands beside it"),
    (in_timeline(lambda lines: lines[:5] + lines[6:]), FAILING + ":6: seq is 6, expected 5"),
    (in_timeline(lambda lines: lines[:-1]), "the timeline does not end with status"),
    (in_timeline(lambda lines: lines + ["{\"cut"]), FAILING + ":20: this is no JSON"),
    (replaced(9, '"us":1', '"us":0,"x":1'), FAILING + ":10: us goes back from"),
    (replaced(4, '"ro":"driver",', ""), FAILING + ":5: the whole: 'ro' is a required property"),
    (replaced(0, '"by":"engine"', '"by":"me"'), FAILING + ":1: by: 'engine' was expected"),
    (replaced(15, '"by":"engine",', ""), FAILING + ":16: the whole: 'by' is a required property"),
    (replaced(15, '"exit_code"', '"code"'), FAILING + ":16: in: 'exit_code' is a required property"),
    (replaced(5, '"stderr"', '"stdlog"'), FAILING + ":6: in/stream"),
    (replaced(2, '"ty":"ready"', '"ty":""'), FAILING + ":3: ty"),
]


def main():
    faults = 0

    def check(held, what):
        nonlocal faults
        if not held:
            faults += 1
            print("FAILED: " + what)

    code, told = validate(SAMPLE)
    check(code == 0, "the sample is valid\n" + told)
    with tempfile.TemporaryDirectory() as folder:
        check(validate(folder)[0] == 2, "an empty folder has nothing to validate")
        for number, (spoil, expected) in enumerate(SPOILT):
            copy = os.path.join(folder, str(number))
            shutil.copytree(SAMPLE, copy)
            spoil(copy)
            code, told = validate(copy)
            check(code == 1 and expected in told, f"{expected}\n  told with exit status {code}:\n{told}")

        killed = os.path.join(folder, "killed")  # a plan and a timeline with a cut last line are what a killed run may leave
        shutil.copytree(SAMPLE, killed)
        with open(os.path.join(killed, "report.json"), encoding="utf-8") as file:
            plan = json.load(file)
        os.remove(os.path.join(killed, "report.json"))
        plan["run"]["finished"] = None
        for one in plan["cells"]:
            one.update(verdict="aborted", reason="unfinished", message="the run ended before this cell did", blame=None, flaky=False, attempts=[])
        plan["summary"] = {key: 0 for key in plan["summary"]} | {"aborted": len(plan["cells"]), "total": len(plan["cells"])}
        with open(os.path.join(killed, "plan.json"), "w", encoding="utf-8") as file:
            json.dump(plan, file)
        with open(os.path.join(killed, FAILING), "a", encoding="utf-8") as file:
            file.write("{\"seq\":19,")
        code, told = validate(killed)
        check(code == 0, "what a killed run leaves is valid\n" + told)
    print(f"{len(SPOILT) + 3} checks, {faults} failed")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
