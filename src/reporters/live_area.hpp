// A few lines at the bottom of a terminal that are drawn again and again while other text goes on above them. It writes nothing: it says
// which bytes do it. The terminal is only asked to move up, to return and to clear, which all of them can.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace interoper {

struct AreaLine {
  std::string text;  // with colours, without newline
  std::size_t columns = 0;
  bool operator==(const AreaLine&) const = default;
};

class LiveArea {
 public:
  // Puts `above` (whole lines) where the area stands, and `lines` beneath it; without lines the area is gone. `columns`: how wide the
  // terminal is now; when it became narrower, it has broken the lines that stand there. "" when nothing changes.
  std::string draw(std::string_view above, const std::vector<AreaLine>& lines, std::size_t columns);

  bool is_drawn() const { return !drawn_.empty(); }

 private:
  std::vector<AreaLine> drawn_;
};

}  // namespace interoper
