#include "engine/judge.hpp"

#include <algorithm>
#include <csignal>

#include "base/duration.hpp"
#include "base/json_text.hpp"
#include "base/sentence.hpp"

namespace interoper {
namespace {

constexpr std::size_t longest_message = 300;  // bytes of what a role says, in a sentence; the event has it whole

// A value in a message; the event has it whole.
std::string brief(std::string_view value) {
  constexpr std::size_t longest_bytes = 60;
  return shortened(value, longest_bytes);
}

// A signal that a process gets for its own fault.
bool is_crash(int signal) { return signal == SIGSEGV || signal == SIGABRT || signal == SIGBUS || signal == SIGFPE || signal == SIGILL; }

}  // namespace

Judge::Judge(const Script& script) : script_(script), vocabulary_(script.rules) {
  for (const RoleSpec& role : script.roles) {
    roles_.emplace_back();
    roles_.back().name = role.name;
  }
  for (const Script::Expectation& expectation : script.expect)
    watches_.emplace_back(expectation);
  if (!script.rules.pass.tap.empty()) tap_.emplace(script);
}

RoleProgress* Judge::find(std::string_view role) {
  const auto found = std::find_if(roles_.begin(), roles_.end(), [role](const RoleProgress& r) { return r.name == role; });
  return found == roles_.end() ? nullptr : &*found;
}

const RoleProgress* Judge::progress(std::string_view role) const { return const_cast<Judge*>(this)->find(role); }

bool Judge::plays_elsewhere(std::string_view role) const {
  const std::vector<std::string>& suite = script_.rules.role_order;
  return progress(role) == nullptr && std::find(suite.begin(), suite.end(), role) != suite.end();
}

void Judge::observe(const Event& event) {
  if (ended_) return;
  if (event.by_engine && event.type == "status") {
    ended_ = true;
    return;
  }
  last_.seq = event.seq;
  last_.us = event.us;
  // What ran out of time before this event was broken before it.
  position_ = 2 * event.seq;
  for (Watch& watch : watches_) {
    if (watch.time_passes(event)) expectation_broken(watch, watch.role_that_owes(), event);
  }
  position_ = 2 * event.seq + 1;
  if (event.by_engine) {
    engine_event(event);
  } else {
    process_event(event);
  }
  for (Watch& watch : watches_) {
    if (watch.observe(event)) expectation_broken(watch, event.role, event);
  }
}

void Judge::break_rule(Rule rule, Verdict verdict, std::string reason, std::string message, std::string_view role, const Event& event) {
  // A wrong value does not end an attempt: what the roles do next is evidence too.
  if (rule != Rule::assertion && rule != Rule::expectation && rule != Rule::tap) over_ = true;
  // Real clients that lack a test print TAP with faults and then say by their status what they meant.
  const bool is_explained = rule == Rule::unsupported && first_broken_ && first_broken_->rule == Rule::tap &&
                            (first_broken_->reason == "plan" || first_broken_->reason == "tap");
  if (first_broken_ && !is_explained) {
    const bool earlier = first_broken_->position < position_ || first_broken_->rule <= rule;
    if (earlier) return;
  }
  first_broken_ = Broken{verdict, rule, std::move(reason), std::move(message), std::nullopt, position_};
  const RoleProgress* blamed = role.empty() ? find(script_.rules.decides) : find(role);
  const bool somebody_broke_it = verdict == Verdict::failed || verdict == Verdict::unsupported;
  const bool may_be_blamed = blamed != nullptr ? blamed->started.has_value() : plays_elsewhere(role);
  if (may_be_blamed && somebody_broke_it)
    first_broken_->blame = Blame{blamed != nullptr ? blamed->name : std::string(role), "", 0, event.seq};
}

void Judge::expectation_broken(const Watch& watch, std::string_view role, const Event& event) {
  break_rule(Rule::expectation, Verdict::failed, "expect", "the condition " + watch.text() + " did not hold: " + watch.why(), role, event);
}

void Judge::engine_event(const Event& event) {
  RoleProgress* role = find(event.role);
  if (event.type == "started" && role != nullptr) {
    role->started = event.seq;
    if (!is_deciding(*role)) return;
    if (tap_) tap_->began(event.us);
    for (Watch& watch : watches_)
      watch.deciding_role_started(event);
  } else if (event.type == script_.rules.ready_event && role != nullptr) {  // seen from outside by a probe
    if (!role->ready) role->ready = event.seq;
  } else if (event.type == "stopping" && role != nullptr) {
    if (!role->signalled) role->signalled = event.seq;
  } else if (event.type == "exited" && role != nullptr) {
    role_exited(*role, event);
  } else if (event.type == "timeout") {
    time_ran_out(event);
  } else if (tap_ && event.role == script_.rules.pass.tap && TapWatch::is_of_tap(event)) {
    tap_event(event);
  } else if (event.type == "trouble") {
    std::string reason = json_text_at(event.line, "in.reason");
    break_rule(Rule::error, Verdict::error, reason.empty() ? "trouble" : reason, json_text_at(event.line, "in.what"), event.role, event);
  } else if (event.type == "interrupted") {
    break_rule(Rule::aborted, Verdict::aborted, "interrupted", "the run was interrupted before the cell ended", "", event);
  } else if (event.type == "left-out") {
    finding(event.role, "left-out", json_text_at(event.line, "in.what"), event.seq);
  } else if (event.type == "log") {
    if (json_at(event.line, "in.malformed")) finding(event.role, "malformed", "the line starts with `{` and is no JSON object", event.seq);
    if (json_at(event.line, "in.reserved")) {
      finding(event.role, "reserved-type", "the process sent an event that only the engine may send; it is kept as a log", event.seq);
    }
  }
}

void Judge::process_event(const Event& event) {
  RoleProgress* role = find(event.role);
  if (role == nullptr) return;
  vocabulary_.check(event,
                    [&](std::string kind, std::string message) { finding(event.role, std::move(kind), std::move(message), event.seq); });
  if (event.type == script_.rules.ready_event && spec_of(*role).ready.sign == Readiness::Sign::event) {
    if (role->ready) finding(event.role, "repeated-ready", "the role said `ready` before", event.seq);
    if (!role->ready) role->ready = event.seq;
  } else if (event.type == script_.rules.done_event) {
    said_done(*role, event);
  } else if (script_.rules.pass.asserts_agree && event.type == script_.rules.assert_event) {
    asserted(event);
  } else if (event.type == "result") {
    remember_result(event);
  } else if (event.type == "measurement") {
    remember_measurement(event);
  }
}

void Judge::said_done(RoleProgress& role, const Event& event) {
  if (role.done) {
    finding(role.name, "repeated-done", "the role said `done` before", event.seq);
    return;
  }
  role.done = event.seq;
  if (!is_deciding(role)) return;
  for (const RoleProgress& other : roles_) {
    if (!other.started || other.ready) continue;
    break_rule(Rule::not_ready, Verdict::failed, "not-ready", role.name + " said done, but " + other.name + " had not said ready",
               other.name, event);
    return;
  }
}

std::string Judge::exit_in_words(const RoleProgress& role) const {
  if (role.exit_signal) return "was killed by signal " + std::to_string(*role.exit_signal);
  return "exited with status " + std::to_string(role.exit_code);
}

void Judge::role_exited(RoleProgress& role, const Event& event) {
  role.exited = event.seq;
  role.exit_code = static_cast<int>(json_integer_at(event.line, "in.exit_code").value_or(0));
  if (const auto signal = json_integer_at(event.line, "in.signal")) role.exit_signal = static_cast<int>(*signal);
  role.oom = json_at(event.line, "in.oom") == "true";

  if (is_deciding(role)) over_ = true;
  if (role.signalled) {  // once we have sent it a signal it may end as it likes; a crash is worth a look all the same
    if (role.exit_signal && is_crash(*role.exit_signal))
      finding(role.name, "crashed", role.name + " " + exit_in_words(role) + " after it was asked to end", event.seq);
    return;
  }
  if (role.oom) {
    break_rule(Rule::error, Verdict::error, "oom",
               role.name + " was killed because it used more memory than its limit; raise \"memory\" of the role in the test's header",
               role.name, event);
  } else if (says_unsupported(role)) {
    const std::string when = role.ready ? "" : " before it was ready";
    break_rule(Rule::unsupported, Verdict::unsupported, "exit-" + std::to_string(role.exit_code),
               role.name + " exited with status " + std::to_string(role.exit_code) + when + ": it does not play this test or role",
               role.name, event);
  } else if (!role.ready) {
    break_rule(Rule::not_ready, Verdict::failed, "not-ready",
               role.name + " " + exit_in_words(role) + " before it " + not_ready_in_words(role), role.name, event);
  } else if (is_deciding(role)) {
    deciding_role_exited(role, event);
  } else if (const std::string missing = what_others_wait_for(); !missing.empty()) {
    break_rule(Rule::exited, Verdict::failed, "exited", role.name + " " + exit_in_words(role) + " before " + missing, role.name, event);
  } else if (role.exit_code != 0) {
    break_rule(Rule::exited, Verdict::failed, "exited", role.name + " " + exit_in_words(role), role.name, event);
  }
}

bool Judge::says_unsupported(const RoleProgress& role) const {
  if (role.exit_signal || role.exit_code != script_.rules.unsupported_exit) return false;
  if (!role.ready) return true;
  // Who is ready as soon as it was started has not said by that that it plays.
  const bool has_shown_something = is_deciding(role) && tap_ && tap_->has_shown_anything();
  return spec_of(role).ready.sign == Readiness::Sign::started && !has_shown_something;
}

std::string Judge::not_ready_in_words(const RoleProgress& role) const {
  const Readiness& ready = spec_of(role).ready;
  if (ready.sign != Readiness::Sign::udp) return "said ready";
  return "bound a UDP socket to port " + std::to_string(ready.port);
}

// What has to happen before roles other than the deciding one may end; empty when it has.
std::string Judge::what_others_wait_for() const {
  const RoleProgress* deciding = progress(script_.rules.decides);
  if (deciding == nullptr) return {};
  const bool by_word = script_.rules.pass.others_stay == Success::Until::said_done;
  if (by_word ? deciding->done.has_value() : deciding->exited.has_value()) return {};
  return deciding->name + (by_word ? " said done" : " exited");
}

void Judge::tap_event(const Event& event) {
  const auto report = [&](std::string kind, std::string message) { finding(event.role, std::move(kind), std::move(message), event.seq); };
  if (const auto broken = tap_->observe(event, report)) {
    // A test that does not work is told by who ran it, and points at who was tested; all else is the teller's own.
    const std::string& tested = script_.rules.tested;
    const bool at_the_other = broken->reason == "not-ok" && (find(tested) != nullptr || plays_elsewhere(tested));
    break_rule(Rule::tap, Verdict::failed, broken->reason, broken->message, at_the_other ? tested : event.role, event);
  }
  if (!tap_->has_shown_nothing()) return;
  break_rule(Rule::tap, Verdict::unsupported, "all-skipped", event.role + " ran none of the suite's tests: it skipped them, or has others",
             event.role, event);
}

void Judge::deciding_role_exited(const RoleProgress& role, const Event& event) {
  const Success& pass = script_.rules.pass;
  if (role.exit_code != pass.exit_status) {
    std::string when;
    if (pass.needs_done) when = role.done ? " after it said done" : " and had not said done";
    break_rule(Rule::exited, Verdict::failed, "exited", role.name + " " + exit_in_words(role) + when, role.name, event);
  } else if (pass.needs_done && !role.done) {
    break_rule(Rule::not_done, Verdict::failed, "not-done", role.name + " exited with status 0 and never said done", role.name, event);
  }
}

void Judge::time_ran_out(const Event& event) {
  const std::string limit =
      human_duration(std::chrono::milliseconds(json_integer_at(event.line, "in.timeout_ms").value_or(script_.timeout.count())));
  for (const RoleProgress& role : roles_) {
    if (!role.started || role.ready) continue;
    break_rule(Rule::not_ready, Verdict::failed, "not-ready",
               role.name + " had not " + not_ready_in_words(role) + " when the time (" + limit + ") ran out", role.name, event);
    return;
  }
  const RoleProgress* deciding = find(script_.rules.decides);
  if (deciding != nullptr && deciding->started) {
    const std::string owed = script_.rules.pass.needs_done ? "said done" : "exited";
    const std::string what = deciding->done ? " had said done but did not exit in time (" : " had not " + owed + " when the time (";
    break_rule(Rule::timeout, Verdict::failed, "timeout", deciding->name + what + limit + (deciding->done ? ")" : ") ran out"),
               deciding->name, event);
    return;
  }
  std::string last;
  for (const RoleProgress& role : roles_) {
    if (role.started) last = role.name;
  }
  break_rule(Rule::timeout, Verdict::failed, "timeout", "the time (" + limit + ") ran out before " + script_.rules.decides + " was started",
             last, event);
}

void Judge::asserted(const Event& event) {
  std::optional<std::string_view> id;
  for (const std::string& path : script_.rules.assert_ids) {
    if (!id) id = json_at(event.line, path);
  }
  if (!id) {
    finding(event.role, "assert-without-id", "the assert names no id", event.seq);
    return;
  }
  const std::string key = json_spelling(*id);  // libraries differ in how they write é or 1.0
  const std::string value(json_at(event.line, script_.rules.assert_value).value_or("null"));
  assert_bytes_ += key.size() + value.size() + sizeof(Asserted);
  if (assert_bytes_ > most_assert_bytes) {
    break_rule(Rule::assertion, Verdict::failed, "assert", "the asserts of this attempt are more than can be compared (16 MiB)", event.role,
               event);
    return;
  }
  std::vector<Asserted>& same_id = asserts_[key];
  bool shared = false;
  bool repeated = false;
  for (Asserted& earlier : same_id) {
    if (earlier.role == event.role) {
      repeated = true;
      continue;
    }
    shared = true;
    earlier.shared = true;
    if (json_equal(earlier.value, value)) continue;
    break_rule(Rule::assertion, Verdict::failed, "assert",
               "assert " + brief(key) + " differs: " + earlier.role + " has " + brief(earlier.value) + " (event " +
                   std::to_string(earlier.seq) + "), " + event.role + " has " + brief(value),
               event.role, event);
  }
  if (repeated) finding(event.role, "repeated-assert", "assert " + brief(key) + " was sent before by this role", event.seq);
  // Two different values of one role are enough to differ from whatever another role says; more would be its flood in our memory.
  constexpr int most_of_one_role = 2;
  const auto of_this_role = std::count_if(same_id.begin(), same_id.end(), [&](const Asserted& a) { return a.role == event.role; });
  const bool known = std::any_of(same_id.begin(), same_id.end(),
                                 [&](const Asserted& earlier) { return earlier.role == event.role && json_equal(earlier.value, value); });
  if (known || of_this_role >= most_of_one_role) {
    assert_bytes_ -= key.size() + value.size() + sizeof(Asserted);
  } else {
    same_id.push_back(Asserted{event.role, value, event.seq, shared});
  }
}

bool Judge::has_room_for_result(const Event& event) {
  result_bytes_ += event.line.size();
  if (result_bytes_ <= most_result_bytes) return true;
  if (!told_of_results_) {
    told_of_results_ = true;
    finding(event.role, "too-many-results",
            "results and measurements from here on are on the timeline only: there are more than 4 MiB of them", event.seq);
  }
  return false;
}

void Judge::remember_result(const Event& event) {
  const auto verdict = verdict_from(json_text_at(event.line, "in.verdict"));
  NamedResult result;
  result.name = json_text_at(event.line, "in.name");
  if (result.name.empty() || !verdict) {
    finding(event.role, "bad-result", "a `result` needs a name and one of the six verdicts", event.seq);
    return;
  }
  if (!has_room_for_result(event)) return;
  result.verdict = *verdict;
  result.message = json_text_at(event.line, "in.message");
  result.reason = json_text_at(event.line, "in.reason");
  result.duration_ms = json_integer_at(event.line, "in.duration_ms");
  result.seq = event.seq;
  judgement_.results.push_back(std::move(result));
}

void Judge::remember_measurement(const Event& event) {
  const auto value = json_at(event.line, "in.value");
  Measurement measurement{json_text_at(event.line, "in.name"), value ? std::string(*value) : "", json_text_at(event.line, "in.unit"),
                          event.role, event.seq};
  if (measurement.name.empty() || measurement.value.empty()) {
    finding(event.role, "bad-measurement", "a `measurement` needs a name and a value", event.seq);
    return;
  }
  if (has_room_for_result(event)) judgement_.measurements.push_back(std::move(measurement));
}

void Judge::finding(std::string_view role, std::string kind, std::string message, std::uint64_t seq) {
  if (judgement_.findings.size() < most_findings) {
    // An event's type may be megabytes long; the event has it whole.
    judgement_.findings.push_back(Finding{std::string(role), std::move(kind), shortened(message, longest_message), seq});
  } else {
    ++judgement_.findings_left_out;
  }
}

void Judge::break_open_expectations(const Event& last) {
  for (Watch& watch : watches_) {
    if (!watch.end()) continue;
    // Decided by the end, which comes after every event.
    if (first_broken_) continue;
    expectation_broken(watch, watch.role_that_owes(), last);
  }
}

std::string Judge::what_is_missing() const {
  for (const RoleProgress& role : roles_) {
    if (!role.started) return role.name + " was not started";
    if (!role.ready) return role.name + " had not " + not_ready_in_words(role);
    if (!role.exited) return role.name + " had not exited";
  }
  const RoleProgress* deciding = progress(script_.rules.decides);
  if (deciding == nullptr) return "no role " + script_.rules.decides;
  if (tap_ && !tap_->has_ended()) return "the end of " + script_.rules.pass.tap + "'s TAP is missing";
  return {};
}

Judgement Judge::finish() {
  for (const auto& [id, asserts] : asserts_) {
    const bool shared = std::any_of(asserts.begin(), asserts.end(), [](const Asserted& a) { return a.shared; });
    if (!shared) finding(asserts.front().role, "lone-assert", "assert " + brief(id) + " was made by this role alone", asserts.front().seq);
  }
  const std::string missing = what_is_missing();
  const bool complete = missing.empty();
  if (complete || first_broken_) {
    break_open_expectations(last_);
  } else {
    for (Watch& watch : watches_)
      watch.end();
  }
  for (const Watch& watch : watches_)
    judgement_.conditions.push_back(watch.result());

  if (tap_) {
    for (NamedResult& result : tap_->results())
      judgement_.results.push_back(std::move(result));
    for (Measurement& measurement : tap_->measurements())
      judgement_.measurements.push_back(std::move(measurement));
  }
  if (first_broken_) {
    judgement_.verdict = first_broken_->verdict;
    judgement_.reason = first_broken_->reason;
    judgement_.message = first_broken_->message;
    // What the role said of the point came after it.
    for (const NamedResult& result : judgement_.results) {
      const bool decided = first_broken_->rule == Rule::tap && first_broken_->blame && result.seq == first_broken_->blame->seq;
      if (decided && result.verdict == Verdict::failed && !result.message.empty())
        judgement_.message += ": " + shortened(result.message, longest_message);
    }
    judgement_.blame = first_broken_->blame;
  } else if (!complete) {
    judgement_.verdict = Verdict::aborted;
    judgement_.reason = "unfinished";
    judgement_.message = "the timeline ends before the attempt did: " + missing;
  } else {
    // Nothing is broken and nothing is missing: every role was ready, the deciding one said done and exited 0.
    judgement_.verdict = Verdict::passed;
  }
  return judgement_;
}

}  // namespace interoper
