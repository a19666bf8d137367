#include "runtimes/sandbox/cgroups.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <optional>
#include <sstream>

namespace interoper::sandbox {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view name_prefix = "interoper-";
constexpr char mark_separator = '@';
constexpr int cpu_period_us = 100'000;
// Hierarchies are a few levels deep; ours stand below the group in which interoper was started.
constexpr int deepest_search = 16;

bool write_value(const fs::path& file, const std::string& value) {
  std::ofstream stream(file);
  stream << value << std::flush;
  return static_cast<bool>(stream);
}

std::string first_word_after(const fs::path& file, const std::string& key) {
  std::ifstream stream(file);
  std::string word;
  while (stream >> word) {
    if (word != key) continue;
    stream >> word;
    return word;
  }
  return {};
}

// Where a hierarchy is mounted, from /proc/self/mountinfo (proc(5)).
struct Hierarchy {
  fs::path mounted_at;
  std::string root;         // what of the hierarchy is mounted there
  std::string controllers;  // ",memory," and the like; version 2: empty
  bool is_second = false;
};

std::vector<Hierarchy> hierarchies() {
  std::vector<Hierarchy> found;
  std::ifstream mounts("/proc/self/mountinfo");
  std::string line;
  while (std::getline(mounts, line)) {
    std::istringstream words(line);
    std::string id, parent, device, root, at, word;
    words >> id >> parent >> device >> root >> at;
    while (words >> word && word != "-") {
    }
    std::string kind, source, options;
    words >> kind >> source >> options;
    if (kind != "cgroup" && kind != "cgroup2") continue;
    found.push_back({at, root, "," + options + ",", kind == "cgroup2"});
  }
  return found;
}

// Our own group in the hierarchy, from /proc/self/cgroup: "4:memory:/a/b", "0::/a/b".
std::string own_group(const Hierarchy& hierarchy) {
  std::ifstream groups("/proc/self/cgroup");
  std::string line;
  while (std::getline(groups, line)) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string first_controller = controllers.substr(0, controllers.find(','));
    const bool fits = hierarchy.is_second
                          ? controllers.empty()
                          : !controllers.empty() && hierarchy.controllers.find("," + first_controller + ",") != std::string::npos;
    if (fits) return line.substr(second + 1);
  }
  return "/";
}

fs::path own_directory(const Hierarchy& hierarchy) {
  std::string group = own_group(hierarchy);
  if (hierarchy.root != "/" && group.starts_with(hierarchy.root)) group.erase(0, hierarchy.root.size());
  return hierarchy.mounted_at / fs::path(group).relative_path();
}

bool make_directory(const fs::path& path) { return ::mkdir(path.c_str(), 0755) == 0; }

bool has(const fs::path& directory, const char* file) { return ::access((directory / file).c_str(), W_OK) == 0; }

// Version 2: controllers reach a group only through its parents, and a group with processes in it cannot hand them on. So the run's group
// stands in the nearest group above us that can.
std::optional<fs::path> make_second(const Hierarchy& hierarchy, const std::string& name) {
  fs::path above = own_directory(hierarchy);
  while (true) {
    fs::path directory = above / name;
    if (make_directory(directory)) {
      if (!has(directory, "memory.max")) write_value(above / "cgroup.subtree_control", "+memory +pids +cpu");
      if (has(directory, "memory.max") && write_value(directory / "cgroup.subtree_control", "+memory +pids")) {
        write_value(directory / "cgroup.subtree_control", "+cpu");
        return directory;
      }
      ::rmdir(directory.c_str());
    }
    if (above == hierarchy.mounted_at || above == above.parent_path()) return std::nullopt;
    above = above.parent_path();
  }
}

void search(const fs::path& directory, int depth, std::vector<LeftGroup>& found) {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory, error)) {
    std::error_code ignored;
    if (entry.is_symlink(ignored) || !entry.is_directory(ignored)) continue;
    GroupName name;
    if (read_group_name(entry.path().filename().string(), name)) {
      found.push_back({entry.path(), name.run, life_of(name.mark)});
    } else if (depth < deepest_search) {
      search(entry.path(), depth + 1, found);
    }
  }
}

}  // namespace

std::string group_name(const std::string& run, const std::string& mark) {
  constexpr std::size_t longest_run = 100;  // a file's name has at most 255 bytes
  return std::string(name_prefix) + run.substr(0, longest_run) + mark_separator + mark;
}

bool read_group_name(const std::string& name, GroupName& read) {
  const std::size_t separator = name.rfind(mark_separator);
  if (!name.starts_with(name_prefix) || separator == std::string::npos) return false;
  read.run = name.substr(name_prefix.size(), separator - name_prefix.size());
  read.mark = name.substr(separator + 1);
  return true;
}

void Cgroup::set(std::int64_t memory_bytes, int processes, double cpus) {
  const auto write = [this](const fs::path& directory, const char* file, const std::string& value) {
    const fs::path path = directory / file;
    std::string& last = written_[path.string()];
    if (last == value) return;
    last = value;
    write_value(path, value);
  };
  if (holds_memory()) {
    const std::string bytes = std::to_string(memory_bytes);
    // Memory and swap together may not be less than memory alone: the order depends on the direction, so both are written twice.
    for (int round = 0; round < 2 && written_[(memory_ / "limit").string()] != bytes; ++round) {
      write_value(memory_ / (is_second_ ? "memory.max" : "memory.limit_in_bytes"), bytes);
      const char* swap = is_second_ ? "memory.swap.max" : "memory.memsw.limit_in_bytes";
      if (has(memory_, swap)) write_value(memory_ / swap, is_second_ ? "0" : bytes);
    }
    written_[(memory_ / "limit").string()] = bytes;
  }
  // The place itself and the role's init are in it too.
  constexpr int ours = 2;
  if (holds_processes()) write(processes_, "pids.max", std::to_string(processes + ours));
  if (holds_cpu()) {
    const long quota = std::lround(cpus * cpu_period_us);
    const std::string period = std::to_string(cpu_period_us);
    if (is_second_) write(cpu_, "cpu.max", (quota > 0 ? std::to_string(quota) : std::string("max")) + " " + period);
    if (!is_second_) write(cpu_, "cpu.cfs_quota_us", quota > 0 ? std::to_string(quota) : std::string("-1"));
  }
}

long Cgroup::oom_kills() const {
  if (!holds_memory()) return 0;
  const std::string count = first_word_after(memory_ / (is_second_ ? "memory.events" : "memory.oom_control"), "oom_kill");
  return count.empty() ? 0 : std::strtol(count.c_str(), nullptr, 10);
}

void Cgroups::begin(const std::string& run) {
  const std::string name = group_name(run, own_mark());
  for (const Hierarchy& hierarchy : hierarchies()) {
    const auto holds = [&](const char* controller) { return hierarchy.controllers.find(controller) != std::string::npos; };
    Parent parent;
    parent.is_second = hierarchy.is_second;
    if (hierarchy.is_second) {
      const auto made = make_second(hierarchy, name);
      if (!made) continue;
      parent.directory = *made;
      parent.memory = parent.processes = true;
      parent.cpu = true;
    } else {
      parent.memory = holds(",memory,");
      parent.processes = holds(",pids,");
      parent.cpu = holds(",cpu,");
      parent.directory = own_directory(hierarchy) / name;
      if (!(parent.memory || parent.processes || parent.cpu) || !make_directory(parent.directory)) continue;
    }
    parents_.push_back(std::move(parent));
  }
}

Cgroup Cgroups::make(const std::vector<int>& processes) {
  // With fresh networks for each attempt there are as many as attempts.
  const auto is_gone = [](const fs::path& directory) { return ::rmdir(directory.c_str()) == 0 || errno == ENOENT; };
  busy_.erase(std::remove_if(busy_.begin(), busy_.end(), is_gone), busy_.end());
  Cgroup group;
  const std::string name = std::to_string(next_number_++);
  for (const Parent& parent : parents_) {
    const fs::path directory = parent.directory / name;
    if (!make_directory(directory)) continue;
    for (const int process : processes)
      write_value(directory / "cgroup.procs", std::to_string(process));
    if (parent.memory) group.memory_ = directory;
    if (parent.processes) group.processes_ = directory;
    if (parent.cpu) group.cpu_ = directory;
    group.is_second_ = parent.is_second;
  }
  return group;
}

void Cgroups::remove(Cgroup& group) {
  for (const fs::path* directory : {&group.memory_, &group.processes_, &group.cpu_}) {
    if (!directory->empty() && ::rmdir(directory->c_str()) != 0) busy_.push_back(*directory);
  }
}

bool Cgroups::end() {
  const auto is_gone = [](const Parent& parent) { return remove_group(parent.directory); };
  parents_.erase(std::remove_if(parents_.begin(), parents_.end(), is_gone), parents_.end());
  return parents_.empty();
}

std::string Cgroups::memory_limit() const {
  for (const Parent& parent : parents_) {
    if (parent.memory) return parent.is_second ? "cgroup v2" : "cgroup v1";
  }
  return "each process alone (RLIMIT_DATA)";
}

std::string Cgroups::process_limit() const {
  for (const Parent& parent : parents_) {
    if (parent.processes) return parent.is_second ? "cgroup v2" : "cgroup v1";
  }
  return ::geteuid() == 0 ? "none" : "RLIMIT_NPROC";
}

std::string Cgroups::cpu_limit() const {
  for (const Parent& parent : parents_) {
    if (parent.cpu) return parent.is_second ? "cgroup v2" : "cgroup v1";
  }
  return "none";
}

std::vector<LeftGroup> find_left_groups() {
  std::vector<LeftGroup> found;
  for (const Hierarchy& hierarchy : hierarchies())
    search(hierarchy.mounted_at, 0, found);
  return found;
}

bool remove_group(const fs::path& directory) {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory, error)) {
    std::error_code ignored;
    if (!entry.is_symlink(ignored) && entry.is_directory(ignored)) remove_group(entry.path());
  }
  return ::rmdir(directory.c_str()) == 0 || errno == ENOENT;
}

}  // namespace interoper::sandbox
