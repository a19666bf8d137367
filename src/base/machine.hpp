// What this process may use of the machine: measured, because a container or a job's limits often leave less of it than it has.
#pragma once

#include <cstdint>
#include <filesystem>

namespace interoper {

struct Machine {
  double cores = 1;                // of the affinity mask, or the smallest CPU quota of our control groups; at least a hundredth
  std::uint64_t memory_bytes = 0;  // that can be taken now, within the limits of our control groups; 0 = unknown
};

// Never throws: what cannot be read limits nothing. Reads control groups of version 2 and version 1.
// `proc` and `cgroups` are where these are mounted; tests have others.
Machine measure_machine(const std::filesystem::path& proc = "/proc", const std::filesystem::path& cgroups = "/sys/fs/cgroup");

}  // namespace interoper
