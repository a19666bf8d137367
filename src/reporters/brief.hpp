// An event as people read it: one short line, whatever a process sent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "model/event.hpp"
#include "model/record.hpp"
#include "reporters/terminal.hpp"

namespace interoper {

// What a `log` said, or the event's `in` and `to` as compact JSON: visible, at most about `limit_bytes`. `line` is a timeline's line.
std::string brief_of(std::string_view type, std::string_view line, const Style& style, std::size_t limit_bytes);

// "2.3 s"; any number, also one from a broken report.
std::string duration_text(std::int64_t ms);

// The rule behind a `reason` of `failed` (interface §7), as a sentence about what should be; "" for a reason of which nothing is known.
std::string_view broken_rule(std::string_view reason);

// Microseconds as seconds: "12.345", with `digits` behind the point (3 or 6).
std::string seconds_text(std::int64_t us, int digits);

// The last events of each role of an attempt, kept while they stream by, so that a failure can be shown with what led to it.
class LastEvents {
 public:
  // Of each role. Enough behind the deciding event for what a role still says while it is stopped.
  static constexpr std::size_t kept_events = 40;
  // With the deciding event itself.
  static constexpr std::size_t shown_before = 8;
  // So many events may follow the deciding one, whoever says them: with one more, what led to it might no longer be kept.
  static constexpr std::size_t most_behind = kept_events - shown_before;

  void add(const Event& event);

  // Some ten lines of the blamed role around the deciding event, which is marked; oldest first, without newlines. When that concerns no
  // single role (the time ran out), what all roles did last, each line with its role.
  std::vector<std::string> around(const Blame& blame, const Style& style) const;

 private:
  struct Kept {
    std::uint64_t seq;
    std::int64_t us;
    std::string type;
    std::string line;  // the event's line when it is short, else its brief
    bool is_brief;
  };
  struct Line {
    const std::string* role;  // null: it is clear whose it is
    const Kept* kept;
  };
  void pin(const Event& event, const std::deque<Kept>& events);
  static std::vector<std::string> lines_of(const std::vector<Line>& chosen, std::uint64_t decided, const Style& style);

  std::map<std::string, std::deque<Kept>> roles_;  // "": what concerns no single role
  std::vector<Kept> pinned_;                       // around the first point of TAP that is not ok
  std::string pinned_role_;
  std::uint64_t pinned_seq_ = 0;
};

}  // namespace interoper
