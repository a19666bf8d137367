#include "engine/schedule.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numeric>

namespace interoper {
namespace {

// A header can call its cell light; its processes must be started and ended all the same.
constexpr int most_cells_for_a_core = 16;
// A role whose header names no limit. Most are smaller; it only keeps a thousand light cells from a small machine.
constexpr std::uint64_t undeclared_memory_bytes = std::uint64_t{64} << 20U;
// Part of the memory is the engine's, the operating system's, and what changes while we run.
constexpr std::uint64_t memory_share_percent = 80;
// A few: each fills a gap that would be idle, and each makes the one that waits wait longer.
constexpr int most_overtakings = 8;
// How far ahead a gap's filler is looked for: finding one must not cost more than it brings.
constexpr std::size_t farthest_look = 256;
// Sums of weights such as 0.1 are not exact.
constexpr double core_tolerance = 1e-9;

}  // namespace

Capacity capacity_of_jobs(int jobs) {
  Capacity capacity;
  capacity.cells = jobs;
  capacity.cores = jobs;
  return capacity;
}

Capacity capacity_of_machine(double cores, std::uint64_t memory_bytes) {
  Capacity capacity;
  capacity.cores = std::max(1.0, cores);
  capacity.cells = static_cast<int>(capacity.cores * most_cells_for_a_core);
  if (memory_bytes > 0) capacity.memory_bytes = memory_bytes / 100 * memory_share_percent;
  return capacity;
}

Demand demand_of(const Script& script) {
  Demand demand;
  demand.cores = script.weight;
  demand.exclusive = script.exclusive;
  for (const RoleSpec& role : script.roles) {
    const std::uint64_t role_bytes = role.limits.memory_bytes.value_or(undeclared_memory_bytes);
    const std::uint64_t room = std::numeric_limits<std::uint64_t>::max() - demand.memory_bytes;
    demand.memory_bytes += std::min(role_bytes, room);
  }
  return demand;
}

void Expectations::add(const std::string& cell, const std::string& test, std::chrono::milliseconds duration) {
  if (!cells_.emplace(cell, duration).second) return;
  auto& longest = tests_[test];
  longest = std::max(longest, duration);
}

std::optional<std::chrono::milliseconds> Expectations::of(const std::string& cell, const std::string& test) const {
  if (const auto known = cells_.find(cell); known != cells_.end()) return known->second;
  if (const auto known = tests_.find(test); known != tests_.end()) return known->second;
  return std::nullopt;
}

Schedule::Schedule(std::vector<Demand> demands, const Capacity& capacity)
    : demands_(std::move(demands)), capacity_(capacity), order_(demands_.size()), gone_(demands_.size()), waiting_(demands_.size()) {
  std::iota(order_.begin(), order_.end(), std::size_t{0});
  if (capacity_.cells <= 1) return;
  const auto earlier = [this](std::size_t a, std::size_t b) {
    const Demand& left = demands_[a];
    const Demand& right = demands_[b];
    if (left.exclusive != right.exclusive) return right.exclusive;
    if (left.expected.has_value() != right.expected.has_value()) return right.expected.has_value();
    return left.expected == right.expected ? a < b : left.expected > right.expected;
  };
  std::sort(order_.begin(), order_.end(), earlier);
}

bool Schedule::fits(const Demand& demand) const {
  if (running_ == 0) return true;  // also what is larger than the whole machine
  if (exclusive_runs_ || demand.exclusive || running_ >= capacity_.cells) return false;
  if (used_elsewhere_.contains(demand.elsewhere)) return false;
  if (cores_ + demand.cores > capacity_.cores + core_tolerance) return false;
  return memory_bytes_ <= capacity_.memory_bytes && demand.memory_bytes <= capacity_.memory_bytes - memory_bytes_;
}

std::optional<std::size_t> Schedule::next() const {
  if (waiting_ == 0) return std::nullopt;
  const std::size_t first = order_[first_];
  if (fits(demands_[first])) return first;
  if (exclusive_runs_ || running_ >= capacity_.cells) return std::nullopt;
  // Who overtakes one that waits for a machine elsewhere takes nothing from it.
  if (overtaken_ >= most_overtakings && !used_elsewhere_.contains(demands_[first].elsewhere)) return std::nullopt;
  const std::size_t end = std::min(order_.size(), first_ + farthest_look);
  for (std::size_t place = first_ + 1; place < end; ++place) {
    const std::size_t cell = order_[place];
    if (!gone_[cell] && fits(demands_[cell])) return cell;
  }
  return std::nullopt;
}

void Schedule::remove(std::size_t cell) {
  assert(!gone_[cell]);
  const bool overtakes = cell != order_[first_];
  if (!overtakes) {
    overtaken_ = 0;
  } else if (!used_elsewhere_.contains(demands_[order_[first_]].elsewhere)) {
    ++overtaken_;
  }
  gone_[cell] = true;
  --waiting_;
  while (first_ < order_.size() && gone_[order_[first_]])
    ++first_;
}

void Schedule::start(std::size_t cell) {
  remove(cell);
  const Demand& demand = demands_[cell];
  ++running_;
  exclusive_runs_ = demand.exclusive;
  if (!demand.elsewhere.empty()) used_elsewhere_.insert(demand.elsewhere);
  cores_ += demand.cores;
  memory_bytes_ += demand.memory_bytes;
}

void Schedule::drop(std::size_t cell) { remove(cell); }

void Schedule::end(std::size_t cell) {
  const Demand& demand = demands_[cell];
  assert(running_ > 0);
  --running_;
  exclusive_runs_ = false;
  used_elsewhere_.erase(demand.elsewhere);
  cores_ = running_ == 0 ? 0 : cores_ - demand.cores;
  memory_bytes_ -= demand.memory_bytes;
}

}  // namespace interoper
