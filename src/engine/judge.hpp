// The verdict as a pure function of script and timeline (interface §7): no clock, no I/O, nothing but the events. It is a fold, so that
// the same code follows an attempt while it runs, with bounded memory, and judges a recording again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/patterns.hpp"
#include "engine/tap_watch.hpp"
#include "engine/vocabulary.hpp"
#include "model/event.hpp"
#include "model/record.hpp"
#include "model/spec.hpp"

namespace interoper {

// Limits on what a process can make the judge remember; beyond them the judgement says so.
constexpr std::size_t most_findings = 200;
constexpr std::size_t most_result_bytes = std::size_t{4} * 1024 * 1024;  // results and measurements; one finding tells of what is left out
constexpr std::size_t most_assert_bytes = std::size_t{16} * 1024 * 1024;

// How far one role has come.
struct RoleProgress {
  std::string name;
  std::optional<std::uint64_t> started;  // seqs
  std::optional<std::uint64_t> ready;
  std::optional<std::uint64_t> done;
  std::optional<std::uint64_t> signalled;  // the engine sent it a signal
  std::optional<std::uint64_t> exited;
  int exit_code = 0;
  std::optional<int> exit_signal;
  bool oom = false;
};

class Judge {
 public:
  // The script must outlive the judge.
  explicit Judge(const Script& script);

  void observe(const Event& event);

  // Nothing that may still happen can let the attempt go on: a rule is broken that ends it, or the deciding role has ended.
  bool over() const { return over_; }
  const RoleProgress* progress(std::string_view role) const;

  // The judgement over all that was observed. A timeline that ends before the attempt did is `aborted`.
  Judgement finish();

 private:
  // The rules in the table's order: at the same event the first of them gives the reason.
  enum class Rule { unsupported, error, aborted, not_ready, exited, not_done, timeout, assertion, expectation, tap };
  struct Broken {
    Verdict verdict = Verdict::failed;
    Rule rule = Rule::error;
    std::string reason;
    std::string message;
    std::optional<Blame> blame;
    std::uint64_t position = 0;
  };
  struct Asserted {
    std::string role;
    std::string value;
    std::uint64_t seq = 0;
    bool shared = false;  // another role asserted it too
  };

  RoleProgress* find(std::string_view role);
  // A role of the suite that is not in the script: somebody else runs it, somewhere, and it may be to blame all the same.
  bool plays_elsewhere(std::string_view role) const;
  void break_rule(Rule rule, Verdict verdict, std::string reason, std::string message, std::string_view role, const Event& event);
  // `role`: who owes what was not seen, or did what must not be seen.
  void expectation_broken(const Watch& watch, std::string_view role, const Event& event);
  void engine_event(const Event& event);
  void process_event(const Event& event);
  void role_exited(RoleProgress& role, const Event& event);
  void deciding_role_exited(const RoleProgress& role, const Event& event);
  void said_done(RoleProgress& role, const Event& event);
  void time_ran_out(const Event& event);
  void tap_event(const Event& event);
  // With its exit status the role says that it does not play this test or role.
  bool says_unsupported(const RoleProgress& role) const;
  const RoleSpec& spec_of(const RoleProgress& role) const { return script_.roles[static_cast<std::size_t>(&role - roles_.data())]; }
  // What it lacked to be ready: "said ready", "a UDP socket bound to 4443".
  std::string not_ready_in_words(const RoleProgress& role) const;
  void asserted(const Event& event);
  // False, and a finding the first time, when there is no room for another result of this event's size.
  bool has_room_for_result(const Event& event);
  void remember_result(const Event& event);
  void remember_measurement(const Event& event);
  void finding(std::string_view role, std::string kind, std::string message, std::uint64_t seq);
  bool is_deciding(const RoleProgress& role) const { return role.name == script_.rules.decides; }
  std::string exit_in_words(const RoleProgress& role) const;
  void break_open_expectations(const Event& last);
  std::string what_is_missing() const;
  std::string what_others_wait_for() const;

  const Script& script_;
  std::vector<RoleProgress> roles_;  // in start order
  std::vector<Watch> watches_;
  Vocabulary vocabulary_;
  std::optional<TapWatch> tap_;  // where the suite's passes are shown by TAP
  std::optional<Broken> first_broken_;
  // Where we stand in time: 2 * seq while that passes which came before the event, one more at the event itself.
  std::uint64_t position_ = 0;
  bool over_ = false;
  bool ended_ = false;  // `status` was seen
  std::map<std::string, std::vector<Asserted>> asserts_;
  std::size_t assert_bytes_ = 0;
  std::size_t result_bytes_ = 0;
  bool told_of_results_ = false;
  Event last_;  // without its line: where the timeline stands
  Judgement judgement_;
};

}  // namespace interoper
