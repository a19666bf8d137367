#!/usr/bin/env python3
"""Runs interoper on a terminal and writes what a person sees as HTML pages, for terminal_pictures.mjs to take pictures of.

    terminal_pages.py PROJECT FOLDER    PROJECT: a copy of examples/tls
"""
import html
import os
import re
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "end_to_end"))
import stage  # noqa: E402
from pty_session import Session, terminal_environment  # noqa: E402

NAMED = {"default": "#d5d8dd", "red": "#e0685f", "green": "#4fb58f", "brown": "#d9b24c", "blue": "#6ea8e0", "magenta": "#d38fc0", "cyan": "#56b6b6", "black": "#101418", "white": "#d5d8dd"}
STYLE = """
body { margin: 0; background: #14181d; }
.terminal { display: inline-block; padding: 14px 18px; font: 13px/1.36 "DejaVu Sans Mono", monospace; color: #d5d8dd; background: #14181d; white-space: pre; }
b { font-weight: bold; color: #ffffff; }
"""


def page(session):
    """The screen, without empty lines at its end."""
    screen = session.screen
    rows = [screen.buffer[number] for number in range(screen.lines)]
    lines = []
    for row in rows:
        line, last = "", ("", None)
        for column in range(screen.columns):
            one = row[column]
            if one.data == "":  # the second half of a wide character
                continue
            colour = NAMED.get(one.fg, f"#{one.fg}")
            if (colour, one.bold) != last:
                line += ("" if last[1] is None else "</b>" if last[1] else "</span>") + ("<b>" if one.bold else f'<span style="color:{colour}">')
                last = (colour, one.bold)
            line += html.escape(one.data)
        lines.append(line + ("</b>" if last[1] else "</span>"))
    while lines and not re.sub(r"<[^>]*>", "", lines[-1]).strip():
        lines.pop()
    return f"<!doctype html><meta charset=utf-8><style>{STYLE}</style><div class=terminal>" + "\n".join(lines) + "</div>\n"


class Picture(Session):
    """pyte knows no faint text: grey says the same."""

    def feed_from(self, piece):
        return piece.replace(b"\x1b[2m", b"\x1b[38;5;245m")


def main():
    project, out = sys.argv[1:]
    os.makedirs(out, exist_ok=True)

    def keep(name, session):
        with open(os.path.join(out, f"{name}.html"), "w", encoding="utf-8") as file:
            file.write(page(session))

    def start(columns, rows, *words, **variables):
        variables.setdefault("PAGER", "cat")
        return Picture([stage.PROGRAM, *words], project, columns, rows, env=terminal_environment(**variables))

    few = ["tournament", "--params", "all", "-t", "handshake", "-t", "rejects-expired", "-t", "transfer"]
    for name, columns, variables in (("terminal-80", 80, {}), ("terminal-160", 160, {})):
        running = start(columns, 20, *few, "-j", "4", **variables)
        running.wait_for("half of it has run, and four cells run", lambda lines: any(re.search(r"(3[0-9])/\d+ cells", line) for line in lines) and sum("waiting:" in line for line in lines) >= 3)
        keep(name, running)
        running.send(signal.SIGINT)
        running.end()
        running.close()
    fails = ["-t", "rejects-expired", "--set", "version=1.2", "--role", "server=openssl", "--role", "server=nss", "--role", "client=gnutls", "--role", "client=botan"]
    for name, columns, variables in (("terminal-end-160", 160, {}), ("terminal-end-ascii-80", 80, {"LC_ALL": "C", "NO_COLOR": "1"})):
        ended = start(columns, 46, "tournament", *fails, "-j", "1", **variables)
        ended.end()
        keep(name, ended)
        ended.close()
    # The newest report is this one's.
    failed = start(160, 30, "show", "latest", "rejects-expired~openssl~botan")
    failed.end()
    keep("terminal-show-160", failed)
    failed.close()


if __name__ == "__main__":
    main()
