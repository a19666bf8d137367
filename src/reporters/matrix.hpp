// Who understands whom: a table of the first two roles' implementations, for runs of many against many.
#pragma once

#include <string>

#include "model/record.hpp"
#include "reporters/terminal.hpp"

namespace interoper {

// "" when a table would say nothing that a list does not (fewer than two rows or columns), or would not fit. Else lines, each with its
// newline. A field is what matrix_field says of the pair's cells.
std::string matrix_text(const RunRecord& run, const Style& style);

// "✔ 12" when all passed, "✘ 5/7" when not, with the sign of the worst verdict; "○" when the pair could show nothing (unsupported), ""
// without a cell. Counted are cells, or their tests where they have results: in suites whose programs run all tests at once.
std::string matrix_field(const std::vector<const CellRecord*>& cells, const Style& style);

}  // namespace interoper
