#!/usr/bin/env python3
"""Holds base/tap against Perl's TAP::Parser and npm's tap-parser, on documents by the grammar, as real programs write them, and mutated.

    tap_test.py TAP_DUMP MODULES [COUNT [SEED]]

Each document gives points (number, ok, description, directive), plan, bail-out, and whether it is ok as a whole. A difference must be of a
class in DIFFERENCES: each names a construct, says who is right by the specification, and has a rewriting that takes the construct out.
A difference is explained when both say the same of the rewritten document; one that is not fails the test, and so does a class that
explained nothing.
"""
import collections
import json
import os
import re
import subprocess
import sys

from documents import documents

HERE = os.path.dirname(os.path.abspath(__file__))
PLAN = re.compile(r"\d+\.\.\d+(\s*#.*)?\s*$")
POINT = re.compile(r"(not )?ok(?=\s|$)")


def without_indented(lines):
    return [line for line in lines if not line.startswith("    ")]


def without_second_plan(lines):
    seen, kept = False, []
    for line in lines:
        if PLAN.match(line):
            if seen:
                continue
            seen = True
        kept.append(line)
    return kept


def without_what_follows_the_plan(lines):
    seen_point = False
    for number, line in enumerate(lines):
        if POINT.match(line):
            seen_point = True
        elif PLAN.match(line) and (seen_point or line.startswith("1..0")):
            return lines[:number + 1]
    return lines


def version_first(lines):
    return ["TAP version 14"] + [line for line in lines if not re.match(r"tap\s+version\s", line, re.IGNORECASE)]


def in_order(lines):
    """Numbers as they come, so that none is out of order, twice or beyond another."""
    count, kept = 0, []
    for line in lines:
        if POINT.match(line):
            count += 1
            line = re.sub(r"^((?:not )?ok)\s+\d+(?=\s|$)", rf"\1 {count}", line)
        kept.append(line)
    return kept


def each(pattern, by, flags=0):
    found = re.compile(pattern, flags)
    return lambda lines: [found.sub(by, line) for line in lines]


def without_yaml(lines):
    inside, kept = False, []
    for line in lines:
        if inside:
            inside = line[:1] in (" ", "") and not re.match(r"\s+(\.\.\.|---)\s*$", line)
            if line[:1] in (" ", ""):
                continue
        elif re.match(r"\s+---", line):
            inside = True
            continue
        kept.append(line)
    return kept


def with_a_plan(lines):
    return lines if any(POINT.match(line) or PLAN.match(line) for line in lines) else lines + ["1..1"]


def plan_first(lines):
    plans = [line for line in lines if PLAN.match(line)]
    others = [line for line in lines if not PLAN.match(line)]
    version = [line for line in others[:1] if line.startswith("TAP version")]
    return version + plans + others[len(version):]


def blanks_in_points(lines):
    return [re.sub(r"[ \t]+", " ", line) if POINT.match(line) else line for line in lines]


def up_to_bail_out(lines):
    for number, line in enumerate(lines):
        if re.match(r"\s*bail out!", line, re.IGNORECASE):
            return lines[:number] + ["Bail out! x"]
    return lines


def without(pattern, flags=0):
    found = re.compile(pattern, flags)
    return lambda lines: [line for line in lines if not found.match(line)]


def split_at_returns(lines):
    return [part for line in lines for part in line.split("\r")]


# (parser, construct, who follows the specification, why, rewriting)
DIFFERENCES = (
    ("perl", "carriage return inside a line", "ours", "a harness should take it as the end of a line", split_at_returns),
    ("perl", "numbers in another order", "ours", "test points may be output in any order", in_order),
    ("perl", "digits that go on as letters", "ours", "a number ends with a blank", each(r"^((?:not )?ok\s+)\d+(?=[^\s\d])", r"\1_")),
    ("perl", "ok and neither a blank nor a letter", "ours", "a blank stands between status and description", each(r"^(?:not )?ok(?=[^\s\w])", "no")),
    ("perl", "not ok with SKIP", "ours", "a failing SKIP must not be treated as a failure", each(r"^not (ok.*#\s*skip)", r"\1", re.IGNORECASE)),
    ("perl", "bail-out that is indented", "ours", "what is indented otherwise than by fours is no TAP", without(r"(?!(?: {4})*b)\s+bail out!", re.IGNORECASE)),
    ("perl", "what follows a bail-out", "ours", "testing should stop immediately", up_to_bail_out),
    ("perl", "plan with a comment", "ours", "the plan can contain a comment behind #; SKIP has no meaning in it", each(r"^(\d+\.\.\d+)\s*#.*", r"\1")),
    ("perl", "escapes", "ours", "a harness must unescape \\\\ and \\#", each(r"\\[\\#]?", "_")),
    ("perl", "letters behind SKIP or TODO", "ours", "harnesses must accept them", each(r"(#\s*(?:skip|todo))[^\s]+", r"\1", re.IGNORECASE)),
    ("perl", "# without blanks", "either", "harnesses may take it for a directive; with none at all we do not", each(r"\S?#(?!\s)|(?<!\s)#", " _")),
    ("perl", "# twice", "ours", "the first unescaped # between blanks decides", each(r"# ([^#]*)#", r"\1_")),
    ("perl", "no version, or not first", "either", "harnesses may treat it as a failure; Perl reads TAP 12 then", version_first),
    ("perl", "plan between points", "perl", "there must be none behind it; lenient keeps them, and the count decides", plan_first),
    ("perl", "subtest", "either", "TAP 13 knows none; the point decides", without_indented),
    ("perl", "brace at the end", "perl", "not in the specification: node-tap's subtests in braces", each(r"\s*\{\s*$", "")),
    ("perl", "YAML", "ours", "diagnostics are YAML 1.2; TAP::Parser reads a part of it", without_yaml),
    ("npm", "carriage return inside a line", "ours", "a harness should take it as the end of a line", split_at_returns),
    ("npm", "second plan", "ours", "the plan must appear exactly once", without_second_plan),
    ("npm", "points behind a trailing plan", "ours", "there must be none; a failure behind it would be lost", without_what_follows_the_plan),
    ("npm", "subtest that failed under a point that is ok", "either", "the point decides; harnesses may fail it", without_indented),
    ("npm", "# without blanks", "either", "harnesses may take it for a directive; with none at all we do not", each(r"\S?#(?!\s)|(?<!\s)#", " _")),
    ("npm", "neither plan nor point", "ours", "a stream without a plan must be treated as failed", with_a_plan),
    ("npm", "tabs, or several blanks", "ours", "a # between white space; a harness that took the blank into the description would show it",
     blanks_in_points),
    ("npm", "blanks behind the plan", "either", "not in the grammar; without the plan all would fail", each(r"^(\d+\.\.\d+)\s+$", r"\1")),
    ("npm", "brace before a directive, or without a blank", "either", "not in the specification", each(r"\s*\{\s*(?=#|$)", " ")),
)

# What chance makes rarely.
EXAMPLES = (
    "TAP version 14\n1..1\nok 7seven\n",
    "TAP version 14\n1..1\n  Bail out! of what\nok 1\n",
    "TAP version 14\n1..1  \nok 1\n",
    "TAP version 14\n1..1\nok 1 - a { # SKIP b\n",
    "TAP version 14\n1..1\rok 1\n",
    "TAP version 14\n",
    "TAP version 14\n1..1\nok\t1\n",
    "TAP version 14\nok 1\n1..2\nok 2\n",
    "TAP version 14\n1..1\nok-1\nok 1\n",
    "TAP version 14\n1..1\nok 1 - a # b # SKIP c\n",
)


def said_by(command, texts):
    data = b"".join(b"%d\n%b" % (len(text), text) for text in (text.encode() for text in texts))
    written = subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout
    said = [json.loads(line) for line in written.split(b"\n") if line]
    if len(said) != len(texts):
        sys.exit(f"{command[0]} answered {len(said)} of {len(texts)} documents")
    return said


def points_of(points):
    # Who gives no number to a point without one gets the specification's: the next.
    return [(point["number"] or place, point["ok"], " ".join(point["description"].split()), point["directive"])
            for place, point in enumerate(points, 1)]


class Parsers:
    def __init__(self, dump, modules):
        self.commands = {"ours": [dump, "lenient"], "perl": ["perl", f"{HERE}/perl_dump.pl"], "npm": ["node", f"{HERE}/npm_dump.mjs", modules]}

    def ask(self, who, texts):
        if who == "ours":
            return [{"points": points_of(one["points"]), "plan": one["summary"].get("plan"), "bail": one["summary"].get("bail_out"),
                     "ok": one["summary"]["ok"]} for one in said_by(self.commands[who], texts)]
        if who == "perl":
            # It knows TAP up to version 13, which differs from 14 in what DIFFERENCES names.
            texts = [text.replace("TAP version 14", "TAP version 13") for text in texts]
        return [{"points": points_of(one["points"]), "plan": [1, one["plan"]] if isinstance(one.get("plan"), int) else one.get("plan"),
                 "bail": one["bail"].strip() if one.get("bail") is not None else None, "ok": one["ok"],
                 **({"died": True} if one.get("died") else {})} for one in said_by(self.commands[who], texts)]


def rewritten(text, rewritings):
    lines = text.split("\n")
    for rewriting in rewritings:
        lines = rewriting(lines)
    return "\n".join(lines)


def compare(parsers, who, texts, ours):
    """Counts of agreement, differences by class, and the unexplained."""
    theirs = parsers.ask(who, texts)
    ended = [number for number in range(len(texts)) if "died" not in theirs[number]]
    differ = [number for number in ended if ours[number] != theirs[number]]
    classes = [(index, entry) for index, entry in enumerate(DIFFERENCES) if entry[0] == who]
    explained, open_ones = collections.Counter(), []

    def agree(candidates):
        changed = [text for _, text in candidates]
        return [mine == other for mine, other in zip(parsers.ask("ours", changed), parsers.ask(who, changed))] if changed else []

    single = []
    for number in differ:
        for index, entry in classes:
            text = rewritten(texts[number], [entry[4]])
            if text != texts[number]:
                single.append(((number, index), text))
    found = {}
    for ((number, index), _), same in zip(single, agree(single)):
        if same:
            found.setdefault(number, index)
    for index in found.values():
        explained[index] += 1
    # Several at once: all that occur.
    several = []
    for number in differ:
        if number in found:
            continue
        several.append((number, rewritten(texts[number], [entry[4] for _, entry in classes])))
    together = 0
    for (number, _), same in zip(several, agree(several)):
        if same:
            together += 1
        else:
            open_ones.append((number, theirs[number]))
    return len(ended) - len(differ), explained, together, open_ones, len(texts) - len(ended)


def main():
    dump, modules = sys.argv[1:3]
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 600
    seed = int(sys.argv[4]) if len(sys.argv) > 4 else 14
    parsers = Parsers(dump, modules)
    texts = list(EXAMPLES) + list(documents(seed, count - len(EXAMPLES)))
    ours = parsers.ask("ours", texts)
    fails = 0
    for who in ("perl", "npm"):
        same, explained, together, open_ones, endless = compare(parsers, who, texts, ours)
        print(f"{who}: {count} documents, {same} the same, {sum(explained.values())} of one class, {together} of several, "
              f"{endless} on which it did not end, {len(open_ones)} open")
        for index, entry in enumerate(DIFFERENCES):
            if entry[0] != who:
                continue
            print(f"  {explained[index]:5}  {entry[1]}: {entry[2]}; {entry[3]}")
            if not explained[index] and len(sys.argv) <= 3:
                print("         fails: this class explained nothing")
                fails += 1
        for number, other in open_ones[:int(os.environ.get("TAP_SHOW", "5"))]:
            print(f"  unexplained: {texts[number]!r}")
            for key in other:
                if other[key] != ours[number][key]:
                    print(f"    {key}: ours {ours[number][key]}, {who} {other[key]}")
        fails += len(open_ones)
    return 1 if fails else 0


if __name__ == "__main__":
    sys.exit(main())
