// A private network on the engine: a bridge with an explicit small subnet, because the engine's own pools hold only some thirty.
#pragma once

#include <cstddef>
#include <string>

#include "base/task.hpp"
#include "runtimes/docker/workshop.hpp"

namespace interoper::docker {

class Network {
 public:
  explicit Network(Workshop& workshop) : workshop_(workshop) {}

  // With room for `roles` containers. `internal`: nothing leads out of it. WorldError("network-failed") when it cannot be made.
  Task<> make(std::string name, std::size_t roles, bool internal, Labels labels);
  // One that was not made, or is gone, is no error.
  Task<> remove();

  const std::string& name() const { return name_; }

 private:
  Workshop& workshop_;
  std::string name_;
  std::string id_;
  std::string subnet_;
};

}  // namespace interoper::docker
