#include "base/tap_line.hpp"

#include <limits>

namespace interoper::tap_line {
namespace {

constexpr char escape_character = '\x1B';
constexpr std::size_t longest_key = 64;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool begins(std::string_view text, std::string_view lower_case) {
  if (text.size() < lower_case.size()) return false;
  for (std::size_t i = 0; i < lower_case.size(); ++i)
    if (lower(text[i]) != lower_case[i]) return false;
  return true;
}

std::string_view without_blanks_before(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  return first == std::string_view::npos ? std::string_view() : text.substr(first);
}

bool take(std::string_view& text, std::string_view word) {
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  return true;
}

// Digits at the start of `text`, removed from it. What does not fit is the largest number.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  constexpr std::uint64_t largest = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t number = 0;
  std::size_t length = 0;
  for (; length < text.size() && is_digit(text[length]); ++length) {
    const auto digit = static_cast<std::uint64_t>(text[length] - '0');
    number = number > (largest - digit) / 10 ? largest : number * 10 + digit;
  }
  if (length == 0) return std::nullopt;
  text.remove_prefix(length);
  return number;
}

// Finds the delimiter of a directive: the first unescaped `#` with blanks on both sides; an escaped backslash before it does as well
// (the specification's own example). Lenient: a `#` that lacks one of the two, when SKIP or TODO follows. One that lacks both is none in
// either mode: it may be the fragment of a URL, and a failure must not become a skip by chance.
void find_directive(std::string_view rest, TapMode mode, Point& point) {
  bool after_backslash = false;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    const bool escaped_backslash = after_backslash;
    after_backslash = false;
    if (rest[i] == '\\' && i + 1 < rest.size() && (rest[i + 1] == '\\' || rest[i + 1] == '#')) {
      after_backslash = rest[i + 1] == '\\';
      ++i;
      continue;
    }
    if (rest[i] != '#') continue;
    const bool before = i == 0 || is_blank(rest[i - 1]) || escaped_backslash;
    const bool after = i + 1 < rest.size() && is_blank(rest[i + 1]);
    std::string_view word = without_blanks_before(rest.substr(i + 1));
    const TapDirective directive = begins(word, "skip")   ? TapDirective::skip
                                   : begins(word, "todo") ? TapDirective::todo
                                                          : TapDirective::none;
    const bool odd = !(before && after);
    if (odd && directive == TapDirective::none) continue;
    if (odd) point.odd_directive = true;
    if (odd && (mode == TapMode::strict || !(before || after))) continue;
    if (directive != TapDirective::none) {
      point.directive = directive;
      std::size_t end = 4;  // SKIP, TODO; letters may follow: Skipped:
      while (end < word.size() && !is_blank(word[end]))
        ++end;
      point.reason = without_blanks(word.substr(end));
      point.description = without_blanks(rest.substr(0, i));
    }
    return;
  }
}

}  // namespace

std::string_view without_blanks(std::string_view text) {
  text = without_blanks_before(text);
  const std::size_t last = text.find_last_not_of(" \t");
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

std::optional<Point> point(std::string_view text, TapMode mode) {
  Point found;
  found.ok = !take(text, "not ");
  if (!take(text, "ok") || (!text.empty() && !is_blank(text[0]))) return std::nullopt;
  text = without_blanks(text);
  std::string_view behind = text;
  if (const auto number = take_number(behind); number && (behind.empty() || is_blank(behind[0]))) {
    found.number = number;
    text = without_blanks_before(behind);
  }
  if (!text.empty() && text[0] == '-' && (text.size() == 1 || is_blank(text[1]))) text = without_blanks_before(text.substr(1));
  if (mode == TapMode::lenient && text.ends_with('{') && (text.size() == 1 || is_blank(text[text.size() - 2]))) {
    found.opens = true;
    text = without_blanks(text.substr(0, text.size() - 1));
  }
  found.description = text;
  if (text.find('#') != std::string_view::npos) find_directive(text, mode, found);
  return found;
}

std::optional<Plan> plan(std::string_view text) {
  Plan found;
  const auto first = take_number(text);
  if (!first || !take(text, "..")) return std::nullopt;
  const auto last = take_number(text);
  if (!last) return std::nullopt;
  text = without_blanks(text);
  if (!text.empty()) {
    if (text[0] != '#') return std::nullopt;
    found.reason = without_blanks(text.substr(1));
  }
  found.first = *first;
  found.last = *last;
  return found;
}

std::optional<std::uint64_t> version(std::string_view text, TapMode mode) {
  constexpr std::string_view words = "TAP version ";
  if (mode == TapMode::lenient) {
    if (!begins(text, "tap version ")) return std::nullopt;
    text = without_blanks(text.substr(words.size()));
  } else if (!take(text, words)) {
    return std::nullopt;
  }
  const auto number = take_number(text);
  return text.empty() ? number : std::nullopt;
}

std::optional<Pragma> pragma(std::string_view text) {
  if (!take(text, "pragma ") || text.size() < 2 || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  const Pragma found{text.substr(1), text[0] == '+'};
  for (const char c : found.key)
    if (!is_letter(c) && !is_digit(c) && c != '_' && c != '-') return std::nullopt;
  return found;
}

std::optional<std::string_view> bail_out(std::string_view text) {
  constexpr std::string_view words = "bail out!";
  if (!begins(text, words)) return std::nullopt;
  return without_blanks(text.substr(words.size()));
}

std::optional<std::string_view> announcement(std::string_view comment, TapMode mode) {
  if (!take(comment, " Subtest")) return std::nullopt;
  if (mode == TapMode::lenient) take(comment, "s");
  if (comment.empty()) return comment;
  if (!take(comment, ": ")) return std::nullopt;
  return without_blanks(comment);
}

std::optional<std::size_t> key_end(std::string_view comment) {
  const std::size_t colon = comment.substr(0, longest_key + 1).find(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 >= comment.size() || !is_blank(comment[colon + 1])) return std::nullopt;
  for (const char c : comment.substr(0, colon))
    if (!is_letter(c) && !is_digit(c) && std::string_view(" _-./").find(c) == std::string_view::npos) return std::nullopt;
  return colon;
}

std::string unescaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == '\\' || text[i + 1] == '#')) ++i;
    out += text[i];
  }
  return out;
}

std::string without_escape_sequences(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != escape_character) {
      out += text[i];
      continue;
    }
    if (++i >= text.size()) break;
    if (text[i] == '[') {  // ECMA-48 §5.4: parameters, then one final byte
      ++i;
      while (i < text.size() && text[i] >= 0x20 && text[i] < 0x40)
        ++i;
    } else if (text[i] == ']') {  // up to BEL or ESC backslash
      while (i < text.size() && text[i] != '\x07' && text[i] != escape_character)
        ++i;
      if (i + 1 < text.size() && text[i] == escape_character) ++i;
    }
  }
  return out;
}

std::optional<Prefixed> prefixed(std::string_view text) {
  std::size_t end = 0;
  while (end < text.size() && (is_letter(text[end]) || is_digit(text[end]) || text[end] == '-' || text[end] == '_' || text[end] == '.'))
    ++end;
  const std::string_view name = text.substr(0, end);
  // Compose numbers its containers: client-1, client_1.
  const std::size_t number = name.find_last_not_of("0123456789");
  if (number == std::string_view::npos || number + 1 == name.size() || (name[number] != '-' && name[number] != '_')) return std::nullopt;
  std::string_view rest = text.substr(end);
  if (rest.empty() || !is_blank(rest[0])) return std::nullopt;
  rest = without_blanks_before(rest);
  if (!take(rest, "|")) return std::nullopt;
  take(rest, " ");
  return Prefixed{name, rest};
}

}  // namespace interoper::tap_line
