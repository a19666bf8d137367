// Recorded runs on the terminal: the cells of a report, and the timeline of one cell (`interoper show`).
// Text goes out piece by piece, so that a timeline of a million events takes no more memory than one of ten.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "reporters/event_filter.hpp"
#include "reporters/recording.hpp"
#include "reporters/terminal.hpp"

namespace interoper {

// A table: verdict, cell, duration, reason, blame; then what is absent in number, and the summary. With `verdicts`, only cells with one of
// these; how many others there are is said.
void show_cells(const Recording& recording, const std::vector<Verdict>& verdicts, const Style& style, const TextSink& sink);

// The cells that `name` means: the one with this id; else those that the glob (`*`, `?`, `[…]`) matches; else those whose id begins with
// it.
std::vector<const CellRecord*> find_cells(const RunRecord& run, std::string_view name);

// What of a timeline is shown.
struct TimelineView {
  int attempt = 0;  // 0: the one that decided, or the last
  EventFilter filter;
};

// What became of a cell, and the events of one attempt: on a terminal in a lane for each role (reporters/lanes.hpp).
// What is left out of a broken timeline, and why there is none, is said in the text.
void show_timeline(const Recording& recording, const CellRecord& cell, const TimelineView& view, const Style& style, const TextSink& sink);

// The same of an attempt that may still be going on, event by event as they come.
class TimelineFollower {
 public:
  // `recording` and `sink` must live as long as this.
  TimelineFollower(const Recording& recording, const CellRecord& cell, const TimelineView& view, const Style& style, const TextSink& sink);
  ~TimelineFollower();
  TimelineFollower(const TimelineFollower&) = delete;
  TimelineFollower& operator=(const TimelineFollower&) = delete;

  // Shows what has come since the last call; never waits. False when the attempt has not begun.
  bool show_more();
  // Its last event has been shown.
  bool is_over() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace interoper
