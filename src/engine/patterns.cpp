#include "engine/patterns.hpp"

#include "base/duration.hpp"
#include "base/json_text.hpp"

namespace interoper {
namespace {

std::string sign(Count::Comparison comparison) {
  switch (comparison) {
    case Count::Comparison::equal: return "==";
    case Count::Comparison::at_least: return ">=";
    case Count::Comparison::at_most: return "<=";
  }
  return "";
}

std::string times(std::uint64_t number) { return number == 1 ? "once" : std::to_string(number) + " times"; }

}  // namespace

Matcher::Matcher(const Pattern& pattern) {
  for (const auto& [key, value] : pattern.keys) {
    if (key == "ty" && json_string(value)) {
      type_ = json_string(value);
    } else if (key == "ro" && json_string(value)) {
      role_ = json_string(value);
    } else {
      others_.keys.emplace_back(key, value);
    }
  }
}

bool Matcher::matches(const Event& event) const {
  if (type_ && event.type != *type_) return false;
  if (role_ && event.role != *role_) return false;
  for (const auto& [key, expected] : others_.keys) {
    const auto value = json_at(event.line, key);
    if (!value || !json_equal(*value, expected)) return false;
  }
  return true;
}

Watch::Watch(const Script::Expectation& expectation) : text_(expectation.condition.text) {
  if (const auto* occurs = std::get_if<Occurs>(&expectation.condition.rule)) {
    kind_ = Kind::occurs;
    steps_.emplace_back(occurs->event);
    count_ = occurs->count;
    // Without `within` there is no clock that `from` could start: it must not hide what came before it.
    if (occurs->from && expectation.within) from_.emplace(*occurs->from);
    if (expectation.within) within_us_ = expectation.within->count();
  } else if (const auto* never = std::get_if<Never>(&expectation.condition.rule)) {
    kind_ = Kind::never;
    steps_.emplace_back(never->event);
    if (never->until) until_.emplace(*never->until);
  } else {
    kind_ = Kind::order;
    for (const Pattern& step : std::get<Order>(expectation.condition.rule).steps)
      steps_.emplace_back(step);
  }
}

void Watch::decide(bool held, std::optional<std::uint64_t> seq) {
  decided_ = true;
  held_ = held;
  decided_at_ = seq;
}

bool Watch::count_holds() const {
  switch (count_.comparison) {
    case Count::Comparison::equal: return seen_ == count_.number;
    case Count::Comparison::at_least: return seen_ >= count_.number;
    case Count::Comparison::at_most: return seen_ <= count_.number;
  }
  return false;
}

void Watch::deciding_role_started(const Event& event) {
  if (!from_ && !clock_began_us_) clock_began_us_ = event.us;
}

bool Watch::time_passes(const Event& event) {
  if (decided_ || !within_us_ || !clock_began_us_) return false;
  if (event.us - *clock_began_us_ <= *within_us_) return false;
  decide(count_holds(), event.seq);
  return !held_;
}

bool Watch::observe(const Event& event) {
  if (decided_) return false;
  switch (kind_) {
    case Kind::occurs: return observe_occurs(event);
    case Kind::never: return observe_never(event);
    case Kind::order: return observe_order(event);
  }
  return false;
}

bool Watch::observe_occurs(const Event& event) {
  // With a `from` of its own nothing counts before that event; otherwise everything does.
  if (from_ && !clock_began_us_) {
    if (from_->matches(event)) clock_began_us_ = event.us;
    return false;
  }
  if (!steps_.front().matches(event)) return false;
  ++seen_;
  last_match_ = event.seq;
  if (count_.comparison == Count::Comparison::at_least) {
    if (count_holds()) decide(true, event.seq);
    return false;
  }
  if (seen_ <= count_.number) return false;
  decide(false, event.seq);
  return true;
}

bool Watch::observe_never(const Event& event) {
  if (until_ && until_->matches(event)) {
    closed_by_until_ = true;
    decide(true, event.seq);
    return false;
  }
  if (!steps_.front().matches(event)) return false;
  ++seen_;
  decide(false, event.seq);
  return true;
}

bool Watch::observe_order(const Event& event) {
  if (!steps_[next_step_].matches(event)) return false;
  ++next_step_;
  if (next_step_ == steps_.size()) decide(true, event.seq);
  return false;
}

bool Watch::end() {
  if (decided_) return false;
  switch (kind_) {
    // A count that never got its `from` has shown nothing, and silence holds nothing but an upper bound.
    case Kind::occurs: decide(count_holds(), std::nullopt); break;
    case Kind::never: decide(true, std::nullopt); break;
    case Kind::order: decide(false, std::nullopt); break;
  }
  return !held_;
}

ConditionResult Watch::result() const { return ConditionResult{text_, held_, decided_at_}; }

std::string Watch::role_that_owes() const { return kind_ == Kind::order ? steps_[next_step_].role() : steps_.front().role(); }

std::string Watch::why() const {
  switch (kind_) {
    case Kind::occurs: {
      std::string text = seen_ == 0 ? "it was never seen" : "it was seen " + times(seen_);
      if (within_us_) text += " within " + human_duration(std::chrono::microseconds(*within_us_));
      if (from_ && !clock_began_us_) text += " (its `from` was never seen)";
      return text + ", expected " + sign(count_.comparison) + std::to_string(count_.number);
    }
    case Kind::never: return "it was seen at event " + std::to_string(decided_at_.value_or(0));
    case Kind::order:
      return "step " + std::to_string(next_step_ + 1) + " of " + std::to_string(steps_.size()) + " was not seen after the ones before it";
  }
  return {};
}

}  // namespace interoper
