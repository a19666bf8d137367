// A slot: the network, the names and /shared of attempts that follow each other. Its process owns a mount namespace, and is the parent of
// its places, one for each role: a place stands in the role's network namespace (and cgroup), so that what is started there need not move.
#pragma once

#include <string>
#include <vector>

#include "runtimes/sandbox/parcel.hpp"

namespace interoper::sandbox {

// What every process of the launcher knows.
struct World {
  int proc = -1;            // the host's /proc
  bool privileged = false;  // without user namespaces of our own
  // Where in a role's own /run the host's /etc/resolv.conf leads, when roles are to ask the user-mode network for names; mostly empty.
  std::string resolver_file;
};

// Runs in a process of its own, whose mount namespace is its own too, until `socket` is closed from the other end.
// `place_sockets`: one for each of the order's roles.
[[noreturn]] void serve_slot(const World& world, const SlotOrder& order, int socket, const std::vector<int>& place_sockets);

}  // namespace interoper::sandbox
