"""TAP documents: by the grammar of the specification, as real programs write them, and mutated. The same seed gives the same documents."""
import random

WORDS = ("alpha", "beta gamma", "setup-only", "http://host/a", "\u00e9t\u00e9", "a: b", "it's", "\"quoted\"", "100%", "x{y}", "(z)", "a-b")
ODD_WORDS = ("page.html#part", "a \\# b", "back\\slash", "two \\\\ b", "a # b", "#", "\\", "- dash", "7 seven", "ok", "{", "1..3")
REASONS = ("later", "no network", "because # of that", "see \\#7", "")
COMMENTS = ("# note", "#", "# Draft: draft-18", "#no blank", "# SKIP not a directive", "  # indented", "\t# tab")
NOISE = ("log line", "okay then", "not okay", "ok2", "OK 1", "1.2", "  ok 1", "\tok 1", "INFO [1] x", "TAP", "...", "---", "pragma", "Bail", "<xml>", "1..2 tests")
YAML = (("message: no", "severity: fail"), ("a: [1, 2]", "b: {c: d}"), ("- x", "- y"), ("text: |", "  one", "", "  two"), ("n: 12345678901234567890",))
ODD_YAML = (("error: dial: refused",), ("a: 'open",), ("ok 1",), ("- - -",), ())
PIECES = ("ok", "not ok", " - ", " # SKIP x", " # TODO", "#skip", "1..3", "Bail out!", "    ", "  ", "  ---", "  ...", "\\", "#", "{", "}", "-", " 0", " 9", "\t", "\r", "TAP version 13")


class Writer:
    def __init__(self, rng, odd):
        self.rng, self.odd = rng, odd

    def often(self, chance):
        return self.rng.random() < chance

    def description(self):
        words = [self.rng.choice(WORDS) for _ in range(self.rng.choice((1, 1, 2)))]
        if self.odd and self.often(0.25):
            words.insert(self.rng.randrange(len(words) + 1), self.rng.choice(ODD_WORDS))
        return " ".join(words)

    def directive(self):
        if not self.often(0.2):
            return ""
        name = self.rng.choice(("SKIP", "TODO", "skip", "Todo", "Skipped:"))
        reason = self.rng.choice(REASONS)
        mark = self.rng.choice((" #", "# ", "#", "\t# ", " #  ")) if self.odd and self.often(0.2) else " # "
        return mark + name + (" " + reason if reason else "")

    def yaml(self):
        block = self.rng.choice(ODD_YAML if self.odd and self.often(0.2) else YAML)
        begin, end = "  ---", "  ..."
        if self.odd and self.often(0.2):
            begin, end = self.rng.choice((("  ---", "  ---"), ("   ---", "   ..."), ("  ---", None), ("  --- ", "  ... ")))
        return [begin] + ["  " + line if line else line for line in block] + ([end] if end else [])

    def between(self):
        lines = []
        if self.often(0.12):
            lines.append(self.rng.choice(COMMENTS))
        if self.often(0.06):
            lines.append(self.rng.choice(("", "  ", "    ")))
        if self.often(0.06):
            lines.append(self.rng.choice(NOISE))
        return lines

    def point(self, number, name=None, decided=None):
        ok = self.often(0.8) if decided is None else decided
        text = "ok" if ok else "not ok"
        if number is not None:
            text += f" {number}"
        words = name if name is not None else self.description() if self.often(0.8) else ""
        if words:
            text += (" - " if self.often(0.8) or words[0].isdigit() else " ") + words
        return text + ("" if name is not None else self.directive())

    def body(self, depth):
        count = self.rng.choice((0, 1, 1, 2, 3, 4)) if depth else self.rng.choice((1, 2, 3, 4, 5))
        numbers = list(range(1, count + 1))
        style = self.rng.choice(("in order", "in order", "in order", "shuffled", "none"))
        if style == "shuffled":
            self.rng.shuffle(numbers)
        lines, all_ok = [], True
        for number in numbers:
            lines += self.between()
            shown = None if style == "none" else number
            if depth < 2 and self.often(0.12):
                inner, ok = self.document(depth + 1)
                name = self.rng.choice(WORDS)
                indented = ["    " + line if line else line for line in inner]
                if self.odd and self.often(0.3):
                    lines += [self.point(shown, name, ok) + " {"] + indented + ["}"]
                else:
                    announced = self.often(0.6)
                    lines += ["# Subtest: " + name] * announced + indented + [self.point(shown, name, ok)]
                all_ok = all_ok and ok
                continue
            line = self.point(shown)
            lines.append(line)
            all_ok = all_ok and not (line.startswith("not") and "TODO" not in line.upper() and "SKIP" not in line.upper())
            if self.often(0.2):
                lines += self.yaml()
        if self.often(0.04 if not depth else 0.01):
            lines.insert(self.rng.randrange(len(lines) + 1), "Bail out!" + self.rng.choice(("", " no database", " \\# and \\\\")))
        if self.often(0.05):
            lines.insert(self.rng.randrange(len(lines) + 1), self.rng.choice(("pragma +x", "pragma -strict")))
        return lines, count, all_ok

    def document(self, depth=0):
        body, count, ok = self.body(depth)
        plan = f"1..{count}" + (" # " + self.rng.choice(("all of it", "why \\# not")) if self.often(0.1) else "")
        lines = [plan] + body if self.often(0.6) else body + [plan]
        if not depth and not (self.odd and self.often(0.1)):
            lines.insert(0, "TAP version 14")
        return lines, ok


def mutated(rng, lines):
    lines = list(lines)
    for _ in range(rng.choice((1, 1, 2, 3))):
        at = rng.randrange(len(lines)) if lines else 0
        kind = rng.randrange(7)
        if not lines or kind == 0:
            lines.insert(at, rng.choice(NOISE + COMMENTS + PIECES))
        elif kind == 1:
            del lines[at]
        elif kind == 2:
            lines.insert(at, rng.choice(lines))
        elif kind == 3:
            other = rng.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        elif kind == 4:
            lines[at] = rng.choice(("    ", "  ", " ", "\t")) + lines[at] if rng.random() < 0.5 else lines[at].lstrip()
        else:
            place = rng.randrange(len(lines[at]) + 1)
            drop = rng.choice((0, 0, 1, 2))
            lines[at] = lines[at][:place] + rng.choice(PIECES) + lines[at][place + drop:]
    return lines


def documents(seed, count):
    """`count` documents as text: a third by the grammar, a third with what real programs write, a third mutated."""
    rng = random.Random(seed)
    for number in range(count):
        lines, _ = Writer(rng, odd=number % 3 != 0).document()
        if number % 3 == 2:
            lines = mutated(rng, lines)
        yield "\n".join(lines) + ("\n" if rng.random() < 0.95 else "")
