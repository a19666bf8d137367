#include "runtimes/sandbox/outside.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <cstdlib>
#include <sstream>
#include <system_error>

#include "base/problem.hpp"
#include "runtimes/sandbox/wire.hpp"

namespace interoper::sandbox {

namespace asio = boost::asio;

namespace {

// It opens a device and sets an address.
constexpr std::chrono::seconds ready_within{10};

constexpr const char* tunnel_device = "/dev/net/tun";

// Empty when there is none in PATH.
std::string user_network_program() {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "/usr/bin:/bin" : path);
  std::string folder;
  while (std::getline(folders, folder, ':')) {
    const std::string candidate = folder + "/slirp4netns";
    if (!folder.empty() && ::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return {};
}

// Descriptors that a program is to find at the same number as here: posix_spawn clears their close-on-exec flag.
int spawn(const std::string& program, std::vector<std::string> words, const std::vector<int>& kept) {
  std::vector<char*> argv;
  for (std::string& word : words)
    argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  for (const int one : kept)
    posix_spawn_file_actions_adddup2(&actions, one, one);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  pid_t child = -1;
  const int error = ::posix_spawn(&child, program.c_str(), &actions, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0)
    throw WorldError("outside-unavailable", "cannot run " + program + ": " + std::generic_category().message(error) + "; reinstall it");
  return child;
}

// True when a byte came in time, false when the other end was closed or nothing came.
Task<bool> says_ready(Executor executor, Descriptor pipe) {
  asio::posix::stream_descriptor stream(executor, pipe.release());
  asio::steady_timer alarm(executor, Clock::now() + ready_within);
  const auto waiting = std::make_shared<bool>(true);
  alarm.async_wait([&stream, waiting](const boost::system::error_code& ended) {
    if (!ended && *waiting) stream.cancel();
  });
  char byte = 0;
  boost::system::error_code error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  auto buffer = asio::buffer(&byte, 1);
  const std::size_t count = co_await stream.async_read_some(buffer, token);
  *waiting = false;
  co_return !error && count == 1;
}

}  // namespace

std::string no_user_network() {
  if (user_network_program().empty())
    return "there is no slirp4netns in PATH to carry roles there: install it (Debian, Ubuntu: apt-get install slirp4netns)";
  if (::access(tunnel_device, F_OK) != 0) return std::string("there is no ") + tunnel_device + ": `modprobe tun` as root makes it";
  if (::access(tunnel_device, R_OK | W_OK) != 0) {
    return std::string("you may not open ") + tunnel_device +
           ": `chmod 666` it as root, as most systems have it (what can be done with it depends on the network namespace)";
  }
  return {};
}

UserNetwork::UserNetwork(UserNetwork&& other) noexcept : process_(std::exchange(other.process_, -1)), life_(std::move(other.life_)) {}

UserNetwork::~UserNetwork() {
  if (process_ < 0) return;
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
}

Task<UserNetwork> UserNetwork::start(Executor executor, int process) {
  const std::string obstacle = no_user_network();
  if (!obstacle.empty()) {
    throw WorldError("outside-unavailable", "the test lets its roles reach the outside (\"network\": {\"outside\": true}), and " +
                                                obstacle + "; or use --network host");
  }
  const std::string program = user_network_program();
  Pipe ready = make_pipe();
  Pipe life = make_pipe();
  UserNetwork network;
  std::vector<std::string> words = {program,
                                    "--configure",
                                    "--disable-host-loopback",
                                    "--mtu=65520",
                                    "--ready-fd=" + std::to_string(ready.write.get()),
                                    "--exit-fd=" + std::to_string(life.read.get()),
                                    std::to_string(process),
                                    "tap0"};
  const std::vector<int> kept = {ready.write.get(), life.read.get()};
  network.process_ = spawn(program, std::move(words), kept);
  network.life_ = std::move(life.write);
  ready.write.close();
  const bool is_ready = co_await says_ready(executor, std::move(ready.read));
  if (!is_ready) {
    throw WorldError("outside-unavailable", program + " cannot connect a role to the outside; try it by hand, or use --network host");
  }
  co_return std::move(network);
}

}  // namespace interoper::sandbox
