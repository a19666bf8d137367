// `_implementations.json` -> implementations (interface §2). Registries of other runners get a reader of their own beside this one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/problem.hpp"
#include "model/implementation.hpp"
#include "model/spec.hpp"

namespace interoper {

constexpr std::string_view registry_file = "_implementations.json";

struct Registry {
  std::vector<Implementation> implementations;  // in the file's order; empty when a problem is an error
  Problems problems;
};

// `folder`: where the file stands; `build` and `path` are relative to it. `rules` give the roles of an entry that names none.
Registry read_registry(std::string_view text, const std::string& shown_file, const std::string& folder, const Rules& rules);

// The file `_implementations.json` in `folder`. When it is not there nothing is wrong: a project can test itself alone.
Registry load_registry(const std::string& folder, const Rules& rules);

}  // namespace interoper
