#!/usr/bin/env python3
"""Makes reports as interoper would write them, for what no real run gives at once: very many cells, very many events, hostile texts.

    make_report.py matrix|million|hostile FOLDER
"""
import json
import os
import random
import sys

VERDICTS = ("passed", "failed", "unsupported", "skipped", "error", "aborted")
STARTED = "2026-01-02T03:04:05.000Z"
SCRIPT = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"


def attempt(cell, n, verdict, events, reason="", message="", blame=None):
    return {
        "n": n, "repetition": 0, "verdict": verdict, "reason": reason, "message": message, "blame": blame, "started": STARTED, "duration_ms": 1234,
        "events": events, "log": f"cells/{cell}/{n}.jsonl", "roles": {"worker": {"exit": {"code": 0, "signal": None, "oom": False}, "image": "sha256:0"}, "driver": {"exit": None, "image": ""}},
        "results": [], "measurements": [], "conditions": [], "findings": [],
    }


def cell(test, worker, driver, verdict="passed", reason="", message="", attempts=(), blame=None, name=None):
    return {
        "id": name or f"{test}~{worker}~{driver}", "test": test, "roles": {"worker": worker, "driver": driver}, "params": {}, "labels": {}, "verdict": verdict,
        "reason": reason, "message": message, "blame": blame, "flaky": False, "duration_ms": 1234, "attempts": list(attempts),
    }


def write(folder, cells, absent=(), tests=None, names=()):
    suite = json.load(open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "suite.json"), encoding="utf-8"))
    report = {
        "schema": "interoper.report/1",
        "run": {
            "id": os.path.basename(folder), "started": STARTED, "finished": "2026-01-02T04:04:05.000Z", "duration_ms": 3600000, "command": ["interoper", "tournament"], "version": "0",
            "runtime": "docker", "host": {}, "seed": 1, "exit_code": 1, "suite": {"name": "made", "source": "made", "digest": "", "description": suite},
        },
        "implementations": {name: {"version": "1", "roles": {}} for name in names},
        "tests": tests or {one["test"]: {"title": f"The test {one['test']}", "timeout_ms": 60000, "file": "t.md", "header": {}, "description": "# A test\n\nIt is made."} for one in cells},
        "cells": cells, "absent": list(absent),
        "summary": {**{verdict: sum(one["verdict"] == verdict for one in cells) for verdict in VERDICTS}, "flaky": 0, "total": len(cells)},
    }
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "report.json"), "w", encoding="utf-8") as file:
        json.dump(report, file, indent=1)


def timeline(folder, name, lines, n=1):
    path = os.path.join(folder, "cells", name, f"{n}.jsonl")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in lines)


def event(seq, us, role, ty, inside, by=False):
    return json.dumps({"seq": seq, "ti": 1767323045000 + us // 1000, "us": us, **({"ro": role} if role else {}), **({"by": "engine"} if by else {}), "ty": ty, "in": inside})


def matrix(folder):
    """15 clients, 16 servers, 22 tests: 5,280 cells of all verdicts, each with a short timeline."""
    pick = random.Random(1)
    workers = [f"server-{i:02}" for i in range(16)]
    drivers = [f"client-{i:02}" for i in range(15)]
    cells = []
    for t in range(22):
        for worker in workers:
            for driver in drivers:
                verdict = pick.choices(VERDICTS, (85, 7, 5, 1, 1, 1))[0]
                reason = {"passed": "", "failed": "exited"}.get(verdict, verdict)
                message = "" if verdict == "passed" else f"{driver} exited with {pick.randrange(1, 140)} before it said done"
                test = f"test-{t:02}"
                name = f"{test}~{worker}~{driver}"
                blame = {"role": "driver", "implementation": driver, "attempt": 1, "seq": 3} if verdict == "failed" else None
                one = attempt(name, 1, verdict, 6, reason, message, blame)
                one["conditions"] = [{"text": "{\"event\": {\"ty\": \"ready\"}}", "held": True, "seq": 2}]
                cells.append(cell(test, worker, driver, verdict, reason, message, [one], blame))
                timeline(folder, name, [event(0, 0, "", "exec", {"worker": worker, "driver": driver}, True)] + [event(i, i * 1000, ("worker", "driver")[i % 2], ("started", "ready", "log")[i % 3], {"line": f"line {i}"}, i % 3 == 2) for i in range(1, 6)])
    absent = [{"test": "*", "roles": {"worker": worker, "driver": "client-15"}, "reason": "role not offered: client-15 does not play driver"} for worker in workers]
    write(folder, cells, absent, names=workers + drivers)


def million(folder, count=1_000_000):
    """One attempt of a million events: half of them log lines, and some 170,000 packets of which one in a hundred is lost."""
    pick = random.Random(2)
    name = "flood~a~b"
    lines = [event(0, 0, "", "exec", {"worker": "a", "driver": "b"}, True)]
    us = number = 0
    while len(lines) < count - 1:
        us += pick.randrange(1, 400)
        seq = len(lines)
        if seq % 6 < 2:
            number += 1
            message = f"{pick.getrandbits(256):064x}"
            lines.append(f'{{"seq":{seq},"ti":{1767323045000 + us // 1000},"us":{us},"ro":"driver","id":{seq},"ty":"endpoint.snd.packet","in":{{"endpoint_id":1,"packet_id":{number},"packet":{{"msg":"{message}"}}}}}}')
            if pick.random() > 0.01 and len(lines) < count - 1:
                us += 50
                lines.append(f'{{"seq":{seq + 1},"ti":{1767323045000 + us // 1000},"us":{us},"ro":"worker","id":{seq},"ty":"endpoint.rcv.packet","in":{{"endpoint_id":1,"packet_id":{number},"packet":{{"msg":"{message}"}}}}}}')
        else:
            lines.append(f'{{"seq":{seq},"ti":{1767323045000 + us // 1000},"us":{us},"ro":"{("driver", "worker")[seq % 2]}","by":"engine","ty":"log","in":{{"line":"step {seq} of the thing","stream":"stderr"}}}}')
    lines.append(event(len(lines), us + 1, "", "status", {"success": True, "verdict": "passed", "reason": "", "message": ""}, True))
    timeline(folder, name, lines)
    write(folder, [cell("flood", "a", "b", attempts=[attempt(name, 1, "passed", len(lines))])], names=["a", "b"])


def hostile(folder):
    """Everything that a process, a test file or an implementation may be called or say."""
    name = "evil~a~b"
    long = "x" * (4 << 20)
    said = [SCRIPT, "\u001b[31mred\u001b[0m \u001b]0;owned\u0007 bell", "‮right to left", "\u2028\u2029", "</script><script>document.title='owned'</script>", long, "{\"a\":" * 500, "__proto__"]
    lines = [event(0, 0, "", "exec", {"worker": "a", "driver": "b"}, True)]
    for line in said:
        lines.append(event(len(lines), len(lines) * 1000, "worker", "log", {"line": line, "stream": "stdout"}, True))
    for ty in (SCRIPT, "__proto__", "constructor", "", "endpoint.new"):
        lines.append(event(len(lines), len(lines) * 1000, "driver", ty, {"endpoint_id": 1, "hashname": SCRIPT, "__proto__": {"polluted": SCRIPT}, "number": 10**30}))
    lines.append('{"seq":"x","us":-1,"ro":["worker"],"ty":{"a":1},"in":[' + "[" * 300 + "]" * 300 + "]}")
    lines.append("no event at all")
    for role in ("driver", "r" * 500):
        lines.append(event(len(lines) - 1, len(lines) * 1000, role, "t" * 500, {"text": "y" * 500}))
    lines.append(event(len(lines) - 1, 10**15, "__proto__", "ready", {}))
    timeline(folder, name, lines)
    blame = {"role": SCRIPT, "implementation": SCRIPT, "attempt": 1, "seq": len(lines) - 3}
    bad = attempt(name, 1, "failed", len(lines) - 1, SCRIPT, SCRIPT, blame)
    bad["findings"] = [{"role": SCRIPT, "kind": SCRIPT, "message": SCRIPT, "seq": 2}]
    bad["conditions"] = [{"text": SCRIPT, "held": False, "seq": None}]
    bad["results"] = [{"name": SCRIPT, "verdict": "failed", "reason": SCRIPT, "message": SCRIPT, "duration_ms": None, "seq": 1}]
    bad["measurements"] = [{"name": SCRIPT, "value": SCRIPT, "unit": SCRIPT, "role": SCRIPT, "seq": 1}]
    description = f"# Evil {SCRIPT}\n\n{SCRIPT}\n\n[click](javascript:document.title='owned') <a href=\"javascript:document.title='owned'\">x</a>\n\n<iframe src=\"javascript:parent.document.title='owned'\"></iframe>\n"
    tests = {"evil": {"title": SCRIPT, "timeout_ms": 1000, "file": SCRIPT, "header": {"x": SCRIPT}, "description": description}}
    wide = "w" * 300
    tests[wide] = tests["evil"]
    cells = [cell("evil", "a", "b", "failed", SCRIPT, SCRIPT, [bad], blame), cell("evil", SCRIPT, "__proto__", "error", SCRIPT, SCRIPT, name="odd"),
             cell(wide, wide, "b" * 300, "error", wide, wide, name="wide")]
    write(folder, cells, [{"test": "evil", "roles": {"worker": "a", "driver": "constructor"}, "reason": SCRIPT}], tests, ["a", "b", SCRIPT])


if __name__ == "__main__":
    {"matrix": matrix, "million": million, "hostile": hostile}[sys.argv[1]](sys.argv[2])
