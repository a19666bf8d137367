#include "base/shell_words.hpp"

#include <catch2/catch.hpp>

using namespace interoper;

namespace {

using Words = std::vector<std::string>;

Words split(std::string_view text) {
  const auto result = split_shell_words(text);
  REQUIRE(std::holds_alternative<Words>(result));
  return std::get<Words>(result);
}

std::string fault(std::string_view text) {
  const auto result = split_shell_words(text);
  REQUIRE(std::holds_alternative<ShellFault>(result));
  const auto& shell_fault = std::get<ShellFault>(result);
  return std::to_string(shell_fault.offset) + ": " + shell_fault.what;
}

}  // namespace

TEST_CASE("the contract's table of shell words") {
  CHECK(split("th-test net-link worker") == Words{"th-test", "net-link", "worker"});
  CHECK(split("a\xC2\xA0"
              "b\xE3\x80\x80"
              "c\nd") == Words{"a", "b", "c", "d"});
  CHECK(split("'a \"b\\n'") == Words{"a \"b\\n"});
  CHECK(split(R"("a\nb")") == Words{"anb"});
  CHECK(split(R"("a\"b\\c\$")") == Words{"a\"b\\c$"});
  CHECK(split(R"(\x\ y)") == Words{"x y"});
  CHECK(split(R"('a'"b"c)") == Words{"abc"});
  CHECK(split("--x='y z'") == Words{"--x=y z"});
  CHECK(split("\"\"") == Words{""});
  CHECK(split("a '' b") == Words{"a", "", "b"});
  CHECK(split("echo $HOME * # ; | & > <") == Words{"echo", "$HOME", "*", "#", ";", "|", "&", ">", "<"});
  CHECK(fault("th-test 'a") == "8: a single quote (') is never closed");
  CHECK(fault("th-test \"a\\\"") == "8: a double quote (\") is never closed");
  CHECK(fault("a \"b\\") == "2: a double quote (\") is never closed");
  CHECK(fault("a b\\") == "3: a backslash at the end escapes nothing");
}

TEST_CASE("corners of splitting") {
  CHECK(split("").empty());
  CHECK(split(" \t\r\n\v\f").empty());
  CHECK(split("  a  ") == Words{"a"});
  CHECK(split("\\\n") == Words{"\n"});
  CHECK(split("a\\'b") == Words{"a'b"});
  CHECK(split("\\\xC3\xA9") == Words{"\xC3\xA9"});
  CHECK(split("a\xE2\x80\x8A"
              "b\xE2\x80\xA8"
              "c\xC2\x85"
              "d") == Words{"a", "b", "c", "d"});
  CHECK(split("a\xE2\x80\x8B"
              "b") == Words{"a\xE2\x80\x8B"
                            "b"});  // a zero-width space separates nothing
  CHECK(split("{\"a\":1}") == Words{"{a:1}"});
}

TEST_CASE("joined words are read back as they were") {
  CHECK(join_shell_words({}).empty());
  CHECK(join_shell_words({"th-test", "net-link", "driver"}) == "th-test net-link driver");
  CHECK(join_shell_words({"a b", "", "it's", "$x", "{a}"}) == R"('a b' '' 'it'\''s' '$x' '{a}')");
  const Words awkward{"a b", "", "it's", "\"q\"", "back\\slash", "new\nline", "\xC2\xA0", "$HOME", "*", "#", "~", "a=b"};
  CHECK(split(join_shell_words(awkward)) == awkward);
}
