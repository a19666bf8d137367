// The runtimes that the contract is held against, and how its cases say what a process does: in steps that a real program (actor.cpp)
// and the scripted fake both play.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/problem.hpp"
#include "runtimes/runtime.hpp"

namespace contract {

// "out=TEXT" "err=TEXT" "exit=N" "read" (a line, and prints `got LINE`) "hang" "ignore=SIGNAL" "flood=N" (numbered lines of 10 bytes)
// "sleep=MILLISECONDS" "udp=PORT" (binds a socket): every world plays these. "udp6=PORT" "tcp=PORT" "now" (microseconds of the
// monotonic clock) "die=SIGNAL" "close-stdin" "grandchild"
// (keeps the pipes) "pid" "env=NAME" "user" "host" "list=DIRECTORY" "write=FILE" "hide=DIRECTORY" (makes one that nobody
// may enter, with a file that nobody may read) "show=FILE" "resolve=NAME" "same=NAME=NAME" (whether they
// are one machine) "eat=MEBIBYTES" "forks=N": real processes only. At the end: exit status 0.
using Steps = std::vector<std::string>;

// What not every world has; the cases that need it say so when they are left out.
enum class Ability { real_processes, users, all_statuses, hurry, memory_limits, says_memory_ran_out, binds, opens, sockets };

class World {
 public:
  virtual ~World() = default;
  virtual std::string name() const = 0;
  virtual bool has(Ability ability) const = 0;
  virtual std::unique_ptr<interoper::Runtime> runtime(const interoper::Executor& executor) = 0;
  // Of the runtime that was made last.
  virtual interoper::Player player(std::string role, Steps steps) = 0;
  // A player whose command is not there; and one whose image or directory is not.
  virtual interoper::Player without_command(std::string role) = 0;
  virtual interoper::Player without_place(std::string role) = 0;
  virtual void settle(interoper::LabOrder&) const {}
  // What of this run is still there, in words.
  virtual std::vector<std::string> left(const std::string& run) = 0;
};

// The world named by $INTEROPER_TEST_RUNTIME: scripted, docker, docker-strict, docker-attached, sandbox. A reason when it cannot be had.
std::unique_ptr<World> make_world(const std::string& name, std::string& why_not);

}  // namespace contract
