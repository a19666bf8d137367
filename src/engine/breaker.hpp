// The circuit breaker of a run: an implementation that only hangs does not cost every cell's whole time. A value; no clock.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/cell.hpp"

namespace interoper {

// So many attempts in a row that are blamed on an implementation and used up their time.
constexpr int breaker_limit = 5;

class Breaker {
 public:
  // How an attempt ended. `blamed`: the implementation that is, empty = none. `out_of_time`: the attempt used up its time.
  void ended(const std::vector<Casting>& cast, const std::string& blamed, bool passed, bool out_of_time);

  // The implementation for whose sake a cell with this cast is not worth its time; empty = run it. One that passed once in this run
  // is always worth it.
  std::string tripped(const std::vector<Casting>& cast) const;

 private:
  struct State {
    int in_a_row = 0;
    bool passed = false;
  };
  std::map<std::string, State> states_;
};

}  // namespace interoper
