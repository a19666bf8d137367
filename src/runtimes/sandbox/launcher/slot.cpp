#include "runtimes/sandbox/launcher/slot.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "runtimes/sandbox/launcher/network.hpp"
#include "runtimes/sandbox/launcher/packets.hpp"
#include "runtimes/sandbox/launcher/place.hpp"
#include "runtimes/sandbox/launcher/root.hpp"
#include "runtimes/sandbox/launcher/system.hpp"

namespace interoper::sandbox {

namespace {

std::string read_all(const char* path) {
  std::string text;
  std::array<char, 4096> buffer{};
  const int file = ::open(path, O_RDONLY | O_CLOEXEC);
  for (ssize_t count = 1; file >= 0 && count > 0;) {
    count = ::read(file, buffer.data(), buffer.size());
    if (count > 0) text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  if (file >= 0) ::close(file);
  return text;
}

std::string names_of_role(const SlotOrder& order, std::size_t role) { return order.roles[role] + " " + order.aliases[role]; }

std::string names_of(const SlotOrder& order, bool has_ipv6) {
  if (order.joint == Joint::host) {
    std::string text = read_all("/etc/hosts") + "\n";
    for (std::size_t role = 0; role < order.roles.size(); ++role)
      text += "127.0.0.1\t" + names_of_role(order, role) + "\n";
    return text;
  }
  std::string text = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n";
  const bool alone = order.roles.size() == 1;
  for (std::size_t role = 0; role < order.roles.size(); ++role) {
    const std::string names = names_of_role(order, role) + "\n";
    text += (alone ? "127.0.0.1" : ipv4_text(role)) + "\t" + names;
    if (has_ipv6 && !alone) text += ipv6_text(role) + "\t" + names;
  }
  return text;
}

// A file of this slot in place of the host's. It has a name only until it is shown: the file system is every slot's.
Fault replace_file(const std::string& at, std::string_view text) {
  const std::string own = std::string(hidden_root) + "/file." + std::to_string(::getpid());
  if (Fault fault = write_file(own, text)) return fault;
  Fault fault = bind(own, at);
  if (!fault) fault = make_read_only(at, Below::no);
  ::unlink(own.c_str());
  return fault;
}

// Where a link of /etc leads, without looking there; empty when it is no link.
std::string target_of_link(const char* file) {
  std::array<char, 4096> text{};
  if (::readlink(file, text.data(), text.size() - 1) <= 0) return {};
  std::string target = text.data();
  if (target.starts_with("../")) return target.substr(2);
  return target.front() == '/' ? target : "/etc/" + target;
}

class Slot {
 public:
  Slot(const World& world, const SlotOrder& order, int socket) : world_(world), order_(order), socket_(socket) {}

  Fault make(const std::vector<int>& place_sockets) {
    const bool apart = order_.joint == Joint::apart;
    if (apart) {
      if (Fault fault = network_.make(world_.proc, order_.roles.size())) return fault;
    }
    if (Fault fault = replace_file("/etc/hosts", names_of(order_, network_.has_ipv6()))) return fault;
    if (order_.outside && apart) {
      if (Fault fault = use_outside_resolver()) return fault;
    }
    Packer reply(Word::ready);
    for (std::size_t role = 0; role < order_.roles.size(); ++role) {
      if (apart) {
        if (Fault fault = network_.enter(role)) return fault;
      }
      const pid_t self = ::getpid();
      const pid_t place = fork_into(0, nullptr);
      if (place == 0) {
        die_with_parent(self);
        serve_place(world_, order_.roles[role], place_sockets[role]);
      }
      if (place < 0) return failed("start a process");
      reply.number(place);
    }
    for (const int socket : place_sockets)
      ::close(socket);
    send(socket_, reply.take());
    return {};
  }

  void serve() {
    while (true) {
      const Packet packet = receive(socket_);
      if (packet.bytes.empty()) return;
      Unpacker words(packet.bytes);
      const Word word = words.word();
      if (word == Word::begin) begin(words);
      if (word == Word::end) end();
    }
  }

 private:
  Fault use_outside_resolver() {
    constexpr const char* file = "/etc/resolv.conf";
    const std::string target = target_of_link(file);
    if (!target.starts_with("/run/")) return replace_file(file, outside_resolver);
    world_.resolver_file = target;
    return {};
  }

  Fault mount_for(const AttemptOrder& attempt) {
    if (attempt.shared_bytes > 0) {
      const std::string options = "mode=1777,size=" + std::to_string(attempt.shared_bytes);
      if (Fault fault = mount_at("tmpfs", "/shared", MS_NOSUID | MS_NODEV, options)) return fault;
      mounted_.emplace_back("/shared");
    }
    for (std::size_t i = 0; i < attempt.binds.size(); ++i) {
      const std::string at = std::string(binds_root) + "/" + std::to_string(i);
      if (Fault fault = make_directory(at)) return fault;
      if (Fault fault = bind(attempt.binds[i], at)) return fault;
      mounted_.push_back(at);
      // Alone here, before a role inherits it: what is read-only there stays so.
      if (!attempt.writable[i]) continue;
      if (Fault fault = make_writable(at)) return fault;
    }
    return {};
  }

  Fault unmount() {
    Fault fault;
    for (const std::string& at : mounted_) {
      if (::umount2(at.c_str(), MNT_DETACH) != 0) fault = failed("unmount " + at);
    }
    mounted_.clear();
    return fault;
  }

  void begin(Unpacker& words) {
    const AttemptOrder attempt = unpack_attempt(words);
    if (const Fault fault = mount_for(attempt)) {
      unmount();
      send_fault(socket_, fault);
      return;
    }
    std::vector<int> descriptors;
    if (attempt.is_kept) descriptors.push_back(::open("/shared", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    send(socket_, Packer(Word::ready).take(), descriptors);
    for (const int one : descriptors)
      ::close(one);
  }

  void end() {
    if (const Fault fault = unmount()) {
      send_fault(socket_, fault);
      return;
    }
    const bool clean = order_.joint == Joint::host || network_.is_clean();
    send(socket_, Packer(Word::ready).number(clean ? 1 : 0).take());
  }

  World world_;  // with what is this slot's own
  const SlotOrder& order_;
  int socket_;
  Network network_;
  std::vector<std::string> mounted_;  // for the attempt
};

}  // namespace

void serve_slot(const World& world, const SlotOrder& order, int socket, const std::vector<int>& place_sockets) {
  // Inits whose place has gone come to us, and are waited for below.
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  ::signal(SIGCHLD, SIG_IGN);
  Slot slot(world, order, socket);
  const Fault fault = slot.make(place_sockets);
  if (fault) send_fault(socket, fault);
  if (!fault) slot.serve();
  // The places' sockets are closed with ours; whoever closed only ours gets the same.
  ::signal(SIGTERM, SIG_IGN);
  ::kill(0, SIGTERM);
  while (::waitpid(-1, nullptr, 0) > 0 || errno == EINTR) {
  }
  ::_exit(0);
}

}  // namespace interoper::sandbox
