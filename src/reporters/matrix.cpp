#include "reporters/matrix.hpp"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "base/visible.hpp"
#include "reporters/axis.hpp"
#include "reporters/told.hpp"

namespace interoper {
namespace {

// Where nobody says how wide the place is: more is no table but a wall.
constexpr std::size_t usual_columns = 160;
// More rows than this have scrolled away.
constexpr std::size_t most_rows = 60;

// What a pair showed: its cells, or the results in them where a cell is a run of many tests.
struct Tally {
  int passed = 0;
  int shown = 0;  // that showed something, or should have
  int cells = 0;
  Verdict worst = Verdict::passed;  // of the cells that were supported

  void add(const CellRecord& cell) {
    ++cells;
    if (cell.verdict == Verdict::unsupported) return;
    if (badness(cell.verdict) > badness(worst)) worst = cell.verdict;
    const std::vector<Verdict> tests = test_verdicts(cell);
    for (const Verdict verdict : tests)
      count(verdict);
    if (tests.empty()) count(cell.verdict);
  }
  void count(Verdict verdict) {
    if (verdict != Verdict::unsupported) ++shown;
    if (verdict == Verdict::passed) ++passed;
  }
};

std::string field(const Tally& tally, const Style& style) {
  if (tally.cells == 0) return "";
  if (tally.shown == 0) return std::string(glyph(Verdict::unsupported, style));
  const bool all = tally.passed == tally.shown;
  const std::string number =
      std::to_string(tally.passed) + (all && tally.worst == Verdict::passed ? "" : "/" + std::to_string(tally.shown));
  return std::string(glyph(tally.worst, style)) + " " + number;
}

Colour colour_of(const Tally& tally) {
  if (tally.shown == 0) return Colour::dim;
  return tally.worst == Verdict::passed ? Colour::green : Colour::red;
}

class Matrix {
 public:
  explicit Matrix(const RunRecord& run) {
    for (const CellRecord& cell : run.cells) {
      if (cell.cell.cast.size() < 2) continue;
      const Casting& row = cell.cell.cast[0];
      const Casting& column = cell.cell.cast[1];
      row_role_ = row.role;
      column_role_ = column.role;
      tallies_[{rows_.place(row.implementation), columns_.place(column.implementation)}].add(cell);
    }
  }

  std::string text(const Style& style) const {
    if (rows_.names.size() < 2 || columns_.names.size() < 2 || rows_.names.size() > most_rows) return "";
    const auto shown = [&](const std::string& name) { return visible(name, !style.utf8); };
    const std::string corner = shown(row_role_) + " \\ " + shown(column_role_);
    std::vector<std::size_t> widths = {columns_of(corner)};
    for (const std::string& row : rows_.names)
      widths[0] = std::max(widths[0], columns_of(shown(row)));
    std::size_t all = widths[0];
    for (std::size_t column = 0; column < columns_.names.size(); ++column) {
      widths.push_back(columns_of(shown(columns_.names[column])));
      for (std::size_t row = 0; row < rows_.names.size(); ++row)
        widths.back() = std::max(widths.back(), columns_of(field(tally(row, column), style)));
      all += 2 + widths.back();
    }
    if (all > (style.columns == 0 ? usual_columns : style.columns)) return "";

    std::string line = padded(corner, widths[0]);
    for (std::size_t column = 0; column < columns_.names.size(); ++column)
      line += "  " + padded(shown(columns_.names[column]), widths[column + 1]);
    std::string lines = without_blanks_behind(line) + "\n";
    for (std::size_t row = 0; row < rows_.names.size(); ++row) {
      line = padded(shown(rows_.names[row]), widths[0]);
      for (std::size_t column = 0; column < columns_.names.size(); ++column) {
        const Tally& here = tally(row, column);
        const std::string text = field(here, style);
        const std::string blanks(widths[column + 1] - columns_of(text), ' ');
        line += "  " + (text.empty() ? "" : paint(colour_of(here), text, style)) + blanks;
      }
      lines += without_blanks_behind(line) + "\n";
    }
    return lines;
  }

 private:
  const Tally& tally(std::size_t row, std::size_t column) const {
    static const Tally none;
    const auto found = tallies_.find({row, column});
    return found == tallies_.end() ? none : found->second;
  }
  std::string row_role_, column_role_;
  Axis rows_, columns_;
  std::map<std::pair<std::size_t, std::size_t>, Tally> tallies_;
};

}  // namespace

std::string matrix_field(const std::vector<const CellRecord*>& cells, const Style& style) {
  Tally tally;
  for (const CellRecord* cell : cells)
    tally.add(*cell);
  return field(tally, style);
}

std::string matrix_text(const RunRecord& run, const Style& style) { return Matrix(run).text(style); }

}  // namespace interoper
