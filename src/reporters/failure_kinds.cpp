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

// A flaky cell passed: what it says is what went wrong before.
const std::string& message_of(const CellRecord& cell) {
  if (!cell.message.empty()) return cell.message;
  for (const AttemptRecord& attempt : cell.attempts) {
    if (attempt.judgement.verdict != Verdict::passed) return attempt.judgement.message;
  }
  return cell.message;
}

}  // namespace

std::vector<std::size_t> kind_indices(const std::vector<const CellRecord*>& cells, Across across) {
  std::vector<std::size_t> indices;
  std::map<std::tuple<std::string, Verdict, std::string, std::string, std::string, std::string>, std::size_t> known;
  for (const CellRecord* const cell : cells) {
    const std::string test = across == Across::one_test ? cell->cell.test : "";
    const std::string role = cell->blame ? cell->blame->role : "";
    const std::string implementation = cell->blame ? cell->blame->implementation : "";
    const auto [place, is_new] =
        known.try_emplace({test, cell->verdict, cell->reason, role, implementation, pattern_of(message_of(*cell))}, known.size());
    indices.push_back(place->second);
  }
  return indices;
}

std::vector<FailureKind> failure_kinds(const std::vector<const CellRecord*>& cells, Across across) {
  std::vector<FailureKind> kinds;
  const std::vector<std::size_t> indices = kind_indices(cells, across);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (indices[i] == kinds.size()) kinds.push_back({cells[i], 0});
    ++kinds[indices[i]].cells;
  }
  return kinds;
}

}  // namespace interoper
