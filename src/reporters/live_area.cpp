#include "reporters/live_area.hpp"

#include <algorithm>

namespace interoper {
namespace {

std::size_t rows_of(const std::vector<AreaLine>& lines, std::size_t columns) {
  std::size_t rows = 0;
  for (const AreaLine& line : lines)
    rows += columns == 0 ? 1 : std::max<std::size_t>(1, (line.columns + columns - 1) / columns);
  return rows;
}

}  // namespace

std::string LiveArea::draw(std::string_view above, const std::vector<AreaLine>& lines, std::size_t columns) {
  if (above.empty() && lines == drawn_) return "";
  std::string bytes;
  if (!drawn_.empty()) {
    const std::size_t rows = rows_of(drawn_, columns);
    bytes += '\r';
    if (rows > 1) bytes += "\x1b[" + std::to_string(rows - 1) + "A";
  }
  // Lines over lines do not flicker: the rest of each is cleared behind it. Text that stays needs a clean place.
  if (!drawn_.empty() && (!above.empty() || lines.empty())) bytes += "\x1b[J";
  bytes += above;
  for (std::size_t i = 0; i < lines.size(); ++i)
    bytes += (i == 0 ? "" : "\n") + lines[i].text + "\x1b[K";
  if (!drawn_.empty() && !lines.empty()) bytes += "\x1b[J";
  drawn_ = lines;
  return bytes;
}

}  // namespace interoper
