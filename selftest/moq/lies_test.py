#!/usr/bin/env python3
"""What the MoQ interop runner believes and should not: relays and clients that lie, in real containers, against the verdicts they deserve.

lies_test.py RUNTIME    `docker` or `docker-strict`. Exit status 77: there is no container engine here.
"""
import json
import os
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "end_to_end"))
import stage  # noqa: E402

IMAGE = "interoper-selftest/moq-liar:latest"
TESTS = ["setup-only", "announce-only", "publish-namespace-done", "subscribe-error", "announce-subscribe", "subscribe-before-announce"]
ALL = {name: "passed" for name in TESTS}


def results(first, others="skipped"):
    """The first tests passed, the others did not come to it."""
    return {name: "passed" if i < first else others for i, name in enumerate(TESTS)}


# The liar, its verdict, reason, the blamed role, the tests' verdicts, and findings that must be there. Who lies plays an honest other.
RELAYS = {
    "never-binds": ("failed", "not-ready", "relay", results(0), []),
    "binds-late": ("passed", "", None, ALL, []),
    "other-port": ("failed", "not-ready", "relay", results(0), []),
    "binds-tcp": ("failed", "not-ready", "relay", results(0), []),
    "exits-0": ("failed", "exited", "relay", results(2), []),
    "crashes": ("failed", "exited", "relay", results(2), []),
    "exits-1": ("failed", "not-ready", "relay", results(0), []),
    "exits-127": ("unsupported", "exit-127", "relay", results(0), []),
    "ignores-sigterm": ("passed", "", None, ALL, []),
    "speaks": ("passed", "", None, ALL, []),
    "deaf-to-one": ("failed", "not-ok", "relay", {**ALL, "subscribe-error": "failed"}, []),
}
CLIENTS = {
    "killed": ("failed", "exited", "client", results(3), []),
    "exits-127": ("unsupported", "exit-127", "client", results(0), []),
    "lacks-one": ("unsupported", "exit-127", "client", {**results(0, "unsupported"), "setup-only": "skipped"}, ["tap-out-of-plan"]),
    "exits-1": ("failed", "exited", "client", ALL, []),
    "ignores-sigterm": ("failed", "timeout", "client", results(3), []),
    "hangs": ("failed", "timeout", "client", results(3), []),
    "yaml-by-dashes": ("passed", "", None, ALL, ["tap-odd-yaml"]),
    "logs-between": ("passed", "", None, ALL, []),
    "escapes": ("passed", "", None, ALL, []),
    "plans-8": ("failed", "plan", "client", ALL, []),
    "plans-5": ("failed", "plan", "client", ALL, []),
    "no-plan": ("failed", "plan", "client", ALL, []),
    "bails-out": ("failed", "bail-out", "client", results(3), []),
    "silent": ("failed", "no-tap", "client", results(0), []),
    "on-stderr": ("failed", "no-tap", "client", results(0), []),
    "skips-all": ("unsupported", "all-skipped", "client", {name: "skipped" for name in TESTS}, []),
    "old-names": ("passed", "", None, ALL, []),
    "mislabelled": ("passed", "", None, ALL, ["predicted-differs"]),
}


def registry():
    """The runner's own format, with an entry for each liar; `docker.env` tells which."""

    def entry(role, lie, says="draft-18"):
        docker = {"image": IMAGE, "env": {"LIE": lie, "SAYS_DRAFT": says}}
        if role == "relay" and not lie:
            docker["build"] = {"dockerfile": "Dockerfile", "context": "."}
        return {"name": lie or "honest", "draft_versions": ["draft-18"], "roles": {role: {"docker": docker}}}

    entries = {"relay": entry("relay", ""), "client": entry("client", "")}
    entries.update({"relay-" + lie: entry("relay", lie) for lie in RELAYS})
    entries.update({"client-" + lie: entry("client", "" if lie == "mislabelled" else lie, "draft-14" if lie == "mislabelled" else "draft-18") for lie in CLIENTS})
    return {"version": "1.1", "current_target": "draft-18", "implementations": entries}


class Lies(stage.Case):
    isolation = "pooled"

    def setUp(self):
        self.root = self.folder()
        for name in ("Dockerfile", "liar", ".dockerignore"):
            shutil.copy(os.path.join(HERE, name), self.root)
        with open(os.path.join(self.root, "implementations.json"), "w", encoding="utf-8") as file:
            json.dump(registry(), file)

    def play(self, *selection):
        done = stage.interoper("tests", "build", "relay", "--suite", "implementations.json", cwd=self.root)
        self.assert_code(done, 0)
        done = stage.interoper(
            "tournament", "--suite", "implementations.json", "--isolation", self.isolation, "-j", "4", "--no-breaker", *selection, cwd=self.root, within=300
        )
        self.assertIn(done.code, (0, 1), str(done))
        with open(os.path.join(self.root, "interop/reports/latest/report.json"), encoding="utf-8") as file:
            return json.load(file)

    def compare(self, report, role, demanded):
        faults = []
        cells = {cell["roles"][role].partition("-")[2]: cell for cell in report["cells"]}
        self.assertEqual(set(cells), set(demanded))
        for lie, (verdict, reason, blamed, tests, findings) in demanded.items():
            cell = cells[lie]
            attempt = cell["attempts"][-1]
            blame = cell["blame"] and cell["blame"]["role"]
            said = {result["name"]: result["verdict"] for result in attempt["results"]}
            kinds = {finding["kind"] for finding in attempt["findings"]}
            if (cell["verdict"], cell["reason"], blame, said) != (verdict, reason, blamed, tests) or not kinds.issuperset(findings):
                faults.append(f"{lie}: {cell['verdict']} {cell['reason']} {blame} {said} {kinds}: {cell['message']}")
        self.assertEqual(faults, [])

    def test_relays_that_lie(self):
        report = self.play("--relay", "relay-*", "--client", "client", "--timeout-scale", "0.25")
        self.compare(report, "relay", RELAYS)
        # What the relay wrote into /mlog is in the report, whoever it ran as.
        kept = [os.path.join(folder, name) for folder, _, names in os.walk(os.path.join(self.root, "interop/reports/latest/cells")) for name in names if name == "relay.mlog"]
        # exits-1, exits-127, … wrote it too
        self.assertEqual(len(kept), len(RELAYS))
        with open(kept[0], encoding="utf-8") as file:
            self.assertTrue(file.read().startswith("started as 1000 with 65534"))

    def test_clients_that_lie(self):
        report = self.play("--relay", "relay", "--client", "client-*", "--timeout-scale", "0.1")
        self.compare(report, "client", CLIENTS)
        self.compare_old_results(report)
        judged = stage.interoper("judge", cwd=self.root)
        self.assertEqual(judged.code, 1, str(judged))
        self.assertIn("0 differ from the record", judged.out)

    def compare_old_results(self, report):
        """--compat-results: the original's summary and logs, with what really happened in them."""
        done = stage.interoper("report", "--compat-results", "old", cwd=self.root)
        self.assert_code(done, 0)
        with open(os.path.join(self.root, "old/summary.json"), encoding="utf-8") as file:
            summary = json.load(file)
        self.assertEqual(summary["target_version"], "draft-18")
        runs = {run["client"].partition("-")[2]: run for run in summary["runs"]}
        self.assertEqual([runs[lie]["status"] for lie in ("old-names", "killed", "ignores-sigterm", "exits-127")], ["pass", "fail", "timeout", "fail"])
        self.assertEqual([runs[lie]["exit_code"] for lie in ("old-names", "killed", "ignores-sigterm", "exits-127", "silent")], [0, 137, 124, 127, 2])
        self.assertEqual(
            {key: runs["killed"][key] for key in ("client", "relay", "version", "classification", "mode", "target")},
            {"client": "client-killed", "relay": "relay", "version": "draft-18", "classification": "at", "mode": "docker", "target": IMAGE},
        )
        with open(os.path.join(self.root, "old/client-bails-out_to_relay_docker.log"), encoding="utf-8") as file:
            self.assertIn("test-client-1  | Bail out! the network is gone\n", file.read())
        self.assertEqual(len(os.listdir(os.path.join(self.root, "old"))), 1 + len(report["cells"]))

    def test_each_test_alone(self):
        report = self.play("--relay", "relay", "--client", "client", "--per-test")
        self.assertEqual([cell["test"] for cell in report["cells"]], sorted(TESTS))
        for cell in report["cells"]:
            self.assertEqual(cell["verdict"], "passed", cell["message"])
            self.assertEqual([result["name"] for result in cell["attempts"][0]["results"]], [cell["test"]])


if __name__ == "__main__":
    Lies.isolation = "strict" if sys.argv[1:] == ["docker-strict"] else "pooled"
    del sys.argv[1:]
    stage.need_engine()
    stage.main()
