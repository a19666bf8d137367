// Conditions over a timeline (interface §7, `expect`), folded event by event: whether each held, and where that was decided.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/event.hpp"
#include "model/record.hpp"
#include "model/spec.hpp"

namespace interoper {

// A pattern made ready for many comparisons.
class Matcher {
 public:
  explicit Matcher(const Pattern& pattern);
  // Every key that the pattern names is equal in the event.
  bool matches(const Event& event) const;
  // The role that the pattern names; empty when any may match.
  std::string role() const { return role_.value_or(""); }

 private:
  std::optional<std::string> type_;  // compared first: it rules out nearly every event without looking into it
  std::optional<std::string> role_;
  Pattern others_;
};

// One condition on its way through a timeline.
class Watch {
 public:
  explicit Watch(const Script::Expectation& expectation);

  // Before an event that comes `us` after the beginning is looked at: has the time of `within` run out? True when that breaks the condition
  // now.
  bool time_passes(const Event& event);
  // True when this event breaks the condition.
  bool observe(const Event& event);
  // The deciding role has started: the default clock of `within`.
  void deciding_role_started(const Event& event);
  // The timeline is over: what is open is decided by it. True when that breaks the condition.
  bool end();

  bool decided() const { return decided_; }
  bool held() const { return held_; }
  const std::string& text() const { return text_; }
  ConditionResult result() const;
  // What a person needs to know when it did not hold: "it was seen once within 1 m, expected >=3".
  std::string why() const;
  // The role that owes what was not seen; empty when the condition names none.
  std::string role_that_owes() const;

 private:
  void decide(bool held, std::optional<std::uint64_t> seq);
  bool observe_occurs(const Event& event);
  bool observe_never(const Event& event);
  bool observe_order(const Event& event);
  bool count_holds() const;

  enum class Kind { occurs, never, order };
  Kind kind_;
  std::string text_;
  std::vector<Matcher> steps_;  // occurs: the event; never: the event; order: the steps
  std::optional<Matcher> from_;
  std::optional<Matcher> until_;
  Count count_;
  std::optional<std::int64_t> within_us_;
  std::optional<std::int64_t> clock_began_us_;
  std::uint64_t seen_ = 0;
  std::size_t next_step_ = 0;
  std::uint64_t last_match_ = 0;
  bool decided_ = false;
  bool held_ = false;
  bool closed_by_until_ = false;
  std::optional<std::uint64_t> decided_at_;
};

}  // namespace interoper
