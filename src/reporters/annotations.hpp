// What GitHub shows beside the lines of a change: workflow commands for what did not pass (docs/reports.md).
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "reporters/recording.hpp"
#include "reporters/terminal.hpp"

namespace interoper {

// GitHub shows no more of one kind a step.
constexpr std::size_t most_annotations = 10;

// Where a test stands, as GitHub names files.
struct AnnotatedPlace {
  std::string file;  // relative to the repository; empty = nowhere
  std::size_t line = 1;
};

// One line for each kind of failure (test, reason, who is blamed), the worst and the most frequent first, at most `most_annotations`; the
// last says how many kinds there are beyond. `place_of` is told a test's file as the report has it.
void write_annotations(const Recording& recording, const std::function<AnnotatedPlace(const std::string& file)>& place_of,
                       const TextSink& out);

// GitHub obeys commands that stand in a log, whoever wrote them: `::error::…` at the beginning of a line and `##[…]` anywhere. A sink that
// passes on whole lines to `out` so that they are text. It must be told whole lines.
TextSink without_workflow_commands(TextSink out);

}  // namespace interoper
