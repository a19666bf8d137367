#include "runtimes/docker/exits.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/lines.hpp"
#include "runtimes/docker/engine_json.hpp"

namespace interoper::docker {

namespace {

// The stream may open a moment after it is asked for, and clocks in headers have whole seconds: look back this far.
constexpr int look_back_seconds = 3;
// An engine that restarts is back within seconds; one that takes longer has lost our containers anyway.
constexpr std::array<std::chrono::milliseconds, 4> pauses_before_reopening = {
    std::chrono::milliseconds(50), std::chrono::milliseconds(300), std::chrono::milliseconds(1000), std::chrono::milliseconds(2000)};
// Events that were missed are replayed at once; what ended and is not among them by then was never told.
constexpr std::chrono::milliseconds replay_within{1000};
// A stream that breaks sooner than this after it was opened was of no use; after so many in a row it never will be.
constexpr std::chrono::seconds useful_connection{2};
constexpr std::size_t useless_connections_at_most = 5;
// An event is a few kilobytes (all labels and names); more is none.
constexpr std::size_t event_limit_bytes = std::size_t{1} << 20U;
// The stream's reader ends as soon as its socket is closed.
constexpr std::chrono::seconds end_within{5};

}  // namespace

std::optional<ExitEvent> read_exit_event(std::string_view line) {
  const Json event = Json::parse(line, nullptr, false);
  if (!event.is_object() || text_at(event, "Type") != "container") return std::nullopt;
  const std::string action = text_at(event, "Action");
  const auto actor = event.find("Actor");
  if (actor == event.end() || !actor->is_object()) return std::nullopt;
  ExitEvent out;
  out.id = text_at(*actor, "ID");
  if (action == "oom") {
    out.kind = ExitEvent::Kind::oom;
  } else if (action == "kill") {
    out.kind = ExitEvent::Kind::signal;
  } else if (action != "die" && action != "died") {
    return std::nullopt;
  }
  const Labels attributes = labels_at(*actor, "Attributes");
  for (const char* key : {"exitCode", "containerExitCode"}) {  // the second is Podman's
    const auto found = attributes.find(key);
    if (found != attributes.end()) std::from_chars(found->second.data(), found->second.data() + found->second.size(), out.code);
  }
  constexpr std::int64_t nanoseconds = 1'000'000'000;
  const std::int64_t moment = number_at(event, "timeNano");
  const std::string fraction = std::to_string(moment % nanoseconds);
  if (moment > 0) out.moment = std::to_string(moment / nanoseconds) + "." + std::string(9 - fraction.size(), '0') + fraction;
  return out;
}

Exits::Exits(const Executor& executor, Engine& engine, std::string filter)
    : engine_(engine), filter_(std::move(filter)), changed_(executor), group_(executor) {}

Task<> Exits::begin() {
  since_ = std::to_string(std::max<std::int64_t>(0, engine_.clock_seconds() - look_back_seconds));
  stream_ = co_await engine_.events(filter_, since_);
  group_.spawn(follow());
}

std::shared_ptr<Ending> Exits::expect(const std::string& id) {
  auto& ending = endings_[id];
  if (!ending) ending = std::make_shared<Ending>();
  return ending;
}

void Exits::fail(const WorldError& why) {
  if (!failure_) failure_ = why;
  changed_.notify();
}

void Exits::take(std::string_view line) {
  const auto event = read_exit_event(line);
  // A stream that was taken up again begins with what was told last.
  if (!event || (!event->moment.empty() && event->moment == since_)) return;
  if (!event->moment.empty()) since_ = event->moment;
  const auto found = endings_.find(event->id);
  if (found == endings_.end()) return;
  const std::shared_ptr<Ending> ending = found->second;
  switch (event->kind) {
    case ExitEvent::Kind::oom: ending->oom = true; break;
    case ExitEvent::Kind::signal: ++ending->signals_seen; break;
    // It stays known until forget(): the word that memory ran out may come after this one.
    case ExitEvent::Kind::die: ending->code = event->code; break;
  }
  changed_.notify();
}

Task<> Exits::listen() {
  LineSplitter lines(event_limit_bytes);
  try {
    while (!ending_) {
      const auto no_deadline = Clock::time_point::max();  // nothing happens as long as nothing ends
      const std::string_view piece = co_await stream_->read_some(no_deadline);
      if (piece.empty()) break;
      lines.feed(piece, [this](const LineSplitter::Line& line) { take(line.text); });
    }
  } catch (const WorldError&) {
    // Broken: the caller takes it up again, or gives up with a better sentence.
  }
}

Task<bool> Exits::reopen() {
  for (const auto pause : pauses_before_reopening) {
    if (ending_ || failure_) co_return false;
    co_await sleep_for(pause);
    try {
      stream_ = co_await engine_.events(filter_, since_);
      co_return true;
    } catch (const WorldError&) {
      // Not yet.
    }
  }
  if (!ending_) give_up();
  co_return false;
}

void Exits::give_up() {
  fail(WorldError("engine-died", "the container engine at " + engine_.address().text() +
                                     " went away while tests ran; look at its log, start it again, and run the tests again"));
}

Task<> Exits::look_again() {
  co_await sleep_for(replay_within);
  // A copy: an event may come and erase while we ask.
  const auto waiting = endings_;
  for (const auto& [id, ending] : waiting) {
    if (ending_ || ending->code) continue;
    try {
      const auto state = co_await engine_.state(id);
      const bool is_over = !state || state->status == "exited" || state->status == "dead";
      if (!is_over || ending->code) continue;
      ending->unseen = true;
      ending->code = state ? state->exit_code : 0;
      endings_.erase(id);
    } catch (const WorldError&) {
      co_return;  // the next reopening looks again
    }
  }
  changed_.notify();
}

Task<> Exits::follow() {
  std::size_t useless = 0;
  while (!ending_ && !failure_) {
    const auto since = Clock::now();
    co_await listen();
    if (ending_) break;
    useless = Clock::now() - since < useful_connection ? useless + 1 : 0;
    if (useless > useless_connections_at_most) give_up();
    const bool open = co_await reopen();
    if (!open) break;
    group_.spawn(look_again());
  }
}

Task<> Exits::wait(std::string id, std::shared_ptr<Ending> ending) {
  const Predicate over_or_killed = [this, ending] { return ending->code || failure_ || ending->killed_at; };
  co_await changed_.until(over_or_killed);
  const Predicate over = [this, ending] { return ending->code || failure_; };
  if (!over()) {
    const auto deadline = *ending->killed_at + exit_after_kill_within;
    co_await changed_.until(over, deadline);
  }
  if (!ending->code && failure_) throw WorldError(*failure_);
  if (!ending->code) {
    // The last resort: perhaps only the event was lost.
    const auto state = co_await engine_.state(id);
    if (state && state->status != "running" && state->status != "paused") {
      ending->code = state->exit_code;
      ending->oom = ending->oom || state->oom_killed;
    }
  }
  if (!ending->code) {
    throw WorldError("engine-stuck", "the container engine has not ended a process " + std::to_string(exit_after_kill_within.count()) +
                                         " s after SIGKILL; look at its log and the kernel's (a process in an uninterruptible wait?)");
  }
  // An engine that shuts down ends its containers first: that is no doing of the role's.
  if (ending->signals_seen > ending->signals_sent && !ending->killed_at) {
    throw WorldError("killed-from-outside",
                     "somebody else sent the process a signal: the container engine is shutting down, or someone stopped its container; "
                     "look at the engine's "
                     "log and run the test again");
  }
  if (ending->unseen) {
    throw WorldError("engine-died",
                     "the container engine at " + engine_.address().text() +
                         " was away while a process ended, so how it ended is not known; look at the engine's log and run the test again");
  }
}

Task<bool> Exits::hear(const Predicate& told, Clock::time_point deadline) {
  const bool heard = co_await changed_.until(told, deadline);
  co_return heard;
}

Task<bool> Exits::end() {
  ending_ = true;
  if (stream_) stream_->close();
  changed_.notify();
  const auto deadline = Clock::now() + end_within;
  const bool all = co_await group_.join_by(deadline);
  co_return all;
}

}  // namespace interoper::docker
