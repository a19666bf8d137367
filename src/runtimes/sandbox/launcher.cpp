#include "runtimes/sandbox/launcher.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <memory>
#include <system_error>

#include "base/problem.hpp"
#include "runtimes/sandbox/explain.hpp"
#include "runtimes/sandbox/launcher_program.hpp"

namespace interoper::sandbox {

namespace asio = boost::asio;

namespace {

// It puts a file system together before it answers: milliseconds, on a machine that has time for it.
constexpr std::chrono::seconds ready_within{30};
constexpr int wire_there = 3;  // the descriptor that the launcher listens on

WorldError cannot(const std::string& what, int error) {
  return {"sandbox-unavailable", "the sandbox cannot start its launcher: cannot " + what + ": " + std::generic_category().message(error) +
                                     "; run fewer programs at once, or use --runtime docker"};
}

// A file in memory that holds the program.
Descriptor program_file() {
  Descriptor file(::memfd_create("interoper-launcher", MFD_CLOEXEC));
  if (!file) throw cannot("make a file in memory", errno);
  std::string_view left = launcher_program();
  while (!left.empty()) {
    const ssize_t count = ::write(file.get(), left.data(), left.size());
    if (count < 0) throw cannot("write a file in memory", errno);
    left.remove_prefix(static_cast<std::size_t>(count));
  }
  // Not where the launcher's wire will be.
  return Descriptor(::fcntl(file.get(), F_DUPFD_CLOEXEC, wire_there + 1));
}

// The launcher with `socket` as its wire, in a session of its own: a terminal's interrupt is for interoper alone.
pid_t spawn_launcher(int program, int socket) {
  const std::string path = "/proc/self/fd/" + std::to_string(program);
  std::string name = "interoper-launcher";
  std::string parent = std::to_string(::getpid());
  const std::array<char*, 3> argv = {name.data(), parent.data(), nullptr};
  const std::array<char*, 1> env = {nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, socket, wire_there);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t every;
  sigfillset(&every);
  posix_spawnattr_setsigdefault(&attributes, &every);
  // Until it is in its session, a terminal's interrupt reaches it too: it starts deaf, and forgets what it was sent.
  posix_spawnattr_setsigmask(&attributes, &every);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
  pid_t child = -1;
  const int error = ::posix_spawn(&child, path.c_str(), &actions, &attributes, argv.data(), env.data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw cannot("run it", error);
  return child;
}

}  // namespace

Task<bool> process_ended(const Executor& executor, int pidfd, Clock::time_point deadline) {
  asio::posix::stream_descriptor process(executor, pidfd);
  asio::steady_timer alarm(executor, deadline);
  // A handler that is on its way already must not reach what is gone by then.
  const auto waiting = std::make_shared<bool>(true);
  alarm.async_wait([&process, waiting](const boost::system::error_code& ended) {
    if (!ended && *waiting) process.cancel();
  });
  boost::system::error_code woken;
  auto token = asio::redirect_error(asio::use_awaitable, woken);
  co_await process.async_wait(asio::posix::stream_descriptor::wait_read, token);
  *waiting = false;
  process.release();  // the caller's
  co_return !woken;
}

Launcher::~Launcher() {
  if (process_ < 0) return;
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
}

Task<> Launcher::start() {
  const Descriptor program = program_file();
  WirePair pair = make_wire_pair();
  process_ = spawn_launcher(program.get(), pair.there.get());
  pair.there.close();
  wire_.emplace(executor_, std::move(pair.here));
  const auto deadline = Clock::now() + ready_within;
  const Packet hello = co_await wire_->receive(deadline);
  Unpacker words(hello.bytes);
  const Word word = words.word();
  if (!hello.bytes.empty() && word == Word::ready) {
    is_privileged_ = words.number() != 0;
    co_return;
  }
  if (hello.bytes.empty())
    throw WorldError("sandbox-unavailable", "the sandbox's launcher ended before it was ready; see the kernel's log (dmesg)");
  throw unavailable(unpack_fault(words), look_at_kernel());
}

Task<> Launcher::make_slot(const SlotOrder& order, Descriptor slot, std::vector<Descriptor> places) {
  std::vector<int> sockets = {slot.get()};
  for (const Descriptor& place : places)
    sockets.push_back(place.get());
  std::string bytes = pack(order);
  const bool sent = co_await wire_->send(std::move(bytes), std::move(sockets));
  if (!sent) throw WorldError("sandbox-died", "the sandbox's launcher is gone: somebody killed it, or memory ran out; run the tests again");
}

Task<bool> Launcher::end(Clock::time_point deadline) {
  if (process_ < 0) co_return true;
  wire_->close();
  const Descriptor pidfd(static_cast<int>(::syscall(SYS_pidfd_open, process_, 0)));
  const bool ended = co_await process_ended(executor_, pidfd.get(), deadline);
  if (!ended) co_return false;
  ::waitpid(process_, nullptr, 0);
  process_ = -1;
  co_return true;
}

}  // namespace interoper::sandbox
