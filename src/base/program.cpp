#include "base/program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>

#include "base/descriptor.hpp"
#include "base/problem.hpp"

namespace interoper {
namespace {

using Clock = std::chrono::steady_clock;

// How often the end of the process is looked for while something else holds its streams open.
constexpr std::chrono::milliseconds look_again{50};
// After it has ended (or was killed) its last bytes are in the pipes already; a stray that escaped its group must not hold us.
constexpr std::chrono::milliseconds drain_time{500};

std::string error_text(int error) { return std::generic_category().message(error); }

struct Pipe {
  Descriptor read;
  Descriptor write;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw WorldError("program-missing", "cannot make a pipe: " + error_text(errno));
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts)
    pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Our environment without what it must not see, and with the order's variables in place of those of the same name.
std::vector<std::string> environment(const ProgramOrder& order) {
  std::vector<std::string> variables;
  variables.reserve(order.env.size());
  for (const auto& [name, value] : order.env)
    variables.emplace_back(name).append("=").append(value);
  for (char** inherited = environ; inherited != nullptr && *inherited != nullptr; ++inherited) {
    const std::string_view variable(*inherited);
    const std::string_view name = variable.substr(0, variable.find('='));
    const bool replaced = std::any_of(order.env.begin(), order.env.end(), [&](const auto& added) { return added.first == name; });
    const bool forgotten = std::find(order.forget.begin(), order.forget.end(), name) != order.forget.end();
    if (!replaced && !forgotten) variables.emplace_back(variable);
  }
  return variables;
}

// What failed in the child before the program was there.
struct StartFault {
  int error = 0;
  bool in_directory = false;
};

// The child between fork and exec: system calls only. Returns only by ending the process.
[[noreturn]] void become(char* const* argv, char* const* env, const char* directory, pid_t parent, int out, int err, int faults) {
  StartFault fault;
  const int nothing = ::open("/dev/null", O_RDONLY);
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);  // it died before it could be watched
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  if (directory[0] != '\0' && ::chdir(directory) != 0) {
    fault = {errno, true};
  } else {
    ::execvpe(argv[0], argv, env);
    fault = {errno, false};
  }
  const ssize_t written = ::write(faults, &fault, sizeof fault);
  ::_exit(written == sizeof fault ? 127 : 126);
}

// The end of a stream, at most `limit` bytes of it.
class Capture {
 public:
  Capture(Descriptor from, std::size_t limit) : from_(std::move(from)), limit_(limit) {}

  int descriptor() const { return from_.get(); }
  bool open() const { return from_.get() >= 0; }
  bool cut() const { return cut_; }

  void read_once() {
    std::array<char, 65536> buffer{};
    const ssize_t count = ::read(from_.get(), buffer.data(), buffer.size());
    if (count > 0) {
      kept_.append(buffer.data(), static_cast<std::size_t>(count));
      if (kept_.size() > 2 * limit_) shorten();
    } else if (count == 0 || (errno != EINTR && errno != EAGAIN)) {
      from_.close();
    }
  }

  std::string take() {
    shorten();
    return std::move(kept_);
  }

 private:
  void shorten() {
    if (kept_.size() <= limit_) return;
    kept_.erase(0, kept_.size() - limit_);
    cut_ = true;
  }

  Descriptor from_;
  std::size_t limit_;
  std::string kept_;
  bool cut_ = false;
};

// Reads what has come, waiting for it at most until `until`.
void read_some(Capture& out, Capture& err, Clock::time_point until) {
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
  std::array<pollfd, 2> watched{{{out.descriptor(), POLLIN, 0}, {err.descriptor(), POLLIN, 0}}};
  const auto wait_ms = std::clamp<std::chrono::milliseconds::rep>(wait.count(), 0, look_again.count());
  if (::poll(watched.data(), watched.size(), static_cast<int>(wait_ms)) <= 0) return;
  if (watched[0].revents != 0) out.read_once();
  if (watched[1].revents != 0) err.read_once();
}

int exit_code_of(int status) { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

}  // namespace

ProgramResult run_program(const ProgramOrder& order) {
  std::vector<std::string> argv_texts = order.argv;
  std::vector<std::string> env_texts = environment(order);
  const std::vector<char*> argv = pointers_to(argv_texts);
  const std::vector<char*> env = pointers_to(env_texts);
  Pipe out_pipe = make_pipe();
  Pipe err_pipe = make_pipe();
  Pipe fault_pipe = make_pipe();

  const auto deadline = Clock::now() + order.deadline;
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) throw WorldError("program-missing", "cannot start " + order.argv.front() + ": " + error_text(errno));
  if (child == 0) {
    become(argv.data(), env.data(), order.directory.c_str(), parent, out_pipe.write.get(), err_pipe.write.get(), fault_pipe.write.get());
  }
  ::setpgid(child, child);  // as the child does: whoever comes first, the group is there
  out_pipe.write.close();
  err_pipe.write.close();
  fault_pipe.write.close();

  int status = 0;
  StartFault fault;
  if (::read(fault_pipe.read.get(), &fault, sizeof fault) == sizeof fault) {
    ::waitpid(child, &status, 0);
    if (fault.in_directory) {
      throw WorldError("program-missing", "cannot start " + order.argv.front() + " in " + order.directory + ": " + error_text(fault.error));
    }
    const std::string advice = fault.error == ENOENT ? "install it, or put it into PATH" : "check its permissions";
    throw WorldError("program-missing", "cannot start " + order.argv.front() + ": " + error_text(fault.error) + "; " + advice);
  }

  ProgramResult result;
  Capture out(std::move(out_pipe.read), order.keep_bytes);
  Capture err(std::move(err_pipe.read), order.keep_bytes);
  while (::waitpid(child, &status, WNOHANG) == 0) {
    if (Clock::now() >= deadline) {
      result.late = true;
      ::kill(-child, SIGKILL);
      ::waitpid(child, &status, 0);
      break;
    }
    if (out.open() || err.open()) {
      read_some(out, err, deadline);
    } else {
      ::poll(nullptr, 0, 1);  // it has closed its streams and is about to end
    }
  }
  ::kill(-child, SIGKILL);
  const auto drained_by = Clock::now() + drain_time;
  while ((out.open() || err.open()) && Clock::now() < drained_by)
    read_some(out, err, drained_by);

  result.exit_code = exit_code_of(status);
  result.out = out.take();
  result.err = err.take();
  result.cut = out.cut() || err.cut();
  return result;
}

}  // namespace interoper
