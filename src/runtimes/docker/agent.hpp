// The agent in front of a role (agent_program.cc), seen from the runtime. Compared with an attached stream and the engine's init it brings
// the role's output through pipes instead of through the engine, its end within a millisecond, its true signal, whether memory ran out,
// and why a command cannot be run; and a container can be started before it is needed. It takes an engine on this machine: the agent is
// reached through a socket in a directory that is mounted into the container (docs/decisions/0008).
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/pipes.hpp"
#include "base/task.hpp"

namespace interoper::docker {

// The directory of one run's agents, below the system's temporary directory; `clean` finds it by its owner's mark.
class AgentHome {
 public:
  // WorldError("agent-failed") when it cannot be made.
  explicit AgentHome(const std::string& run_name);
  AgentHome(const AgentHome&) = delete;
  AgentHome& operator=(const AgentHome&) = delete;
  ~AgentHome();  // removes it

  // A directory for one role, with the agent's program in it, to be mounted read-only. WorldError("agent-failed").
  std::filesystem::path furnish();

 private:
  std::filesystem::path directory_;
  std::size_t next_number_ = 1;
};

// The line to one agent.
class Agent {
 public:
  struct Ended {
    int status = 0;  // as waitpid(2) gives it
    bool memory_ran_out = false;
  };

  virtual ~Agent() = default;

  virtual bool is_here() const = 0;                       // it said hello: the pipes are there
  virtual bool is_lost() const = 0;                       // the line is broken, or closed
  virtual const std::optional<int>& started() const = 0;  // 0 when the role's command runs, else the errno of why it does not
  virtual const std::optional<Ended>& ended() const = 0;  // the role has, and all that it left is killed
  // A UDP socket is bound to the port in the container's network, or was; known only of ports that are watched.
  virtual bool has_bound(int port) const = 0;
  virtual Pipes& pipes() = 0;

  virtual void go() = 0;
  virtual bool signal(int number) = 0;  // false when the line is lost
  virtual void watch(int port) = 0;     // from now on has_bound knows of it

  // Breaks the line: all waits end, and the agent ends itself and everything in its container.
  virtual void hang_up() = 0;
  // Hangs up and removes the directory. Must be awaited before it is destroyed.
  virtual Task<> close() = 0;
};

// Opens the door in `directory` (from AgentHome::furnish): to be called before the container starts. `changed` is called whenever one of
// the answers above has changed. WorldError("agent-failed").
// Without `has_stdin` the role's stdin is closed before the role runs.
std::unique_ptr<Agent> make_agent(const Executor& executor, std::filesystem::path directory, bool has_stdin, std::function<void()> changed);

}  // namespace interoper::docker
