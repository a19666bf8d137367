// Runs attempts in the containers of a Docker Engine (or Podman), through its API. The only door of this folder that the engine's
// wiring needs; images.hpp, clean.hpp and doctor.hpp are for the commands of those names.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/task.hpp"
#include "runtimes/runtime.hpp"

namespace interoper::docker {

struct DockerOptions {
  std::string host;     // unix:///…, tcp://…; empty = $DOCKER_HOST, else the first usual socket that exists (host.hpp)
  std::string subnets;  // CIDR that the attempts' networks are taken from; empty = $INTEROPER_DOCKER_SUBNETS, else 10.231.0.0/16
  // Reference -> ID of what was built for this run. A name alone may be another project's by the time it is looked up.
  std::map<std::string, std::string> image_ids;
  // An agent of ours in front of every role (agent.hpp), where the engine is on this machine; without, or with
  // INTEROPER_DOCKER_AGENT=0 in the environment, the engine's own init and stream.
  bool with_agent = true;
  std::function<void(std::string_view sentence)> say;  // told when something works in a lesser way than it should; may be empty
};

// After a `begin` that returned, `end` must be awaited before it is destroyed.
std::unique_ptr<Runtime> make_docker_runtime(const Executor& executor, DockerOptions options);

}  // namespace interoper::docker
