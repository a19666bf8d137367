// A recorded run, or one of its cells, as a trace for ui.perfetto.dev and chrome://tracing: the JSON form of Chrome's trace events.
#pragma once

#include <vector>

#include "model/spec.hpp"
#include "reporters/recording.hpp"
#include "reporters/terminal.hpp"

namespace interoper {

// Cells over time: one slice an attempt, those that overlapped in different lanes; how many ran is a counter. The clock is the run's.
void write_run_trace(const Recording& recording, const TextSink& out);

// Roles over time: a process an attempt, a thread a role, whose life and start are slices and whose events are slices of no length;
// packets are flows from one role's event to another's, found by `match` (packet_matching.hpp). The clock is the first attempt's.
void write_cell_trace(const Recording& recording, const CellRecord& cell, const std::vector<ObjectKind>& objects,
                      const std::vector<MatchRule>& match, const TextSink& out);

}  // namespace interoper
