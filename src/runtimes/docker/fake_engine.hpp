// For unit tests: a container engine on a unix socket that makes nothing and remembers everything. It speaks as much of the Engine API
// as we use; a test may answer instead of it, let containers write and die, and break connections.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/task.hpp"

namespace interoper::docker {

struct FakeRequest {
  std::string method;
  std::string path;  // without version and query
  std::string query;
  std::string body;
};

struct FakeAnswer {
  int status = 200;
  std::string body = "{}";
  bool is_silence = false;  // says nothing, ever
};

class FakeEngine {
 public:
  explicit FakeEngine(const Executor& executor);
  ~FakeEngine();
  FakeEngine(const FakeEngine&) = delete;
  FakeEngine& operator=(const FakeEngine&) = delete;

  std::string host() const;  // unix:///…

  // Asked first; nothing = the fake's own answer.
  std::function<std::optional<FakeAnswer>(const FakeRequest&)> answer;
  // Called when a container (by name) has been started.
  std::function<void(const std::string& name)> started;

  std::map<std::string, std::string> images;  // reference -> JSON of its inspection
  bool has_init = true;

  // The containers' side. Containers are named by their names.
  void write_out(const std::string& name, std::string_view bytes, bool is_stderr = false);
  void write_raw(const std::string& name, std::string_view bytes);  // bytes on the attached stream as they are
  void die(const std::string& name, int code, bool with_oom = false, bool is_told = true);
  void tell_signal(const std::string& name);         // as if somebody else had sent one
  std::string input(const std::string& name) const;  // what it got on stdin

  void break_events();  // closes the event streams
  void stop();          // closes everything and listens no more
  void listen();        // again, after stop

  const std::vector<FakeRequest>& requests() const;
  std::size_t count(std::string_view method, std::string_view path_prefix) const;
  const FakeRequest* find(std::string_view method, std::string_view path_prefix) const;  // the last such request
  std::vector<std::string> left() const;  // names of containers, networks and volumes that exist
  // Lets a container, network or volume of another run exist. `kind` is "container", "network" or "volume".
  void put(const std::string& kind, const std::string& name, const std::map<std::string, std::string>& labels);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// Runs the loop until the task has ended, not until nothing is left to do: engines go on listening.
class Loop {
 public:
  Loop();
  ~Loop();
  Executor executor() const;
  void run(Task<> task);
  template <class T>
  T run(Task<T> task) {
    std::optional<T> result;
    run(keep(std::move(task), result));
    return std::move(*result);
  }

 private:
  template <class T>
  static Task<> keep(Task<T> task, std::optional<T>& result) {
    result = co_await std::move(task);
  }
  struct State;
  std::unique_ptr<State> state_;
};

// "reason: sentence" of the WorldError that `body` throws.
std::string failure_of(const std::function<void()>& body);

}  // namespace interoper::docker
