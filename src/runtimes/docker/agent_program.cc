// The agent: process 1 of a role's container. It says hello to the runtime, runs the role's command when told to, passes signals on,
// reaps what is orphaned, kills what the role leaves behind, opens to all what it left in directories of the machine, and says how the
// role ended. A static program: it runs in any image. Arguments: those directories, "--", the command. It trusts nothing that the image
// or the role can change.
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <bitset>
#include <cerrno>
#include <cstddef>
#include <initializer_list>

#include "base/descriptor_passing.hpp"
#include "runtimes/docker/agent_words.hpp"
#include "runtimes/udp_table.hpp"

namespace {

using namespace interoper::docker::agent;

// Seen only when no runtime is there to be told: 125 is what container engines use for trouble of their own.
constexpr int no_runtime = 125;
// As large as an ordinary user may make a pipe: a role that writes much is not stopped for each 64 KiB.
constexpr int pipe_bytes = 1 << 20;

struct Pipe {
  int reading = -1;
  int writing = -1;
};

bool make_pipe(Pipe& made) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return false;
  made = Pipe{ends[0], ends[1]};
  fcntl(made.writing, F_SETPIPE_SZ, pipe_bytes);  // refused where the user has many: it works all the same
  return true;
}

int knock() {
  const int door = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  strncpy(address.sun_path, door_path, sizeof address.sun_path - 1);
  if (door < 0 || connect(door, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) _exit(no_runtime);
  return door;
}

void say(int runtime, const Record& record) {
  while (send(runtime, &record, sizeof record, MSG_NOSIGNAL) < 0 && errno == EINTR) {
  }
}

void say_hello(int runtime, const int (&descriptors)[descriptors_of_hello]) {
  const Record hello;
  if (interoper::send_passing(runtime, &hello, sizeof hello, descriptors, descriptors_of_hello, MSG_NOSIGNAL) < 0) _exit(no_runtime);
}

// How often the kernel has killed something in this container because of memory: the line `oom_kill N` of its cgroup, version 2 or 1.
std::uint32_t memory_kills() {
  for (const char* path : {"/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control"}) {
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) continue;
    char text[512] = {};
    const ssize_t size = read(file, text, sizeof text - 1);
    close(file);
    const char* const line = size > 0 ? strstr(text, "oom_kill ") : nullptr;
    if (line != nullptr) return static_cast<std::uint32_t>(strtoul(line + strlen("oom_kill "), nullptr, 10));
  }
  return 0;
}

// In the child: becomes the role's command. Returns only when it cannot.
void become(char** command, const Pipe& in, const Pipe& out, const Pipe& err, const sigset_t& mask) {
  dup2(in.reading, STDIN_FILENO);
  dup2(out.writing, STDOUT_FILENO);
  dup2(err.writing, STDERR_FILENO);
  setpgid(0, 0);  // so that a role that signals its group does not mean us
  sigprocmask(SIG_SETMASK, &mask, nullptr);
  execvp(command[0], command);
}

struct Role {
  pid_t pid = -1;
  int error = 0;  // errno, when its command cannot be run
};

Role run(char** command, const Pipe& in, const Pipe& out, const Pipe& err, const sigset_t& mask) {
  Role role;
  Pipe report;  // closed by a successful exec; otherwise it brings the errno
  if (!make_pipe(report)) return Role{-1, errno};
  role.pid = fork();
  if (role.pid == 0) {
    become(command, in, out, err, mask);
    const int why = errno;
    (void)!write(report.writing, &why, sizeof why);
    _exit(no_runtime);
  }
  if (role.pid < 0) return Role{-1, errno};
  close(report.writing);
  if (read(report.reading, &role.error, sizeof role.error) != sizeof role.error) role.error = 0;
  close(report.reading);
  return role;
}

// Everything else in the container; new ones may be born while the first are killed.
void kill_the_rest() {
  do {
    kill(-1, SIGKILL);
  } while (waitpid(-1, nullptr, 0) > 0 || errno == EINTR);
}

// The runtime may be another user, who can neither read nor remove what the role's user made: lets everybody, as far as this user can.
// (A directory of the run keeps everybody else out.) Nothing of the role runs any more, so that nothing changes under us.
class Opener {
 public:
  void open_up(int directory, int level = 0) {
    DIR* const listing = directory >= 0 ? fdopendir(directory) : nullptr;
    if (listing == nullptr) return;
    while (const dirent* entry = left_ > 0 ? readdir(listing) : nullptr) {
      const char* const name = entry->d_name;
      if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) continue;
      --left_;
      struct stat facts {};
      if (fstatat(directory, name, &facts, AT_SYMLINK_NOFOLLOW) != 0) continue;
      if (S_ISREG(facts.st_mode) && (facts.st_mode & S_IROTH) == 0) fchmodat(directory, name, 0644, 0);
      if (!S_ISDIR(facts.st_mode)) continue;
      fchmodat(directory, name, 0777, 0);
      if (level < deepest) open_up(openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), level + 1);
    }
    closedir(listing);
  }

 private:
  // More than the runtime keeps; a role must not make us work for ever, nor use up our descriptors.
  static constexpr int deepest = 64;
  int left_ = 100'000;  // entries
};

// Looks for UDP sockets that are bound in the container's network.
class Sockets {
 public:
  // What is bound before the role runs is not the role's: an engine's name server, and on the host's network anything.
  void begin() {
    each([this](const interoper::UdpSocket& socket) {
      if (count_ < before_.size()) before_[count_++] = socket.inode;
    });
  }

  void watch(std::int32_t port) {
    if (port <= 0 || static_cast<std::size_t>(port) >= watched_.size()) return;
    watched_[static_cast<std::size_t>(port)] = true;
    since_ms_ = now_ms();
  }

  // For poll(2): until the next look; -1 = there is none.
  int pause_ms() const { return watched_.any() ? interoper::next_look_ms(now_ms() - since_ms_) : -1; }

  // Says the watched ports that are bound now; each is said once.
  void look(int runtime) {
    if (watched_.none()) return;
    each([this, runtime](const interoper::UdpSocket& socket) {
      if (socket.port >= watched_.size() || !watched_[socket.port] || socket.is_engines || was_before(socket.inode)) return;
      watched_[socket.port] = false;
      Record bound;
      bound.word = Word::bound;
      bound.number = static_cast<std::int32_t>(socket.port);
      say(runtime, bound);
    });
  }

 private:
  template <class Take>
  void each(const Take& take) {
    for (std::size_t i = 0; i < paths_.size(); ++i) {
      if (files_[i] < 0) files_[i] = open(paths_[i], O_RDONLY | O_CLOEXEC);
      if (files_[i] >= 0) interoper::each_udp_socket(files_[i], take);
    }
  }

  bool was_before(std::uint64_t inode) const {
    for (std::size_t i = 0; i < count_; ++i) {
      if (before_[i] == inode) return true;
    }
    return false;
  }

  static long now_ms() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
  }

  static constexpr std::array<const char*, 2> paths_ = {"/proc/net/udp", "/proc/net/udp6"};
  std::array<int, 2> files_ = {-1, -1};
  std::bitset<65536> watched_;              // by port
  std::array<std::uint64_t, 4096> before_;  // inodes; more there are only on a busy host's own network
  std::size_t count_ = 0;
  long since_ms_ = 0;
};

class Agent {
 public:
  Agent(int runtime, int signals, Sockets& sockets) : runtime_(runtime), signals_(signals), sockets_(sockets) {}

  // Until `go`, which makes it true; false when the runtime went away.
  bool wait_for_go() {
    for (;;) {
      pollfd waits[] = {{runtime_, POLLIN, 0}, {signals_, POLLIN, 0}};
      poll(waits, 2, -1);
      if (waits[1].revents != 0 && is_ended_from_outside()) return false;
      if (waits[0].revents == 0) continue;
      Record record;
      if (recv(runtime_, &record, sizeof record, 0) != sizeof record) return false;
      if (record.word == Word::go) return true;
    }
  }

  // Until the role has ended; its status is in `status`. False when the runtime, or somebody on the engine's side, ended us before.
  bool wait_for(const Role& role, int& status) {
    for (;;) {
      pollfd waits[] = {{runtime_, POLLIN, 0}, {signals_, POLLIN, 0}};
      poll(waits, 2, sockets_.pause_ms());
      if (waits[0].revents != 0) {
        Record record;
        if (recv(runtime_, &record, sizeof record, 0) != sizeof record) return false;
        // Not reaped yet, so the number still means the role.
        if (record.word == Word::signal) kill(role.pid, record.number);
        if (record.word == Word::watch) sockets_.watch(record.number);
      }
      sockets_.look(runtime_);
      if (waits[1].revents != 0 && is_ended_from_outside()) return false;
      for (pid_t gone = 1; gone > 0;) {
        int how = 0;
        gone = waitpid(-1, &how, WNOHANG);
        if (gone != role.pid) continue;
        status = how;
        return true;
      }
    }
  }

 private:
  // Takes one signal. SIGTERM and its like come from the engine's side when the sender is not one of this container's processes, whose
  // numbers are all that we can see: somebody stops the container, and how the role ends then is not its own doing.
  bool is_ended_from_outside() {
    signalfd_siginfo signal{};
    if (read(signals_, &signal, sizeof signal) != sizeof signal) return false;
    return signal.ssi_signo != SIGCHLD && signal.ssi_pid == 0;
  }

  int runtime_;
  int signals_;
  Sockets& sockets_;
};

}  // namespace

int main(int, char** arguments) {
  prctl(PR_SET_DUMPABLE, 0);  // a role of the same user reads neither our memory nor our descriptors
  sigset_t watched;
  sigset_t before;
  sigemptyset(&watched);
  for (const int number : {SIGCHLD, SIGTERM, SIGINT, SIGQUIT, SIGHUP})
    sigaddset(&watched, number);
  sigprocmask(SIG_BLOCK, &watched, &before);
  const int signals = signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK);
  const int runtime = knock();
  Pipe in;
  Pipe out;
  Pipe err;
  if (signals < 0 || !make_pipe(in) || !make_pipe(out) || !make_pipe(err)) _exit(no_runtime);
  say_hello(runtime, {in.writing, out.reading, err.reading});
  for (const int given_away : {in.writing, out.reading, err.reading})
    close(given_away);

  Sockets sockets;
  Agent agent(runtime, signals, sockets);
  if (!agent.wait_for_go()) _exit(no_runtime);
  sockets.begin();
  char** command = arguments + 1;
  while (*command != nullptr && strcmp(*command, end_of_directories) != 0)
    ++command;
  if (*command == nullptr) _exit(no_runtime);
  ++command;
  const Role role = run(command, in, out, err, before);
  for (const int roles_own : {in.reading, out.writing, err.writing})
    close(roles_own);
  Record started;
  started.word = Word::started;
  started.number = role.error;
  say(runtime, started);
  if (role.error != 0) _exit(no_runtime);

  int status = 0;
  if (!agent.wait_for(role, status)) _exit(no_runtime);
  kill_the_rest();
  Opener opener;
  for (char** directory = arguments + 1; directory < command - 1; ++directory) {
    chmod(*directory, 0777);
    opener.open_up(open(*directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  Record ended;
  ended.word = Word::ended;
  ended.number = status;
  ended.memory_ran_out = memory_kills();
  say(runtime, ended);
  _exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}
