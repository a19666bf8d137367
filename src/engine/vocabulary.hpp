// Checks what processes send against what their suite promises: shapes of known events, ids that are used once. What breaks a promise
// is kept on the timeline and becomes a finding; it never changes a verdict (interface §6).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/event.hpp"
#include "model/spec.hpp"

namespace interoper {

class Vocabulary {
 public:
  using Report = std::function<void(std::string kind, std::string message)>;

  explicit Vocabulary(const Rules& rules);

  // Calls `report` for each promise that the event breaks. `event` comes from a process.
  void check(const Event& event, const Report& report);

 private:
  // Ids seen in one role, as ranges: processes count upwards, so that a flood of them is a few ranges.
  class Ids {
   public:
    // False when the id was there already.
    bool add(std::uint64_t id);

   private:
    std::map<std::uint64_t, std::uint64_t> ranges_;  // first -> last
  };

  void check_id(const Event& event, const Report& report);

  std::unordered_map<std::string, const EventShape*> shapes_;
  std::map<std::string, Ids> ids_;
};

}  // namespace interoper
