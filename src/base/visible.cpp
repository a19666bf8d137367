#include "base/visible.hpp"

#include <utf8proc.h>

#include <algorithm>
#include <cstdint>

namespace interoper {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

struct Character {
  std::size_t length = 0;  // bytes; 0 = no UTF-8 here
  char32_t code = 0;
};

// RFC 3629 §4: the shortest form only, no surrogates, nothing above U+10FFFF.
Character character_at(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return {1, lead};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return {};
  char32_t code = lead & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) return {};
    code = (code << 6) | (byte(i) & 0x3FU);
  }
  const char32_t least = length == 2 ? 0x80 : length == 3 ? 0x800 : 0x10000;
  if (code < least || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return {};
  return {length, code};
}

// C1 controls, what is no character at all, line and paragraph separators, what changes the direction of writing, and what has no width but
// is no joiner of letters.
bool is_hidden(char32_t code) {
  return (code >= 0x80 && code <= 0x9F) || code == 0xAD || code == 0x61C || code == 0x180E || code == 0x200B || code == 0x200E ||
         code == 0x200F || (code >= 0x2028 && code <= 0x202E) || (code >= 0x2060 && code <= 0x206F) || code == 0xFEFF ||
         (code >= 0xFFF9 && code <= 0xFFFB) || (code & 0xFFFEU) == 0xFFFEU || (code >= 0xE0000 && code <= 0xE007F);
}

// Moves on by one character, and says how many columns it takes; a byte that is none takes one.
std::size_t take_character(std::string_view& text) {
  const auto first = static_cast<unsigned char>(text.front());
  const auto [length, code] = first < 0x80 ? Character{1, first} : character_at(text);
  text.remove_prefix(std::max<std::size_t>(length, 1));
  if (length <= 1) return 1;
  return static_cast<std::size_t>(std::max(utf8proc_charwidth(static_cast<utf8proc_int32_t>(code)), 0));
}

void append_byte(std::string& out, unsigned char byte) {
  out += "\\x";
  out += hex_digits[byte >> 4];
  out += hex_digits[byte & 15];
}

void append_code(std::string& out, char32_t code) {
  out += "\\u{";
  int shift = 20;
  while (shift > 0 && (code >> shift) == 0)
    shift -= 4;
  for (; shift >= 0; shift -= 4)
    out += hex_digits[(code >> shift) & 15];
  out += '}';
}

void append_control(std::string& out, unsigned char byte) {
  switch (byte) {
    case 0x1B: out += "\\e"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    case '\0': out += "\\0"; return;
    default: append_byte(out, byte);
  }
}

}  // namespace

std::string visible(std::string_view text, bool ascii, std::size_t limit_bytes) {
  std::string out;
  while (!text.empty()) {
    if (out.size() >= limit_bytes) {
      out += ascii ? "..." : "\xE2\x80\xA6";
      break;
    }
    const auto [length, code] = character_at(text);
    if (length == 0) {
      append_byte(out, static_cast<unsigned char>(text[0]));
      text.remove_prefix(1);
      continue;
    }
    if (code < 0x20 || code == 0x7F) {
      append_control(out, static_cast<unsigned char>(code));
    } else if (length > 1 && (ascii || is_hidden(code))) {
      append_code(out, code);
    } else {
      out.append(text.substr(0, length));
    }
    text.remove_prefix(length);
  }
  return out;
}

std::size_t columns_of(std::string_view text) {
  std::size_t columns = 0;
  while (!text.empty())
    columns += take_character(text);
  return columns;
}

std::string cut_to_columns(std::string_view text, std::size_t columns, bool ascii) {
  if (columns_of(text) <= columns) return std::string(text);
  const std::string_view mark = std::string_view(ascii ? "..." : "\u2026").substr(0, ascii ? columns : std::string_view::npos);
  if (columns == 0) return "";
  const std::size_t room = columns - columns_of(mark);
  std::size_t used = 0;
  std::string_view rest = text;
  while (true) {
    std::string_view next = rest;
    const std::size_t width = take_character(next);
    if (used + width > room) break;
    used += width;
    rest = next;
  }
  return std::string(text.substr(0, text.size() - rest.size())) + std::string(mark);
}

}  // namespace interoper
