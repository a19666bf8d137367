#!/usr/bin/env python3
"""What a person sees on a terminal, and what the terminal is like afterwards."""
import os
import signal
import subprocess

import stage
from pty_session import Session, area_lines, terminal_environment
from stage import Case, main, wait_until

# What a crash leaves is the program's to show, not a sanitizer's, which would end it with another status.
os.environ["ASAN_OPTIONS"] = "handle_segv=0:handle_abort=0:handle_sigill=0"

scenes = stage.Stage()
scenes.scene("good")
scenes.scene("bad", driver="say ready; echo 'a \033[31mred\033[0m line \033]0;title\007' >&2; exit 3")
scenes.scene("mute", {"timeout": "60s"}, worker="wait_for_end")
scenes.scene("long", {"timeout": "60s"}, driver="say ready; while [ ! -e /shared/go ]; do sleep 0.05; done; say done")


class Terminal(Case):
    def setUp(self):
        if os.geteuid() != 0:
            stage.skip_all("the sandbox may need root here")

    def start(self, *tests, columns=80, rows=24, more=(), **options):
        project = scenes.set_up_paths(self.project())
        command = [stage.PROGRAM, "tournament", *(word for test in tests for word in ("-t", test)), *more]
        session = Session(command, project.path, columns, rows, **options)
        self.addCleanup(session.close)
        return project, session

    def assert_fits(self, session, columns):
        lines = area_lines(session.bytes)
        self.assertGreaterEqual(len(lines), 2)
        for line in lines:
            self.assertLess(len(line), columns, line)

    def test_the_area_appears_fits_and_goes(self):
        for columns in (40, 80, 160):
            with self.subTest(columns=columns):
                project, session = self.start("good", "bad", "mute", columns=columns, more=("-j", "1"))
                # The first two wait for a worker as well, for a moment.
                session.wait_for("one line says that the third waits", lambda lines: sum("2/3 cells" in line for line in lines) == 1 and any("waiting: w" in line for line in lines))
                session.send(signal.SIGINT)
                self.assertEqual(session.end(), 130)
                text = "\n".join(session.all_lines())
                self.assertNotIn("2/3 cells", text)
                self.assertNotIn("waiting:", text)
                self.assertIn("✔ passed", text)
                self.assertIn("✘ failed", text)
                self.assertIn("a \\e[31mred\\e[0m line \\e]0;title\\x07", text.replace("\n", ""))
                self.assert_fits(session, columns)

    def test_the_terminal_is_as_before(self):
        ends = {
            "its end": (lambda session: None, 0, ("good",)),
            "Ctrl-C": (lambda session: session.type("\x03"), 130, ("mute",)),
            "SIGTERM": (lambda session: session.send(signal.SIGTERM), 130, ("mute",)),
            "a crash": (lambda session: session.send(signal.SIGSEGV), -signal.SIGSEGV, ("mute",)),
            "Ctrl-\\": (lambda session: session.type("\x1c"), -signal.SIGQUIT, ("mute",)),
        }
        for name, (end, code, tests) in ends.items():
            with self.subTest(name):
                project, session = self.start(*tests)
                if tests == ("mute",):
                    session.wait_for("keys come one by one", lambda _: session.settings() != session.before)
                    session.wait_for_text("waiting: worker ready")
                end(session)
                self.assertEqual(session.end(), code)
                self.assertEqual(session.settings(), session.before)

    def test_a_third_ctrl_c_says_what_it_does(self):
        project, session = self.start("mute", columns=160)
        session.wait_for_text("waiting: worker ready")
        # All three before it can do what the first wants.
        for number in (signal.SIGSTOP, signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCONT):
            session.send(number)
        self.assertEqual(session.end(), 130)
        text = "\n".join(session.lines())
        self.assertIn("once more to end it at once", text)
        self.assertIn("interrupted a third time: leaving everything as it is; `interoper clean`", text)
        self.assertNotIn("waiting:", text)
        self.assertEqual(session.settings(), session.before)
        self.assert_code(project.interoper("clean"), 0)

    def test_who_asks_is_told_what_runs(self):
        project, session = self.start("mute")
        session.wait_for_text("waiting: worker ready")
        session.type("t")
        session.wait_for_text("0/1 cells done after")
        told = next(i for i, line in enumerate(session.lines()) if "cells done after" in line)
        self.assertIn("mute~busy~busy", session.lines()[told + 1])
        self.assertIn("waiting: worker ready", session.lines()[told + 1])
        session.send(signal.SIGUSR1)
        session.wait_for("it is told again", lambda lines: sum("cells done after" in line for line in lines) == 2)
        session.type("\x03")
        self.assertEqual(session.end(), 130)
        self.assertEqual(sum("cells done after" in line for line in session.all_lines()), 2)

    def test_a_terminal_that_changes_its_width(self):
        project, session = self.start("mute", columns=100)
        session.wait_for_text("waiting: worker ready")
        session.resize(50, 10)
        session.wait_for("the area has found its new width", lambda lines: any("waiting:" in line for line in lines) and all(len(line) < 50 for line in lines))
        session.type("\x03")
        self.assertEqual(session.end(), 130)
        self.assertNotIn("waiting:", "\n".join(session.lines()))

    def test_ctrl_z_gives_the_terminal_back_and_fg_takes_it_again(self):
        project = scenes.set_up_paths(self.project(), "long")
        session = Session(["bash", "--norc", "-i"], project.path, env=terminal_environment(PS1="shell> "))
        self.addCleanup(session.close)
        session.wait_for_text("shell>")
        session.type(f"'{stage.PROGRAM}' tournament -t long\n")
        session.wait_for_text("waiting: driver done")
        session.type("\x1a")
        session.wait_for_text("Stopped")
        session.wait_for("the area is gone", lambda lines: not any("waiting:" in line for line in lines))
        # In the background it goes on, and leaves the terminal alone.
        session.type("bg; echo in the background\n")
        session.wait_for("it goes on", lambda lines: any(line == "in the background" for line in lines))
        for _ in range(10):
            session.read(0.1)
        self.assertFalse(any("waiting:" in line for line in session.lines()), "\n".join(session.lines()))
        session.type("jobs\n")
        session.wait_for_text("Running")
        session.type("fg\n")
        session.wait_for_text("waiting: driver done")
        session.type("t")
        session.wait_for_text("cells done after")
        session.type("\x03")
        session.wait_for("the shell is back", lambda lines: [line for line in lines if line][-1].startswith("shell>"))
        session.type("stty -a | grep -c -e -icanon -e '-echo '\n")  # how many of these are switched off
        session.wait_for("the terminal is as before", lambda lines: "0" in lines)
        session.type("exit\n")
        session.end()

    def test_no_escape_sequences_where_there_is_no_terminal(self):
        project = scenes.set_up_paths(self.project(), "good", "bad")
        done = project.interoper("tournament", "-t", "good", "-t", "bad", env=terminal_environment())
        self.assert_code(done, 1)
        self.assertNotIn("\x1b", done.out + done.err)
        self.assertNotIn("waiting", done.err)

    def test_where_an_area_would_disturb(self):
        for changes in ({"TERM": "dumb"}, {"CI": "true"}):
            with self.subTest(**changes):
                project, session = self.start("good", env=terminal_environment(**changes))
                self.assertEqual(session.end(), 0)
                self.assertNotIn(b"\x1b[K", session.bytes)
                if "TERM" in changes:
                    self.assertNotIn(b"\x1b", session.bytes)
        project, session = self.start("good", env=terminal_environment(LC_ALL="C", NO_COLOR="1"))
        self.assertEqual(session.end(), 0)
        self.assertNotIn(b"\x1b[3", session.bytes)
        self.assertTrue(session.bytes.isascii())

    def test_results_in_a_file_and_the_area_on_the_terminal(self):
        with open(os.path.join(self.folder(), "out"), "w+b") as out:
            project, session = self.start("good", "mute", more=("-j", "1"), out=out)
            session.wait_for_text("1/2 cells")
            session.send(signal.SIGINT)
            self.assertEqual(session.end(), 130)
            out.seek(0)
            text = out.read().decode()
        self.assertIn("✔ passed", text)
        self.assertNotIn("\x1b", text)
        self.assertNotIn("passed", "\n".join(session.all_lines()))

    def test_a_sign_of_life_in_a_log(self):
        project = scenes.set_up_paths(self.project(), "mute")
        running = project.start("tournament", "-t", "mute", "--heartbeat", "200ms")
        self.addCleanup(running.stop)
        wait_until("there is a sign of life", lambda: "waiting: worker ready" in running.text(running.err))
        running.send(signal.SIGUSR1)
        wait_until("who asks is told", lambda: "cells done after" in running.text(running.err))
        running.send(signal.SIGINT)
        done = running.wait()
        self.assertRegex(done.err, r"still running after \d+ s: 0/1 cells done; now mute~busy~busy \(\d+ s, waiting: ")
        self.assertNotIn("\x1b", done.err)

    def test_in_the_background_it_is_not_stopped(self):
        """stdin is a terminal that is another's."""
        project = scenes.set_up_paths(self.project(), "good")
        session = Session(["bash", "--norc", "-i"], project.path, env=terminal_environment(PS1="shell> "))
        self.addCleanup(session.close)
        session.wait_for_text("shell>")
        session.type(f"'{stage.PROGRAM}' tournament -t good & wait; echo it ended with $?\n")
        session.wait_for_text("it ended with 0")
        self.assertNotIn("Stopped", "\n".join(session.all_lines()))
        session.type("exit\n")
        session.end()


class Recorded(Case):
    """`show`, while a run goes on and afterwards."""

    def test_the_printed_commands_do_what_they_say(self):
        project = scenes.set_up_paths(self.project(), "good", "bad")
        project.test("bad", {"params": {"n": ["one", "a b"]}})
        done = project.interoper("tournament", "--params", "all", "--runtime", "sandbox", "--repeat", "2", "--seed", "77", "-j", "1")
        self.assert_code(done, 1)
        commands = {word: [line.split(None, 1)[1] for line in done.out.splitlines() if line.startswith(f"    {word} ")] for word in ("show", "again")}
        self.assertEqual([len(found) for found in commands.values()], [2, 2])
        failed = {cell["id"]: cell for cell in project.report()["cells"] if cell["verdict"] == "failed"}
        for show, again, cell in zip(commands["show"], commands["again"], failed):
            shown = subprocess.run(["sh", "-c", show], cwd=project.path, env=stage.environment(), capture_output=True, text=True, timeout=stage.PATIENCE)
            self.assertEqual(shown.returncode, 0, shown.stderr)
            self.assertTrue(shown.stdout.startswith(f"✘ failed       {cell}  exited\n"), shown.stdout)
            subprocess.run(["sh", "-c", again], cwd=project.path, env=stage.environment(), capture_output=True, timeout=stage.PATIENCE)
            report = project.report()
            self.assertEqual([one["id"] for one in report["cells"]], [cell])
            self.assertEqual((report["run"]["seed"], report["run"]["runtime"], len(report["cells"][0]["attempts"])), (77, "sandbox", 1))
            self.assertEqual(report["cells"][0]["params"], failed[cell]["params"])

    def test_it_follows_what_runs(self):
        project = scenes.set_up_paths(self.project(), "long")
        running = project.start("tournament", "-t", "long", "--keep")
        self.addCleanup(running.stop)
        wait_until("the run has begun", lambda: project.runs() and os.path.exists(project.run_folder() + "/plan.json"))
        session = Session([stage.PROGRAM, "show", "-f", "latest", "long"], project.path, columns=100)
        self.addCleanup(session.close)
        session.wait_for("both are ready", lambda lines: sum("● ready" in line for line in lines) == 2)
        self.assertTrue(any("│ worker: busy" in line and "│ driver: busy" in line for line in session.lines()))
        self.assertIsNone(session.process.poll())
        running.send(signal.SIGINT)
        self.assertEqual(session.end(), 0)
        self.assertTrue(any("■ aborted" in line for line in session.lines()), "\n".join(session.lines()))
        self.assertEqual(running.wait().code, 130)

    def test_it_does_not_follow_the_dead(self):
        project = scenes.set_up_paths(self.project(), "long")
        running = project.start("tournament", "-t", "long")
        self.addCleanup(running.stop)
        wait_until("the cell runs", lambda: project.runs() and any("busy" in str(stage.read_events(path)) for path in stage.timelines_of(project.run_folder())))
        following = project.start("show", "-f", "latest", "long")
        self.addCleanup(following.stop)
        wait_until("it follows", lambda: "busy" in following.text(following.out))
        self.assertIsNone(following.process.poll())
        running.send(signal.SIGKILL)
        running.wait()
        run = project.runs()[0]
        cell = "long~busy~busy"
        for done in (following.wait(), project.interoper("show", "-f", "latest", "long")):
            self.assert_code(done, 3)
            self.assertEqual(
                done.err, f"error: nothing will follow: {run} was killed, and {cell} was not over\nhelp: `interoper clean` removes what the run left behind\n"
            )
        project.interoper("clean")

    def test_what_is_long_goes_through_the_pager(self):
        project = scenes.set_up_paths(self.project(), "good")
        project.write("busy/scenes/good.driver", "i=0; while [ $i -lt 100 ]; do echo line $i; i=$((i + 1)); done; say ready; say done\n")
        self.assert_code(project.interoper("tournament", "-t", "good"), 0)
        pager = project.write("pager", "#!/bin/sh\necho paged\nhead -n 3\n", 0o755)
        for columns, words, paged in ((80, ("show", "latest", "good"), True), (80, ("show",), False)):
            session = Session([stage.PROGRAM, *words], project.path, columns=columns, env=terminal_environment(PAGER=pager))
            self.addCleanup(session.close)
            self.assertEqual(session.end(), 0)
            self.assertEqual("paged" in session.lines(), paged, "\n".join(session.lines()))
        done = project.interoper("show", "latest", "good", "--type", "log", "--grep", "line 9.", env=stage.environment(PAGER=pager))
        self.assertEqual([line.split("│ ")[-1] for line in done.out.splitlines() if "│" in line], [f"line 9{i}" for i in range(10)])


if __name__ == "__main__":
    main()
