#include "base/placeholders.hpp"

#include <cctype>

namespace interoper {
namespace {

bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }
bool is_name_character(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-'; }

// The end of the name that starts at `at`, or `at` when there is none.
std::size_t end_of_name(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (true) {
    if (end >= text.size() || !is_letter(text[end])) return at;
    while (end < text.size() && is_name_character(text[end]))
      ++end;
    if (end >= text.size() || text[end] != '.') return end;
    ++end;
  }
}

}  // namespace

std::vector<Placeholder> placeholders_in(std::string_view text) {
  std::vector<Placeholder> found;
  for (std::size_t open = text.find('{'); open != std::string_view::npos; open = text.find('{', open + 1)) {
    const std::size_t name_end = end_of_name(text, open + 1);
    if (name_end == open + 1 || name_end >= text.size()) continue;
    Placeholder placeholder{open, 0, std::string(text.substr(open + 1, name_end - open - 1)), std::nullopt};
    std::size_t close = name_end;
    if (text[name_end] == '|') {
      close = text.find('}', name_end);
      if (close == std::string_view::npos) continue;
      placeholder.otherwise = std::string(text.substr(name_end + 1, close - name_end - 1));
    } else if (text[name_end] != '}') {
      continue;
    }
    placeholder.size = close + 1 - open;
    found.push_back(std::move(placeholder));
    open = close;
  }
  return found;
}

std::variant<std::string, UnknownName> fill_in(std::string_view text, const Lookup& lookup) {
  std::string filled;
  std::size_t copied = 0;
  for (const Placeholder& placeholder : placeholders_in(text)) {
    std::optional<std::string> value = lookup(placeholder.name);
    if (!value) value = placeholder.otherwise;
    if (!value) return UnknownName{placeholder.name, placeholder.offset};
    filled.append(text.substr(copied, placeholder.offset - copied)).append(*value);
    copied = placeholder.offset + placeholder.size;
  }
  return filled.append(text.substr(copied));
}

}  // namespace interoper
