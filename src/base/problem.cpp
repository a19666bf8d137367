#include "base/problem.hpp"

#include <algorithm>
#include <numeric>

#include "base/visible.hpp"

namespace interoper {
namespace {

// A longer line is a generated one, where the caret's line would fill the screen; it is cut around the column.
constexpr std::size_t longest_shown = 160;  // characters
constexpr std::size_t shown_before = 100;   // of them in front of the column

bool starts_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }

std::size_t count_characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), starts_character));
}

// Byte offset of the character with this number (from 0), or the end.
std::size_t offset_of(std::string_view text, std::size_t character) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!starts_character(text[i])) continue;
    if (character == 0) return i;
    --character;
  }
  return text.size();
}

struct Excerpt {
  std::string text;
  std::size_t column;  // from 1, within `text`
};

Excerpt excerpt(std::string_view line, std::size_t column) {
  const std::size_t length = count_characters(line);
  if (length <= longest_shown) return {std::string(line), column};
  const std::size_t first = column > shown_before ? column - shown_before : 0;
  const std::size_t last = std::min(length, first + longest_shown);
  const std::size_t begin = offset_of(line, first);
  const std::string_view piece = line.substr(begin, offset_of(line, last) - begin);
  const bool cut_front = first != 0;
  return {(cut_front ? "…" : "") + std::string(piece) + (last < length ? "…" : ""), column - first + (cut_front ? 1 : 0)};
}

// As it may be shown: tabs take one column, so that the caret stands under its character whatever a terminal makes of them.
std::string shown_text(std::string text) {
  std::replace(text.begin(), text.end(), '\t', ' ');
  return visible(text);
}

}  // namespace

std::string render(const Problem& problem) {
  std::string out;
  if (!problem.file.empty()) out += visible(problem.file) + ":";
  if (problem.line != 0) {
    out += std::to_string(problem.line) + ":";
    if (problem.column != 0) out += std::to_string(problem.column) + ":";
  }
  if (!out.empty()) out += " ";
  out += problem.severity == Problem::Severity::error ? "error: " : "warning: ";
  out += visible(problem.what) + "\n";
  if (problem.line != 0 && problem.column != 0 && !problem.source_line.empty()) {
    const Excerpt shown = excerpt(problem.source_line, problem.column);
    const std::string before = shown_text(shown.text.substr(0, offset_of(shown.text, shown.column - 1)));
    out += "  " + shown_text(shown.text) + "\n  " + std::string(columns_of(before), ' ') + "^\n";
  }
  if (!problem.help.empty()) out += "  help: " + visible(problem.help) + "\n";
  return out;
}

std::string render(const Problems& problems) {
  std::string out;
  for (const Problem& problem : problems)
    out += render(problem);
  return out;
}

bool has_errors(const Problems& problems) {
  return std::any_of(problems.begin(), problems.end(), [](const Problem& problem) { return problem.severity == Problem::Severity::error; });
}

Position position_at(std::string_view text, std::size_t offset) {
  offset = std::min(offset, text.size());
  const std::string_view before = text.substr(0, offset);
  const std::size_t newline = before.rfind('\n');
  const std::size_t begin = newline == std::string_view::npos ? 0 : newline + 1;
  Position position;
  position.line = 1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
  position.column = 1 + count_characters(before.substr(begin));
  position.text = text.substr(begin, std::min(text.find('\n', offset), text.size()) - begin);
  if (!position.text.empty() && position.text.back() == '\r') position.text.remove_suffix(1);
  return position;
}

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  std::size_t best = std::max<std::size_t>(1, word.size() / 3) + 1;
  std::string found;
  for (const std::string& candidate : candidates) {
    // Optimal string alignment with three rows: two letters that changed places are one edit, as people mistype.
    std::vector<std::size_t> earlier(candidate.size() + 1);
    std::vector<std::size_t> above(candidate.size() + 1);
    std::vector<std::size_t> row(candidate.size() + 1);
    std::iota(above.begin(), above.end(), std::size_t{0});
    for (std::size_t i = 1; i <= word.size(); ++i) {
      row[0] = i;
      for (std::size_t j = 1; j <= candidate.size(); ++j) {
        const std::size_t change = word[i - 1] == candidate[j - 1] ? 0 : 1;
        row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + change});
        const bool swapped = i > 1 && j > 1 && word[i - 1] == candidate[j - 2] && word[i - 2] == candidate[j - 1];
        if (swapped) row[j] = std::min(row[j], earlier[j - 2] + 1);
      }
      std::swap(earlier, above);
      std::swap(above, row);
    }
    if (above.back() < best) {
      best = above.back();
      found = candidate;
    }
  }
  return found;
}

}  // namespace interoper
