#include "engine/conduct.hpp"

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <cassert>
#include <csignal>
#include <map>
#include <memory>
#include <optional>

#include "base/json_text.hpp"
#include "base/lines.hpp"
#include "base/problem.hpp"
#include "engine/judge.hpp"
#include "engine/mailbox.hpp"
#include "engine/tap_intake.hpp"
#include "engine/timeline.hpp"

namespace interoper {
namespace {

using std::chrono::milliseconds;

// Before SIGTERM a role is told `done` on stdin; one that does not read at once is not waited for.
constexpr milliseconds patience_for_done = milliseconds(50);
// Longer waits would overflow the clock; nobody waits for them.
constexpr milliseconds longest_timeout = std::chrono::hours(24 * 365);
// Longer than a runtime waits for what SIGKILL should have ended; then the Lab is closed, which ends every wait.
constexpr std::chrono::seconds end_after_kill_within{60};
// Where no signal arrives, no word of an end will come either.
constexpr std::chrono::seconds end_after_trouble_within{1};
// With a second interrupt nobody gets a grace.
constexpr int hurried = 2;

// Quickly reads the decoded signal name for the timeline; the numbers are those of Linux.
std::string_view signal_name(int number) { return number == SIGKILL ? "SIGKILL" : "SIGTERM"; }

struct Actor {
  explicit Actor(const Executor& executor, const RoleSpec& spec) : role(spec), mailbox(executor) {}
  const RoleSpec& role;
  Mailbox mailbox;
  std::unique_ptr<Process> process;
  bool ended = false;  // its `exited` stands on the timeline, or it was lost
  bool told_dropped = false;
  RoleOutcome outcome;
  std::unique_ptr<TapIntake> tap;  // of a role that speaks TAP
};

// What must happen next, and by whom; without a role there is nobody yet.
struct Wait {
  const std::string* role = nullptr;
  std::string_view what;
  bool operator==(const Wait&) const = default;
};

class Conductor {
 public:
  Conductor(const Executor& executor, const AttemptOrder& order, Runtime& runtime, Interrupt& interrupt, EventTaker taker, WaitTaker waits)
      : executor_(executor),
        order_(order),
        script_(*order.script),
        runtime_(runtime),
        interrupt_(interrupt),
        taker_(std::move(taker)),
        waits_(std::move(waits)),
        judge_(*order.script),
        timeline_([this](const Event& event) { take(event); }),
        changed_(executor),
        followers_(executor),
        letters_(executor),
        watchers_(executor) {
    for (const RoleSpec& role : script_.roles)
      actors_.emplace_back(std::make_unique<Actor>(executor, role));
  }

  Task<AttemptRecord> perform();

 private:
  void take(const Event& event);
  void post(const Event& event);
  void exec_event();
  void trouble(std::string_view role, const WorldError& error);
  bool ready(const Actor& actor) const;
  Wait next_wait() const;
  void tell_wait();

  Task<> play();
  Task<bool> start(Actor& actor);
  void start_the_clock(const Actor& actor);
  Task<> look_for_socket(Actor& actor);
  Task<> wait_until_ready(Actor& actor);
  Task<> follow(Actor& actor);
  Task<> read_to_the_end(Actor& actor);
  Task<> watch_the_time();
  Task<> watch_the_interrupt();
  Task<> stop_all();
  Task<> stop(Actor& actor);
  Task<> collect();
  Task<bool> ended_within(Actor& actor, milliseconds grace);
  void send_signal_event(const Actor& actor, int number);
  AttemptRecord record();

  Executor executor_;
  const AttemptOrder& order_;
  const Script& script_;
  Runtime& runtime_;
  Interrupt& interrupt_;
  EventTaker taker_;
  WaitTaker waits_;
  Wait waited_{nullptr, "?"};  // what was told last: nothing
  bool recording_lost_ = false;
  Judge judge_;
  Timeline timeline_;
  Notice changed_;  // an event was added, or an actor ended
  std::optional<Clock::time_point> deadline_;
  bool finished_ = false;
  std::vector<std::unique_ptr<Actor>> actors_;
  std::unique_ptr<Lab> lab_;
  Group followers_, letters_, watchers_;
};

void Conductor::take(const Event& event) {
  judge_.observe(event);
  std::optional<WorldError> lost;
  if (!recording_lost_) {
    try {
      taker_(event);
    } catch (const WorldError& error) {
      lost = error;
    }
  }
  // Nobody waits for a log line; waking all who wait for each of a flood would make it ours.
  if (event.type != "log") {
    post(event);
    tell_wait();
    changed_.notify();
  }
  if (!lost) return;
  // What cannot be kept cannot be judged again: the attempt ends in `error`, and nothing more is written.
  recording_lost_ = true;
  trouble("", *lost);
}

void Conductor::post(const Event& event) {
  const std::vector<std::string> names = addressees(event, script_.rules, script_.roles);
  if (names.empty()) return;
  const std::string letter = letter_of(event);
  for (const auto& actor : actors_) {
    if (!actor->role.hears || std::find(names.begin(), names.end(), actor->role.name) == names.end()) continue;
    if (actor->mailbox.put(letter) || actor->told_dropped) continue;
    actor->told_dropped = true;
    const std::string role = actor->role.name;
    timeline_.add(role, engine_draft("inbox-full", R"({"limit_bytes":)" + std::to_string(most_unread_bytes) + "}"));
  }
}

void Conductor::exec_event() {
  std::string in = "{";
  for (const std::string& role : script_.rules.role_order) {
    const std::string_view implementation = cast_in(order_.cell->cast, role);
    if (!implementation.empty()) in += json_quote(role) + ":" + json_quote(implementation) + ",";
  }
  in += R"("roles":{)";
  for (std::size_t i = 0; i < order_.cell->cast.size(); ++i) {
    const Casting& casting = order_.cell->cast[i];
    in += (i == 0 ? "" : ",") + json_quote(casting.role) + ":" + json_quote(casting.implementation);
  }
  // The folder of a run that was killed has nothing else that tells a retry from a repetition.
  in += R"(},"attempt":)" + std::to_string(order_.n) + R"(,"repetition":)" + std::to_string(order_.repetition) + "}";
  timeline_.add("", engine_draft("exec", in));
}

void Conductor::trouble(std::string_view role, const WorldError& error) {
  timeline_.add(role,
                engine_draft("trouble", R"({"what":)" + json_quote(error.what()) + R"(,"reason":)" + json_quote(error.reason()) + "}"));
}

bool Conductor::ready(const Actor& actor) const {
  const RoleProgress* progress = judge_.progress(actor.role.name);
  return progress != nullptr && progress->ready.has_value();
}

Wait Conductor::next_wait() const {
  if (judge_.over() || finished_) {
    for (const auto& actor : actors_) {
      if (actor->process && !actor->ended) return {&actor->role.name, "end"};
    }
    return {};
  }
  if (!lab_) return {nullptr, "runtime"};
  for (const auto& actor : actors_) {
    if (!actor->process) return {&actor->role.name, "start"};
    if (!ready(*actor)) return {&actor->role.name, "ready"};
  }
  const RoleProgress* deciding = judge_.progress(script_.rules.decides);
  return {&script_.rules.decides, deciding == nullptr || !deciding->done ? "done" : "exit"};
}

void Conductor::tell_wait() {
  if (!waits_) return;
  const Wait wait = next_wait();
  if (wait == waited_) return;
  waited_ = wait;
  waits_((wait.role != nullptr ? *wait.role + " " : "") + std::string(wait.what));
}

Task<AttemptRecord> Conductor::perform() {
  exec_event();
  watchers_.spawn(watch_the_interrupt());
  try {
    co_await play();
  } catch (const WorldError& error) {
    trouble("", error);
  }
  co_await stop_all();
  finished_ = true;
  changed_.notify();
  interrupt_.raised.notify();
  if (lab_) co_await lab_->close();
  for (const auto& actor : actors_)
    actor->mailbox.abandon();
  co_await letters_.join();
  co_await followers_.join();
  co_await watchers_.join();
  co_await collect();
  AttemptRecord done = record();
  co_return done;
}

Task<> Conductor::play() {
  LabOrder lab_order = order_.lab;
  lab_ = co_await runtime_.open(std::move(lab_order));
  tell_wait();
  for (const auto& actor : actors_) {
    if (judge_.over()) co_return;
    const bool started = co_await start(*actor);
    if (!started) co_return;
    co_await wait_until_ready(*actor);
  }
  const Predicate over = [this] { return judge_.over(); };
  co_await changed_.until(over);
}

Task<bool> Conductor::start(Actor& actor) {
  std::optional<WorldError> failure;
  try {
    actor.process = co_await lab_->start(actor.role.name);
  } catch (const WorldError& error) {
    failure = error;
  }
  if (failure) {
    trouble(actor.role.name, *failure);
    co_return false;
  }
  actor.outcome.image = actor.process->image_id();
  const std::string in = actor.outcome.image.empty() ? "" : R"({"image":)" + json_quote(actor.outcome.image) + "}";
  timeline_.add(actor.role.name, engine_draft("started", in));
  start_the_clock(actor);
  if (actor.role.ready.sign == Readiness::Sign::started)
    timeline_.add(actor.role.name, engine_draft(script_.rules.ready_event, R"({"probe":"started"})"));
  followers_.spawn(follow(actor));
  if (actor.role.hears) letters_.spawn(actor.mailbox.deliver(*actor.process));
  if (actor.role.ready.sign == Readiness::Sign::udp) watchers_.spawn(look_for_socket(actor));
  co_return true;
}

// It starts at the first exec (interface §3), or at the deciding role's where the suite says so.
void Conductor::start_the_clock(const Actor& actor) {
  const bool is_it = !script_.rules.clock_starts_with_deciding || actor.role.name == script_.rules.decides;
  if (deadline_ || !is_it) return;
  deadline_ = Clock::now() + std::min(script_.timeout, longest_timeout);
  watchers_.spawn(watch_the_time());
}

// A role that says nothing of itself is ready when what the others will knock at is there.
Task<> Conductor::look_for_socket(Actor& actor) {
  std::optional<WorldError> failure;
  bool is_bound = false;
  try {
    is_bound = co_await actor.process->bound_udp(actor.role.ready.port);
  } catch (const WorldError& error) {
    failure = error;
  }
  if (finished_) co_return;
  if (failure) trouble(actor.role.name, *failure);
  const std::string probe = R"({"probe":"udp )" + std::to_string(actor.role.ready.port) + "\"}";
  if (is_bound && !actor.ended) timeline_.add(actor.role.name, engine_draft(script_.rules.ready_event, probe));
}

Task<> Conductor::wait_until_ready(Actor& actor) {
  const Predicate ready_or_over = [this, &actor] { return ready(actor) || judge_.over(); };
  std::optional<milliseconds> limit = actor.role.ready.within;
  if (!limit && !deadline_) limit = std::min(script_.timeout, longest_timeout);  // the attempt's own clock does not run yet
  const auto deadline = limit ? Clock::now() + *limit : Clock::time_point::max();
  const bool in_time = co_await changed_.until(ready_or_over, deadline);
  if (!in_time) timeline_.add("", engine_draft("timeout", R"({"timeout_ms":)" + std::to_string(limit->count()) + "}"));
}

// Everything it writes, to the end; then how it ended.
Task<> Conductor::follow(Actor& actor) {
  std::optional<WorldError> failure;
  Exit exit;
  try {
    co_await read_to_the_end(actor);
    exit = co_await actor.process->exit();
  } catch (const WorldError& error) {
    failure = error;
  }
  actor.mailbox.abandon();
  actor.ended = true;
  if (failure) {
    trouble(actor.role.name, *failure);
    co_return;
  }
  actor.outcome.exit = RoleOutcome::Exit{exit.code, exit.signal, exit.oom};
  std::string in = R"({"exit_code":)" + std::to_string(exit.code);
  if (exit.signal) in += R"(,"signal":)" + std::to_string(*exit.signal);
  if (exit.oom) in += R"(,"oom":true)";
  timeline_.add(actor.role.name, engine_draft("exited", in + "}"));
  // Behind `exited`: that a role was killed explains more than that its TAP is too short.
  if (!actor.tap) co_return;
  actor.tap->finish();
  timeline_.add(actor.role.name, actor.tap->end());
}

Task<> Conductor::read_to_the_end(Actor& actor) {
  LineSplitter out;
  LineSplitter err;
  const std::string role = actor.role.name;
  Timeline::Moment received;
  if (actor.role.speaks == Dialect::tap) {
    const auto add = [this, role](const Draft& draft) { timeline_.add(role, draft, Timeline::Moment()); };
    actor.tap = std::make_unique<TapIntake>(add);
  }
  const auto add_to = [this, &actor, &role, &received](Stream stream) {
    return [this, &actor, &role, &received, stream](const LineSplitter::Line& line) {
      const bool may_be_event = actor.role.speaks == Dialect::events;
      const Draft draft = may_be_event ? draft_of_line(stream, line) : log_of_line(stream, line);
      timeline_.add(role, draft, received);
      if (actor.tap && stream == Stream::out) actor.tap->read(line);
    };
  };
  const auto add_out = add_to(Stream::out);
  const auto add_err = add_to(Stream::err);
  while (true) {
    const Chunk chunk = co_await actor.process->read();
    received = Timeline::Moment();
    if (chunk.bytes.empty()) break;
    if (chunk.stream == Stream::out) out.feed(chunk.bytes, add_out);
    if (chunk.stream == Stream::err) err.feed(chunk.bytes, add_err);
    // One piece a turn: who floods waits behind the others.
    co_await yield_turn();
  }
  out.finish(add_out);
  err.finish(add_err);
}

Task<> Conductor::watch_the_time() {
  const Predicate over = [this] { return judge_.over() || finished_; };
  const bool in_time = co_await changed_.until(over, *deadline_);
  if (!in_time) timeline_.add("", engine_draft("timeout", R"({"timeout_ms":)" + std::to_string(script_.timeout.count()) + "}"));
}

Task<> Conductor::watch_the_interrupt() {
  const Predicate raised_or_over = [this] { return interrupt_.level > 0 || finished_; };
  co_await interrupt_.raised.until(raised_or_over);
  if (interrupt_.level > 0 && !finished_) timeline_.add("", engine_draft("interrupted"));
}

Task<> Conductor::stop_all() {
  Group stopping(executor_);
  for (const auto& actor : actors_) {
    if (actor->process && !actor->ended) stopping.spawn(stop(*actor));
  }
  co_await stopping.join();
}

void Conductor::send_signal_event(const Actor& actor, int number) {
  timeline_.add(actor.role.name, engine_draft("stopping", R"({"signal":")" + std::string(signal_name(number)) + "\"}"));
}

Task<bool> Conductor::ended_within(Actor& actor, milliseconds grace) {
  const auto deadline = Clock::now() + grace;
  while (!actor.ended && Clock::now() < deadline && interrupt_.level < hurried) {
    // Two bells can ring: the actor ends, or the user loses patience.
    const auto next_look = std::min<Clock::time_point>(deadline, Clock::now() + milliseconds(100));
    const Predicate ended = [&actor] { return actor.ended; };
    co_await changed_.until(ended, next_look);
  }
  co_return actor.ended;
}

// `done` on stdin and SIGTERM, then SIGKILL after the grace (interface §5).
Task<> Conductor::stop(Actor& actor) {
  std::optional<WorldError> failure;
  try {
    // It may be ending by itself right now (a worker that leaves when its driver has): its own status is better evidence than ours.
    if (actor.role.hears) {
      actor.mailbox.put("{\"ty\":" + json_quote(script_.rules.done_event) + "}\n");
      actor.mailbox.close();
      co_await actor.mailbox.delivered_by(Clock::now() + patience_for_done);
    }
    if (actor.ended) co_return;
    send_signal_event(actor, SIGTERM);
    co_await actor.process->signal(SIGTERM);
    const bool gone = co_await ended_within(actor, actor.role.grace);
    if (gone) co_return;
    send_signal_event(actor, SIGKILL);
    co_await actor.process->signal(SIGKILL);
  } catch (const WorldError& error) {
    failure = error;
  }
  if (failure) trouble(actor.role.name, *failure);
  // An engine that hangs ends neither the process nor its output; closing the Lab lets go of both.
  const auto patience = failure ? end_after_trouble_within : end_after_kill_within;
  const Predicate ended = [&actor] { return actor.ended; };
  const auto deadline = Clock::now() + patience;
  co_await changed_.until(ended, deadline);
}

Task<> Conductor::collect() {
  if (!order_.collect) co_return;
  std::vector<LeftOut> left_out;
  std::optional<WorldError> failure;
  try {
    left_out = co_await order_.collect();
  } catch (const WorldError& error) {
    failure = error;
  }
  if (failure) trouble("", *failure);
  for (const LeftOut& one : left_out) {
    std::string entries;
    for (const Leavings::LeftOut& entry : one.entries)
      entries += (entries.empty() ? R"({"path":)" : R"(,{"path":)") + json_quote(entry.path) + R"(,"why":)" + json_quote(entry.why) + "}";
    timeline_.add(one.role, engine_draft("left-out", R"({"what":)" + json_quote(one.what) + R"(,"directory":)" + json_quote(one.directory) +
                                                         R"(,"count":)" + std::to_string(one.count) + R"(,"entries":[)" + entries + "]}"));
  }
}

AttemptRecord Conductor::record() {
  AttemptRecord record;
  record.n = order_.n;
  record.repetition = order_.repetition;
  record.judgement = judge_.finish();
  if (record.judgement.blame) {
    record.judgement.blame->attempt = order_.n;
    record.judgement.blame->implementation = cast_in(order_.cell->cast, record.judgement.blame->role);
  }
  const Judgement& judgement = record.judgement;
  std::string in = judgement.verdict == Verdict::passed ? R"({"success":true)" : R"({"success":false)";
  in += R"(,"verdict":)" + json_quote(to_string(judgement.verdict)) + R"(,"reason":)" + json_quote(judgement.reason);
  if (!judgement.message.empty()) in += R"(,"message":)" + json_quote(judgement.message);
  timeline_.add("", engine_draft("status", in + "}"));
  record.started = timeline_.started();
  record.duration_ms = timeline_.duration_ms();
  record.events = timeline_.size();
  for (const auto& actor : actors_)
    record.roles[actor->role.name] = actor->outcome;
  return record;
}

}  // namespace

Task<AttemptRecord> conduct(AttemptOrder order, Runtime& runtime, Interrupt& interrupt, EventTaker taker, WaitTaker waits) {
  const Executor executor = co_await boost::asio::this_coro::executor;
  Conductor conductor(executor, order, runtime, interrupt, std::move(taker), std::move(waits));
  AttemptRecord record = co_await conductor.perform();
  co_return record;
}

}  // namespace interoper
