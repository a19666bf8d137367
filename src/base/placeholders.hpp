// `{name}` in a text, replaced by what the name stands for; `{name|default}` has a default. Only what looks like a name is one:
// `{"a": 1}`, `{}` and `{ x }` stay as they are. Not a template language: no nesting, no expressions.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace interoper {

// A name is [A-Za-z][A-Za-z0-9_-]* parts joined by dots: `test`, `param.hold`, `relay.url`.
struct Placeholder {
  std::size_t offset = 0;  // of its `{`
  std::size_t size = 0;    // with both braces
  std::string name;
  std::optional<std::string> otherwise;  // after `|`
};

std::vector<Placeholder> placeholders_in(std::string_view text);

// What a name stands for; nothing when it stands for nothing.
using Lookup = std::function<std::optional<std::string>(std::string_view name)>;

struct UnknownName {
  std::string name;
  std::size_t offset = 0;
};

// The text with every placeholder replaced, or the first name that stands for nothing and has no default.
std::variant<std::string, UnknownName> fill_in(std::string_view text, const Lookup& lookup);

}  // namespace interoper
