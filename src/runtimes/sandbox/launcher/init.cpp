#include "runtimes/sandbox/launcher/init.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <vector>

#include "runtimes/sandbox/launcher/packets.hpp"
#include "runtimes/sandbox/launcher/root.hpp"
#include "runtimes/sandbox/launcher/system.hpp"

namespace interoper::sandbox {

namespace {

// When the machine's memory runs out, roles go before anything else does.
constexpr std::string_view first_to_go = "500";
constexpr int highest_capability = 63;
constexpr int nothing_more = 127;

// In the role's process between vfork and exec: system calls only. What failed, or nothing when it does not return.
struct StartFault {
  const char* step = nullptr;
  int error = 0;
};

bool limit(int resource, std::int64_t value) {
  const rlimit both{static_cast<rlim_t>(value), static_cast<rlim_t>(value)};
  return ::setrlimit(static_cast<__rlimit_resource>(resource), &both) == 0;
}

const char* become_user(const RoleOrder& order) {
  const auto gid = static_cast<gid_t>(order.gid);
  const auto uid = static_cast<uid_t>(order.uid);
  if (order.gid >= 0 && (::setgroups(1, &gid) != 0 || ::setresgid(gid, gid, gid) != 0)) return "become the test's group";
  if (order.uid >= 0 && ::setresuid(uid, uid, uid) != 0) return "become the test's user";
  return nullptr;
}

const char* give_up_privileges(const RoleOrder& order) {
  for (int capability = 0; capability <= highest_capability; ++capability)
    ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  if (const char* step = become_user(order)) return step;
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> none{};
  if (::syscall(SYS_capset, &header, none.data()) != 0) return "give up capabilities";
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return "give up new privileges";
  return nullptr;
}

const char* prepare_process(const RoleOrder& order, const Streams& streams) {
  ::setsid();
  ::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr);
  const int score = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (score >= 0) {
    const ssize_t ignored = ::write(score, first_to_go.data(), first_to_go.size());
    static_cast<void>(ignored);
    ::close(score);
  }
  if (::dup2(streams.in, STDIN_FILENO) < 0 || ::dup2(streams.out, STDOUT_FILENO) < 0 || ::dup2(streams.err, STDERR_FILENO) < 0)
    return "connect its streams";
  ::syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, 0);
  limit(RLIMIT_CORE, 0);
  if (order.data_bytes > 0) limit(RLIMIT_DATA, order.data_bytes);
  if (order.processes > 0) limit(RLIMIT_NPROC, order.processes);
  if (const char* step = give_up_privileges(order)) return step;
  if (::chdir(order.directory.c_str()) != 0) return "enter its directory";
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  return nullptr;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts)
    pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

class Init {
 public:
  Init(RoleOrder order, const Streams& streams) : order_(std::move(order)), streams_(streams) {}

  [[noreturn]] void run() {
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    ::sigprocmask(SIG_BLOCK, &child, nullptr);
    ::signal(SIGCHLD, SIG_DFL);
    const int children = ::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    std::array<pollfd, 2> watched{{{streams_.control, POLLIN, 0}, {children, POLLIN, 0}}};
    while (true) {
      if (::poll(watched.data(), watched.size(), -1) < 0) continue;
      if (watched[1].revents != 0) {
        signalfd_siginfo ignored{};
        while (::read(children, &ignored, sizeof ignored) > 0) {
        }
        reap();
      }
      if (watched[0].revents != 0) obey();
    }
  }

 private:
  void obey() {
    const Packet packet = receive(streams_.control);
    if (packet.bytes.empty()) ::_exit(0);  // interoper has no use for the role any more, or is gone: all here end with us
    Unpacker words(packet.bytes);
    const Word word = words.word();
    if (word == Word::go && role_ <= 0) start();
    if (word == Word::signal && role_ > 0) ::kill(role_, static_cast<int>(words.number()));
  }

  void start() {
    std::vector<char*> argv = pointers_to(order_.argv);
    std::vector<char*> env = pointers_to(order_.env);
    // Written by the child, which shares this memory until it has become the program.
    volatile StartFault fault;
    // posix_spawn(3) has no words for what a role needs; the child calls the kernel and nothing else.
    const pid_t child = ::vfork();  // NOLINT(bugprone-unsafe-functions)
    if (child == 0) {
      const char* step = prepare_process(order_, streams_);
      if (step == nullptr) ::execve(order_.program.c_str(), argv.data(), env.data());
      fault.error = errno;
      fault.step = step == nullptr ? "run" : step;
      ::_exit(nothing_more);
    }
    if (child < 0 || fault.step != nullptr) {
      const Fault why = child < 0 ? failed("start a process") : Fault{fault.step, fault.error};
      send_fault(streams_.control, why);
      ::_exit(0);
    }
    role_ = child;
    for (const int stream : {streams_.in, streams_.out, streams_.err})
      ::close(stream);
    send(streams_.control, Packer(Word::started).take());
  }

  void reap() const {
    bool ended = false;
    int how = 0;
    int status = 0;
    pid_t one = 0;
    while ((one = ::waitpid(-1, &status, WNOHANG)) > 0) {
      if (one != role_) continue;
      ended = true;
      how = status;
    }
    if (!ended) return;
    // What it left running is killed before anybody hears of its end.
    ::kill(-1, SIGKILL);
    while (::waitpid(-1, nullptr, 0) > 0 || errno == EINTR) {
    }
    send(streams_.control, Packer(Word::exited).number(how).take());
    ::_exit(0);
  }

  RoleOrder order_;
  Streams streams_;
  pid_t role_ = 0;
};

// In its own user namespace everybody is nobody until it is said who they are outside.
Fault map_user(int proc, const Owner& owner) {
  const std::string uid = std::to_string(owner.uid);
  const std::string gid = std::to_string(owner.gid);
  if (Fault fault = write_at(proc, "self/setgroups", "deny")) return fault;
  if (Fault fault = write_at(proc, "self/uid_map", uid + " " + uid + " 1")) return fault;
  return write_at(proc, "self/gid_map", gid + " " + gid + " 1");
}

Fault settle(const World& world, const RoleOrder& order, const Owner& owner, const Streams& streams) {
  if (!world.privileged) {
    if (Fault fault = map_user(world.proc, owner)) return fault;
  }
  if (order.uid >= 0) {
    // So that it can open /dev/stdout and the like.
    for (const int stream : {streams.in, streams.out, streams.err})
      if (::fchown(stream, static_cast<uid_t>(order.uid), static_cast<gid_t>(-1)) != 0) return failed("give the role its streams");
  }
  return furnish_role(world.privileged, order, world.resolver_file);
}

}  // namespace

void be_init(const World& world, const RoleOrder& order, const Owner& owner, const Streams& streams) {
  die_with_parent(0);  // the parent is outside of this process namespace
  const Fault fault = settle(world, order, owner, streams);
  if (fault) {
    send_fault(streams.control, fault);
    ::_exit(0);
  }
  keep_only({streams.control, streams.in, streams.out, streams.err});
  Init(order, streams).run();
}

}  // namespace interoper::sandbox
