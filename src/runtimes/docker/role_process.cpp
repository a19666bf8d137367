#include "runtimes/docker/role_process.hpp"

#include <sys/wait.h>

#include <cctype>
#include <csignal>
#include <fstream>

#include "runtimes/docker/frames.hpp"
#include "runtimes/udp_watch.hpp"

namespace interoper::docker {

namespace {

// The complaint of an init is one line; an output that is longer is the role's own.
constexpr std::size_t first_output_bytes = 1024;
// The rest of the output comes within milliseconds of the exit, when somebody reads it.
constexpr std::chrono::seconds last_output_within{3};
// The engine's word that memory ran out may come after its word that the process ended.
constexpr std::chrono::milliseconds oom_word_within{2000};
// How long an engine may take to tell of an end that the kernel shows already: busy ones were seen to take half a second.
constexpr std::chrono::seconds end_told_within{5};
// Statuses of a shell, and of inits, for a command that cannot be run.
constexpr int cannot_execute = 126;
constexpr int not_found = 127;
constexpr int killed = 128 + SIGKILL;
constexpr int highest_signal = 64;

// SIGKILL that we did not send: the kernel, because of memory, or somebody on the engine's host.
Task<bool> engine_saw_memory_run_out(Workshop& workshop, const RoleContainer& role) {
  const Predicate told = [&role] { return role.ending->oom; };
  if (told()) co_return true;
  const auto state = co_await workshop.engine.state(role.id);
  if (state && state->oom_killed) co_return true;
  const auto deadline = Clock::now() + oom_word_within;
  const bool late = co_await workshop.exits.hear(told, deadline);
  if (late) co_return true;
  const auto later = co_await workshop.engine.state(role.id);
  co_return later && later->oom_killed;
}

// How the container ended, as the engine tells it: behind an init a signal and the status 128 + n look alike.
Task<Exit> exit_told_by_engine(Workshop& workshop, const RoleContainer& role) {
  co_await workshop.exits.wait(role.id, role.ending);
  Exit exit;
  exit.code = *role.ending->code;
  if (exit.code > 128 && exit.code <= 128 + highest_signal) exit.signal = exit.code - 128;
  if (exit.code == killed && !role.ending->killed_at) exit.oom = co_await engine_saw_memory_run_out(workshop, role);
  co_return exit;
}

void mark_killed(Workshop& workshop, RoleContainer& role) {
  if (role.ending->killed_at) return;
  role.ending->killed_at = Clock::now();
  workshop.exits.changed();
}

// The number is the engine's: on another machine, or in a virtual one, it is another process's. A container's control groups bear its ID.
bool is_of_container(long pid, const std::string& id) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/cgroup");
  for (std::string line; std::getline(file, line);) {
    if (line.find(id) != std::string::npos) return true;
  }
  return false;
}

// Sight of the sockets of a container whose process has that number; nothing when that process is not here, be it over or on another
// machine.
std::unique_ptr<UdpWatch> sight_of(long pid, const std::string& id) {
  if (!is_of_container(pid, id)) return nullptr;
  try {
    return std::make_unique<UdpWatch>(pid);
  } catch (const WorldError&) {
    return nullptr;  // ended in between: its network went first
  }
}

WorldError cannot_look(const RoleContainer& role) {
  return {"cannot-look", "cannot see when " + role.role +
                             " is ready, which is when it has bound its UDP port: the container engine's processes are not visible on this "
                             "machine; use an engine on this machine"};
}

class AgentProcess final : public Process {
 public:
  AgentProcess(Workshop& workshop, std::shared_ptr<RoleContainer> role) : workshop_(workshop), role_(std::move(role)) {}

  Task<Chunk> read() override {
    const Pipes::Piece piece = co_await agent().pipes().read();
    co_return Chunk{piece.is_error ? Stream::err : Stream::out, piece.bytes};
  }

  Task<bool> write(std::string_view bytes) override {
    const bool taken = co_await agent().pipes().write(bytes);
    co_return taken;
  }

  Task<> signal(int number) override {
    if (agent().ended() || role_->ending->code) co_return;
    if (number == SIGKILL) mark_killed(workshop_, *role_);
    if (agent().signal(number)) co_return;
    ++role_->ending->signals_sent;
    co_await workshop_.engine.kill(role_->id, number);
  }

  Task<bool> bound_udp(int port) override {
    agent().watch(port);
    const Predicate settled = [this, port] {
      return agent().has_bound(port) || agent().ended() || agent().is_lost() || workshop_.exits.has_failed();
    };
    const auto no_deadline = Clock::time_point::max();
    co_await workshop_.exits.hear(settled, no_deadline);
    co_return agent().has_bound(port);
  }

  Task<Exit> exit() override {
    const Predicate over = [this] { return agent().ended() || agent().is_lost() || workshop_.exits.has_failed(); };
    const Predicate over_or_killed = [this, &over] { return over() || role_->ending->killed_at; };
    const auto no_deadline = Clock::time_point::max();
    co_await workshop_.exits.hear(over_or_killed, no_deadline);
    if (!over()) {
      const auto deadline = *role_->ending->killed_at + exit_after_kill_within;
      co_await workshop_.exits.hear(over, deadline);
    }
    // An agent that is gone without a word was ended from outside, or with the engine: only the engine knows how.
    if (!agent().ended()) {
      const Exit told = co_await exit_told_by_engine(workshop_, *role_);
      co_return told;
    }
    const Agent::Ended ended = *agent().ended();
    Exit exit;
    exit.code = WIFSIGNALED(ended.status) ? 128 + WTERMSIG(ended.status) : WEXITSTATUS(ended.status);
    if (WIFSIGNALED(ended.status)) exit.signal = WTERMSIG(ended.status);
    // A shell whose child was killed because of memory exits with 137 itself.
    exit.oom = exit.code == killed && ended.memory_ran_out && !role_->ending->killed_at;
    co_return exit;
  }

  std::string image_id() const override { return role_->image_id; }

 private:
  Agent& agent() const { return *role_->agent; }

  Workshop& workshop_;
  std::shared_ptr<RoleContainer> role_;
};

class AttachedProcess final : public Process {
 public:
  AttachedProcess(Workshop& workshop, std::shared_ptr<RoleContainer> role)
      : workshop_(workshop), role_(std::move(role)), drained_(workshop.executor) {}

  Task<Chunk> read() override {
    while (!is_drained_) {
      const auto chunk = frames_.next();
      if (chunk) {
        remember(chunk->bytes);
        co_return *chunk;
      }
      const std::string_view bytes = co_await role_->stream->read_some();
      frames_.feed(bytes);
      is_drained_ = bytes.empty();
    }
    drained_.notify();
    co_return Chunk();
  }

  Task<bool> write(std::string_view bytes) override {
    if (role_->ending->code || !role_->has_stdin) co_return false;
    const bool taken = co_await role_->stream->write(bytes);
    co_return taken;
  }

  Task<> signal(int number) override {
    if (role_->ending->code) co_return;
    if (number == SIGKILL) mark_killed(workshop_, *role_);
    ++role_->ending->signals_sent;
    co_await workshop_.engine.kill(role_->id, number);
  }

  Task<bool> bound_udp(int port) override {
    const Predicate over = [this] { return role_->ending->code || role_->ending->killed_at || workshop_.exits.has_failed(); };
    const UdpWatch::Wait wait = [this](const Predicate& holds, Clock::time_point deadline) {
      return workshop_.exits.hear(holds, deadline);
    };
    const auto state = co_await workshop_.engine.state(role_->id);
    if (over() || !state || state->pid == 0) co_return false;
    const std::unique_ptr<UdpWatch> watch = sight_of(state->pid, role_->id);
    if (!watch) {
      // A process that has ended is gone from this machine before the engine tells of it.
      const auto deadline = Clock::now() + end_told_within;
      const bool has_ended = co_await workshop_.exits.hear(over, deadline);
      if (!has_ended) throw cannot_look(*role_);
      co_return false;
    }
    const bool is_bound = co_await watch->until_bound(port, over, wait);
    co_return is_bound;
  }

  Task<Exit> exit() override {
    const Exit exit = co_await exit_told_by_engine(workshop_, *role_);
    if (exit.code == not_found || exit.code == cannot_execute) co_await check_command();
    co_return exit;
  }

  std::string image_id() const override { return role_->image_id; }

 private:
  void remember(std::string_view bytes) {
    total_bytes_ += bytes.size();
    if (first_output_.size() < first_output_bytes) first_output_.append(bytes.substr(0, first_output_bytes - first_output_.size()));
  }

  // With an init in front, a command that is missing in the image shows only as the init's complaint.
  Task<> check_command() {
    const Predicate drained = [this] { return is_drained_; };
    const auto deadline = Clock::now() + last_output_within;
    co_await drained_.until(drained, deadline);
    if (total_bytes_ > first_output_bytes) co_return;
    const InitComplaint complaint = read_init_complaint(first_output_);
    if (!complaint.why.empty()) throw command_missing(*role_, complaint.command, complaint.why);
  }

  Workshop& workshop_;
  std::shared_ptr<RoleContainer> role_;
  Frames frames_;
  bool is_drained_ = false;
  Notice drained_;
  std::string first_output_;
  std::size_t total_bytes_ = 0;
};

}  // namespace

std::unique_ptr<Process> make_agent_process(Workshop& workshop, std::shared_ptr<RoleContainer> role) {
  return std::make_unique<AgentProcess>(workshop, std::move(role));
}

std::unique_ptr<Process> make_attached_process(Workshop& workshop, std::shared_ptr<RoleContainer> role) {
  return std::make_unique<AttachedProcess>(workshop, std::move(role));
}

WorldError command_missing(const RoleContainer& role, std::string command, const std::string& why) {
  if (command.empty() && !role.command.empty()) command = role.command.front();
  return {"command-missing",
          "cannot run " + (command.empty() ? "its command" : "'" + command + "'") + " in the image " + role.image + " (role " + role.role +
              "): " + why + "; see that the image has it as an executable in its PATH, or name another `command` in the test's header"};
}

InitComplaint read_init_complaint(std::string_view output) {
  // tini: "[FATAL tini (7)] exec th-test failed: No such file or directory\n"
  // catatonit: "ERROR (catatonit:2): failed to exec pid1: No such file or directory\n"
  while (output.ends_with('\n') || output.ends_with('\r'))
    output.remove_suffix(1);
  InitComplaint complaint;
  if (output.find('\n') != std::string_view::npos) return complaint;
  constexpr std::string_view exec = "] exec ";
  constexpr std::string_view failed = " failed: ";
  constexpr std::string_view other = "failed to exec pid1: ";
  if (output.starts_with("[FATAL tini (")) {
    const std::size_t begin = output.find(exec);
    const std::size_t end = output.rfind(failed);
    if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) return complaint;
    complaint.command = output.substr(begin + exec.size(), end - begin - exec.size());
    complaint.why = output.substr(end + failed.size());
  } else if (output.starts_with("ERROR (catatonit:") && output.find(other) != std::string_view::npos) {
    complaint.why = output.substr(output.find(other) + other.size());
  }
  if (!complaint.why.empty()) complaint.why.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(complaint.why.front())));
  return complaint;
}

}  // namespace interoper::docker
