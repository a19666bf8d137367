// Limits of memory, processes and processor time by control groups, where this machine lets us make some: version 1 or 2, as it is
// mounted. Where it does not, limits hold for each process alone (RLIMIT_DATA, RLIMIT_NPROC), and that is said.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/owner.hpp"
#include "model/spec.hpp"

namespace interoper::sandbox {

// One group, of a place: every process of the attempts that follow each other there.
class Cgroup {
 public:
  Cgroup() = default;
  Cgroup(Cgroup&&) noexcept = default;
  Cgroup& operator=(Cgroup&&) noexcept = default;

  bool holds_memory() const { return !memory_.empty(); }
  bool holds_processes() const { return !processes_.empty(); }
  bool holds_cpu() const { return !cpu_.empty(); }

  // Writes what differs from the last time.
  void set(std::int64_t memory_bytes, int processes, double cpus);
  // How often the kernel has killed somebody in it because memory ran out.
  long oom_kills() const;

 private:
  friend class Cgroups;
  std::filesystem::path memory_, processes_, cpu_;  // the group's directory in the hierarchy of each controller; empty = none
  bool is_second_ = false;                          // version 2
  std::map<std::string, std::string> written_;
};

class Cgroups {
 public:
  // Finds where groups of this run can be made, and makes their parents; nothing can be made = no limits, no error.
  void begin(const std::string& run);
  // A new group that holds these processes (and what they start from now on).
  Cgroup make(const std::vector<int>& processes);
  // Now, or when the processes in it have gone.
  void remove(Cgroup& group);
  // Removes all; what is still busy is tried again by the caller. True when nothing is left.
  bool end();

  // For reports and `doctor`: "cgroup v1", "cgroup v2", or the lesser way.
  std::string memory_limit() const;
  std::string process_limit() const;
  std::string cpu_limit() const;

 private:
  struct Parent {
    std::filesystem::path directory;
    bool memory = false, processes = false, cpu = false;
    bool is_second = false;
  };
  std::vector<Parent> parents_;
  std::vector<std::filesystem::path> busy_;  // removed as soon as nobody is in them
  long next_number_ = 0;
};

// What runs that were killed left behind.
struct LeftGroup {
  std::filesystem::path directory;
  std::string run;
  Life owner = Life::unknown;
};
std::vector<LeftGroup> find_left_groups();
// With everything below it; false when something is in it still.
bool remove_group(const std::filesystem::path& directory);

// The name of a run's group: the run, and who owns it. What else the name of a directory says is not ours.
std::string group_name(const std::string& run, const std::string& mark);
struct GroupName {
  std::string run, mark;
};
bool read_group_name(const std::string& name, GroupName& read);

}  // namespace interoper::sandbox
