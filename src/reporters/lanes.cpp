#include "reporters/lanes.hpp"

#include <algorithm>

#include "base/visible.hpp"
#include "reporters/brief.hpp"

namespace interoper {
namespace {

constexpr std::size_t widest_role = 16;  // of a list; longer names push their line
constexpr std::size_t widest_type = 24;
constexpr std::size_t longest_name = 200;    // bytes
constexpr std::size_t longest_event = 4096;  // bytes of one event where no terminal limits it
constexpr std::size_t time_columns = 9;      // "+3599.999"
constexpr std::size_t least_lane_columns = 20;
constexpr std::size_t most_rows = 8;  // of the event that decided
constexpr std::size_t mark_columns = 2;

// Takes from `text` what fits in so many columns.
std::string take_columns(std::string_view& text, std::size_t columns) {
  std::size_t bytes = std::min(columns, text.size());
  // A first guess that every character is one byte, then as many more as fit.
  while (bytes < text.size()) {
    std::size_t next = bytes + 1;
    while (next < text.size() && (static_cast<unsigned char>(text[next]) & 0xC0U) == 0x80)
      ++next;
    if (columns_of(text.substr(0, next)) > columns) break;
    bytes = next;
  }
  while (bytes > 0 && (columns_of(text.substr(0, bytes)) > columns ||
                       (bytes < text.size() && (static_cast<unsigned char>(text[bytes]) & 0xC0U) == 0x80)))
    --bytes;
  std::string taken(text.substr(0, bytes));
  text.remove_prefix(bytes);
  return taken;
}

}  // namespace

Lanes::Lanes(const std::vector<Lane>& lanes, const Style& style) : style_(style), lanes_(lanes) {
  for (const Lane& lane : lanes_) {
    places_.emplace(lane.role, places_.size());
    role_columns_ = std::max(role_columns_, columns_of(visible(lane.role, !style_.utf8, longest_name)));
  }
  role_columns_ = std::min(role_columns_, widest_role);
  if (style_.columns == 0 || lanes_.empty()) return;
  const std::size_t left = mark_columns + time_columns + 1;
  const std::size_t room = style_.columns > left ? style_.columns - left : 0;
  const std::size_t each = room / lanes_.size();  // with the line between them and a blank
  if (each >= least_lane_columns + 2) lane_columns_ = each - 2;
}

std::string Lanes::head() const {
  if (!has_columns()) return "";
  std::string line(mark_columns + time_columns + 1, ' ');
  for (const Lane& lane : lanes_) {
    const std::string name = visible(lane.role, !style_.utf8, longest_name) +
                             (lane.implementation.empty() ? "" : ": " + visible(lane.implementation, !style_.utf8, longest_name));
    const std::string shown = cut_to_columns(name, lane_columns_, !style_.utf8);
    line += paint(Colour::dim, style_.utf8 ? "│ " : "| ", style_) + paint(Colour::bold, shown, style_) +
            std::string(lane_columns_ - columns_of(shown), ' ');
  }
  return without_blanks_behind(line) + "\n";
}

// "● exchange.opened {"peer":…}" for what a process says, "○ started" for what the engine saw; a log without its word, so that it reads
// like a log.
std::string Lanes::text_of(const Event& event, bool decided) const {
  const std::size_t limit = lane_columns_ * (decided ? most_rows : 1) + longest_name;
  const std::string brief = brief_of(event.type, event.line, style_, limit);
  if (event.type == "log") return "  " + brief;
  const char* const dot = event.by_engine ? (style_.utf8 ? "○ " : "o ") : (style_.utf8 ? "● " : "* ");
  return dot + visible(event.type, !style_.utf8, longest_name) + (brief.empty() ? "" : " " + brief);
}

// What concerns no single role stands across the lanes.
std::string Lanes::across(const Event& event, bool decided) const {
  std::string line = (decided ? "> " : "  ") + padded_left("+" + seconds_text(event.us, 3), time_columns) + " " +
                     (style_.utf8 ? "├ " : "+ ") + visible(event.type, !style_.utf8, longest_name) + " " +
                     brief_of(event.type, event.line, style_, style_.columns);
  line = cut_to_columns(without_blanks_behind(std::move(line)), style_.columns, !style_.utf8);
  return paint(decided ? Colour::bold : Colour::dim, line, style_) + "\n";
}

std::string Lanes::in_lane(const Event& event, std::size_t lane, bool decided) const {
  const std::string text = text_of(event, decided);
  const std::string bar = paint(Colour::dim, style_.utf8 ? "│ " : "| ", style_);
  const std::string blank(lane_columns_, ' ');
  std::string before;
  for (std::size_t i = 0; i < lane; ++i)
    before.append(bar).append(blank);
  before += bar;
  std::string after;  // only what separates: blanks at the end of a line are for nobody
  for (std::size_t i = lane + 1; i < lanes_.size(); ++i)
    after.append(bar).append(i + 1 < lanes_.size() ? blank : "");
  const std::size_t columns = lane_columns_ - 1;  // a blank before the next lane
  std::string rows;
  std::string_view rest = text;
  for (std::size_t row = 0; row == 0 || (decided && !rest.empty() && row < most_rows); ++row) {
    const bool last = !decided || row + 1 == most_rows;
    std::string piece = last ? cut_to_columns(rest, columns, !style_.utf8) : take_columns(rest, columns);
    if (piece.empty()) break;
    const std::string fill(lane_columns_ - columns_of(piece), ' ');
    const std::string time = row == 0 ? (decided ? "> " : "  ") + padded_left("+" + seconds_text(event.us, 3), time_columns) + " "
                                      : std::string(mark_columns + time_columns + 1, ' ');
    const bool is_log = event.type == "log";
    const std::string shown = decided           ? paint(Colour::bold, piece, style_)
                              : is_log          ? piece
                              : event.by_engine ? paint(Colour::dim, piece, style_)
                                                : paint(Colour::cyan, piece, style_);
    rows += without_blanks_behind((decided ? paint(Colour::bold, time, style_) : paint(Colour::dim, time, style_)) + before + shown + fill +
                                  after) +
            "\n";
  }
  return rows;
}

// "  +1.916666  driver  exited                    {"exit_code":3}"
std::string Lanes::listed(const Event& event, bool decided) const {
  const std::size_t limit = style_.columns == 0 ? longest_event : style_.columns * 4;
  std::string line = (decided ? "> " : "  ") + padded_left("+" + seconds_text(event.us, 6), 12) + "  " +
                     padded(visible(event.role, !style_.utf8, longest_name), role_columns_) + "  ";
  if (event.type == "log")
    line += style_.utf8 ? "│ " : "| ";
  else
    line += padded(visible(event.type, !style_.utf8, longest_name), widest_type) + "  ";
  line = without_blanks_behind(line + brief_of(event.type, event.line, style_, limit));
  if (style_.columns != 0) line = cut_to_columns(line, style_.columns, !style_.utf8);
  return (decided ? paint(Colour::bold, line, style_) : line) + "\n";
}

std::string Lanes::rows(const Event& event, bool decided) const {
  if (!has_columns()) return listed(event, decided);
  const auto place = places_.find(event.role);
  return place == places_.end() ? across(event, decided) : in_lane(event, place->second, decided);
}

}  // namespace interoper
