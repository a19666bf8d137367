// What a person types next: the command that runs one cell of a run again, and the one that shows what happened in it.
#pragma once

#include <string>

#include "model/record.hpp"

namespace interoper {

// As a shell reads it: the run's own command with its options, its selection replaced by this cell. Empty when the run was not started
// by `test` or `tournament`, or when the cell is not known by names that can be selected.
// The seed is named, so that what a role makes of it comes again too.
std::string rerun_command(const RunRecord& run, const Cell& cell);

// `interoper show RUN CELL`, with what the run's own command says of where its report is.
std::string show_command(const RunRecord& run, const Cell& cell);

}  // namespace interoper
