#include "reporters/terminal.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <map>

using namespace interoper;

namespace {

Style style_with(ColorWhen when, bool is_terminal, const std::map<std::string, std::string>& variables) {
  return style_for(when, {is_terminal, 80, [&](const char* name) {
                            const auto found = variables.find(name);
                            return found == variables.end() ? std::string() : found->second;
                          }});
}

}  // namespace

TEST_CASE("colours are for terminals, unless somebody says otherwise") {
  CHECK(style_with(ColorWhen::automatic, true, {}).colour);
  CHECK_FALSE(style_with(ColorWhen::automatic, false, {}).colour);
  CHECK_FALSE(style_with(ColorWhen::automatic, true, {{"NO_COLOR", "1"}}).colour);
  CHECK_FALSE(style_with(ColorWhen::automatic, true, {{"TERM", "dumb"}}).colour);
  CHECK(style_with(ColorWhen::always, false, {{"NO_COLOR", "1"}}).colour);
  CHECK_FALSE(style_with(ColorWhen::never, true, {}).colour);
  CHECK(style_with(ColorWhen::automatic, true, {}).columns == 80);
  CHECK(style_with(ColorWhen::automatic, false, {}).columns == 0);
}

TEST_CASE("more than eight colours, and links, are for terminals that say so") {
  CHECK_FALSE(style_with(ColorWhen::always, true, {{"TERM", "xterm"}}).rich);
  CHECK(style_with(ColorWhen::always, true, {{"TERM", "xterm-256color"}}).rich);
  CHECK(style_with(ColorWhen::always, false, {{"TERM", "xterm"}, {"COLORTERM", "truecolor"}}).rich);
  CHECK(style_with(ColorWhen::automatic, true, {{"TERM", "xterm"}}).links);
  CHECK(style_with(ColorWhen::automatic, true, {{"TERM", "xterm"}, {"NO_COLOR", "1"}}).links);
  CHECK_FALSE(style_with(ColorWhen::never, true, {{"TERM", "xterm"}}).links);
  CHECK_FALSE(style_with(ColorWhen::automatic, false, {{"TERM", "xterm"}}).links);
  CHECK_FALSE(style_with(ColorWhen::automatic, true, {{"TERM", "linux"}}).links);
  Style style;
  CHECK(link("here", "file:///tmp", style) == "here");
  style.links = true;
  CHECK(link("here", "file:///tmp", style) == "\x1b]8;;file:///tmp\x1b\\here\x1b]8;;\x1b\\");
}

TEST_CASE("the locale says whether there is more than ASCII") {
  CHECK_FALSE(style_with(ColorWhen::never, true, {}).utf8);
  CHECK(style_with(ColorWhen::never, true, {{"LANG", "de_DE.UTF-8"}}).utf8);
  CHECK(style_with(ColorWhen::never, true, {{"LC_CTYPE", "C.utf8"}, {"LANG", "C"}}).utf8);
  CHECK_FALSE(style_with(ColorWhen::never, true, {{"LC_ALL", "C"}, {"LANG", "de_DE.UTF-8"}}).utf8);
  CHECK_FALSE(style_with(ColorWhen::never, true, {{"LANG", "de_DE.ISO-8859-1"}}).utf8);
}

TEST_CASE("verdicts are a glyph and a word of one width") {
  for (const Verdict verdict :
       {Verdict::passed, Verdict::failed, Verdict::unsupported, Verdict::skipped, Verdict::error, Verdict::aborted}) {
    std::size_t columns = 0;
    for (const char c : verdict_label(verdict, Style{false, true, 0}))
      columns += (static_cast<unsigned char>(c) & 0xC0U) != 0x80 ? 1 : 0;
    CHECK(columns == 13);
    CHECK(verdict_label(verdict, Style{false, false, 0}).size() == 13);
  }
  CHECK(verdict_label(Verdict::passed, Style{true, true, 0}) == "\x1b[36m✔ passed\x1b[0m     ");
  CHECK(verdict_label(Verdict::passed, Style{true, true, 0, true}) == "\x1b[38;5;36m✔ passed\x1b[0m     ");
  CHECK(verdict_label(Verdict::failed, Style{false, false, 0}) == "x failed     ");
  CHECK(padded("ü", 3) == "ü  ");
  CHECK(padded_left("abcd", 3) == "abcd");
}

TEST_CASE("a reader that has gone ends the writing, and nothing else") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  StandardStream stream(ends[1]);
  stream.write("hello");
  CHECK(stream.error() == 0);
  ::close(ends[0]);
  stream.write("nobody reads this");  // SIGPIPE would end the test
  CHECK(stream.error() == EPIPE);
  stream.write("nor this");
  ::close(ends[1]);

  StandardStream closed(ends[1]);
  closed.write("x");
  CHECK(closed.error() == EBADF);

  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  StandardStream disk(full);
  disk.sink()("x");
  CHECK(disk.error() == ENOSPC);
  ::close(full);
}
