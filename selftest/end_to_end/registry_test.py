#!/usr/bin/env python3
"""Another runner's registry, unmodified: what is planned from it, how it is selected from, what is said when it is wrong."""
import json
import os
import re
import shutil
import unittest

import moq_plan
from stage import SOURCE, Case, Engine, environment, interoper, main

NOWHERE = "unix:///nonexistent/interoper.sock"
SHARED = os.environ.get("INTEROPER_SHARED") or os.path.join(SOURCE, "..", "shared")
REAL = os.path.join(SHARED, "data", "moq", "implementations.json")


def image(name, **more):
    return {"docker": {"image": name, **more}}


def entry(*drafts, **roles):
    return {"name": "n", "draft_versions": [f"draft-{draft}" for draft in drafts], "roles": roles}


SMALL = {
    "version": "1.1",
    "current_target": "draft-16",
    "implementations": {
        "both": entry(14, 16, 18, client=image("both-client:1"), relay={
            **image("both-relay:1", url="moqt://relay:4443/x", build={"dockerfile": "adapters/both/Dockerfile.relay", "context": "adapters/both"}),
            "remote": [{"url": "https://one.example", "transport": "webtransport", "tls_disable_verify": True},
                       {"url": "moqt://one.example:1", "transport": "quic", "status": "inactive"},
                       {"url": "moqt://two.example:2", "transport": "quic"}],
        }),
        "old": entry(14, client=image("registry.example/old:1"), relay=image("old-relay:latest-amd64")),
        "far": entry(16, relay={"remote": [{"url": "https://far.example/moq", "transport": "webtransport", "status": "untested"}]}),
        "newest": entry(19, relay=image("newest:1"), publisher={}),
    },
}


class RegistryCase(Case):
    def setUp(self):
        self.place = self.folder()
        self.registry = os.path.join(self.place, "implementations.json")
        self.write(SMALL)

    def write(self, registry):
        with open(self.registry, "w", encoding="utf-8") as file:
            file.write(registry if isinstance(registry, str) else json.dumps(registry, indent=2))

    def call(self, *arguments, code=0, **env):
        done = interoper(*arguments, cwd=self.place, env=environment(**{"DOCKER_HOST": NOWHERE, **env}))
        self.assert_code(done, code)
        return done

    def plan(self, *arguments, suite=None, **env):
        done = self.call("tests", "list", "--format", "json", "--suite", suite or self.registry, *arguments, **env)
        self.assertEqual(done.err, "")
        return json.loads(done.out)

    def ids(self, *arguments, **env):
        return [cell["id"] for cell in self.plan(*arguments, **env)["cells"]]

    def refused(self, *arguments, says=(), command=("tests", "list"), **env):
        done = self.call(*command, "--suite", self.registry, *arguments, code=2, **env)
        for pattern in says:
            self.assertRegex(done.err, pattern)


def runs_of(plan):
    """The plan's cells as moq_plan tells runs, which do not number endpoints of one transport."""
    runs = []
    for cell in plan["cells"]:
        labels, roles = cell["labels"], cell["roles"]
        runs.append((roles["client"], roles["relay"], labels["draft"], labels["class"], re.sub(r"-[0-9]+$", "", cell["params"]["endpoint"]), labels.get("relay.url")))
    return runs


class Plan(RegistryCase):
    def assert_as_original(self, plan, registry, target=None):
        expected, without = moq_plan.plan(registry, target)
        self.assertEqual(runs_of(plan), expected)
        self.assertEqual(len({cell["id"] for cell in plan["cells"]}), len(expected))
        # Who has no run at all is there with a reason, once; the others are only there for an endpoint that rests.
        absent = [(one["roles"]["client"], one["roles"]["relay"]) for one in plan["absent"] if not one["reason"].startswith("endpoint inactive")]
        self.assertEqual(len(absent), len(set(absent)))
        self.assertEqual(set(absent), without)
        self.assertTrue(all(one["reason"] for one in plan["absent"]))

    def test_a_small_one(self):
        plan = self.plan()
        self.assert_as_original(plan, SMALL)
        self.assertEqual([cell["id"] for cell in plan["cells"]], [
            "all~far~both~endpoint=remote-webtransport",
            "all~both~both~endpoint=docker", "all~both~both~endpoint=remote-webtransport", "all~both~both~endpoint=remote-quic-2",
            "all~old~both~endpoint=docker",
            "all~both~old~endpoint=docker", "all~both~old~endpoint=remote-webtransport", "all~both~old~endpoint=remote-quic-2",
            "all~old~old~endpoint=docker",
        ])

    def test_another_target(self):
        for target in ("draft-14", "draft-18", "draft-99"):
            self.assert_as_original(self.plan("--target-draft", target), SMALL, target)

    def test_a_folder_that_holds_one(self):
        with open(os.path.join(self.place, "README.md"), "w", encoding="utf-8") as file:
            file.write("# No test\n")
        self.assertEqual(self.plan(suite="."), self.plan())

    @unittest.skipUnless(os.path.exists(REAL), f"the registry is not there ({REAL}; INTEROPER_SHARED names another place)")
    def test_the_real_one(self):
        with open(REAL, encoding="utf-8") as file:
            real = json.load(file)
        plan = self.plan(suite=REAL)
        self.assert_as_original(plan, real)
        modes = [cell["params"]["endpoint"] for cell in plan["cells"]]
        self.assertEqual({mode: modes.count(mode) for mode in set(modes)}, {"docker": 155, "remote-webtransport": 114, "remote-quic": 81})
        for target in ("draft-14", "draft-16"):
            self.assert_as_original(self.plan("--target-draft", target, suite=REAL), real, target)


class Selecting(RegistryCase):
    def test_role_names_are_options(self):
        self.assertEqual(self.ids("--relay", "far"), ["all~far~both~endpoint=remote-webtransport"])
        self.assertEqual(self.ids("--relay=f*", "--client", "!old"), ["all~far~both~endpoint=remote-webtransport"])
        self.assertEqual(self.ids(INTEROPER_OPT_RELAY="far"), ["all~far~both~endpoint=remote-webtransport"])
        self.assertEqual(self.ids("--relay", "old", "--client", "old", INTEROPER_OPT_RELAY="far"), ["all~old~old~endpoint=docker"])

    def test_what_matches_say_narrows(self):
        quic = self.plan("-p", "transport=quic")
        self.assertEqual({cell["labels"]["transport"] for cell in quic["cells"]}, {"quic"})
        self.assertEqual(self.ids("-p", "class=ahead"), ["all~both~both~endpoint=docker", "all~both~both~endpoint=remote-webtransport", "all~both~both~endpoint=remote-quic-2"])
        self.assertEqual(self.ids("-p", "endpoint=remote-quic-2", "-p", "draft=draft-14"), ["all~both~old~endpoint=remote-quic-2"])
        # As a report says how a cell is run again.
        self.assertEqual(self.ids("-t", "all", "--role", "relay=both", "--role", "client=old", "--set", "endpoint=docker"), ["all~both~old~endpoint=docker"])
        left_out = [one["reason"] for one in quic["absent"] if one["reason"].startswith("filtered")]
        self.assertIn("filtered: endpoint=remote-webtransport", left_out)

    def test_remote_endpoints(self):
        everything, here, there = self.ids(), self.ids("--remote=no"), self.ids("--remote")
        self.assertEqual(sorted(here + there), sorted(everything))
        self.assertTrue(here and all(one.endswith("endpoint=docker") for one in here))
        self.assertTrue(there and not any(one.endswith("endpoint=docker") for one in there))
        self.assertEqual(self.ids("--remote=only"), there)
        self.assertEqual(self.ids(INTEROPER_OPT_REMOTE="no"), here)

    def test_the_tests_one_by_one(self):
        selection = ("--relay", "far")
        tests = [cell["test"] for cell in self.plan("--per-test", *selection)["cells"]]
        self.assertEqual(tests, ["announce-only", "announce-subscribe", "publish-namespace-done", "setup-only", "subscribe-before-announce", "subscribe-error"])
        self.assertEqual([cell["test"] for cell in self.plan("-t", "setup-only", *selection)["cells"]], ["setup-only"])
        self.assertEqual([cell["test"] for cell in self.plan("-t", "all", *selection)["cells"]], ["all"])
        self.assertEqual([cell["test"] for cell in self.plan(*selection, INTEROPER_OPT_PER_TEST="1")["cells"]], tests)

    def test_typing_errors(self):
        for arguments, says in (
            (["--relay", "fra"], ['--relay: there is no implementation "fra"', 'did you mean "far"']),
            (["--client", "!odl"], ['--client: there is no implementation "odl"', 'did you mean "old"']),
            (["--impl", "bth"], ['--impl: there is no implementation "bth"', 'did you mean "both"']),
            (["--relya", "far"], ["no option --relya", "did you mean --relay"]),
            (["--tets", "all"], ["no option --tets", "did you mean --test"]),
            (["--relay"], ["--relay names no implementation"]),
            (["--worker", "far"], ['role "worker"', "relay, client"]),
            (["-p", "transport=qiuc"], ["no match has this transport", "quic, webtransport"]),
            (["-p", "trnasport=quic"], ['parameter "trnasport"']),
            (["--set", "endpoint=dokcer"], ["no match has this endpoint", "docker, remote-quic-2, remote-webtransport"]),
            (["--target-draft", "18"], ['"18" is no draft', "draft-16"]),
            (["--remote=maybe"], ["maybe.*only,no"]),
        ):
            with self.subTest(arguments=arguments):
                self.refused(*arguments, says=["error: ", *says])
        self.refused(says=['"fra"'], INTEROPER_OPT_RELAY="fra")

    def test_a_glob_that_matches_nobody_runs_nothing(self):
        done = self.call("tournament", "--suite", self.registry, "--relay", "x*", code=4)
        self.assertIn("no cell was selected", done.err)

    def test_nothing_is_under_test(self):
        self.refused(command=("test",), says=["names everybody who plays", "tournament --impl"])


class Files(RegistryCase):
    def test_broken(self):
        self.write('{\n  "implementations": {\n    "a": {"roles": {},}\n  }\n}')
        self.refused(says=[r"implementations\.json:3:\d+: error: .*JSON", "remove the comma"])

    def test_drafts_that_are_none(self):
        self.write(json.dumps({"version": "1.1", "implementations": {"a": entry(16), "b": {**entry(), "draft_versions": ["16"]}}}, indent=1))
        self.refused(says=[r'implementations\.json:\d+:\d+: error: "16" is no draft'])

    def test_what_only_the_schema_forbids_is_told_and_taken(self):
        registry = json.loads(json.dumps(SMALL))
        registry["implementations"]["old"]["role"] = "relay"
        self.write(registry)
        done = self.call("tests", "list", "--suite", self.registry)
        self.assertRegex(done.err, r"implementations\.json:\d+:\d+: warning: unknown key 'role' in old\n(.*\n)+?  help: did you mean 'roles'")
        self.refused("--check", says=["error: unknown key 'role' in old"])

    def test_no_known_format(self):
        with open(self.registry, "w", encoding="utf-8") as file:
            file.write('{"go": {"repo": "x"}}')
        self.refused(says=["no registry that is known here", "implementations.json of the MoQ interop runner"])

    def test_two_registries(self):
        self.refused("--suite", self.place, says=["names two registries"])

    def test_shards_of_two_registries_are_not_one_run(self):
        # Nobody is started: the cells end in `error`, and what matters here is that the plans have the same cells.
        self.call("tournament", "--suite", self.registry, "--shard", "1/2", "--reports", "first", code=3)
        self.call("tournament", "--suite", self.registry, "--shard", "2/2", "--reports", "same", code=3)
        other = json.loads(json.dumps(SMALL))
        other["implementations"]["far"]["roles"]["relay"]["remote"][0]["url"] = "https://elsewhere.example/moq"
        self.write(other)
        self.call("tournament", "--suite", self.registry, "--shard", "2/2", "--reports", "other", code=3)
        self.assertIn("error", self.call("merge", "first/latest", "same/latest", "--out", "one", code=3).out)
        refused = self.call("merge", "first/latest", "other/latest", "--out", "two", code=2)
        self.assertRegex(refused.err, r"its suite's content is sha256:.*\n +help: run all shards with the same files")

    def test_no_registry(self):
        done = self.call("tests", "list", "--suite", "moq", code=2)
        self.assertRegex(done.err, "nothing says who implements the suite moq(.|\n)*--suite PATH/implementations.json")

    def test_a_target_without_a_registry(self):
        project = self.project()
        project.test("t")
        done = project.interoper("tests", "list", "--target-draft", "draft-16")
        self.assert_code(done, 2)
        self.assertIn("--target-draft", done.err)


class Listing(RegistryCase):
    def test_for_people(self):
        done = self.call("tests", "list", "--suite", self.registry)
        self.assertRegex(done.out, r"(?m)^  all~both~both~endpoint=docker +ahead +draft-18 +quic +moqt://relay:4443/x$")
        self.assertRegex(done.out, r"(?m)^    relay +image both-relay:1, build .*adapters/both \(Dockerfile\.relay\)$")
        self.assertRegex(done.out, r"(?m)^    relay +remote https://far\.example/moq$")
        self.assertRegex(done.out, r"(?m)^  every test with relay both, client both: endpoint inactive: remote-quic of both$")

    def test_many_absent_ones_are_told_by_reason(self):
        registry = json.loads(json.dumps(SMALL))
        registry["implementations"].update({f"more-{n}": entry(19, relay=image(f"more:{n}")) for n in range(9)})
        self.write(registry)
        done = self.call("tests", "list", "--suite", self.registry)
        self.assertRegex(done.out, r"absent \(\d+\), by reason; -v tells each")
        self.assertIn("  every test with 10 casts: no shared version: client has draft-14, relay has draft-19\n", done.out)
        self.assertIn("relay more-3, client old", self.call("tests", "list", "-v", "--suite", self.registry).out)

    def test_what_was_built_beside_it(self):
        os.makedirs(os.path.join(self.place, "builds", "old"))
        note = {"implementation": "old", "timestamp": "2026-06-01T10:00:00Z", "images": [{"target": "relay", "image": "old-relay:latest-amd64"}],
                "source": {"type": "git", "repository": "https://example.org/old", "ref": "main", "commit": "0123456789abcdef0123", "dirty": True}}
        with open(os.path.join(self.place, "builds", "old", ".last-build.json"), "w", encoding="utf-8") as file:
            json.dump(note, file)
        done = self.call("tests", "list", "--suite", self.registry)
        self.assertRegex(done.out, r"builds/old made old-relay:latest-amd64 from https://example\.org/old at 0123456789ab \(main\), changed by hand, 2026")


class Checking(RegistryCase):
    def check(self, code=0):
        return self.call("tests", "list", "--check", "--suite", self.registry, code=code)

    def test_what_each_gets(self):
        done = self.check()
        self.assertRegex(done.out, r"(?m)^  both +relay: 6 cells$")
        self.assertRegex(done.out, r"(?m)^  far +relay: 1 cell$")
        self.assertRegex(done.out, r"(?m)^  newest +relay: no cell: no shared version \(2\)")
        self.assertRegex(done.out, r"(?m)^  newest +publisher: no cell, since no test of this suite has this role$")
        self.assertRegex(done.out, r"images \(5\): not looked for: cannot reach the container engine")
        self.assertRegex(done.err, r"warning: both as relay cannot be built: there is no .*adapters/both/Dockerfile\.relay")

    def test_schema_faults_are_errors(self):
        registry = json.loads(json.dumps(SMALL))
        del registry["version"]
        registry["implementations"]["both"]["roles"]["relay"]["remote"][0]["url"] = "http://one.example"
        self.write(registry)
        done = self.check(code=2)
        self.assertRegex(done.err, "error: 'version' is missing")
        self.assertRegex(done.err, r"error: 'both\.roles\.relay\.remote\[0\]\.url' is no address of a relay")

    def test_a_suite_of_ours(self):
        project = self.project()
        project.test("t")
        project.write("stack/there", "x")
        project.implementations({"here": {"path": "../../stack"}, "gone": {"image": "no.such/image:1", "roles": ["worker"]}})
        done = project.interoper("tests", "list", "--check", env=environment(DOCKER_HOST=NOWHERE))
        self.assert_code(done, 0)
        self.assertRegex(done.err, "warning: here: there is no th-test in ")
        self.assertRegex(done.out, r"(?m)^  gone +worker: no cell: ")
        self.assertRegex(done.out, r"images \(1\): not looked for")


class Running(RegistryCase):
    def test_a_value_of_one_match_that_does_not_fit_is_said_before_anything_runs(self):
        suite = os.path.join(self.place, "suite")
        shutil.copytree(os.path.join(SOURCE, "tests-specs", "moq"), suite)
        with open(os.path.join(suite, "late.md"), "w", encoding="utf-8") as file:
            file.write('```json\n{ "timeout": "{relay.url|1m}" }\n```\n')
        self.write({"version": "1.1", "implementations": {
            "first": entry(16, client=image("first:1"), relay=image("first:1")),  # a match without a url: the default holds
            "second": entry(16, client=image("second:1"), relay=image("second:1", url="moqt://relay:4443")),
        }})
        self.refused("--suite", suite, "-t", "late", command=("tournament",),
                     says=[r'timeout "moqt://relay:4443": .* is no duration \(with late~second~first', "what the registry says of this match"])

    def test_a_report_says_where_everybody_was(self):
        self.call("tournament", "--suite", self.registry, "--client", "both", "-p", "class=at", "-p", "endpoint=remote-*", "--relay", "far", code=3)
        folder = os.path.realpath(os.path.join(self.place, "interop", "reports", "latest"))
        with open(os.path.join(folder, "report.json"), encoding="utf-8") as file:
            report = json.load(file)
        self.assert_valid(folder)
        far = report["implementations"]["far"]["roles"]["relay"]
        self.assertEqual((far["kind"], far["url"]), ("remote", "https://far.example/moq"))
        self.assertEqual(report["implementations"]["both"]["roles"]["client"]["image"], "both-client:1")
        self.assertEqual(report["cells"][0]["labels"]["draft"], "draft-16")
        self.assertIn("implementations.json", report["run"]["suite"]["source"])


class Building(RegistryCase):
    def test_images_get_the_names_that_the_registry_gives_them(self):
        host = next((one for one in (os.environ.get("DOCKER_HOST"), "unix:///var/run/docker.sock") if one and Engine(one).answers()), None)
        if host is None:
            self.skipTest("no container engine answers")
        engine, name = Engine(host), f"interoper-registry-{os.getpid()}"
        self.addCleanup(engine.remove_image, f"{name}-inside:1")
        self.addCleanup(engine.remove_image, f"{name}-outside:1")
        for path in ("adapters/a/Dockerfile.relay", "adapters/Dockerfile.client"):
            os.makedirs(os.path.dirname(os.path.join(self.place, path)), exist_ok=True)
            with open(os.path.join(self.place, path), "w", encoding="utf-8") as file:
                file.write("FROM scratch\nCOPY Dockerfile.relay /\n")
        # A Dockerfile may stand outside of what it builds from.
        roles = {"relay": image(f"{name}-inside:1", build={"dockerfile": "adapters/a/Dockerfile.relay", "context": "adapters/a"}),
                 "client": image(f"{name}-outside:1", build={"dockerfile": "adapters/Dockerfile.client", "context": "adapters/a"})}
        self.write({"version": "1.1", "implementations": {"a": entry(16, **roles)}})
        self.assertIn("images (2): 0 on the engine", self.call("tests", "list", "--check", "--suite", ".", DOCKER_HOST=host).out)
        self.call("tests", "build", "--suite", ".", DOCKER_HOST=host)
        done = self.call("tests", "list", "--check", "--suite", ".", DOCKER_HOST=host)
        self.assertIn("images (2): 2 on the engine\nnothing is wrong", done.out)

    def test_only_what_is_ours_to_build(self):
        done = self.call("tests", "build", "--suite", self.registry, "old")
        self.assertIn("old: nothing to build, its images are ready ones", done.err)
        done = self.call("tests", "build", "--suite", self.registry, code=3)
        self.assertIn("not built: both", done.err)
        self.assertNotIn("registry.example/old", done.err)


if __name__ == "__main__":
    main()
