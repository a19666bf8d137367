#include "reporters/failure_kinds.hpp"

#include <map>
#include <string>
#include <string_view>
#include <tuple>

namespace interoper {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_quote(char c) { return c == '"' || c == '\'' || c == '`'; }

// Each number, and each text between two equal quotes, is left out: values differ from cell to cell where the fault is one.
std::string pattern_of(std::string_view message) {
  std::string pattern;
  std::size_t i = 0;
  while (i < message.size()) {
    const char c = message[i];
    const std::size_t closing = is_quote(c) ? message.find(c, i + 1) : std::string_view::npos;
    if (closing != std::string_view::npos) {
      pattern += c;
      i = closing + 1;
    } else if (is_digit(c)) {
      pattern += '0';
      while (i < message.size() && is_digit(message[i]))
        ++i;
    } else {
      pattern += c;
      ++i;
    }
  }
  return pattern;
}

}  // namespace

std::vector<FailureKind> failure_kinds(const std::vector<const CellRecord*>& cells, Across across) {
  std::vector<FailureKind> kinds;
  std::map<std::tuple<std::string, Verdict, std::string, std::string, std::string, std::string>, std::size_t> places;
  for (const CellRecord* const cell : cells) {
    const std::string test = across == Across::one_test ? cell->cell.test : "";
    const std::string role = cell->blame ? cell->blame->role : "";
    const std::string implementation = cell->blame ? cell->blame->implementation : "";
    const auto [place, is_new] =
        places.try_emplace({test, cell->verdict, cell->reason, role, implementation, pattern_of(cell->message)}, kinds.size());
    if (is_new) kinds.push_back({cell, 0});
    ++kinds[place->second].cells;
  }
  return kinds;
}

}  // namespace interoper
