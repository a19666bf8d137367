#include "runtimes/docker/ignore.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace interoper::docker;

TEST_CASE("patterns match as Go's filepath.Match, and ** any number of folders") {
  struct Case {
    const char* pattern;
    const char* path;
    bool matches;
  };
  const Case cases[] = {
      {"a", "a", true},
      {"a", "b", false},
      {"a", "a/b", false},
      {"*", "a", true},
      {"*", "a/b", false},
      {"*/b", "a/b", true},
      {"*.md", "README.md", true},
      {"*.md", "docs/README.md", false},
      {"?", "a", true},
      {"?", "/", false},
      {"a?c", "abc", true},
      {"[a-c]x", "bx", true},
      {"[a-c]x", "dx", false},
      {"[^a-c]x", "dx", true},
      {"[^a-c]x", "bx", false},
      {"[]a]", "]", true},
      {"[a", "a", false},
      {"\\*", "*", true},
      {"\\*", "a", false},
      {"[\\]]", "]", true},
      {"**", "a/b/c", true},
      {"**/c", "c", true},
      {"**/c", "a/b/c", true},
      {"**/c", "a/b/cd", false},
      {"a/**", "a/b/c", true},
      {"a/**", "a", false},
      {"a/**/c", "a/c", true},
      {"a/**/c", "a/x/y/c", true},
      {"a/**/c", "a/x/d", false},
      {"**/*.o", "a/b.o", true},
      {"a**", "abc/d", true},
      {"**.go", "a/b.go", true},
      {"", "", true},
      {"", "a", false},
      {"*", "", true},
      {"a*b*c", "aXbYc", true},
  };
  for (const Case& one : cases) {
    INFO(one.pattern << " against " << one.path);
    CHECK(matches_pattern(one.pattern, one.path) == one.matches);
  }
}

TEST_CASE("the last line that matches decides, and a folder stands for all in it") {
  const IgnoreRules rules("# comment\n\n node_modules \n/build/\n*.log\n!keep.log\ndocs\n!docs/README.md\n");
  CHECK(rules.ignores("node_modules"));
  CHECK(rules.ignores("node_modules/x/y.js"));
  CHECK_FALSE(rules.ignores("src/node_modules"));
  CHECK(rules.ignores("build/a.o"));
  CHECK(rules.ignores("a.log"));
  CHECK_FALSE(rules.ignores("keep.log"));
  CHECK_FALSE(rules.ignores("sub/a.log"));
  CHECK(rules.ignores("docs/x.md"));
  CHECK_FALSE(rules.ignores("docs/README.md"));
  CHECK(rules.has_exceptions());
  CHECK_FALSE(rules.ignores("# comment"));
}

TEST_CASE("everything but") {
  const IgnoreRules rules("\xEF\xBB\xBF*\r\n!src\r\nsrc/**/*.o");
  CHECK(rules.ignores("a"));
  CHECK_FALSE(rules.ignores("src"));
  CHECK_FALSE(rules.ignores("src/a/b.c"));
  CHECK(rules.ignores("src/a/b.o"));
  CHECK(rules.ignores("src/b.o"));
}

TEST_CASE("paths in patterns are cleaned") {
  const IgnoreRules rules("./a/../b//c\n!\n  \n");
  CHECK(rules.ignores("b/c"));
  CHECK_FALSE(rules.has_exceptions());
  CHECK_FALSE(IgnoreRules().ignores("anything"));
}
