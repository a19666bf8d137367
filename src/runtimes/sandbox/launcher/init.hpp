// The init of a role: process 1 of the role's namespaces, so that the role never is. It reaps orphans, passes signals on, tells how the
// role's process ended, and takes everything that is left with it.
#pragma once

#include <sys/types.h>

#include "runtimes/sandbox/launcher/slot.hpp"

namespace interoper::sandbox {

constexpr std::size_t streams_of_a_role = 4;
struct Streams {
  int control;  // to interoper
  int in, out, err;
};

// Whose processes these are, outside.
struct Owner {
  uid_t uid;
  gid_t gid;
};

// Furnishes the role's file system, and runs the program when `control` says so. Ends with it, or when `control` is closed.
[[noreturn]] void be_init(const World& world, const RoleOrder& order, const Owner& owner, const Streams& streams);

}  // namespace interoper::sandbox
