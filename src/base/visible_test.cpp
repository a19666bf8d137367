#include "base/visible.hpp"

#include <catch2/catch.hpp>

using namespace interoper;
using namespace std::string_literals;

TEST_CASE("controls and escape sequences are shown, not obeyed") {
  CHECK(visible("plain text, grüße ✔") == "plain text, grüße ✔");
  CHECK(visible("\x1b[31mred\x1b[0m") == "\\e[31mred\\e[0m");
  CHECK(visible("a\tb\r\nc\0d\x07\x7f"s) == "a\\tb\\r\\nc\\0d\\x07\\x7f");
  CHECK(visible("\xc2\x9b\x33\x31m") == "\\u{9b}31m");  // C1: CSI as one character
  CHECK(visible("abc\xe2\x80\xae"
                "fed") == "abc\\u{202e}fed");  // right-to-left override
  CHECK(visible("\xef\xbb\xbfx") == "\\u{feff}x");
  CHECK(visible("back\\slash") == "back\\slash");
}

TEST_CASE("bytes that are no UTF-8 are shown one by one") {
  CHECK(visible("\xff\xfe") == "\\xff\\xfe");
  CHECK(visible("\xc3") == "\\xc3");
  CHECK(visible("\xc0\xaf") == "\\xc0\\xaf");                    // overlong
  CHECK(visible("\xed\xa0\x80") == "\\xed\\xa0\\x80");           // surrogate
  CHECK(visible("\xf4\x90\x80\x80") == "\\xf4\\x90\\x80\\x80");  // above U+10FFFF
  CHECK(visible("\xf0\x9f\x98\x80") == "\xf0\x9f\x98\x80");
}

TEST_CASE("ASCII terminals get ASCII") { CHECK(visible("grüße ✔ \xf0\x9f\x98\x80", true) == "gr\\u{fc}\\u{df}e \\u{2714} \\u{1f600}"); }

TEST_CASE("long texts are cut between characters") {
  CHECK(visible("abcdef", false, 3) == "abc…");
  CHECK(visible("abcdef", true, 3) == "abc...");
  CHECK(visible("abc", false, 3) == "abc");
  CHECK(visible("ab✔✔", false, 3) == "ab✔…");
  CHECK(visible(std::string(5'000'000, '\x1b'), false, 10).size() < 20);
}

TEST_CASE("columns are what a terminal takes for a character") {
  CHECK(columns_of("") == 0);
  CHECK(columns_of("abc") == 3);
  CHECK(columns_of("✔ ü") == 3);
  CHECK(columns_of("日本") == 4);
  CHECK(columns_of("u\xcc\x88") == 1);  // an u, and the dots on it
  CHECK(columns_of("\xf0\x9f\x98\x80") == 2);
}

TEST_CASE("a text is cut to columns, between characters") {
  CHECK(cut_to_columns("abcdef", 6) == "abcdef");
  CHECK(cut_to_columns("abcdef", 5) == "abcd…");
  CHECK(cut_to_columns("abcdef", 5, true) == "ab...");
  CHECK(cut_to_columns("abcdef", 2, true) == "..");
  CHECK(cut_to_columns("abcdef", 1) == "…");
  CHECK(cut_to_columns("abcdef", 0).empty());
  CHECK(cut_to_columns("日本語", 5) == "日本…");
  CHECK(cut_to_columns("日本語", 4) == "日…");
  CHECK(cut_to_columns("u\xcc\x88u\xcc\x88", 1) == "…");
}
