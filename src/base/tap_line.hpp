// What one line of TAP says by itself, without the lines around it: the grammar of base/tap. Texts are views of the line, still escaped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/tap.hpp"

namespace interoper::tap_line {

inline bool is_blank(char c) { return c == ' ' || c == '\t'; }
std::string_view without_blanks(std::string_view text);  // at both ends

struct Point {
  bool ok = false;
  std::optional<std::uint64_t> number;  // the largest of its type when it is larger
  std::string_view description;
  TapDirective directive = TapDirective::none;
  std::string_view reason;
  bool odd_directive = false;  // looks like a directive, but is not set off by blanks
  bool opens = false;          // ends in `{` (lenient)
};

struct Plan {
  std::uint64_t first = 0, last = 0;
  std::string_view reason;
};

struct Pragma {
  std::string_view key;
  bool on = false;
};

// Each: the line without its indentation; nothing when it is no such line.
std::optional<Point> point(std::string_view text, TapMode mode);
std::optional<Plan> plan(std::string_view text);
std::optional<std::uint64_t> version(std::string_view text, TapMode mode);
std::optional<Pragma> pragma(std::string_view text);
std::optional<std::string_view> bail_out(std::string_view text);  // the reason

// The name in `# Subtest: NAME` (without the `#`), empty in `# Subtest`. Lenient: `# Subtests: NAME` too.
std::optional<std::string_view> announcement(std::string_view comment, TapMode mode);

// Where `key: value` divides: the offset of the colon.
std::optional<std::size_t> key_end(std::string_view comment);

// `\#` and `\\` as what they stand for.
std::string unescaped(std::string_view text);

// Without the sequences that colour or erase on a terminal.
std::string without_escape_sequences(std::string_view text);

// `name-1  | rest`, as Docker Compose writes in front of each line of a container.
struct Prefixed {
  std::string_view name, rest;
};
std::optional<Prefixed> prefixed(std::string_view text);

}  // namespace interoper::tap_line
