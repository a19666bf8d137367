// The content of report.json (interface §9; reports/README.md): a RunRecord as text, and back.
// Test headers and the suite's description are spliced in as they were written, so that no number in them is harmed.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/problem.hpp"
#include "model/record.hpp"

namespace interoper {

constexpr std::string_view report_schema = "interoper.report/1";

// Indented by one blank a level, ends with a newline. Same record, same bytes.
std::string report_text(const RunRecord& run);

// The record in the text of a report.json. Unknown keys are ignored, missing ones have their default. `file` is for messages.
// Nothing, and at least one error in `problems`, when the text is no JSON, of another schema, or has a value of the wrong kind;
// every wrong value is told with its line and column, up to a limit. Content is never trusted: paths in it are checked when they are used.
std::optional<RunRecord> read_report(std::string_view text, const std::string& file, Problems& problems);

// Parts of a report on one line, the same keys as in the file.
std::string cell_line(const CellRecord& cell);
std::string attempt_line(const AttemptRecord& attempt);
std::string summary_line(const Summary& summary);
// The plan of a run: {"run": …, "cells": [{id, test, roles, params, labels}], "absent": […]}
std::string plan_line(const RunRecord& run);

}  // namespace interoper
