// Which cells there are, and why the others are not (interface §4). Pure: looks at no image, no runtime, no disk.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/cell.hpp"
#include "model/implementation.hpp"
#include "model/spec.hpp"

namespace interoper {

// What the user asked for (interface §8, SELECTION). Lists of globs as in base/glob.hpp.
struct Selection {
  std::vector<std::string> tests;
  std::vector<std::string> tags;                           // a test is selected when one of its tags is
  std::map<std::string, std::vector<std::string>> roles;   // role -> implementations
  std::vector<std::string> implementations;                // in any role
  std::map<std::string, std::vector<std::string>> params;  // name -> values beside the default
  bool all_params = false;
  std::map<std::string, std::string> set;  // name -> any value
};

enum class Matches {
  local_as_tested,  // `test`: what is under test plays the tested role
  local_both_ways,  // `test --both`: and the deciding one
  everyone,         // `tournament`
};

// What the runtimes start processes from.
enum class Means {
  image,
  path,
  either,  // a cell of images where all have one, else a cell of paths
};

struct PlanOrder {
  Matches matches = Matches::everyone;
  Means means = Means::image;
  Selection selection;
};

// `implementations`: `local` first when there is one, then the registry's order.
// Cells: by test, then by cast (tested role's implementation first), then by parameters. Tests that the selection leaves out are absent
// once, with an empty cast; casts that it leaves out are absent once, with the test `*`.
Plan plan(const Suite& suite, const std::vector<Implementation>& implementations, const PlanOrder& order);

// What `either` comes to for one cast: images, when everybody in it has one.
Means means_of(const std::vector<Casting>& cast, const std::vector<Implementation>& implementations);

// Names in `set` and `params` that no test of the suite has: a typing error that would otherwise select nothing, silently.
std::vector<std::string> unknown_params(const Suite& suite, const Selection& selection);

}  // namespace interoper
