// The rows or the columns of a table of implementations: each name once, in the order of the plan.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

namespace interoper {

struct Axis {
  std::vector<std::string> names;

  // Where the name stands; a new one behind all others.
  std::size_t place(const std::string& name) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) {
      names.push_back(name);
      return names.size() - 1;
    }
    return static_cast<std::size_t>(found - names.begin());
  }
};

}  // namespace interoper
