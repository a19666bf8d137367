#include "runtimes/docker/agent.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <cstring>
#include <set>
#include <utility>
#include <vector>

#include "base/descriptor.hpp"
#include "base/descriptor_passing.hpp"
#include "base/embedded.hpp"
#include "base/files.hpp"
#include "base/owner.hpp"
#include "base/problem.hpp"
#include "runtimes/docker/agent_words.hpp"

INTEROPER_EMBED(agent, INTEROPER_AGENT_FILE)

namespace interoper::docker {

namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using agent::Record;
using agent::Word;
using Descriptor = asio::posix::stream_descriptor;

constexpr const char* program_name = "agent";
constexpr const char* door_name = "door";
// Any user of a container may run the program and knock.
constexpr mode_t for_all = 0755;
constexpr mode_t door_for_all = 0666;

[[noreturn]] void fail(const std::string& what, int error) {
  throw WorldError("agent-failed", "cannot " + what + ": " + std::strerror(error));
}

void make_directory(const fs::path& path) {
  if (::mkdir(path.c_str(), for_all) != 0 || ::chmod(path.c_str(), for_all) != 0) fail("make the directory " + path.string(), errno);
}

// A listening socket. Its path is reached through the directory's descriptor: a socket's own may have no more than 107 bytes.
int open_door(const fs::path& directory) {
  const int place = ::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (place < 0) fail("open the directory " + directory.string(), errno);
  const int door = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = "/proc/self/fd/" + std::to_string(place) + "/" + door_name;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const bool is_open = door >= 0 && ::bind(door, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
                       ::chmod(path.c_str(), door_for_all) == 0 && ::listen(door, 1) == 0;
  const int error = errno;
  ::close(place);
  if (is_open) return door;
  if (door >= 0) ::close(door);
  fail("open a socket in " + directory.string(), error);
}

class SocketAgent final : public Agent {
 public:
  SocketAgent(const Executor& executor, fs::path directory, bool has_stdin, std::function<void()> changed)
      : executor_(executor),
        directory_(std::move(directory)),
        has_stdin_(has_stdin),
        changed_(std::move(changed)),
        listening_(executor),
        door_(executor, open_door(directory_)),
        line_(executor) {
    listening_.spawn(listen());
  }

  bool is_here() const override { return pipes_ != nullptr; }
  bool is_lost() const override { return is_lost_; }
  const std::optional<int>& started() const override { return started_; }
  const std::optional<Ended>& ended() const override { return ended_; }
  bool has_bound(int port) const override { return bound_.count(port) != 0; }
  Pipes& pipes() override { return *pipes_; }

  void go() override { say(Word::go, 0); }
  bool signal(int number) override { return say(Word::signal, number); }
  void watch(int port) override { say(Word::watch, port); }

  void hang_up() override {
    boost::system::error_code ignored;
    if (door_.is_open()) door_.close(ignored);
    if (line_.is_open()) line_.close(ignored);
  }

  Task<> close() override {
    hang_up();
    co_await listening_.join();
    if (pipes_) co_await pipes_->close();
    std::error_code unimportant;
    fs::remove_all(directory_, unimportant);
  }

 private:
  Task<> listen() {
    // One agent, once: a role that finds the door knocks in vain.
    const bool knocked = co_await readable(door_);
    if (knocked) {
      const int line = ::accept4(door_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (line >= 0) line_.assign(line);
      shut_door();
    }
    bool goes_on = line_.is_open();
    while (goes_on) {
      const bool has_come = co_await readable(line_);
      goes_on = has_come && take();
      if (goes_on) changed_();
    }
    is_lost_ = true;
    if (pipes_) pipes_->process_ended();
    changed_();
  }

  Task<bool> readable(Descriptor& descriptor) {
    boost::system::error_code error;
    auto token = asio::redirect_error(asio::use_awaitable, error);
    co_await descriptor.async_wait(Descriptor::wait_read, token);
    co_return !error && descriptor.is_open();
  }

  void shut_door() {
    boost::system::error_code ignored;
    door_.close(ignored);
    std::error_code unimportant;
    fs::remove(directory_ / door_name, unimportant);
  }

  // One record. False when there are no more.
  bool take() {
    Record record;
    PassedDescriptors passed;
    const ssize_t size = receive_passing(line_.native_handle(), &record, sizeof record, passed, 0);
    // Whatever else comes with them: it is closed again.
    std::vector<interoper::Descriptor> ends;
    for (const int number : passed)
      ends.emplace_back(number);
    if (size < 0) return errno == EAGAIN || errno == EINTR;
    if (size != sizeof record) return false;
    switch (record.word) {
      case Word::hello: return take_hello(ends);
      case Word::started: started_ = record.number; return true;
      case Word::bound: bound_.insert(record.number); return true;
      case Word::ended:
        if (!pipes_) return false;
        ended_ = Ended{record.number, record.memory_ran_out > 0};
        pipes_->process_ended();
        return true;
      case Word::go:
      case Word::signal:
      case Word::watch: break;
    }
    return false;
  }

  bool take_hello(std::vector<interoper::Descriptor>& ends) {
    if (pipes_ || ends.size() != agent::descriptors_of_hello) return false;
    if (!has_stdin_) ends[0].close();
    const int in = ends[0].release();
    const int out = ends[1].release();
    const int err = ends[2].release();
    pipes_ = make_pipes(executor_, Pipes::Ends{in, out, err});
    return true;
  }

  bool say(Word word, int number) {
    Record record;
    record.word = word;
    record.number = number;
    return line_.is_open() && ::send(line_.native_handle(), &record, sizeof record, MSG_NOSIGNAL) == sizeof record;
  }

  Executor executor_;
  fs::path directory_;
  bool has_stdin_;
  std::function<void()> changed_;
  Group listening_;
  Descriptor door_;
  Descriptor line_;
  std::unique_ptr<Pipes> pipes_;
  bool is_lost_ = false;
  std::optional<int> started_;
  std::set<int> bound_;  // ports
  std::optional<Ended> ended_;
};

}  // namespace

AgentHome::AgentHome(const std::string& run_name) : directory_(fs::temp_directory_path() / ("interoper-" + run_name + "-agents")) {
  make_directory(directory_);
  try {
    leave_mark(directory_);
    write_whole(directory_ / program_name, embedded_agent());
  } catch (const WorldError& error) {
    throw WorldError("agent-failed", error.what());
  }
  if (::chmod((directory_ / program_name).c_str(), for_all) != 0)
    fail("make " + (directory_ / program_name).string() + " a program", errno);
}

AgentHome::~AgentHome() {
  std::error_code unimportant;
  fs::remove_all(directory_, unimportant);
}

fs::path AgentHome::furnish() {
  fs::path place = directory_ / std::to_string(next_number_++);
  make_directory(place);
  // The same file for all: they can only read it.
  if (::link((directory_ / program_name).c_str(), (place / program_name).c_str()) != 0) fail("put the agent into " + place.string(), errno);
  return place;
}

std::unique_ptr<Agent> make_agent(const Executor& executor, fs::path directory, bool has_stdin, std::function<void()> changed) {
  return std::make_unique<SocketAgent>(executor, std::move(directory), has_stdin, std::move(changed));
}

}  // namespace interoper::docker
