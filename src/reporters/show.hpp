// Recorded runs on the terminal: the cells of a report, and the timeline of one cell (`interoper show`).
// Text goes out piece by piece, so that a timeline of a million events takes no more memory than one of ten.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reporters/recording.hpp"
#include "reporters/terminal.hpp"

namespace interoper {

// A table: verdict, cell, duration, reason, blame; then what is absent in number, and the summary.
void show_cells(const Recording& recording, const Style& style, const TextSink& sink);

// The cells that `name` means: the one with this id; else those that the glob (`*`, `?`, `[…]`) matches; else those whose id begins with
// it.
std::vector<const CellRecord*> find_cells(const RunRecord& run, std::string_view name);

// What became of a cell, and the events of one attempt: time, role, type, and what it says. `attempt` 0: the one that decided, or the last.
// On a terminal a line is cut at its end, elsewhere only what is absurdly long.
// What is left out of a broken timeline, and why there is none, is said in the text.
void show_timeline(const Recording& recording, const CellRecord& cell, int attempt, const Style& style, const TextSink& sink);

}  // namespace interoper
