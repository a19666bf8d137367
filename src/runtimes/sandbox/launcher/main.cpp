// The launcher: a small program that interoper carries within itself, because a small process forks quickly. It makes the namespaces that
// roles live in; what for is decided by interoper alone, to which it listens on descriptor 3. When interoper is gone, so is all of this.
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>

#include "runtimes/sandbox/launcher/init.hpp"
#include "runtimes/sandbox/launcher/packets.hpp"
#include "runtimes/sandbox/launcher/root.hpp"
#include "runtimes/sandbox/launcher/slot.hpp"
#include "runtimes/sandbox/launcher/system.hpp"

// unshare(2), whose header defines what <linux/sched.h> does.
extern "C" int unshare(int flags) noexcept;

namespace interoper::sandbox {
namespace {

constexpr int wire = 3;

// Whether namespaces, mounts and interfaces can be made without a user namespace of our own.
bool has_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> sets{};
  if (::syscall(SYS_capget, &header, sets.data()) != 0) return false;
  const auto has = [&sets](unsigned capability) { return (sets[0].effective & (1U << capability)) != 0; };
  return has(CAP_SYS_ADMIN) && has(CAP_NET_ADMIN) && has(CAP_SETUID) && has(CAP_SETGID) && has(CAP_SETPCAP);
}

Fault enter_user_namespace(int proc) {
  const std::string uid = std::to_string(::getuid());
  const std::string gid = std::to_string(::getgid());
  if (unshare(CLONE_NEWUSER) != 0) return failed("make a user namespace");
  if (Fault fault = write_at(proc, "self/setgroups", "deny")) return fault;
  if (Fault fault = write_at(proc, "self/uid_map", uid + " " + uid + " 1")) return fault;
  return write_at(proc, "self/gid_map", gid + " " + gid + " 1");
}

Fault settle(World& world) {
  world.proc = ::open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (world.proc < 0) return failed("open /proc");
  world.privileged = has_capabilities();
  if (!world.privileged) {
    if (Fault fault = enter_user_namespace(world.proc)) return fault;
  }
  if (unshare(CLONE_NEWNS) != 0) return failed("make a mount namespace");
  return build_root(world.privileged);
}

void make_slot(const World& world, const Packet& packet) {
  Unpacker words(packet.bytes);
  if (words.word() != Word::make_slot) return;
  const SlotOrder order = unpack_slot(words);
  if (packet.descriptors.size() != order.roles.size() + 1) return;  // their ends are closed: interoper sees that nobody answers
  const int socket = packet.descriptors.front();
  const std::vector<int> places(packet.descriptors.begin() + 1, packet.descriptors.end());
  const pid_t self = ::getpid();
  const pid_t slot = fork_into(CLONE_NEWNS, nullptr);
  if (slot < 0) send_fault(socket, failed("make a mount namespace"));
  if (slot != 0) return;
  die_with_parent(self);
  std::vector<int> kept = packet.descriptors;
  kept.push_back(world.proc);
  keep_only(kept);
  ::setpgid(0, 0);
  serve_slot(world, order, socket, places);
}

// What the process group of interoper was sent while we were being started, all signals blocked, was not for us.
void forget_interrupts() {
  for (const int one : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP}) {
    ::signal(one, SIG_IGN);  // the kernel drops one that is pending
    ::signal(one, SIG_DFL);
  }
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void serve(pid_t parent) {
  forget_interrupts();
  die_with_parent(parent);
  ::signal(SIGCHLD, SIG_IGN);
  World world;
  if (const Fault fault = settle(world)) {
    send_fault(wire, fault);
    ::_exit(1);
  }
  die_with_parent(parent);  // again: a new user namespace forgets it
  send(wire, Packer(Word::ready).number(world.privileged ? 1 : 0).take());
  while (true) {
    const Packet packet = receive(wire);
    if (packet.bytes.empty()) break;
    make_slot(world, packet);
    for (const int one : packet.descriptors)
      ::close(one);
  }
  while (::waitpid(-1, nullptr, 0) > 0 || errno == EINTR) {
  }
  ::_exit(0);
}

}  // namespace
}  // namespace interoper::sandbox

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  constexpr int decimal = 10;
  interoper::sandbox::serve(static_cast<pid_t>(std::strtol(argv[1], nullptr, decimal)));
}
