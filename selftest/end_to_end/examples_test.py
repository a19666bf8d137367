#!/usr/bin/env python3
"""examples/tls: four real TLS stacks against each other, without a container engine, as root and as an ordinary user."""
import json
import os
import shutil
import subprocess
import unittest

import stage
from stage import PROGRAM, SOURCE, Case, cells_of, environment, main

PROGRAMS = ("openssl", "gnutls-serv", "gnutls-cli", "selfserv", "tstclnt", "certutil", "botan")
for program in PROGRAMS:
    if shutil.which(program) is None:
        stage.skip_all(f"there is no {program}; run: scripts/deps --examples")

STACKS = ("openssl", "gnutls", "nss", "botan")
NOBODY = 65534


def expected(server, client, version):
    """Botan 2 knows no TLS 1.3; everybody else understands everybody."""
    return "unsupported" if version == "1.3" and "botan" in (server, client) else "passed"


class Tls(Case):
    def copy(self):
        folder = os.path.join(self.folder(), "tls")
        shutil.copytree(os.path.join(SOURCE, "examples", "tls"), folder, ignore=shutil.ignore_patterns("reports"))
        return folder

    def report(self, folder):
        with open(os.path.join(folder, "interop/reports/latest/report.json"), encoding="utf-8") as file:
            return json.load(file)

    def test_every_pair_shakes_hands(self):
        folder = self.copy()
        # Botan's client and NSS's server fall silent on each other now and then: a flake of real programs, which the report calls one.
        done = stage.interoper("tournament", "-t", "handshake", "--params", "all", "--retries", "3", cwd=folder, env=environment(DOCKER_HOST=None))
        self.assert_code(done, 0)
        cells = cells_of(self.report(folder))
        verdicts = {name: cell["verdict"] for name, cell in cells.items()}
        pairs = [(server, client, version) for server in STACKS for client in STACKS for version in ("1.3", "1.2")]
        self.assertEqual(verdicts, {f"handshake~{s}~{c}~version={v}": expected(s, c, v) for s, c, v in pairs}, str(done))
        self.assert_valid(os.path.join(folder, "interop/reports/latest"))

    def test_a_certificate_that_must_be_refused(self):
        folder = self.copy()
        done = stage.interoper("tournament", "-t", "rejects-*", "--set", "version=1.2", "--role", "server=gnutls", cwd=folder, env=environment(DOCKER_HOST=None))
        self.assert_code(done, 1)  # Botan's client says what is wrong, and goes on
        for cell in self.report(folder)["cells"]:
            botan = cell["roles"]["client"] == "botan"
            self.assertEqual((cell["verdict"], cell["reason"]), ("failed", "expect") if botan else ("passed", ""), cell["id"] + "\n" + str(done))

    @unittest.skipUnless(os.geteuid() == 0, "only root can become somebody else")
    def test_as_an_ordinary_user(self):
        folder = self.copy()
        program = shutil.copy(PROGRAM, os.path.dirname(folder))
        for place, _, names in os.walk(os.path.dirname(folder)):
            for path in [place] + [os.path.join(place, name) for name in names]:
                os.chown(path, NOBODY, NOBODY)
        done = subprocess.run(
            ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", program, "tournament", "-t", "handshake", "--impl", "openssl"],
            cwd=folder, env=environment(DOCKER_HOST=None, HOME="/"), capture_output=True, text=True, timeout=stage.PATIENCE, check=False,
        )
        report = self.report(folder)
        if {cell["reason"] for cell in report["cells"]} == {"sandbox-unavailable"}:
            self.skipTest(report["cells"][0]["message"])
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(report["summary"]["passed"], 5)


if __name__ == "__main__":
    main()
