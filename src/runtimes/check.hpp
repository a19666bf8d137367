// One thing that `doctor` looked at, and what to do when it is not well.
#pragma once

#include <string>

namespace interoper {

struct Check {
  enum class State { ok, warn, bad };
  std::string name;  // "engine", "init", …
  State state = State::ok;
  std::string detail;  // what was found
  std::string help;    // what to do; empty when there is nothing to do
};

}  // namespace interoper
