// One role's container and the process in it, in two ways: through the agent, or, where the engine is not on this machine, through the
// stream that the engine attaches and the engine's own init.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/problem.hpp"
#include "runtimes/docker/agent.hpp"
#include "runtimes/docker/exits.hpp"
#include "runtimes/docker/workshop.hpp"
#include "runtimes/runtime.hpp"

namespace interoper::docker {

struct RoleContainer {
  std::string role, implementation, image, image_id, id;
  std::vector<std::string> command;  // what is run, as far as it is known
  std::vector<Player::Bind> binds;
  bool has_stdin = true;
  bool is_started = false;
  std::shared_ptr<Ending> ending;
  std::unique_ptr<Agent> agent;        // either this
  std::unique_ptr<ByteStream> stream;  // or this, once it is attached
};

// Both must not outlive `workshop`.
std::unique_ptr<Process> make_agent_process(Workshop& workshop, std::shared_ptr<RoleContainer> role);
std::unique_ptr<Process> make_attached_process(Workshop& workshop, std::shared_ptr<RoleContainer> role);

// The role's command cannot be run in its image. `command` may be empty: the first word of the role's is taken.
WorldError command_missing(const RoleContainer& role, std::string command, const std::string& why);

// Why the init in front of a role could not run its command, from the only thing the container wrote; empty when it was not that.
struct InitComplaint {
  std::string command, why;
};
InitComplaint read_init_complaint(std::string_view output);

}  // namespace interoper::docker
