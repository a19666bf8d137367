#!/usr/bin/env python3
"""Writes the recording that all report formats are tried on: every verdict, flaky and repeated cells, attempts that failed in different
ways, named results, findings, packets that got lost, absent cells, and names and texts that would break a format which trusts them.

    recording.py FOLDER
"""
import json
import os
import sys

BEGAN_MS = 1416839000000  # 2014-11-24T14:23:20Z
IMAGE = "sha256:" + "1" * 64
EVIL = "]]> --> \"quoted\" 'single' `tick` ```fence | pipe \\ <script>alert(1)</script> &amp; %0A ::error::no ##[error]no @team #1 *star* _low_ [a](b)\n# heading\r\n\ttab \u001b[31mred\u0007\u0000\ufffe\u202eturned 🙂 grüße"
EVIL_NAME = "im`pl|🙂\n<b>&\"'"
SUITE = {
    "name": "every kind",
    "match": {"ping": {"sent": {"ty": "ping.sent"}, "received": {"ty": "ping.received"}, "by": ["in.text"]}},
}


def moment(ms):
    seconds, rest = divmod(BEGAN_MS + ms, 1000)
    day = 1416787200  # 2014-11-24
    hours, left = divmod(seconds - day, 3600)
    return f"2014-11-24T{hours:02}:{left // 60:02}:{left % 60:02}.{rest:03}Z"


class Timeline:
    """The events of one attempt, a millisecond apart."""

    def __init__(self, roles):
        self.roles = roles
        self.lines = []
        self.add("", "exec", {"roles": roles}, engine=True)
        for role in roles:
            self.add(role, "started", engine=True)

    def add(self, role, ty, inside=None, engine=False):
        seq = len(self.lines)
        event = {"seq": seq, "ti": BEGAN_MS + seq, "us": seq * 1000, **({"ro": role} if role else {}), **({"by": "engine"} if engine else {}), "ty": ty}
        self.lines.append({**event, **({} if inside is None else {"in": inside})})
        return seq

    def log(self, role, line):
        return self.add(role, "log", {"line": line, "stream": "stderr"}, engine=True)

    def exit(self, role, code, signal=None):
        return self.add(role, "exited", {"exit_code": code, **({"signal": signal} if signal else {})}, engine=True)

    def end(self, verdict, reason, message):
        self.add("", "status", {"success": verdict == "passed", "verdict": verdict, "reason": reason, "message": message}, engine=True)


class Cell:
    def __init__(self, test, roles, params=None, labels=None, name=None):
        self.test, self.roles, self.params, self.labels = test, roles, params or {}, labels or {}
        self.name = name or "~".join([test, *roles.values(), *(f"{key}={value}" for key, value in self.params.items())])
        self.attempts, self.timelines = [], []
        self.verdict, self.reason, self.message, self.blame, self.flaky = "skipped", "budget", "not run: the budget of 20 s was used up", None, False

    def attempt(self, started_ms, timeline, verdict="passed", reason="", message="", blame=None, repetition=0, **details):
        n = len(self.attempts) + 1
        timeline.end(verdict, reason, message)
        exits = {line["ro"]: {"code": line["in"]["exit_code"], "signal": line["in"].get("signal"), "oom": False} for line in timeline.lines if line["ty"] == "exited"}
        blamed = None if blame is None else {"role": blame[0], "implementation": self.roles[blame[0]], "attempt": n, "seq": blame[1]}
        self.attempts.append({
            "n": n, "repetition": repetition, "verdict": verdict, "reason": reason, "message": message, "blame": blamed, "started": moment(started_ms),
            "duration_ms": len(timeline.lines) - 1, "events": len(timeline.lines), "log": f"cells/{self.name}/{n}.jsonl",
            "roles": {role: {"exit": exits.get(role), "image": IMAGE if role in exits else ""} for role in self.roles},
            "results": details.get("results", []), "measurements": details.get("measurements", []), "conditions": details.get("conditions", []),
            "findings": details.get("findings", []),
        })
        self.timelines.append(timeline)
        self.verdict, self.reason, self.message, self.blame = verdict, reason, message, blamed
        return self

    def record(self):
        return {
            "id": self.name, "test": self.test, "roles": self.roles, "params": self.params, "labels": self.labels, "verdict": self.verdict, "reason": self.reason,
            "message": self.message, "blame": self.blame, "flaky": self.flaky, "duration_ms": sum(attempt["duration_ms"] for attempt in self.attempts), "attempts": self.attempts,
        }


def passing(roles):
    timeline = Timeline(roles)
    for role in roles:
        timeline.add(role, "ready")
    for number in range(4):
        timeline.add("driver", "ping.sent", {"text": f"ping {number}"})
        if number != 2:
            timeline.add("worker", "ping.received", {"text": f"ping {number}"})
    timeline.add("driver", "done")
    timeline.exit("driver", 0)
    timeline.add("worker", "stopping", {"signal": "SIGTERM"}, engine=True)
    for role in roles:
        if role != "driver":
            timeline.exit(role, 0)
    return timeline


def exiting(roles, role, code, words):
    timeline = Timeline(roles)
    timeline.add("worker", "ready")
    for word in words:
        timeline.log(role, word)
    seq = timeline.exit(role, code)
    for other in roles:
        if other != role:
            timeline.add(other, "stopping", {"signal": "SIGTERM"}, engine=True)
            timeline.exit(other, 143, 15)
    return timeline, seq


def result(name, verdict="passed", reason="", message="", duration_ms=None, seq=3):
    return {"name": name, "verdict": verdict, "reason": reason, "message": message, "duration_ms": duration_ms, "seq": seq}


def cells():
    pair = {"worker": "local", "driver": "other"}
    both = {"worker": "local", "driver": "local"}
    yield Cell("ping", both, {"size": "1k"}, {"kind": "link"}).attempt(
        100, passing(both), measurements=[{"name": "round trip", "value": 9007199254740993, "unit": "ns", "role": "driver", "seq": 6}],
        conditions=[{"text": '{"event": {"ty": "ready"}}', "held": True, "seq": 3}])

    flaky = Cell("ping", pair, {"size": "1k"}, {"kind": "link"})
    timeline, seq = exiting(pair, "driver", 3, ["connection refused"])
    flaky.attempt(200, timeline, "failed", "exited", "driver (other) exited with status 3 before it said done", ("driver", seq))
    flaky.attempt(300, passing(pair))
    flaky.flaky = True
    yield flaky

    twice = Cell("ping", {"worker": "other", "driver": "local"}, {"size": "1k"})
    for started in (400, 500):
        timeline, seq = exiting(twice.roles, "worker", 1, [f"step {step}" for step in range(12)])
        twice.attempt(started, timeline, "failed", "exited", f"worker (other) exited with status 1 at {started}", ("worker", seq),
                      findings=[{"role": "worker", "kind": "id-used-twice", "message": "the id 7 stands on two events", "seq": 4}],
                      conditions=[{"text": '{"never": {"ty": "log"}}', "held": False, "seq": 4}])
    yield twice

    repeated = Cell("ping", {"worker": "other", "driver": "other"}, {"size": "1k"})
    timeline, seq = exiting(repeated.roles, "worker", 1, ["now and then"])
    repeated.attempt(600, timeline, "failed", "exited", "worker (other) exited with status 1", ("worker", seq))
    repeated.attempt(700, passing(repeated.roles), repetition=1)
    repeated.verdict, repeated.reason, repeated.message, repeated.blame = "failed", "exited", "worker (other) exited with status 1", repeated.attempts[0]["blame"]
    repeated.flaky = True
    yield repeated

    results = [result("opens", duration_ms=12), result("sends # twice", "failed", "differs", 'expected "a", got "b"'), result("closes", "skipped", "too slow")]
    timeline, seq = exiting(pair, "driver", 1, ["1 of 3 failed"])
    yield Cell("results", pair).attempt(800, timeline, "failed", "result", "sends # twice did not pass", ("driver", seq), results=results)
    yield Cell("results", both).attempt(900, passing(both), results=results)

    three = {"worker": "local", "driver": "other", "relay": "local"}
    yield Cell("relayed", three).attempt(1000, passing(three))

    timeline, seq = exiting(pair, "driver", 127, ["th-test: unknown test"])
    yield Cell("sanity", pair).attempt(1100, timeline, "unsupported", "exit-127", "driver (other) exited with 127 before it was ready: it does not play this role")
    yield Cell("sanity", both)
    missing = Timeline({})
    yield Cell("sanity", {"worker": "other", "driver": "local"}).attempt(1200, missing, "error", "image-missing", "there is no image interoper/other:latest; build it with `interoper tests build other`")
    timeline = Timeline({"worker": "other", "driver": "other"})
    timeline.add("", "interrupted", engine=True)
    for role in ("worker", "driver"):
        timeline.add(role, "stopping", {"signal": "SIGTERM"}, engine=True)
        timeline.exit(role, 143, 15)
    yield Cell("sanity", {"worker": "other", "driver": "other"}).attempt(1300, timeline, "aborted", "interrupted", "the run was interrupted before this cell ended")

    evil = {"worker": "local", "driver": EVIL_NAME}
    timeline, seq = exiting(evil, "driver", 1, [EVIL, "x" * 5000, "::error::not a command", "not ok 1 - not TAP", "Bail out!"])
    yield Cell(EVIL, evil, {"p|q": EVIL}, {"label": EVIL}, name="evil~local~im_pl-0badcafe").attempt(
        1400, timeline, "failed", "evil reason: " + EVIL, EVIL, ("driver", seq), results=[result(EVIL, "failed", EVIL, EVIL), result("ok\nnot ok", "unsupported", EVIL, "")],
        measurements=[{"name": EVIL, "value": {"deep": [EVIL]}, "unit": EVIL, "role": "driver", "seq": 3}],
        conditions=[{"text": EVIL, "held": False, "seq": None}], findings=[{"role": "driver", "kind": EVIL, "message": EVIL, "seq": 3}])


def write(folder):
    made = list(cells())
    for cell in made:
        place = os.path.join(folder, "cells", cell.name)
        if cell.timelines:
            os.makedirs(place)
        for n, timeline in enumerate(cell.timelines, 1):
            with open(os.path.join(place, f"{n}.jsonl"), "w", encoding="utf-8") as file:
                file.writelines(json.dumps(line) + "\n" for line in timeline.lines)
    records = [cell.record() for cell in made]
    verdicts = ("passed", "failed", "unsupported", "skipped", "error", "aborted")
    image = {"kind": "image", "image": "interoper/x:latest", "digest": IMAGE, "url": "", "source": "build .", "revision": "", "platform": "linux/amd64"}
    tests = {cell.test: {"title": f"The test {cell.test}", "timeout_ms": 9000, "file": f"interop/tests/{cell.test}.md", "header": {"params": {"size": ["1k", "1m"]}}, "description": EVIL} for cell in made}
    report = {
        "schema": "interoper.report/1",
        "run": {
            "id": os.path.basename(os.path.abspath(folder)), "started": moment(0), "finished": moment(2000), "duration_ms": 2000, "command": ["interoper", "tournament", "-j", "2", "--retries", "1", "--junit", "x.xml"],
            "version": "0.1.0", "runtime": "docker", "host": {"os": "Linux", "kernel": "6.1.0", "arch": "x86_64", "cores": "2"}, "seed": 18446744073709551615, "exit_code": 1,
            "suite": {"name": "every kind", "source": "interop/tests", "digest": "sha256:" + "3" * 64, "description": SUITE},
        },
        "implementations": {name: {"version": "", "roles": {"worker": image, "driver": image}} for name in ("local", "other", EVIL_NAME)},
        "tests": tests,
        "cells": records,
        "absent": [{"test": "ping", "roles": {"worker": "local", "driver": "mute"}, "reason": "role not offered"}, {"test": EVIL, "roles": {"worker": EVIL_NAME, "driver": EVIL}, "reason": EVIL}],
        "summary": {**{verdict: sum(record["verdict"] == verdict for record in records) for verdict in verdicts}, "flaky": sum(record["flaky"] for record in records), "total": len(records)},
    }
    with open(os.path.join(folder, "report.json"), "w", encoding="utf-8") as file:
        json.dump(report, file, indent=1)


if __name__ == "__main__":
    write(sys.argv[1])
