// The part of a plan that one of several machines runs: by a hash of each cell's id, so that it is the same everywhere and a new test
// moves no other cell.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "model/cell.hpp"
#include "model/record.hpp"

namespace interoper {

struct Shard {
  int index = 1;  // from 1
  int of = 1;
};

// "2/4", or what is wrong with the text (lower case).
std::variant<Shard, std::string> parse_shard(std::string_view text);

// Which of `of` shards runs the cell, from 1. The same on every machine and in every version: shards are merged later.
int shard_of(std::string_view cell_id, int of);

// Leaves the shard's cells in `cells`, in plan order, and says what a merge must know (but for plan_digest).
ShardRecord take_shard(const Shard& shard, std::vector<Cell>& cells);

}  // namespace interoper
