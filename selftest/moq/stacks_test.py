#!/usr/bin/env python3
"""Real MoQ stacks, built from package registries, against each other: two relays and two clients of different makers, all tests of the suite.

Exit status 77, with the reason: there is no container engine here, or the images cannot be built (a registry is out of reach).
"""
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "end_to_end"))
import stage  # noqa: E402

REGISTRY = os.path.join(stage.SOURCE, "drivers/moq/implementations.json")
RELAYS = ("aiomoqt", "moq-dev-rs")
CLIENTS = ("aiomoqt", "moq-dev-js")
TESTS = 6


class Stacks(stage.Case):
    def test_everyone_understands_everyone(self):
        folder = self.folder()
        selection = [word for relay in RELAYS for word in ("--relay", relay)] + [word for client in CLIENTS for word in ("--client", client)]
        # What is flaky is told, and does not hide what never works.
        done = stage.interoper("tournament", "--suite", REGISTRY, *selection, "-j", "2", "--retries", "2", cwd=folder, within=400)
        self.assert_code(done, 0)
        with open(os.path.join(folder, "interop/reports/latest/report.json"), encoding="utf-8") as file:
            report = json.load(file)
        self.assertEqual(len(report["cells"]), len(RELAYS) * len(CLIENTS))
        for cell in report["cells"]:
            attempt = cell["attempts"][-1]
            self.assertEqual([result["verdict"] for result in attempt["results"]], ["passed"] * TESTS, cell["id"])
            negotiated = [json.dumps(one["value"]).strip('"') for one in attempt["measurements"] if one["name"] == "draft"]
            self.assertEqual(negotiated, [cell["labels"]["draft"]], cell["id"])


if __name__ == "__main__":
    stage.need_engine()
    built = stage.interoper("tests", "build", *dict.fromkeys(RELAYS + CLIENTS), "--suite", REGISTRY, cwd=HERE, within=900)
    if built.code != 0:
        stage.skip_all(f"the stacks cannot be built here:\n{built}")
    stage.main()
