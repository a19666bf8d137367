// Removes what dead runs left behind. Namespaces, mounts, interfaces and processes end with the run's process, however it ends; only
// control groups stay, in folders that are named after the run and its owner.
#pragma once

#include <vector>

#include "runtimes/sandbox/cgroups.hpp"

namespace interoper::sandbox {

struct CleanedGroup {
  LeftGroup group;
  bool removed = false;  // otherwise kept: its run is alive, or may be
  bool busy = false;     // it may go, and something is in it still
};

// `all`: also what belongs to runs of which nobody here can tell whether they live.
std::vector<CleanedGroup> clean_groups(bool all);

}  // namespace interoper::sandbox
