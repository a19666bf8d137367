#include "base/problem.hpp"

#include <catch2/catch.hpp>

using namespace interoper;
using Severity = Problem::Severity;

TEST_CASE("a problem is shown with its place, its line, a caret and help") {
  const Problem problem{Severity::error, "interop/tests/a.md", 3, 16, "'timeout' must be a string", "write \"3s\"", "    \"timeout\": 3"};
  CHECK(render(problem) ==
        "interop/tests/a.md:3:16: error: 'timeout' must be a string\n"
        "      \"timeout\": 3\n"
        "                 ^\n"
        "  help: write \"3s\"\n");
}

TEST_CASE("parts that are not known are left out") {
  CHECK(render(Problem{Severity::error, "", 0, 0, "no tests are selected", "", ""}) == "error: no tests are selected\n");
  CHECK(render(Problem{Severity::warning, "a.md", 0, 0, "it is empty", "", ""}) == "a.md: warning: it is empty\n");
  CHECK(render(Problem{Severity::error, "a.md", 2, 0, "wrong", "", "x"}) == "a.md:2: error: wrong\n");
  CHECK(render(Problem{Severity::error, "a.md", 2, 1, "wrong", "mend it", ""}) == "a.md:2:1: error: wrong\n  help: mend it\n");
}

TEST_CASE("problems are shown one below the other") {
  const Problems problems{{Severity::error, "a", 0, 0, "one", "", ""}, {Severity::warning, "b", 0, 0, "two", "", ""}};
  CHECK(render(problems) == "a: error: one\nb: warning: two\n");
  CHECK(render(Problems{}).empty());
}

TEST_CASE("the caret stands under its character, behind tabs and wide text too") {
  CHECK(render(Problem{Severity::error, "a", 1, 4, "x", "", "\t\xC3\xA9\xC3\xA9!"}) == "a:1:4: error: x\n   \xC3\xA9\xC3\xA9!\n     ^\n");
  CHECK(render(Problem{Severity::error, "a", 1, 9, "x", "", "abc"}) == "a:1:9: error: x\n  abc\n     ^\n");
}

TEST_CASE("what a file holds is shown and never obeyed by the terminal") {
  const Problem problem{Severity::error, "a\x1b.md", 1, 7, "unknown key '\x1b[31m'", "did you mean '\x1b'?", "a\x1b[31m\xFF!"};
  CHECK(render(problem) == "a\\e.md:1:7: error: unknown key '\\e[31m'\n  a\\e[31m\\xff!\n         ^\n  help: did you mean '\\e'?\n");
}

TEST_CASE("a very long line is cut around the column") {
  const std::string line = std::string(1000, 'a') + "!" + std::string(1000, 'b');
  const std::string shown = render(Problem{Severity::error, "f", 1, 1001, "x", "", line});
  CHECK(shown == "f:1:1001: error: x\n  …" + std::string(99, 'a') + "!" + std::string(60, 'b') + "…\n  " + std::string(100, ' ') + "^\n");
  const std::string at_start = render(Problem{Severity::error, "f", 1, 1, "x", "", line});
  CHECK(at_start == "f:1:1: error: x\n  " + std::string(160, 'a') + "…\n  ^\n");
}

TEST_CASE("only errors are errors") {
  CHECK_FALSE(has_errors({}));
  CHECK_FALSE(has_errors({{Severity::warning, "", 0, 0, "", "", ""}}));
  CHECK(has_errors({{Severity::warning, "", 0, 0, "", "", ""}, {Severity::error, "", 0, 0, "", "", ""}}));
}

TEST_CASE("an offset becomes a line and a column in characters") {
  const std::string_view text = "ab\r\n\xC3\xA9x\n\nend";
  const auto at = [&](std::size_t offset) {
    const Position position = position_at(text, offset);
    return std::to_string(position.line) + ":" + std::to_string(position.column) + ":" + std::string(position.text);
  };
  CHECK(at(0) == "1:1:ab");
  CHECK(at(1) == "1:2:ab");
  CHECK(at(4) == "2:1:\xC3\xA9x");
  CHECK(at(6) == "2:2:\xC3\xA9x");
  CHECK(at(7) == "2:3:\xC3\xA9x");
  CHECK(at(8) == "3:1:");
  CHECK(at(9) == "4:1:end");
  CHECK(at(12) == "4:4:end");
  CHECK(at(99) == "4:4:end");
  CHECK(position_at("", 0).line == 1);
}

TEST_CASE("the nearest word is one that can have been meant") {
  const std::vector<std::string> keys{"timeout", "containers", "params", "tags", "weight", "exclusive", "expect", "network"};
  CHECK(nearest("timout", keys) == "timeout");
  CHECK(nearest("TIMEOUT", keys).empty());
  CHECK(nearest("container", keys) == "containers");
  CHECK(nearest("param", keys) == "params");
  CHECK(nearest("tag", keys) == "tags");
  CHECK(nearest("tgas", keys) == "tags");
  CHECK(nearest("wieght", keys) == "weight");
  CHECK(nearest("colour", keys).empty());
  CHECK(nearest("x", keys).empty());
  CHECK(nearest("", keys).empty());
  CHECK(nearest("a", {}).empty());
}
