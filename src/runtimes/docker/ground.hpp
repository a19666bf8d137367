// The ground that the roles of one attempt stand on: their network and /shared. Strict ground is made fresh for each attempt;
// pooled ground (made ahead, roles join its namespaces) is another Grounds behind the same two functions, and Lab sees no difference.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/task.hpp"
#include "runtimes/docker/engine.hpp"
#include "runtimes/docker/workshop.hpp"

namespace interoper::docker {

class Ground {
 public:
  virtual ~Ground() = default;
  // Puts network, names and /shared into the order for the player's container.
  virtual void furnish(const Player& player, ContainerOrder& order) const = 0;
  // All of the attempt's processes are gone, though perhaps not yet their containers: what only processes use may serve others now.
  virtual void vacate() {}
  // After the attempt's containers are gone: removes it, or gives it back. WorldError when it cannot.
  virtual Task<> clear() = 0;
};

class Grounds {
 public:
  virtual ~Grounds() = default;
  // `name` is unique on the engine, `labels` go onto everything that is made for this attempt alone. WorldError when it cannot;
  // what was made until then is removed again.
  virtual Task<std::unique_ptr<Ground>> prepare(const LabOrder& order, std::string name, Labels labels) = 0;
};

// Awaits `making`, the making of `ground`; when it fails, what was made until then is removed again, and the failure goes on.
Task<> made_or_cleared(Ground& ground, Task<> making);

// By which the others find it: its role, then its aliases.
std::vector<std::string> names_of(const Player& player);

// A network, or the host's, and a /shared of its own for every attempt. `workshop` must outlive it and what it hands out.
std::unique_ptr<Grounds> make_strict_grounds(Workshop& workshop);

}  // namespace interoper::docker
