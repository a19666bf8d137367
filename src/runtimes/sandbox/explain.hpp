// Why this machine's kernel does not let us, and what to switch on.
#pragma once

#include <string>

#include "base/problem.hpp"
#include "runtimes/sandbox/wire.hpp"

namespace interoper::sandbox {

// What the advice depends on, as found on this machine.
struct Kernel {
  std::string release;          // "6.1.0-18-amd64"
  std::string user_namespaces;  // user.max_user_namespaces; empty = cannot be read, as for the others
  std::string userns_clone;     // kernel.unprivileged_userns_clone (Debian, until 10)
  std::string apparmor_limits;  // kernel.apparmor_restrict_unprivileged_userns (Ubuntu, from 23.10)
  bool is_root = false;         // user ID 0, whatever it may do
  bool in_container = false;    // a container engine's mark is on this file system
};
Kernel look_at_kernel();

// WorldError("sandbox-unavailable", …): the sentence, the kernel's reason, and the first advice that fits.
WorldError unavailable(const RemoteFault& fault, const Kernel& kernel);

// What to do about it, or nothing when we know no better than the kernel's own words.
std::string advice(const RemoteFault& fault, const Kernel& kernel);

}  // namespace interoper::sandbox
