"""The program on a terminal: a pty for what it writes and reads, and pyte for what a person would see of it."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

import stage

try:
    import pyte
except ImportError:
    debians = "/usr/bin/python3"  # Debian's packages are for Debian's Python, which need not be the first in PATH
    if os.path.exists(debians) and os.path.realpath(debians) != os.path.realpath(sys.executable):
        os.execv(debians, [debians, "-B", *sys.argv])
    stage.skip_all("there is no python3-pyte; scripts/deps --test installs it")

KEPT_LINES = 2000


class Session:
    """A process group of its own in the foreground of a terminal of its own."""

    def __init__(self, command, cwd, columns=80, rows=24, env=None, out=None):
        self.bytes = b""
        self.screen = pyte.HistoryScreen(columns, rows, history=KEPT_LINES, ratio=0.5)
        self.stream = pyte.ByteStream(self.screen)
        self.master, slave = pty.openpty()
        self.resize(columns, rows, tell=False)
        self.before = termios.tcgetattr(slave)
        self.slave = slave  # kept open: what the terminal is set to can be asked at any time
        self.process = subprocess.Popen(
            command, cwd=cwd, env=env or terminal_environment(), stdin=slave, stdout=out if out is not None else slave, stderr=slave,
            start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        self.pid = self.process.pid

    def resize(self, columns, rows, tell=True):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        if tell:
            self.screen.resize(rows, columns)

    def settings(self):
        return termios.tcgetattr(self.slave)

    def read(self, seconds=0.05):
        """What has come; False when nothing has."""
        came = False
        while select.select([self.master], [], [], 0 if came else seconds)[0]:
            piece = os.read(self.master, 65536)
            if not piece:
                break
            came = True
            self.bytes += piece
            self.stream.feed(self.feed_from(piece))
        return came

    def feed_from(self, piece):
        """What the screen is given for what came."""
        return piece

    def lines(self):
        """The screen as it is now."""
        return [line.rstrip() for line in self.screen.display]

    def all_lines(self):
        """With what has scrolled away."""
        def text(row):
            return "".join(row[column].data for column in range(self.screen.columns)).rstrip()
        return [text(row) for row in self.screen.history.top] + self.lines()

    def type(self, keys):
        os.write(self.master, keys.encode())

    def send(self, number):
        os.kill(self.pid, number)

    def wait_for(self, what, holds, within=stage.PATIENCE):
        """`holds` is asked with the lines of the screen."""
        deadline = time.monotonic() + within
        while not holds(self.lines()):
            if time.monotonic() > deadline:
                raise AssertionError(f"after {within} s still not: {what}\n" + "\n".join(self.lines()))
            self.read()

    def wait_for_text(self, text, within=stage.PATIENCE):
        self.wait_for(repr(text), lambda lines: any(text in line for line in lines), within)

    def end(self, within=stage.PATIENCE):
        """The exit status, when all has been read."""
        deadline = time.monotonic() + within
        while self.process.poll() is None:
            if time.monotonic() > deadline:
                raise AssertionError(f"it did not end within {within} s\n" + "\n".join(self.lines()))
            self.read()
        while self.read():
            pass
        return self.process.returncode

    def close(self):
        """For clean-ups: whatever became of it, it is gone."""
        if self.process.poll() is None:
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self.master)
        os.close(self.slave)


def terminal_environment(**changes):
    return stage.environment(**{"TERM": "xterm-256color", "PAGER": None, "LESS": None, "COLORTERM": None, **changes})

ESCAPE = re.compile(rb"\x1b\][^\x1b\x07]*(\x1b\\|\x07)|\x1b\[[0-9;?]*[@-~]")


def area_lines(written):
    """Every line of every frame of the area, without colours: the area clears the rest of each of its lines, and nothing else does."""
    lines = [re.split(rb"[\r\n]", piece)[-1] for piece in written.split(b"\x1b[K")[:-1]]
    return [ESCAPE.sub(b"", line).decode() for line in lines]
