// Joins the reports of a run's shards to the one that the whole run would have left, but for times. Pure: looks at records, at no disk.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/problem.hpp"
#include "model/record.hpp"

namespace interoper {

struct Part {
  std::string name;  // the report as the user would write it, for messages
  RunRecord run;
};

struct Merged {
  RunRecord run;                  // its id is the first part's, its exit_code 0: neither is known here
  std::vector<std::size_t> from;  // for each cell of the run, the part that it comes from
  Problems warnings;
};

// The run, or every reason why these are not the shards of one run: another suite, seed, source, version or plan, a shard that
// is missing or there twice, cells that overlap.
std::variant<Merged, Problems> merge_parts(std::vector<Part> parts);

}  // namespace interoper
