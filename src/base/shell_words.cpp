#include "base/shell_words.hpp"

#include <algorithm>
#include <array>

namespace interoper {
namespace {

// White space as Unicode has it (White_Space property), in UTF-8: what separates words.
constexpr std::array<std::string_view, 25> blanks{{
    "\t",           "\n",           "\v",           "\f",           "\r",           " ",
    "\xC2\x85",      // U+0085
    "\xC2\xA0",      // U+00A0
    "\xE1\x9A\x80",  // U+1680
    "\xE2\x80\x80",  // U+2000 to U+200A
    "\xE2\x80\x81", "\xE2\x80\x82", "\xE2\x80\x83", "\xE2\x80\x84", "\xE2\x80\x85", "\xE2\x80\x86",
    "\xE2\x80\x87", "\xE2\x80\x88", "\xE2\x80\x89", "\xE2\x80\x8A",
    "\xE2\x80\xA8",  // U+2028
    "\xE2\x80\xA9",  // U+2029
    "\xE2\x80\xAF",  // U+202F
    "\xE2\x81\x9F",  // U+205F
    "\xE3\x80\x80",  // U+3000
}};

// Bytes of white space at the start of `text`, 0 when there is none.
std::size_t blank_length(std::string_view text) {
  for (const std::string_view blank : blanks) {
    if (text.substr(0, blank.size()) == blank) return blank.size();
  }
  return 0;
}

// Characters that a shell takes literally without quotes.
bool is_bare(char c) {
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  return letter || std::string_view("_-./:=@%+,").find(c) != std::string_view::npos;
}

}  // namespace

std::variant<std::vector<std::string>, ShellFault> split_shell_words(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  bool in_word = false;  // also true for "", a word without characters
  std::size_t at = 0;
  while (at < text.size()) {
    const char c = text[at];
    const std::size_t blank = blank_length(text.substr(at));
    if (blank != 0) {
      if (in_word) words.push_back(std::move(word));
      word.clear();
      in_word = false;
      at += blank;
      continue;
    }
    in_word = true;
    if (c == '\\') {
      if (at + 1 == text.size()) return ShellFault{at, "a backslash at the end escapes nothing"};
      word += text[at + 1];
      at += 2;
    } else if (c == '\'') {
      const std::size_t end = text.find('\'', at + 1);
      if (end == std::string_view::npos) return ShellFault{at, "a single quote (') is never closed"};
      word += text.substr(at + 1, end - at - 1);
      at = end + 1;
    } else if (c == '"') {
      std::size_t end = at + 1;
      while (end < text.size() && text[end] != '"') {
        if (text[end] == '\\' && end + 1 < text.size()) ++end;
        word += text[end++];
      }
      if (end >= text.size()) return ShellFault{at, "a double quote (\") is never closed"};
      at = end + 1;
    } else {
      word += c;
      ++at;
    }
  }
  if (in_word) words.push_back(std::move(word));
  return words;
}

std::string join_shell_words(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) {
    if (!line.empty()) line += ' ';
    if (!word.empty() && std::all_of(word.begin(), word.end(), is_bare)) {
      line += word;
      continue;
    }
    line += '\'';
    for (const char c : word) {
      if (c == '\'') {
        line += "'\\''";
      } else {
        line += c;
      }
    }
    line += '\'';
  }
  return line;
}

}  // namespace interoper
