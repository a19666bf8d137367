#include "engine/run.hpp"

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <cctype>
#include <map>
#include <memory>

#include "engine/bind.hpp"
#include "engine/breaker.hpp"

namespace interoper {
namespace {

std::string as_variable(std::string_view name) {
  std::string variable;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    variable += std::isalnum(byte) != 0 ? static_cast<char>(std::toupper(byte)) : '_';
  }
  return variable;
}

const Implementation* find_implementation(const std::vector<Implementation>& all, std::string_view name) {
  for (const Implementation& one : all) {
    if (one.name == name) return &one;
  }
  return nullptr;
}

// Later ones win: the implementation's own, then what it says of the role, then the header's, then what the contract promises
// (interface §5).
std::vector<std::pair<std::string, std::string>> environment(const Implementation* implementation, const RoleSpec& role, const Cell& cell,
                                                             const Script& script, std::uint64_t seed) {
  std::map<std::string, std::string> env;
  if (implementation != nullptr) env = implementation->env;
  const RoleOffer* const offer = implementation != nullptr ? find_offer(*implementation, role.name) : nullptr;
  if (offer != nullptr) {
    for (const auto& [name, value] : offer->env)
      env[name] = value;
  }
  for (const auto& [name, value] : role.env)
    env[name] = value;
  env["INTEROPER_TEST"] = cell.test;
  env["INTEROPER_ROLE"] = role.name;
  env["INTEROPER_TIMEOUT_MS"] = std::to_string(script.timeout.count());
  env["INTEROPER_SEED"] = std::to_string(seed);
  for (const Casting& casting : cell.cast)
    env["INTEROPER_IMPL_" + as_variable(casting.role)] = casting.implementation;
  for (const auto& [name, value] : cell.params)
    env["INTEROPER_PARAM_" + as_variable(name)] = value;
  return {env.begin(), env.end()};
}

Player player_of(const Stage& stage, const RunRecord& record, const Cell& cell, const Script& script, const RoleSpec& role) {
  Player player;
  player.role = role.name;
  player.aliases = role.aliases;
  player.implementation = cast_in(cell.cast, role.name);
  const Implementation* implementation = find_implementation(stage.implementations, player.implementation);
  if (!role.image.empty()) {
    player.image = role.image;
    player.pull = true;
  } else if (implementation != nullptr) {
    player.image = image_reference(*implementation, role.name);
    const Source* source = image_source(*implementation, role.name);
    player.pull = source != nullptr && std::holds_alternative<ImageSource>(*source);
    player.path = implementation->path;
  }
  player.command = role.command;
  player.env = environment(implementation, role, cell, script, record.seed);
  player.user = role.user;
  player.limits = role.limits;
  player.has_stdin = role.hears;
  return player;
}

bool sees_shared(const RoleSpec& role) {
  return std::any_of(role.mounts.begin(), role.mounts.end(), [](const Mount& mount) { return mount.source == "shared"; });
}

// The host of the role that somebody else runs; empty when we run them all.
std::string machine_elsewhere(const Cell& cell) {
  for (const Casting& casting : cell.cast) {
    if (!is_remote(cell, casting.role)) continue;
    const auto url = cell.labels.find(casting.role + ".url");
    if (url == cell.labels.end()) continue;
    const std::size_t scheme = url->second.find("://");
    const std::string rest = scheme == std::string::npos ? url->second : url->second.substr(scheme + 3);
    const std::size_t end = rest.starts_with('[') ? rest.find(']') : rest.find_first_of(":/?#");
    return rest.substr(0, end);
  }
  return {};
}

constexpr std::string_view breaker_reason = "breaker";

bool is_decided(const CellRecord& cell) { return !cell.attempts.empty() || cell.reason == breaker_reason; }

bool is_worth_a_retry(Verdict verdict) { return verdict == Verdict::failed || verdict == Verdict::error; }

class Runner {
 public:
  Runner(const Executor& executor, Stage stage, RunRecord record)
      : stage_(std::move(stage)),
        record_(std::move(record)),
        changed_(executor),
        cells_(executor),
        wake_(executor),
        specs_(specs_by_name(stage_.suite)),
        props_(stage_.suite.rules, record_.id, stage_.options.report),
        schedule_(make_schedule()) {}

  Task<RunRecord> perform();

 private:
  void tell(const Tiding& tiding) const {
    for (Reporter* reporter : stage_.reporters)
      reporter->hear(tiding);
  }
  Task<> wake_on_interrupt();
  Task<> describe_world();
  Task<> start_cells();
  Task<> run_cell(std::size_t index);
  Task<> run_repetitions(CellRecord& cell, const Script& script);
  Task<> run_attempt(CellRecord& cell, const Script& script, int repetition);
  bool is_given_up(CellRecord& cell);
  Schedule make_schedule();
  const Script& script_for(const Cell& cell);
  void set_unrun(Verdict verdict, const std::string& reason, const std::string& message);
  void tell_unrun(const WorldError& why);
  bool is_enough() const { return stage_.interrupt.level > 0 || failed_fast_ || broken_report_ || is_budget_spent(); }
  bool is_budget_spent() const {
    const auto& last = stage_.options.start_nothing_after;
    return last && Clock::now() >= *last;
  }

  Stage stage_;
  RunRecord record_;
  Notice changed_;
  Group cells_;
  Group wake_;
  std::unordered_map<std::string_view, const Spec*> specs_;
  std::map<std::string, std::unique_ptr<Script>> scripts_;
  Props props_;
  Schedule schedule_;
  Breaker breaker_;
  bool failed_fast_ = false;
  bool finished_ = false;
  std::optional<WorldError> broken_report_;
};

const Script& Runner::script_for(const Cell& cell) {
  std::string key = cell.test;
  for (const auto& [name, value] : cell.params)
    key.append(1, '\0').append(name).append(1, '=').append(value);
  for (const auto& [name, value] : cell.labels)
    key.append(2, '\0').append(name).append(1, '=').append(value);
  std::unique_ptr<Script>& script = scripts_[key];
  if (!script) {
    const Spec* spec = specs_.at(cell.test);
    // Every test was bound with every set of values before the run, so that a fault here cannot be a user's.
    script = std::make_unique<Script>(std::get<Script>(bind_script(*spec, cell, stage_.suite.rules, stage_.options.timeout_scale)));
  }
  return *script;
}

void Runner::set_unrun(Verdict verdict, const std::string& reason, const std::string& message) {
  for (CellRecord& cell : record_.cells) {
    if (is_decided(cell)) continue;
    cell.verdict = verdict;
    cell.reason = reason;
    cell.message = message;
  }
}

// Nobody is to blame, and somebody must hear of it: cells that something kept from running end like others.
void Runner::tell_unrun(const WorldError& why) {
  set_unrun(Verdict::error, why.reason(), why.what());
  for (const CellRecord& cell : record_.cells) {
    if (!is_decided(cell)) tell(CellEnded{cell});
  }
}

Task<RunRecord> Runner::perform() {
  const auto began = Clock::now();
  set_unrun(Verdict::aborted, "not-run", "the run ended before this cell was started");
  record_.summary = summarise(record_.cells);  // the plan that is kept agrees with its cells
  tell(RunBegan{record_});
  std::optional<WorldError> blocked = stage_.blocked;
  const bool nothing_to_do = record_.cells.empty();  // a shard can be
  if (!blocked && !nothing_to_do) {
    try {
      props_.make();
      co_await stage_.runtime.begin(record_.id);
      co_await describe_world();
    } catch (const WorldError& error) {
      blocked = error;
    }
  }
  if (!blocked) {
    wake_.spawn(wake_on_interrupt());
    co_await start_cells();
    finished_ = true;
    stage_.interrupt.raised.notify();
    co_await wake_.join();
  }
  co_await stage_.runtime.end();
  const bool interrupted = stage_.interrupt.level > 0;
  if (interrupted) {
    set_unrun(Verdict::aborted, "interrupted", "the run was interrupted before this cell was started");
  } else if (blocked) {
    tell_unrun(*blocked);
  } else if (broken_report_) {
    tell_unrun(*broken_report_);
  } else if (failed_fast_) {
    set_unrun(Verdict::skipped, "fail-fast", "not run: an earlier cell did not pass, and --fail-fast was given");
  } else if (is_budget_spent()) {
    set_unrun(Verdict::skipped, "budget", "not run: the time that --budget gave was used up before this cell was started");
  }
  record_.summary = summarise(record_.cells);
  record_.finished = std::chrono::system_clock::now();
  record_.duration_ms = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began).count();
  record_.exit_code = nothing_to_do && record_.shard ? 0 : exit_code_of(record_.cells, interrupted);
  tell(RunEnded{record_});
  co_return std::move(record_);
}

// What runs here, for the report: two reports differ by this when the same cells end differently.
Task<> Runner::describe_world() {
  for (const auto& [name, value] : stage_.runtime.facts())
    record_.host[name] = value;
  for (const Implementation& implementation : stage_.implementations) {
    const auto known = record_.implementations.find(implementation.name);
    if (known == record_.implementations.end()) continue;
    for (auto& [role, source] : known->second.roles) {
      if (source.image.empty()) continue;
      const std::optional<ImageFacts> facts = co_await stage_.runtime.image_facts(source.image);
      if (!facts) continue;
      source.digest = facts->digest.empty() ? facts->id : facts->digest;
      source.revision = facts->revision;
      source.platform = facts->platform;
    }
  }
}

Task<> Runner::wake_on_interrupt() {
  const Predicate raised_or_finished = [this] { return stage_.interrupt.level > 0 || finished_; };
  co_await stage_.interrupt.raised.until(raised_or_finished);
  changed_.notify();
}

Schedule Runner::make_schedule() {
  std::vector<Demand> demands;
  for (const CellRecord& cell : record_.cells) {
    demands.push_back(demand_of(script_for(cell.cell)));
    demands.back().elsewhere = machine_elsewhere(cell.cell);
    demands.back().expected = stage_.expectations.of(cell.cell.id, cell.cell.test);
  }
  return {std::move(demands), stage_.options.capacity};
}

Task<> Runner::start_cells() {
  const Clock::time_point last_look = stage_.options.start_nothing_after.value_or(Clock::time_point::max());
  const Predicate something_to_do = [this] { return is_enough() || schedule_.empty() || schedule_.next(); };
  while (true) {
    co_await changed_.until(something_to_do, last_look);
    if (is_enough() || schedule_.empty()) break;
    const std::size_t index = *schedule_.next();
    if (is_given_up(record_.cells[index])) {
      schedule_.drop(index);
      continue;
    }
    schedule_.start(index);
    cells_.spawn(run_cell(index));
  }
  co_await cells_.join();
}

// True, and the cell is skipped, when an implementation that plays in it does nothing but hang.
bool Runner::is_given_up(CellRecord& cell) {
  if (!stage_.options.breaker) return false;
  const std::string implementation = breaker_.tripped(cell.cell.cast);
  if (implementation.empty()) return false;
  cell.verdict = Verdict::skipped;
  cell.reason = breaker_reason;
  cell.message = "not run: " + std::to_string(breaker_limit) + " attempts in a row are blamed on " + implementation +
                 " and used up their time, and none passed; --no-breaker runs it all the same";
  tell(CellEnded{cell});
  return true;
}

Task<> Runner::run_cell(std::size_t index) {
  CellRecord& cell = record_.cells[index];
  try {
    co_await run_repetitions(cell, script_for(cell.cell));
    fold_attempts(cell);
    tell(CellEnded{cell});
  } catch (const WorldError& error) {
    // A reporter could not keep something: what is not written down must not be run.
    broken_report_ = error;
    cell.verdict = Verdict::error;
    cell.reason = error.reason();
    cell.message = error.what();
  }
  const bool bad = cell.verdict == Verdict::failed || cell.verdict == Verdict::error;
  if (bad && stage_.options.fail_fast) failed_fast_ = true;
  schedule_.end(index);
  changed_.notify();
}

Task<> Runner::run_repetitions(CellRecord& cell, const Script& script) {
  const int most_attempts = 1 + stage_.options.retries;
  for (int repetition = 0; repetition < stage_.options.repeat; ++repetition) {
    for (int attempt = 0; attempt < most_attempts; ++attempt) {
      co_await run_attempt(cell, script, repetition);
      const bool enough = is_enough();  // asked once: a budget can run out between two questions
      const bool again = is_worth_a_retry(cell.attempts.back().judgement.verdict) && attempt + 1 < most_attempts && !enough;
      const bool more = again || (repetition + 1 < stage_.options.repeat && !enough);
      tell(AttemptEnded{cell, cell.attempts.back(), more});
      if (!more) co_return;
      if (!again) break;
    }
  }
}

Task<> Runner::run_attempt(CellRecord& cell, const Script& script, int repetition) {
  const int n = static_cast<int>(cell.attempts.size()) + 1;
  tell(AttemptBegan{cell, n});
  AttemptOrder order;
  order.script = &script;
  order.cell = &cell.cell;
  order.n = n;
  order.repetition = repetition;
  order.lab = lab_order(stage_, record_, cell.cell, script, n, props_);
  const Predicate hurried = [this] { return stage_.interrupt.level > 1; };
  order.collect = [this, &cell, &script, n, &hurried] { return props_.collect(script.roles, cell.cell.id, n, hurried); };
  bool out_of_time = false;
  const EventTaker taker = [this, &cell, n, &out_of_time](const Event& event) {
    out_of_time = out_of_time || (event.by_engine && event.type == "timeout");
    tell(EventSeen{cell, n, event});
  };
  const WaitTaker waits = [this, &cell, n](const std::string& what) { tell(AttemptWaits{cell, n, what}); };
  AttemptRecord attempt = co_await conduct(std::move(order), stage_.runtime, stage_.interrupt, taker, waits);
  attempt.log = timeline_path(cell.cell.id, n);
  const Judgement& judgement = attempt.judgement;
  const bool passed = judgement.verdict == Verdict::passed;
  breaker_.ended(cell.cell.cast, judgement.blame ? judgement.blame->implementation : "", passed, out_of_time);
  cell.duration_ms += attempt.duration_ms;
  cell.attempts.push_back(std::move(attempt));
}

}  // namespace

LabOrder lab_order(const Stage& stage, const RunRecord& record, const Cell& cell, const Script& script, int attempt, Props& props) {
  LabOrder order;
  order.cell = cell.id;
  order.attempt = attempt;
  order.outside = script.network.outside;
  // A role that somebody else runs is reached as this machine reaches it: by its names and routes, also on its loopback.
  const bool meets_the_outside =
      std::any_of(cell.cast.begin(), cell.cast.end(), [&](const Casting& casting) { return is_remote(cell, casting.role); });
  order.host_network = stage.options.host_network || meets_the_outside;
  order.strict = stage.options.strict;
  order.shared = false;
  for (const RoleSpec& role : script.roles) {
    order.players.push_back(player_of(stage, record, cell, script, role));
    order.players.back().binds = props.binds(role, cell.id, attempt);
    order.shared = order.shared || sees_shared(role);
  }
  if (stage.options.keep && order.shared) order.keep_shared = props.kept_shared(cell.id, attempt);
  return order;
}

int exit_code_of(const std::vector<CellRecord>& cells, bool interrupted) {
  if (interrupted) return 130;
  const Summary summary = summarise(cells);
  if (summary.failed > 0) return 1;
  const bool unrun = std::any_of(cells.begin(), cells.end(),
                                 [](const CellRecord& cell) { return cell.verdict == Verdict::skipped && cell.attempts.empty(); });
  if (summary.error > 0 || summary.aborted > 0 || unrun) return 3;
  if (summary.passed == 0) return 4;
  return 0;
}

Task<RunRecord> run(Stage stage, RunRecord record) {
  const Executor executor = co_await boost::asio::this_coro::executor;
  Runner runner(executor, std::move(stage), std::move(record));
  RunRecord done = co_await runner.perform();
  co_return done;
}

}  // namespace interoper
