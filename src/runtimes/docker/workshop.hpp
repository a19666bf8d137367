// What the attempts of one run share: the engine, its exits, who may start now, and the names and labels of everything that is made.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/task.hpp"
#include "runtimes/docker/agent.hpp"
#include "runtimes/docker/engine.hpp"
#include "runtimes/docker/exits.hpp"
#include "runtimes/docker/removals.hpp"
#include "runtimes/docker/subnets.hpp"
#include "runtimes/runtime.hpp"

namespace interoper::docker {

// The labels by which everything of ours is found again (interface §8).
constexpr const char* run_label = "interoper.run";
constexpr const char* cell_label = "interoper.cell";
constexpr const char* attempt_label = "interoper.attempt";
constexpr const char* role_label = "interoper.role";
constexpr const char* owner_label = "interoper.owner";

// `text` as a part of a container's name: [A-Za-z0-9_.-], at most so many bytes; a hash is added when anything had to be changed.
std::string name_part(std::string_view text, std::size_t limit_bytes);

struct Workshop {
  // `engine` must be connected already: how many may start at once depends on its size.
  Workshop(const Executor& executor, Engine& engine, std::string run, std::string_view subnet_range,
           std::function<void(std::string_view)> say);

  Executor executor;
  Engine& engine;
  std::string run;
  std::string name;  // of the run on the engine: two projects may start a run of the same name in the same second
  Labels labels;     // run and owner: on everything, and on nothing else
  Exits exits;
  Removals removals;
  Subnets subnets;
  Gate starts;           // more starts at once than this only wait for each other inside the engine
  Gate network_creates;  // the engine makes one at a time anyway, and slower when asked for many
  Gate pulls;            // so that one image is not pulled twice
  std::function<void(std::string_view)> say;
  std::optional<WorldError> hurried;             // set by Runtime::hurry
  bool shared_in_memory = true;                  // /shared is a volume in memory; false once the engine has refused one
  std::map<std::string, ImageFound> images;      // by reference; images do not change while a run lasts
  std::map<std::string, std::string> image_ids;  // reference -> ID of what was built for this run
  // Reference -> the engine's words. Asked once a run: a registry that refuses one cell's image refuses that of the next hundred.
  std::map<std::string, std::string> refused_pulls;
  std::unique_ptr<AgentHome> agents;  // null: roles are reached through attached streams
  std::size_t next_number = 1;        // of the next attempt's place

  void check_hurry() const {
    if (hurried) throw WorldError(*hurried);
  }
};

// A network or volume is in use for a moment after its last container has gone: calls `remove` again until the engine agrees, up to a
// limit.
Task<> remove_when_free(std::function<Task<>()> remove);

}  // namespace interoper::docker
