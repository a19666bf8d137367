// Removes in the background what attempts leave: the next attempt need not wait for it. What fails here is left to the sweep at the end.
#pragma once

#include <cstddef>
#include <functional>

#include "base/task.hpp"

namespace interoper::docker {

class Removals {
 public:
  explicit Removals(const Executor& executor);

  // Runs `work` when it is its turn; its exceptions are dropped. Waits while too much is pending, so that a run that makes places
  // faster than the engine can remove them does not fill the machine.
  Task<> add(std::function<Task<>()> work);

  std::size_t pending() const { return group_.running(); }

  // True when nothing was pending any more by then.
  Task<bool> finish(Clock::time_point deadline);

 private:
  Task<> run(std::function<Task<>()> work);

  Gate gate_;
  Notice done_;
  Group group_;
};

}  // namespace interoper::docker
