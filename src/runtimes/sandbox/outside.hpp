// A way out for a role's private network, where its test asks for one: slirp4netns(1), a program that carries the network's packets
// through ordinary sockets of its own, so that neither root nor rules on the host are needed. The host's loopback stays out of reach.
#pragma once

#include <memory>

#include "base/descriptor.hpp"
#include "base/task.hpp"

namespace interoper::sandbox {

class UserNetwork {
 public:
  // In the network namespace of `process`. WorldError("outside-unavailable") when the program is missing or fails.
  static Task<UserNetwork> start(Executor executor, int process);
  UserNetwork(UserNetwork&& other) noexcept;
  UserNetwork& operator=(UserNetwork&&) = delete;
  ~UserNetwork();  // ends it

 private:
  UserNetwork() = default;
  int process_ = -1;
  Descriptor life_;  // it ends when this is closed, also when we are killed
};

// Why there is none to be had on this machine, and what to do; empty when there is.
std::string no_user_network();

}  // namespace interoper::sandbox
