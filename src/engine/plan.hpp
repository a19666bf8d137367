// Which cells there are, and why the others are not (interface §4). Pure: looks at no image, no runtime, no disk.
#pragma once

#include <map>
#include <optional>
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
  enum class Remote { also, only, no };
  Remote remote = Remote::also;  // matches in which somebody else runs a role
  bool per_test = false;         // each test for itself, also in a suite that runs them together
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

// `implementations`: `local` first when there is one, then the registry's order. `matching`: who can meet whom, when a registry says more
// than names; otherwise everyone who plays a role can meet everyone.
// Cells: by test, then by cast (tested role's implementation first), then by parameters. Tests that the selection leaves out are absent
// once, with an empty cast; casts that it leaves out are absent once, with the test `*`.
// With a matching: by test, then in its order. `params` and `set` narrow by what matches say of themselves (their parameters and labels).
// A suite that runs its tests together (Rules::together) has one cell a match, of the run of all; when tests or tags are selected, or with
// `per_test`, it has one of each test instead, and of the run of all only where `tests` name it as it is.
Plan plan(const Suite& suite, const std::vector<Implementation>& implementations, const PlanOrder& order,
          const std::optional<Matching>& matching = std::nullopt);

// What `either` comes to for one cell: images, when everybody in it has one; who runs somewhere else needs none.
Means means_of(const Cell& cell, const std::vector<Implementation>& implementations);

// Names in `set` and `params` that no test of the suite has, nor any match says of itself: a typing error that would otherwise select
// nothing, silently.
std::vector<std::string> unknown_params(const Suite& suite, const Selection& selection,
                                        const std::optional<Matching>& matching = std::nullopt);

// What a match says of itself under this name: a parameter's value, or a label's; nothing when it says nothing.
std::optional<std::string> said_by(const Match& match, const std::string& name);

}  // namespace interoper
