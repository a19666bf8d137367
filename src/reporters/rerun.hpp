// The command that runs one cell of a run again: what a person types next.
#pragma once

#include <string>

#include "model/record.hpp"

namespace interoper {

// As a shell reads it: the run's own command with its options, its selection replaced by this cell. Empty when the run was not started
// by `test` or `tournament`, or when the cell is not known by names that can be selected.
std::string rerun_command(const RunRecord& run, const Cell& cell);

}  // namespace interoper
