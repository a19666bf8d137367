// What a role's TAP showed, folded from the events that engine/tap_intake made of it: a verdict for each part of the test, and whether the
// document as a whole can be believed (TAP 14). Silence is never a pass.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "model/event.hpp"
#include "model/record.hpp"
#include "model/spec.hpp"

namespace interoper {

// Limits on what a document can make the watch remember; what is beyond them stands on the timeline only, and a finding says so.
// One result for each of the suite's own tests is always kept.
constexpr std::size_t most_tap_results = 10'000;
constexpr std::size_t most_tap_bytes = std::size_t{4} * 1024 * 1024;  // of names, reasons and messages

class TapWatch {
 public:
  // What an event broke.
  struct Broken {
    std::string reason;
    std::string message;
  };
  using Report = std::function<void(std::string kind, std::string message)>;  // of a finding

  // The script must outlive the watch.
  explicit TapWatch(const Script& script) : script_(script) {}

  // The role was started `us` after the beginning: the first point's time counts from here.
  void began(std::int64_t us) { last_us_ = us; }
  // Is this one of the events it is interested in?
  static bool is_of_tap(const Event& event);
  // The rule that this event breaks, if it breaks one.
  std::optional<Broken> observe(const Event& event, const Report& report);

  // Something was shown to work, or not to: the role plays this test.
  bool has_shown_anything() const { return passed_ > 0 || failed_ > 0; }
  // The document is at its end, and none of the suite's tests was shown to work, or not to.
  bool has_shown_nothing() const { return ended_ && passed_ == 0 && failed_ == 0; }
  bool has_ended() const { return ended_; }
  // The points in the order of their coming, then the parts that had none.
  std::vector<NamedResult> results() const;
  // What the role said was negotiated.
  std::vector<Measurement> measurements() const;

 private:
  std::optional<Broken> point(const Event& event, const Report& report);
  void end(const Event& event);
  void diagnostics(const Event& event, const Report& report);
  void told(std::string_view key, std::string value, const Event& event, const Report& report);
  std::string part_called(const std::string& name) const;
  bool is_part(const std::string& name) const;
  // Adds `size` to what is kept when there is room for it.
  bool has_room_for(std::size_t size_bytes);
  void keep(NamedResult result, std::int64_t number, const Report& report);

  const Script& script_;
  std::vector<NamedResult> results_;
  std::set<std::string> names_;  // of the results
  std::size_t kept_bytes_ = 0;
  bool told_of_limit_ = false;
  std::map<std::int64_t, std::size_t> by_number_;  // a point's number -> its result
  std::vector<Measurement> measurements_;
  std::int64_t last_us_ = 0;
  std::uint64_t last_seq_ = 0;
  int passed_ = 0, failed_ = 0;
  bool complete_ = false;  // as many points as planned
  bool ended_ = false;
};

}  // namespace interoper
