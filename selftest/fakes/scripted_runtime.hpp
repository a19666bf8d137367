// A runtime whose processes are coroutines in this process: each behaviour of a role is a few lines of C++, so that the engine is tested
// without a container engine, at full speed, in every order of events. It implements the port and nothing else; unit tests only.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/problem.hpp"
#include "base/task.hpp"
#include "runtimes/runtime.hpp"

namespace interoper::fakes {

// What a scripted process sees of itself.
class Self {
 public:
  Self(const Executor& executor, std::string name);

  void print(std::string text);        // stdout, as written: bring your own newline
  void print_error(std::string text);  // stderr
  void event(const std::string& type, const std::string& in = "{}");
  void bind_udp(int port);
  Task<> sleep(std::chrono::milliseconds duration);
  // The next whole line of stdin; empty when it was killed meanwhile.
  Task<std::string> read_line();
  // Until somebody sends SIGTERM (true) or `limit` has passed (false).
  Task<bool> terminated(std::chrono::milliseconds limit = std::chrono::hours(1));

  bool ignores_sigterm = false;
  bool reads_stdin = true;
  bool oom = false;
  bool takes_no_signals = false;  // the engine hangs: signals fail, and nothing ends before the Lab is closed
  const std::string role;

 private:
  friend class ScriptedProcess;
  friend class ScriptedLab;
  struct Piece {
    Stream stream;
    std::string bytes;
  };
  Executor executor_;
  Notice changed_;
  std::deque<Piece> output_;
  std::string input_;
  std::set<int> bound_;  // UDP ports
  bool sigterm_ = false;
  bool killed_ = false;
  bool ended_ = false;
  Exit exit_;
};

// Returns the exit status.
using Behaviour = std::function<Task<int>(Self&)>;

struct ScriptedRuntime : Runtime {
  explicit ScriptedRuntime(const Executor& on) : executor(on) {}

  std::string_view name() const override { return "scripted"; }
  Task<> begin(std::string run) override;
  Task<std::unique_ptr<Lab>> open(LabOrder order) override;
  Task<> end() override;
  void hurry() override { hurried = true; }
  Task<std::optional<ImageFacts>> image_facts(std::string reference) override;
  std::map<std::string, std::string> facts() const override { return {{"engine", "scripted"}}; }

  Executor executor;
  std::map<std::string, Behaviour> behaviours;              // by role
  std::optional<WorldError> fails_to_begin, fails_to_open;  // thrown there
  std::map<std::string, WorldError> fails_to_start;         // by role
  std::vector<LabOrder> orders;                             // all that were opened
  std::vector<std::string> started;                         // in order, "<cell>/<role>"
  int open_labs = 0;
  int most_open_labs = 0;
  bool hurried = false;
};

}  // namespace interoper::fakes
