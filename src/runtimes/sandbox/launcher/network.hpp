// The network of a slot: a namespace with an interface for each role, joined by a pair of interfaces (two roles) or a bridge (more).
// No route leads out of it. The kernel removes it when nobody is in it any more and this is gone.
#pragma once

#include <string>
#include <vector>

#include "runtimes/sandbox/launcher/netlink.hpp"

namespace interoper::sandbox {

// The addresses of the role with this number, the same in every slot: slots never meet.
std::string ipv4_text(std::size_t role);
std::string ipv6_text(std::size_t role);

class Network {
 public:
  // `proc`: the host's /proc. The caller ends up in one of the namespaces.
  Fault make(int proc, std::size_t roles);

  // Puts the caller into the namespace of a role.
  Fault enter(std::size_t role) const;

  // False when connections of the last attempt still linger (their processes are gone, the kernel still talks for them), or when that
  // cannot be told: then the next attempt must not come here.
  bool is_clean() const;

  bool has_ipv6() const { return has_ipv6_; }

 private:
  struct Namespace {
    Netlink netlink;
    int descriptor = -1;
    int sockets4 = -1, sockets6 = -1;  // counts of this namespace's sockets
  };
  Fault make_namespace(int proc, Namespace& made);
  Fault join_two();
  Fault join_many(int proc);
  Fault give_addresses(std::size_t role);

  std::vector<Namespace> roles_;
  Namespace middle_;  // the bridge's
  bool has_ipv6_ = true;
};

}  // namespace interoper::sandbox
