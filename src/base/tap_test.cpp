#include "base/tap.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "base/lines.hpp"

using namespace interoper;

namespace {

constexpr TapMode strict = TapMode::strict;
constexpr TapMode lenient = TapMode::lenient;

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

struct Written {
  std::string operator()(const TapVersion& version) const { return "version " + std::to_string(version.number); }
  std::string operator()(const TapPlan& plan) const {
    return "plan " + std::to_string(plan.first) + ".." + std::to_string(plan.last) +
           (plan.reason.empty() ? "" : " " + quoted(plan.reason)) + (plan.skips_all ? " skips all" : "");
  }
  std::string operator()(const TapPoint& point) const {
    std::string out = (point.ok ? "ok " : "not ok ") + std::to_string(point.number) + (point.numbered ? "" : "?");
    if (!point.description.empty()) out += " " + quoted(point.description);
    if (point.directive != TapDirective::none) out += point.directive == TapDirective::skip ? " skip" : " todo";
    if (!point.reason.empty()) out += " " + quoted(point.reason);
    return out + (point.ends_subtest ? " ends" : "") + (point.opens_subtest ? " opens" : "");
  }
  std::string operator()(const TapDiagnostics& diagnostics) const {
    return "yaml of " + std::to_string(diagnostics.number) + " " +
           (diagnostics.why.empty() ? std::string(diagnostics.json) : quoted(diagnostics.raw) + " " + std::string(diagnostics.why));
  }
  std::string operator()(const TapComment& comment) const {
    return "comment " + (comment.key.empty() ? quoted(comment.text) : quoted(comment.key) + "=" + quoted(comment.value));
  }
  std::string operator()(const TapPragma& pragma) const {
    return std::string("pragma ") + (pragma.on ? "+" : "-") + std::string(pragma.key);
  }
  std::string operator()(const TapBailOut& out) const { return "bail out " + quoted(out.reason); }
  std::string operator()(const TapSubtestEnd& end) const {
    return "end of subtest " + quoted(end.name) + (end.ok ? " ok" : " not ok") + (end.ended ? "" : " open");
  }
  std::string operator()(const TapOther& other) const { return "other " + quoted(other.text) + (other.more ? " more" : ""); }
  std::string operator()(const TapAnomaly& anomaly) const {
    return (anomaly.error ? "error " : "warning ") + std::string(name_of(anomaly.kind));
  }
};

struct Read {
  std::vector<std::string> tokens;  // "LINE:DEPTH TEXT"; the depth only inside a subtest
  std::vector<std::string> sentences;
  TapSummary summary;
};

using Tokens = std::vector<std::string>;

Read read(TapMode mode, std::string_view document, const TapLimits& limits = {}, std::size_t line_limit = 1 << 22) {
  Read result;
  const auto tell = [&](const TapToken& token) {
    result.tokens.push_back(std::to_string(token.line) + (token.depth == 0 ? "" : ":" + std::to_string(token.depth)) + " " +
                            std::visit(Written{}, token.is));
    if (const auto* anomaly = std::get_if<TapAnomaly>(&token.is)) result.sentences.emplace_back(anomaly->sentence);
  };
  TapParser parser(mode, tell, limits);
  LineSplitter lines(line_limit);
  const auto take = [&](const LineSplitter::Line& line) { parser.read(line.text, line.more); };
  lines.feed(document, take);
  lines.finish(take);
  parser.finish();
  result.summary = parser.summary();
  return result;
}

// The tokens of the lines behind version and plan, in a document that is otherwise right.
Tokens inside(TapMode mode, const std::string& lines, int planned) {
  Tokens tokens = read(mode, "TAP version 14\n1.." + std::to_string(planned) + "\n" + lines).tokens;
  REQUIRE(tokens.size() >= 2);
  tokens.erase(tokens.begin(), tokens.begin() + 2);
  return tokens;
}

bool ok(TapMode mode, const std::string& document) { return read(mode, document).summary.ok; }

}  // namespace

TEST_CASE("a document of points, plan and diagnostics") {
  const std::string document =
      "TAP version 14\n"
      "# Client: probe\n"
      "1..4\n"
      "ok 1 - opened\n"
      "not ok 2 - first line\n"
      "  ---\n"
      "  message: 'invalid'\n"
      "  data:\n"
      "    got: 12345678901234567890\n"
      "\n"
      "  ...\n"
      "ok 3 - rest # SKIP no time\n"
      "not ok 4 - summary # TODO later\n";
  for (const TapMode mode : {strict, lenient}) {
    const Read got = read(mode, document);
    CHECK(got.tokens == Tokens{"1 version 14", "2 comment 'Client'='probe'", "3 plan 1..4", "4 ok 1 'opened'", "5 not ok 2 'first line'",
                               R"(11 yaml of 2 {"message":"invalid","data":{"got":12345678901234567890}})", "12 ok 3 'rest' skip 'no time'",
                               "13 not ok 4 'summary' todo 'later'"});
    CHECK_FALSE(got.summary.ok);
    CHECK(got.summary.points == 4);
    CHECK(got.summary.failed == 1);
    CHECK(got.summary.skipped == 1);
    CHECK(got.summary.todo == 1);
    CHECK(got.summary.errors + got.summary.warnings == 0);
    CHECK(got.summary.missing_count == 0);
  }
}

TEST_CASE("a point is told with its line, its diagnostics with theirs") {
  std::vector<std::string> told;
  TapParser parser(strict, [&](const TapToken& token) { told.push_back(std::visit(Written{}, token.is)); });
  parser.read("TAP version 14");
  parser.read("ok 1 - x");
  CHECK(told.back() == "ok 1 'x'");
  parser.read("  ---");
  parser.read("  a: 1");
  CHECK(told.back() == "ok 1 'x'");
  parser.read("  ...");
  CHECK(told.back() == R"(yaml of 1 {"a":1})");
}

TEST_CASE("what is a point, and what only looks like one") {
  CHECK(inside(strict, "ok\nnot ok\nok 7\nok - 42 things\nok 5 the dash is no part\nok 6 -- two\nok 7 -x\nok 8 - \nok 9  -   wide  \n",
               9) == Tokens{"3 ok 1?", "4 not ok 2?", "5 ok 7", "6 ok 4? '42 things'", "7 ok 5 'the dash is no part'", "8 ok 6 '-- two'",
                            "9 ok 7 '-x'", "9 error twice", "10 ok 8", "11 ok 9 'wide'", "11 error wrong-count"});
  for (const std::string text :
       {"okay", "not okay", "ok2", "notok", "Ok 1", "NOT OK 1", "not  ok 1", "ok-1", "okay 1", " ok 1", "\tok 1"}) {
    CHECK(inside(strict, text + "\nok\n", 1) == Tokens{"3 other '" + text + "'", "4 ok 1?"});
    CHECK(inside(lenient, text + "\nok\n", 1) == Tokens{"3 other '" + text + "'", "4 ok 1?"});
  }
  CHECK(inside(strict, "ok 99999999999999999999999 - far\n", 1) ==
        Tokens{"3 ok 18446744073709551615 'far'", "3 error out-of-plan", "3 error wrong-count"});
}

TEST_CASE("directives") {
  CHECK(inside(strict, "ok 1 # SKIP\nok 2 - a # skip b\nnot ok 3 # ToDo c # d\nok 4 - # Skipped: windows only\nok 5 a # todoes\n", 5) ==
        Tokens{"3 ok 1 skip", "4 ok 2 'a' skip 'b'", "5 not ok 3 todo 'c # d'", "6 ok 4 skip 'windows only'", "7 ok 5 'a' todo"});
  SECTION("others are part of the description") {
    CHECK(inside(strict, "not ok 1 - a # COMPAT b\nok 2 - a # b # skip\nok 3 #\nok 4 a # \n", 4) ==
          Tokens{"3 not ok 1 'a # COMPAT b'", "4 ok 2 'a # b # skip'", "5 ok 3 '#'", "6 ok 4 'a #'"});
  }
  SECTION("escapes") {
    CHECK(inside(strict, R"(ok 1 - hello # todo
ok 2 - hello \# todo
ok 3 - hello # todo hash \# character
ok 4 - hello # todo hash # character
ok 5 - hello \\# todo hash \# character
ok 6 - hello \\# todo hash # character
ok 7 - hello # description # todo
ok 8 - hello \\\\\\\# todo
ok 9 - \n \t \
)",
                 9) == Tokens{"3 ok 1 'hello' todo", "4 ok 2 'hello # todo'", "5 ok 3 'hello' todo 'hash # character'",
                              "6 ok 4 'hello' todo 'hash # character'", R"(7 ok 5 'hello \' todo 'hash # character')",
                              R"(8 ok 6 'hello \' todo 'hash # character')", "9 ok 7 'hello # description # todo'",
                              R"(10 ok 8 'hello \\\# todo')", R"(11 ok 9 '\n \t \')"});
  }
  SECTION("a # without blanks: strict warns, lenient takes what can be meant, and neither takes a URL") {
    const std::string lines = "not ok 1 - a# skip b\nnot ok 2 - a #skip b\nnot ok 3 - https://example.com/page.html#skip is a URL\n";
    CHECK(inside(strict, lines, 3) == Tokens{"3 not ok 1 'a# skip b'", "3 warning odd-directive", "4 not ok 2 'a #skip b'",
                                             "4 warning odd-directive", "5 not ok 3 'https://example.com/page.html#skip is a URL'",
                                             "5 warning odd-directive"});
    CHECK(inside(lenient, lines, 3) == Tokens{"3 not ok 1 'a' skip 'b'", "3 warning odd-directive", "4 not ok 2 'a' skip 'b'",
                                              "4 warning odd-directive", "5 not ok 3 'https://example.com/page.html#skip is a URL'",
                                              "5 warning odd-directive"});
  }
}

TEST_CASE("the plan decides what is missing") {
  const auto missing = [](const std::string& document) {
    std::string out;
    for (const TapSummary::Range& range : read(lenient, document).summary.missing)
      out += std::to_string(range.first) + "-" + std::to_string(range.last) + " ";
    return out;
  };
  CHECK(ok(strict, "TAP version 14\n1..3\nok 2\nok 3\nok 1\n"));
  CHECK(ok(strict, "TAP version 14\nok\nok 2\nok\n1..3\n"));
  CHECK(ok(strict, "TAP version 14\n1..3\nok 2\nok\nok\n"));
  CHECK_FALSE(ok(lenient, "TAP version 14\n1..3\nok 2\nok 4\nok 1\n"));
  CHECK_FALSE(ok(lenient, "TAP version 14\nok 2\nok 4\nok 1\n1..3\n"));
  CHECK_FALSE(ok(lenient, "TAP version 14\nok 1\n"));
  CHECK_FALSE(ok(lenient, "TAP version 14\n1..2\n1..2\nok 1\nok 2\n"));
  CHECK_FALSE(ok(lenient, "TAP version 14\n1..2\nok 1\nok 1\n"));
  CHECK_FALSE(ok(lenient, "1..0\nnot ok 1 - x # SKIP\n"));
  CHECK_FALSE(ok(lenient, ""));
  CHECK_FALSE(ok(lenient, "nothing\n"));
  CHECK(missing("1..6\nok 1\nok 2\nok 3\n") == "4-6 ");
  CHECK(missing("1..6\nok\nok\nok\n") == "4-6 ");
  CHECK(missing("1..9\nok 8\nok 2\nok 3\nok 5\n") == "1-1 4-4 6-7 9-9 ");
  CHECK(missing("1..2\nok 1\nok 1\n") == "2-2 ");
  CHECK(missing("1..18446744073709551615\nok 1\n") == "2-18446744073709551615 ");
  CHECK(read(strict, "TAP version 14\n1..0 # no network \\# here\n").tokens ==
        Tokens{"1 version 14", "2 plan 1..0 'no network # here' skips all"});
  CHECK(ok(strict, "TAP version 14\n1..0\n"));
  CHECK(read(lenient, "1..6\nnot ok\nok\nnot ok\nok\nok\n").sentences == Tokens{"6 points planned, and 5 came"});
  CHECK(read(lenient, "1..2\nok 1\nok 1\n").sentences ==
        Tokens{"number 1 was there before", "as many points as planned came, but not number 2"});
}

TEST_CASE("points behind a trailing plan are kept; only strict calls them an error") {
  const std::string document = "TAP version 14\nok 1\n1..2\nok 2\n";
  CHECK(read(strict, document).tokens == Tokens{"1 version 14", "2 ok 1", "3 plan 1..2", "4 ok 2", "4 error point-after-plan"});
  CHECK_FALSE(ok(strict, document));
  CHECK(ok(lenient, document));
  // A plan 1..0, and then a point: a real client does this for a test that it does not know.
  CHECK(read(lenient, "TAP version 14\n1..0\nnot ok 1 - x # SKIP unknown\n").tokens ==
        Tokens{"1 version 14", "2 plan 1..0 skips all", "3 not ok 1 'x' skip 'unknown'", "3 error out-of-plan",
               "3 warning point-after-plan", "3 error wrong-count"});
}

TEST_CASE("plans that are odd, and lines that are none") {
  CHECK_FALSE(ok(strict, "TAP version 14\n2..3\nok 2\nok 3\n"));
  CHECK(ok(lenient, "TAP version 14\n2..3\nok 2\nok\n"));
  CHECK_FALSE(ok(lenient, "TAP version 14\n2..3\nok 1\nok 2\n"));
  CHECK_FALSE(ok(lenient, "TAP version 14\n3..1\n"));
  CHECK(inside(strict, "1..2 tests\n1.2\n1..\n..2\n1...2\nok\n", 1) ==
        Tokens{"3 other '1..2 tests'", "4 other '1.2'", "5 other '1..'", "6 other '..2'", "7 other '1...2'", "8 ok 1?"});
}

TEST_CASE("the version comes first in strict mode, and anywhere before TAP in lenient mode") {
  CHECK_FALSE(ok(strict, "1..1\nok 1\n"));
  CHECK_FALSE(ok(strict, "hello\nTAP version 14\n1..1\nok 1\n"));
  CHECK(ok(strict, "\nTAP version 14\n1..1\nok 1\n"));
  CHECK(ok(strict, "TAP version 13\n1..1\nok 1\n"));
  CHECK_FALSE(ok(strict, "TAP version 15\n1..1\nok 1\n"));
  CHECK_FALSE(ok(strict, "TAP version 14\nTAP version 14\n1..1\nok 1\n"));
  CHECK(ok(lenient, "1..1\nok 1\n"));
  CHECK(ok(lenient, "hello\ntap Version 14 \n1..1\nok 1\n"));
  CHECK(read(lenient, "\xEF\xBB\xBFTAP version 14\n1..1\nok 1\n").tokens == Tokens{"1 version 14", "2 plan 1..1", "3 ok 1"});
  CHECK(read(lenient, "1..1\nTAP version 14\nok 1\n").tokens == Tokens{"1 plan 1..1", "2 version 14", "2 warning odd-version", "3 ok 1"});
}

TEST_CASE("line ends: CR LF, CR alone, none at the end") {
  const Tokens expected = {"1 version 14", "2 plan 1..1", "3 ok 1", R"(6 yaml of 1 {"a":1})"};
  for (const TapMode mode : {strict, lenient}) {
    CHECK(read(mode, "TAP version 14\r\n1..1\r\nok 1\r\n  ---\r\n  a: 1\r\n  ...\r\n").tokens == expected);
    CHECK(read(mode, "TAP version 14\r1..1\rok 1\r  ---\r  a: 1\r  ...").tokens == expected);
  }
}

TEST_CASE("YAML blocks") {
  CHECK(inside(strict, "ok 1\n\n  # between\n  ---\n  - a\n  -   b\n  ...\n", 1) ==
        Tokens{"3 ok 1", "5 comment 'between'", R"(9 yaml of 1 ["a","b"])"});
  CHECK(inside(strict, "ok 1\n  ---\n  text: |\n    one\n\n    two\n  ...\n", 1) ==
        Tokens{"3 ok 1", R"(9 yaml of 1 {"text":"one\n\ntwo\n"})"});
  CHECK(inside(strict, "  ---\n  a: 1\n  ...\nok 1\n", 1) == Tokens{"3 other '  ---'", "4 other '  a: 1'", "5 other '  ...'", "6 ok 1"});
  SECTION("bad YAML") {
    const std::string lines = "ok 1\n  ---\n  error: dial: refused\n  ...\n";
    CHECK(inside(strict, lines, 1) ==
          Tokens{"3 ok 1", "6 yaml of 1 'error: dial: refused\n' line 5: illegal map value", "6 error bad-yaml"});
    CHECK(inside(lenient, lines, 1) ==
          Tokens{"3 ok 1", "6 yaml of 1 'error: dial: refused\n' line 5: illegal map value", "6 warning bad-yaml"});
  }
  SECTION("closed by ---") {
    const std::string lines = "ok 1\n  ---\n  a: 1\n  ---\nok 2\n";
    CHECK(inside(lenient, lines, 2) == Tokens{"3 ok 1", "6 warning odd-yaml", R"(6 yaml of 1 {"a":1})", "7 ok 2"});
    CHECK_FALSE(ok(strict, "TAP version 14\n1..2\n" + lines));
  }
  SECTION("not closed") {
    const std::string lines = "ok 1\n  ---\n  a: 1\nok 2\n";
    CHECK(inside(lenient, lines, 2) == Tokens{"3 ok 1", "6 warning open-yaml", R"(6 yaml of 1 {"a":1})", "6 ok 2"});
    CHECK(inside(strict, lines, 2) == Tokens{"3 ok 1", "6 error open-yaml", R"(6 yaml of 1 {"a":1})", "6 ok 2"});
    CHECK(inside(lenient, "ok 1\n  ---\n  a: 1\n", 1) == Tokens{"3 ok 1", "5 warning open-yaml", R"(5 yaml of 1 {"a":1})"});
  }
  SECTION("logs and comments inside and before") {
    CHECK(inside(lenient, "ok 1\nI0101 log\n  ---\n  a: 1\nI0102 log\n# c\n  b: 2\n  ...\nok 2\n", 2) ==
          Tokens{"3 ok 1", "4 other 'I0101 log'", "7 other 'I0102 log'", "8 comment 'c'", R"(10 yaml of 1 {"a":1,"b":2})", "11 ok 2"});
    CHECK(inside(strict, "ok 1\nI0101 log\n  ---\n  ...\n", 1) ==
          Tokens{"3 ok 1", "4 other 'I0101 log'", "5 other '  ---'", "6 other '  ...'"});
  }
  SECTION("TAP inside is YAML") {
    CHECK(inside(lenient, "ok 1\n  ---\n  a: |\n    ok 2\n    1..7\n    Bail out!\n  ...\n", 1) ==
          Tokens{"3 ok 1", R"(9 yaml of 1 {"a":"ok 2\n1..7\nBail out!\n"})"});
  }
  SECTION("a block over the limit is cut and said") {
    TapLimits limits;
    limits.diagnostics_bytes = 10;
    CHECK(read(lenient, "1..1\nok 1\n  ---\n  a: 123\n  b: 456\n  c: 789\n  ...\n", limits).tokens ==
          Tokens{"1 plan 1..1", "2 ok 1", "7 yaml of 1 'a: 123\nb: ' the YAML is longer than 10 bytes", "7 warning cut"});
  }
}

TEST_CASE("subtests") {
  SECTION("announced, bare, nested, with diagnostics") {
    const std::string lines =
        "# Subtest: outer\n"
        "    # Subtest: inner\n"
        "        1..1\n"
        "        not ok 1 - x\n"
        "          ---\n"
        "          a: 1\n"
        "          ...\n"
        "    not ok 1 - inner\n"
        "    1..1\n"
        "not ok 1 - outer\n"
        "    ok 1\n"
        "    1..1\n"
        "ok 2\n";
    for (const TapMode mode : {strict, lenient})
      CHECK(inside(mode, lines, 2) == Tokens{"3 comment 'Subtest'='outer'", "4 comment 'Subtest'='inner'", "5:2 plan 1..1",
                                             "6:2 not ok 1 'x'", R"(9:2 yaml of 1 {"a":1})", "10:1 end of subtest 'inner' not ok",
                                             "10:1 not ok 1 'inner' ends", "11:1 plan 1..1", "12 end of subtest 'outer' not ok",
                                             "12 not ok 1 'outer' ends", "13:1 ok 1", "14:1 plan 1..1", "15 end of subtest '' ok",
                                             "15 ok 2 ends"});
  }
  SECTION("two levels at once") {
    CHECK(ok(strict,
             "TAP version 14\n        ok 1 - nested twice\n        1..1\n    ok 1 - nested parent\n    1..1\nok 1 - double nest\n1..1\n"));
  }
  SECTION("the point decides; strict also holds it against its subtest") {
    const std::string document = "TAP version 14\n    not ok 1\n    1..1\nok 1\n1..1\n";
    CHECK(ok(lenient, document));
    CHECK_FALSE(ok(strict, document));
    CHECK(ok(strict, "TAP version 14\n    not ok 1\n    1..1\nnot ok 1 # TODO\n1..1\n"));
    CHECK_FALSE(ok(lenient, "TAP version 14\n    ok 1\n    1..1\nnot ok 1\n1..1\n"));
    // Without a plan a subtest is no document.
    CHECK(ok(lenient, "TAP version 14\n    ok 1\nok 1\n1..1\n"));
    CHECK_FALSE(ok(strict, "TAP version 14\n    ok 1\nok 1\n1..1\n"));
  }
  SECTION("another name, or none of it") {
    CHECK_FALSE(ok(strict, "TAP version 14\n# Subtest: a\n    1..0\nok 1 - b\n1..1\n"));
    CHECK(ok(lenient, "TAP version 14\n# Subtest: a\n    1..0\nok 1 - b\n1..1\n"));
    CHECK_FALSE(ok(strict, "TAP version 14\n# Subtest\n    1..0\nok 1 - b\n1..1\n"));
    CHECK(ok(strict, "TAP version 14\n# Subtest: a \\# b\n    1..0\nok 1 - a \\# b\n1..1\n"));
    CHECK_FALSE(ok(strict, "TAP version 14\n# Subtest: a\nok 1 - a\n1..1\n"));
    CHECK(ok(lenient, "TAP version 14\n# Subtests: a\n    1..0\nok 1 - a\n1..1\n"));
  }
  SECTION("lines of the parent inside a subtest are no TAP") {
    CHECK(inside(strict, "    1..1\nlog\n1..9\npragma +strict\n    ok 1\nok 1\n", 1) ==
          Tokens{"3:1 plan 1..1", "4 other 'log'", "5 other '1..9'", "6 other 'pragma +strict'", "7:1 ok 1", "8 end of subtest '' ok",
                 "8 ok 1 ends"});
  }
  SECTION("one that is never ended is no TAP: a plan behind it counts") {
    CHECK(read(lenient, "ok 1\n    ok, says a log\n1..1\n").tokens.back() == "3 plan 1..1");
    CHECK(ok(lenient, "ok 1\n    ok so far\n1..1\n"));
    CHECK_FALSE(ok(strict, "TAP version 14\nok 1\n    ok so far\n1..1\n"));
  }
  SECTION("what is indented otherwise is no TAP") {
    CHECK(inside(strict, "  ok 1\n   1..1\n\tok 1\n    log\nok 1\n", 1) ==
          Tokens{"3 other '  ok 1'", "4 other '   1..1'", "5 other '\tok 1'", "6 other '    log'", "7 ok 1"});
  }
  SECTION("too deep") {
    TapLimits limits;
    limits.depth = 1;
    CHECK(read(lenient, "1..1\n        ok 1\n    1..0\nok 1\n", limits).tokens ==
          Tokens{"1 plan 1..1", "2 warning too-deep", "2 other '        ok 1'", "3:1 plan 1..0 skips all", "4 end of subtest '' ok",
                 "4 ok 1 ends"});
  }
}

TEST_CASE("subtests in braces") {
  const std::string lines =
      "ok 1 - outer {\n"
      "    ok 1 - inner # TODO why {\n"
      "        1..0\n"
      "    }\n"
      "    1..1\n"
      "}\n"
      "not ok 2 - x\n"
      "  ---\n"
      "  a: 1\n"
      "  ...\n"
      "{\n"
      "    1..1\n"
      "    not ok 1\n"
      "}\n";
  CHECK(inside(lenient, lines, 2) == Tokens{"3 ok 1 'outer' opens", "4:1 ok 1 'inner' todo 'why' opens", "5:2 plan 1..0 skips all",
                                            "6:1 end of subtest 'inner' ok", "7:1 plan 1..1", "8 end of subtest 'outer' ok",
                                            "9 not ok 2 'x'", R"(12 yaml of 2 {"a":1})", "14:1 plan 1..1", "15:1 not ok 1",
                                            "16 end of subtest '' not ok"});
  CHECK_FALSE(ok(strict, "TAP version 14\n1..2\n" + lines));
  CHECK(inside(strict, "ok 1 - if (x) {\n", 1) == Tokens{"3 ok 1 'if (x) {'"});
  CHECK(inside(lenient, "ok 1 - if (x) {\nok 2\n}\n", 2) ==
        Tokens{"3 ok 1 'if (x)' opens", "4 warning odd-subtest", "4 ok 2", "5 other '}'"});
}

TEST_CASE("pragmas") {
  CHECK(inside(strict, "pragma +strict\nlog\npragma -strict\nlog\npragma +bail\npragma +x_Y-9\npragma *\npragma + \nok\n", 1) ==
        Tokens{"3 pragma +strict", "4 other 'log'", "4 error other-than-tap", "5 pragma -strict", "6 other 'log'", "7 pragma +bail",
               "8 pragma +x_Y-9", "9 other 'pragma *'", "10 other 'pragma + '", "11 ok 1?"});
  // The specification's example: what a subtest sets stays there.
  CHECK(ok(strict,
           "TAP version 14\npragma -strict\n# Subtest: child test\n    1..1\n    pragma +strict\n    ok 1\nok 1 - child test\n!!no "
           "TAP!!\n1..1\n"));
}

TEST_CASE("bail out ends everything, in a subtest too") {
  const Tokens behind = {"3 ok 1", "4 bail out 'no # database'", "5 other 'ok 2'", "6 other '1..9'"};
  CHECK(inside(strict, "ok 1\nBail out!  no \\# database\nok 2\n1..9\n", 3) == behind);
  const Read got = read(lenient, "1..3\n    bAIL OUT!\nok 1\nok 2\nok 3\n");
  CHECK(got.tokens == Tokens{"1 plan 1..3", "2 bail out ''", "3 other 'ok 1'", "4 other 'ok 2'", "5 other 'ok 3'"});
  CHECK(got.summary.bail_out == "");
  CHECK(got.summary.missing_count == 3);
  CHECK_FALSE(got.summary.ok);
}

TEST_CASE("lenient mode looks through colours, erasures and Compose's prefixes") {
  CHECK(inside(lenient, "\x1B[2K\x1B[32mok 1 - green\x1B[0m\n\x1B]0;title\x07not ok 2\n\x1B[33mWARN\x1B[0m log\n", 2) ==
        Tokens{"3 ok 1 'green'", "4 not ok 2", "5 other '\x1B[33mWARN\x1B[0m log'"});
  CHECK(inside(strict, "\x1B[2Kok 1\nok\n", 1) == Tokens{"3 other '\x1B[2Kok 1'", "4 ok 1?"});
  const Read composed = read(lenient,
                             "Attaching to relay-1, test-client-1\n"
                             "relay-1        | ok 9\n"
                             "\x1B[2Ktest-client-1  | TAP version 14\n"
                             "\x1B[2Ktest-client-1  | 1..1\n"
                             "relay-1        | ok 1\n"
                             "test-client-1  | ok 1 - x\n"
                             "test-client-1  |   ---\n"
                             "test-client-1  |   a: 1\n"
                             "test-client-1  |   ...\n");
  CHECK(composed.tokens == Tokens{"1 other 'Attaching to relay-1, test-client-1'", "2 other 'relay-1        | ok 9'", "3 version 14",
                                  "4 plan 1..1", "5 other 'relay-1        | ok 1'", "6 ok 1 'x'", R"(9 yaml of 1 {"a":1})"});
  CHECK(composed.summary.ok);
}

TEST_CASE("bytes that are no UTF-8") {
  CHECK(inside(lenient,
               "ok 1 - a\xFF"
               "b\n\xFElog\n",
               1) == Tokens{"3 ok 1 'a\xEF\xBF\xBD"
                            "b'",
                            "3 warning bad-utf8", "4 other '\xFElog'"});
  CHECK(inside(strict,
               "ok 1 - a\xFF"
               "b\n",
               1) == Tokens{"3 error bad-utf8",
                            "3 ok 1 'a\xEF\xBF\xBD"
                            "b'"});
}

TEST_CASE("long lines are joined up to a limit, wherever they were cut") {
  TapLimits limits;
  limits.line_bytes = 40;
  limits.text_bytes = 8;
  const std::string document = "TAP version 14\n1..3\nok 1 - " + std::string(30, 'a') + " # SKIP\n" + std::string(60, '.') + "\nok 2 - " +
                               std::string(50, 'b') + "\nok 3\n";
  const Read whole = read(lenient, document, limits);
  CHECK(whole.tokens == Tokens{"1 version 14", "2 plan 1..3", "3 ok 1 'aaaaaaaa'", "3 warning cut", "3 warning cut",
                               "4 other '" + std::string(40, '.') + "' more", "4 other '" + std::string(20, '.') + "'", "5 ok 2 'bbbbbbbb'",
                               "5 warning cut", "5 warning cut", "6 ok 3"});
  for (std::size_t pieces = 1; pieces < 70; ++pieces) {
    Tokens tokens;
    for (const std::string& token : read(lenient, document, limits, pieces).tokens)
      if (!token.starts_with("4 other")) tokens.push_back(token);
    Tokens expected = whole.tokens;
    expected.erase(expected.begin() + 5, expected.begin() + 7);
    CHECK(tokens == expected);
  }
}

TEST_CASE("comments with keys") {
  CHECK(inside(lenient, "# Draft: draft-18\n#\n#no\n    # a b: c: d\n# http://x\n# : x\n# x:\nok\n", 1) ==
        Tokens{"3 comment 'Draft'='draft-18'", "4 comment ''", "5 comment 'no'", "6 comment 'a b'='c: d'", "7 comment 'http://x'",
               "8 comment ': x'", "9 comment 'x:'", "10 ok 1?"});
}

TEST_CASE("scattered numbers take no more than their limit") {
  TapLimits limits;
  limits.ranges = 3;
  const Read got = read(lenient, "1..9\nok 1\nok 3\nok 5\nok 7\nok 2\nok 4\n", limits);
  CHECK(got.summary.errors == 2);
  CHECK(got.sentences.front() == "the numbers are scattered over more than 3 ranges");
  CHECK_FALSE(got.summary.ok);
}

TEST_CASE("what the specification's examples show") {
  for (const TapMode mode : {strict, lenient}) {
    CHECK(ok(mode, "TAP version 14\n1..2\n#\n# what comes next\n#\nok 1 - one\nok 2 - two\n"));
    // The plan is known at the end, and two points failed.
    const Read failures = read(mode,
                               "TAP version 14\nok 1 - list\n# two to ask\nnot ok 2 - first\n  ---\n  message: 'host \"a\" unknown'\n"
                               "  severity: fail\n  ...\nnot ok 3 - second\n1..3\n");
    CHECK_FALSE(failures.summary.ok);
    CHECK(failures.summary.failed == 2);
    CHECK(failures.summary.errors == 0);
    // Giving up.
    const Read bailed = read(mode, "TAP version 14\n1..573\nnot ok 1 - database\nBail out! No database.\n");
    CHECK(bailed.summary.bail_out == "No database.");
    CHECK(bailed.summary.missing_count == 572);
    CHECK_FALSE(bailed.summary.ok);
    // Skipping a few, skipping everything, and what is still to be done.
    CHECK(ok(mode, "TAP version 14\n1..3\nok 1 - approved\nok 2 - # SKIP no /sys\nok 3 - # SKIP no /sys\n"));
    CHECK(ok(mode, "TAP version 14\n1..0 # skip because nothing is installed\n"));
    CHECK(ok(mode, "TAP version 14\n1..2\nok 1 - made\nnot ok 2 - loop # TODO unsolved\n"));
    // No numbers, and a board in the diagnostics.
    const Read board = read(
        mode,
        "TAP version 14\nok - board\nok\nok\n  ---\n  dump:\n     board:\n       - '  16G   05C '\n       - ' G N C '\n  ...\nok\n1..4\n");
    CHECK(board.summary.ok);
    CHECK(board.tokens[4] == R"(10 yaml of 3 {"dump":{"board":["  16G   05C "," G N C "]}})");
    // The numbers that are given need no order, and must be inside of the plan.
    CHECK_FALSE(ok(mode, "TAP version 14\n1..6\nnot ok\nok\nnot ok\nok\nok\n"));
    // A subtest may be empty when it says so, and need not have a name.
    CHECK(ok(mode,
             "TAP version 14\n\nok 1 - in the parent\n\n# Subtest: nested\n    1..1\n    ok 1 - in the subtest\nok 2 - nested\n\n"
             "# Subtest: empty\n    1..0\nok 3 - empty\n\n# Subtest\n    ok 1 - a name is optional\n    1..1\nok 4\n\n1..4\n"));
  }
}
