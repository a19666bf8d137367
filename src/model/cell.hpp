// A cell: one test with an implementation for each role and one set of parameters (interface §1, §4).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace interoper {

struct Casting {
  std::string role;
  std::string implementation;  // a name of the registry, or an image reference when the header names the image
  bool operator==(const Casting&) const = default;
};

using Params = std::vector<std::pair<std::string, std::string>>;  // in the header's order

// What is known of a cell beside its cast: what its roles share, how it is classed. `ROLE.url`, `ROLE.at` and others that begin with a
// role's name tell of how that role is played in this cell; templates read them as {ROLE.url}, the others as {label.NAME}.
using Labels = std::map<std::string, std::string>;

struct Cell {
  std::string id;
  std::string test;
  std::vector<Casting> cast;  // in the suite's role order
  Params params;
  Labels labels;
};

// Somebody else runs this role, somewhere: nothing is started for it. Said by the label `ROLE.at` = "remote"; `ROLE.url` says where.
bool is_remote(const Cell& cell, std::string_view role);

// One way in which implementations can meet, as a registry that knows more than names says it (versions, endpoints): a cell of each test.
struct Match {
  std::vector<Casting> cast;  // in the suite's role order
  Params params;
  Labels labels;
};

// A cell that cannot exist, or was filtered out, and why. Never dropped silently.
struct Absent {
  std::string test;
  std::vector<Casting> cast;
  std::string reason;
};

// Who can meet whom, when a registry says it; in the order of the plan.
struct Matching {
  std::vector<Match> matches;
  std::vector<Absent> absent;  // with the test `*`
};

struct Plan {
  std::vector<Cell> cells;  // in plan order: the order of `-j 1`
  std::vector<Absent> absent;
};

// `<test>~<implementation of each role>[~k=v…]` (interface §9). Characters other than letters, digits, `.`, `_`, `-`, `~`, `=`
// become `_`; a hash of the unchanged text is added when anything was replaced or the id is longer than 120 bytes.
std::string cell_id(std::string_view test, const std::vector<Casting>& cast, const Params& params);

// The implementation that plays `role`, empty when the cell has no such role.
std::string_view cast_in(const std::vector<Casting>& cast, std::string_view role);

// FNV-1a, 64 bit, as 8 hex digits of its folded value: short, stable across machines, not cryptographic.
std::string short_hash(std::string_view text);

}  // namespace interoper
