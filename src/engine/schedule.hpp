// Which cell starts next. A value that is told what began and what ended; it has no clock, and knows cells by their place in the plan only.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "model/spec.hpp"

namespace interoper {

// What may be in use at the same time.
struct Capacity {
  int cells = 1;
  double cores = 1;
  std::uint64_t memory_bytes = std::numeric_limits<std::uint64_t>::max();
};

// `-j N`: so many cells, of N cores' weight in all; the memory is the user's business.
Capacity capacity_of_jobs(int jobs);

// `-j auto` on a machine with so many cores' worth of time and so much memory to give.
Capacity capacity_of_machine(double cores, std::uint64_t memory_bytes);

// What a cell takes while it runs, and how long it is expected to.
struct Demand {
  double cores = 1;
  std::uint64_t memory_bytes = 0;
  bool exclusive = false;                               // nothing else runs meanwhile
  std::optional<std::chrono::milliseconds> expected{};  // nothing: never seen
  // Whose machine it uses beside ours: of the cells that name the same one, one runs at a time. They would meet each other there.
  std::string elsewhere{};
};

// From the header: `weight`, `exclusive`, and the `memory` of each role (what does not say is counted with a little).
Demand demand_of(const Script& script);

// How long cells took in earlier runs.
class Expectations {
 public:
  // The first word on a cell counts: tell the newest run first.
  void add(const std::string& cell, const std::string& test, std::chrono::milliseconds duration);
  bool empty() const { return cells_.empty(); }

  // The cell's own duration, else the longest of its test; nothing when the test was never seen.
  std::optional<std::chrono::milliseconds> of(const std::string& cell, const std::string& test) const;

 private:
  std::map<std::string, std::chrono::milliseconds, std::less<>> cells_, tests_;
};

// Takes the cells in this order: one at a time, as planned; side by side, the longest first (those never seen before all others, because
// they may be the longest) and the exclusive ones at the end, so that the machine runs empty for them once.
// One that does not fit now lets a few smaller ones pass, and then none until it has started: nothing waits for ever.
class Schedule {
 public:
  Schedule(std::vector<Demand> demands, const Capacity& capacity);

  bool empty() const { return waiting_ == 0; }  // nothing is left to start
  std::optional<std::size_t> next() const;      // what can start now
  void start(std::size_t cell);                 // what `next` has said
  void drop(std::size_t cell);                  // what `next` has said, and will not run
  void end(std::size_t cell);                   // one that was started

 private:
  bool fits(const Demand& demand) const;
  void remove(std::size_t cell);

  std::vector<Demand> demands_;
  Capacity capacity_;
  std::vector<std::size_t> order_;
  std::vector<bool> gone_;  // by cell
  std::size_t first_ = 0;   // in order_: the first that is not gone
  std::size_t waiting_ = 0;
  int overtaken_ = 0;  // how often the first was
  int running_ = 0;
  std::set<std::string> used_elsewhere_;
  bool exclusive_runs_ = false;
  double cores_ = 0;
  std::uint64_t memory_bytes_ = 0;
};

}  // namespace interoper
