#include "base/machine.hpp"

#include <sched.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace interoper {
namespace {

namespace fs = std::filesystem;

constexpr double least_cores = 0.01;
// A path in /proc/self/cgroup is short; a wrong one must not make us climb for ever.
constexpr int deepest_group = 64;

template <class Number>
std::optional<Number> number_in(const fs::path& file) {
  std::ifstream in(file);
  Number number = 0;
  if (in >> number) return number;
  return std::nullopt;  // not there, or "max"
}

// The value of `key` in a file of "key value" lines; colons behind the key are its own ("MemAvailable:").
std::optional<std::uint64_t> value_in(const fs::path& file, const std::string& key) {
  std::ifstream in(file);
  std::string line;
  while (std::getline(in, line)) {
    std::istringstream words(line);
    std::string name;
    std::uint64_t value = 0;
    if (words >> name >> value && name == key) return value;
  }
  return std::nullopt;
}

double cores_of_mask() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  // More than 1024 processors do not fit the mask: then the library's count is as good.
  if (sched_getaffinity(0, sizeof mask, &mask) == 0) return std::max(1, CPU_COUNT(&mask));
  return std::max(1U, std::thread::hardware_concurrency());
}

// The folders of our own group for a controller and of all groups around it, the innermost first; "" is the one of version 2.
std::vector<fs::path> groups(const fs::path& proc, const fs::path& cgroups, const std::string& controller) {
  std::ifstream in(proc / "self/cgroup");
  std::string line;
  while (std::getline(in, line)) {  // ID:CONTROLLERS:PATH
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const bool ours =
        controller.empty() ? controllers.empty() : ("," + controllers + ",").find("," + controller + ",") != std::string::npos;
    if (!ours) continue;
    const fs::path root = cgroups / controller;
    std::vector<fs::path> found;
    fs::path path = fs::path(line.substr(second + 1)).relative_path();
    for (int depth = 0; depth < deepest_group && !path.empty(); ++depth, path = path.parent_path())
      found.push_back(root / path);
    found.push_back(root);  // with a namespace of its own, a container's limits stand in the root
    return found;
  }
  return {};
}

// Version 2: "QUOTA PERIOD" or "max PERIOD".
std::optional<double> quota_in(const fs::path& file) {
  std::ifstream in(file);
  double quota_us = 0;
  double period_us = 0;
  if (in >> quota_us >> period_us && quota_us > 0 && period_us > 0) return quota_us / period_us;
  return std::nullopt;
}

double smallest_quota(const fs::path& proc, const fs::path& cgroups, double cores) {
  for (const fs::path& group : groups(proc, cgroups, ""))
    cores = std::min(cores, quota_in(group / "cpu.max").value_or(cores));
  for (const fs::path& group : groups(proc, cgroups, "cpu")) {
    const double quota_us = number_in<double>(group / "cpu.cfs_quota_us").value_or(-1);  // -1 is no limit
    const double period_us = number_in<double>(group / "cpu.cfs_period_us").value_or(-1);
    if (quota_us > 0 && period_us > 0) cores = std::min(cores, quota_us / period_us);
  }
  return std::max(cores, least_cores);
}

// Room below a group's limit. What only caches files is given back when somebody needs it.
std::optional<std::uint64_t> room_in(const fs::path& group, const std::string& limit, const std::string& usage, const std::string& cache) {
  const auto most = number_in<std::uint64_t>(group / limit);
  const auto used = number_in<std::uint64_t>(group / usage);
  if (!most || !used) return std::nullopt;
  const std::uint64_t held = *used - std::min(*used, value_in(group / "memory.stat", cache).value_or(0));
  return *most - std::min(*most, held);
}

std::uint64_t memory_to_take(const fs::path& proc, const fs::path& cgroups) {
  constexpr std::uint64_t kibibyte = 1024;
  const std::uint64_t available = value_in(proc / "meminfo", "MemAvailable:").value_or(0) * kibibyte;
  if (available == 0) return 0;
  std::uint64_t least = available;
  for (const fs::path& group : groups(proc, cgroups, ""))
    least = std::min(least, room_in(group, "memory.max", "memory.current", "inactive_file").value_or(least));
  for (const fs::path& group : groups(proc, cgroups, "memory"))
    least = std::min(least, room_in(group, "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file").value_or(least));
  return std::max<std::uint64_t>(1, least);  // none left is not unknown
}

}  // namespace

Machine measure_machine(const fs::path& proc, const fs::path& cgroups) {
  Machine machine;
  machine.cores = smallest_quota(proc, cgroups, cores_of_mask());
  machine.memory_bytes = memory_to_take(proc, cgroups);
  return machine;
}

}  // namespace interoper
