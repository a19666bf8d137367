// How the containers of one run ended, learned from one event stream: `wait` and `inspect` cost an exit 100 ms and more each, an
// event costs nothing. When the stream breaks it is taken up again; when the engine stays away, all who wait are told so.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/problem.hpp"
#include "base/task.hpp"
#include "runtimes/docker/engine.hpp"

namespace interoper::docker {

// A process that got SIGKILL ends at once, but a busy machine has taken ten seconds to say so.
constexpr std::chrono::seconds exit_after_kill_within{45};

// What is known of one container's end.
struct Ending {
  std::optional<int> code;                     // as the engine says it: 128 + n for a signal n
  bool oom = false;                            // the engine said that memory ran out in it
  bool unseen = false;                         // it ended while nobody listened: how is not known
  int signals_sent = 0;                        // by us
  int signals_seen = 0;                        // by anyone, as the engine tells it
  std::optional<Clock::time_point> killed_at;  // when we sent SIGKILL first
};

class Exits {
 public:
  // `engine` must outlive it. Nothing runs before `begin`; after it `end` must be awaited.
  Exits(const Executor& executor, Engine& engine, std::string filter);

  // Opens the stream; WorldError when the engine refuses.
  Task<> begin();

  // From now on this container's end is written down; call it before the container is started.
  std::shared_ptr<Ending> expect(const std::string& id);
  void forget(const std::string& id) { endings_.erase(id); }

  // Until the container has ended. WorldError("engine-died") when the engine stays away, ("engine-stuck") when it has not ended
  // long after SIGKILL, ("killed-from-outside") when somebody else sent it a signal, or the error given to `fail`. The engine tells an
  // end only after the output has been read: somebody must read meanwhile.
  Task<> wait(std::string id, std::shared_ptr<Ending> ending);
  // Until `told` (about an Ending) is true, or the deadline.
  Task<bool> hear(const Predicate& told, Clock::time_point deadline);
  // Wakes the waits: something about an Ending that they look at has changed.
  void changed() { changed_.notify(); }

  bool has_failed() const { return failure_.has_value(); }

  // All waits, now and later, end with this.
  void fail(const WorldError& why);

  // False when it could not end for now (the engine does not answer): close its connections and call it again.
  Task<bool> end();

 private:
  Task<> follow();
  Task<> listen();      // until the stream breaks
  Task<bool> reopen();  // after a break
  Task<> look_again();  // after a break: what ended meanwhile and is not among the events that the engine tells again?
  void give_up();
  void take(std::string_view line);

  Engine& engine_;
  std::string filter_;
  std::string since_;
  std::map<std::string, std::shared_ptr<Ending>> endings_;
  std::optional<WorldError> failure_;
  std::unique_ptr<HttpBody> stream_;
  bool ending_ = false;
  Notice changed_;
  Group group_;
};

// One event line (Engine API, "Monitor events"): which container, and what happened to it.
struct ExitEvent {
  enum class Kind { die, oom, signal };
  Kind kind = Kind::die;
  std::string id;
  int code = 0;        // of `die`
  std::string moment;  // "seconds.nanoseconds", for taking up the stream again
};
std::optional<ExitEvent> read_exit_event(std::string_view line);

}  // namespace interoper::docker
