#include "engine/tap_watch.hpp"

#include <algorithm>
#include <charconv>

#include "base/json_text.hpp"
#include "base/sentence.hpp"

namespace interoper {
namespace {

// Of one name, reason or message: as much as TapLimits lets through, but for what diagnostics say.
constexpr std::size_t longest_text = std::size_t{4} * 1024;

std::string text_at(const Event& event, std::string_view path) { return json_text_at(event.line, path); }

bool is_true_at(const Event& event, std::string_view path) { return json_at(event.line, path) == "true"; }

// The number in the name of a version: "draft-14", "moqt-14", "14", or the version of an early draft on the wire, 0xff00000e.
std::optional<int> version_number(std::string_view text) {
  int number = 0;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    std::uint32_t wire = 0;
    const auto [end, fault] = std::from_chars(text.data() + 2, text.data() + text.size(), wire, 16);
    constexpr std::uint32_t drafts = 0xff000000;
    if (fault != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return static_cast<int>(wire >= drafts ? wire - drafts : wire);
  }
  const std::size_t last_other = text.find_last_not_of("0123456789");
  const std::string_view digits = last_other == std::string_view::npos ? text : text.substr(last_other + 1);
  if (digits.empty() || std::from_chars(digits.data(), digits.data() + digits.size(), number).ec != std::errc()) return std::nullopt;
  return number;
}

// However each of them writes it; what has no number must be the same to the letter.
bool is_same_version(std::string_view one, std::string_view other) {
  const auto one_number = version_number(one);
  const auto other_number = version_number(other);
  return one_number && other_number ? *one_number == *other_number : one == other;
}

}  // namespace

bool TapWatch::is_of_tap(const Event& event) { return event.by_engine && event.type.starts_with("tap."); }

std::optional<TapWatch::Broken> TapWatch::observe(const Event& event, const Report& report) {
  last_seq_ = event.seq;
  const bool in_subtest = json_at(event.line, "in.depth").has_value();  // the point that follows it decides
  if (in_subtest && event.type != "tap.anomaly" && event.type != "tap.diagnostics") return std::nullopt;
  if (event.type == "tap.point") return point(event, report);
  if (event.type == "tap.end") end(event);
  if (event.type == "tap.diagnostics") diagnostics(event, report);
  if (event.type == "tap.comment") told(text_at(event, "in.key"), text_at(event, "in.value"), event, report);
  if (event.type == "tap.bail-out") {
    const std::string why = text_at(event, "in.reason");
    return Broken{"bail-out", event.role + " bailed out" + (why.empty() ? "" : ": " + why)};
  }
  if (event.type == "tap.anomaly") {
    const std::string kind = text_at(event, "in.kind");
    const std::string what = text_at(event, "in.what");
    report("tap-" + kind, what);
    if (kind == "no-tap") return Broken{kind, event.role + " wrote no TAP on its stdout: nothing was shown"};
    const bool of_plan = kind == "no-plan" || kind == "wrong-count" || kind == "out-of-plan" || kind == "second-plan";
    if (is_true_at(event, "in.fails")) return Broken{of_plan ? "plan" : "tap", event.role + "'s TAP cannot be believed: " + what};
  }
  return std::nullopt;
}

std::optional<TapWatch::Broken> TapWatch::point(const Event& event, const Report& report) {
  NamedResult result;
  const std::string name = text_at(event, "in.name");
  const std::string directive = text_at(event, "in.directive");
  const bool ok = is_true_at(event, "in.ok");
  result.name = part_called(name);
  result.reason = directive;
  result.message = text_at(event, "in.reason");
  result.seq = event.seq;
  result.duration_ms = (event.us - last_us_) / 1000;
  last_us_ = event.us;
  if (directive == "skip" || (directive == "todo" && !ok)) {
    result.verdict = Verdict::skipped;  // left out, or known not to work yet: not a failure, and nothing that works
  } else if (ok) {
    result.verdict = Verdict::passed;
  } else {
    result.verdict = Verdict::failed;
    result.reason = "not-ok";
    ++failed_;
  }
  if (ok && directive == "todo") report("tap-todo-passed", "'" + name + "' is marked TODO and passes");
  const bool is_of_suite = is_part(result.name);
  if (!is_of_suite) report("unexpected-test", "the suite has no test '" + name + "'");
  // Other tests may fail a run; only the suite's own can make it pass.
  if (is_of_suite && result.verdict == Verdict::passed) ++passed_;
  if (names_.contains(result.name)) report("repeated-test", "'" + name + "' was reported before");
  const bool failed = result.verdict == Verdict::failed;
  keep(std::move(result), json_integer_at(event.line, "in.n").value_or(0), report);
  if (!failed) return std::nullopt;
  return Broken{"not-ok", event.role + " says `not ok` of " + (name.empty() ? "a test without name" : name)};
}

bool TapWatch::has_room_for(std::size_t size_bytes) {
  if (size_bytes > most_tap_bytes - kept_bytes_) return false;
  kept_bytes_ += size_bytes;
  return true;
}

void TapWatch::keep(NamedResult result, std::int64_t number, const Report& report) {
  by_number_.erase(number);  // what follows is about this point
  const bool is_owed = is_part(result.name) && !names_.contains(result.name);
  const bool has_room = results_.size() < most_tap_results &&
                        has_room_for(sizeof(NamedResult) + result.name.size() + result.reason.size() + result.message.size());
  if (!has_room && !told_of_limit_) {
    told_of_limit_ = true;
    report("too-many-results", "points from here on are on the timeline only, but for the suite's own tests: there are more than " +
                                   std::to_string(most_tap_results) + " of them, or more than 4 MiB");
  }
  if (!has_room && !is_owed) return;
  names_.insert(result.name);
  by_number_[number] = results_.size();
  results_.push_back(std::move(result));
}

// What a client says about a point comes after it: what it says of the time counts more than what we saw.
void TapWatch::diagnostics(const Event& event, const Report& report) {
  const auto data = json_at(event.line, "in.data");
  const auto members = data ? json_members(*data) : std::nullopt;
  if (!members) return;
  const bool in_subtest = json_at(event.line, "in.depth").has_value();
  const auto found = in_subtest ? by_number_.end() : by_number_.find(json_integer_at(event.line, "in.n").value_or(0));
  NamedResult* result = found == by_number_.end() ? nullptr : &results_[found->second];
  for (const JsonMember& member : *members) {
    std::string value = json_string(member.value).value_or(std::string(member.value));
    if (result != nullptr && member.key == "duration_ms") result->duration_ms = json_integer_at(event.line, "in.data.duration_ms");
    if (value.size() > longest_text) value = shortened(value, longest_text);
    const bool is_message = member.key == "message" || member.key == "error";
    if (result != nullptr && is_message && result->message.empty() && has_room_for(value.size())) result->message = value;
    told(member.key, std::move(value), event, report);
  }
}

void TapWatch::told(std::string_view key, std::string value, const Event& event, const Report& report) {
  std::string lower(key);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  for (const Negotiated& negotiated : script_.rules.negotiated) {
    if (std::find(negotiated.keys.begin(), negotiated.keys.end(), lower) == negotiated.keys.end()) continue;
    const auto is_it = [&](const Measurement& known) { return known.name == negotiated.name; };
    const auto known = std::find_if(measurements_.begin(), measurements_.end(), is_it);
    if (known != measurements_.end()) {
      const std::string before = json_string(known->value).value_or("");
      if (!is_same_version(value, before))
        report("negotiated-differently", "the " + negotiated.name + " is " + value + ", and was " + before + " before");
      continue;
    }
    measurements_.push_back(Measurement{negotiated.name, json_quote(value), "", event.role, event.seq});
    if (!negotiated.predicted.empty() && !is_same_version(value, negotiated.predicted))
      report("predicted-differs", "the " + negotiated.name + " is " + value + "; the registry predicts " + negotiated.predicted);
  }
}

void TapWatch::end(const Event& event) {
  ended_ = true;
  complete_ = is_true_at(event, "in.complete");
}

bool TapWatch::is_part(const std::string& name) const {
  return std::any_of(script_.parts.begin(), script_.parts.end(), [&](const TestPart& part) { return part.name == name; });
}

std::string TapWatch::part_called(const std::string& name) const {
  for (const TestPart& part : script_.parts) {
    const bool is_it = part.name == name || std::find(part.aliases.begin(), part.aliases.end(), name) != part.aliases.end();
    if (is_it) return part.name;
  }
  return name;
}

std::vector<NamedResult> TapWatch::results() const {
  std::vector<NamedResult> all = results_;
  for (const TestPart& part : script_.parts) {
    if (std::any_of(results_.begin(), results_.end(), [&](const NamedResult& one) { return one.name == part.name; })) continue;
    NamedResult missing;
    missing.name = part.name;
    missing.seq = last_seq_;
    missing.verdict = complete_ ? Verdict::unsupported : Verdict::skipped;
    missing.reason = complete_ ? "not-reported" : "not-run";
    missing.message =
        complete_ ? "it is not among the tests that were run" : "the run ended before it, after " + counted(results_.size(), "point");
    all.push_back(std::move(missing));
  }
  return all;
}

std::vector<Measurement> TapWatch::measurements() const { return measurements_; }

}  // namespace interoper
