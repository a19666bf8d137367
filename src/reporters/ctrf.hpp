// A recorded run in the Common Test Report Format (https://ctrf.io), one test a cell.
#pragma once

#include "reporters/evidence.hpp"
#include "reporters/recording.hpp"
#include "reporters/terminal.hpp"

namespace interoper {

// Cells stand in plan order, each on a line of its own. Same recording, same bytes.
void write_ctrf(const Recording& recording, Evidence& evidence, const TextSink& out);

}  // namespace interoper
