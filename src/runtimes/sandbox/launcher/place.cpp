#include "runtimes/sandbox/launcher/place.hpp"

#include <linux/sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "runtimes/sandbox/launcher/init.hpp"
#include "runtimes/sandbox/launcher/packets.hpp"
#include "runtimes/sandbox/launcher/system.hpp"

namespace interoper::sandbox {

namespace {

// unshare(2), whose header defines what <linux/sched.h> does.
extern "C" int unshare(int flags) noexcept;

Fault take_name(const std::string& role) {
  if (unshare(CLONE_NEWUTS) != 0) return failed("make a namespace for the host name");
  if (::sethostname(role.c_str(), role.size()) != 0) return failed("set the host name");
  return {};
}

void prepare(const World& world, const Packet& packet, int socket) {
  Unpacker words(packet.bytes);
  words.word();
  RoleOrder order = unpack_role(words);
  const Streams streams{packet.descriptors[0], packet.descriptors[1], packet.descriptors[2], packet.descriptors[3]};
  std::uint64_t namespaces = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS;
  if (!world.privileged) namespaces |= CLONE_NEWUSER;
  const Owner owner{::getuid(), ::getgid()};
  int pidfd = -1;
  const pid_t init = fork_into(namespaces, &pidfd);
  if (init == 0) be_init(world, order, owner, streams);
  if (init < 0) {
    send_fault(socket, failed("make a role's namespaces"));
  } else {
    send(socket, Packer(Word::ready).number(init).take(), {pidfd});
    ::close(pidfd);
  }
  for (const int one : packet.descriptors)
    ::close(one);
}

}  // namespace

void serve_place(const World& world, const std::string& role, int socket) {
  keep_only({world.proc, socket});
  Fault fault = take_name(role);
  while (true) {
    const Packet packet = receive(socket);
    if (packet.bytes.empty()) break;
    if (fault || packet.descriptors.size() != streams_of_a_role) {
      send_fault(socket, fault ? fault : Fault{"pass a role's streams", EMFILE});
      for (const int one : packet.descriptors)
        ::close(one);
      continue;
    }
    prepare(world, packet, socket);
  }
  ::_exit(0);
}

}  // namespace interoper::sandbox
