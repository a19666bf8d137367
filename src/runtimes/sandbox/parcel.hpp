// What interoper and its launcher say to each other, as bytes: one packet of a SOCK_SEQPACKET socket each, some with descriptors beside
// it. Both ends are one build of one program, so that there is no version and no byte order. Shared by both ends: standard library only.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "base/descriptor_passing.hpp"

namespace interoper::sandbox {

enum class Word : std::uint8_t {
  // The launcher, a slot or a place: it is there, it did as asked, or it could not.
  ready,
  fault,
  // To the launcher: make a slot.
  make_slot,
  // To a slot: an attempt begins, or is over.
  begin,
  end,
  // To a place: put an init with the role's surroundings there.
  prepare,
  // To an init: run the role's program; send it a signal.
  go,
  signal,
  // From an init: the program runs; it has ended.
  started,
  exited,
};

// A packet must fit the kernel's default socket buffer (212,992 bytes) with what the kernel adds; nearly all are a few hundred bytes.
constexpr std::size_t packet_limit_bytes = 160'000;
// A slot gets a socket of its own and one for each of its places, all with one packet.
constexpr std::size_t most_roles = most_passed_descriptors - 1;

class Packer {
 public:
  explicit Packer(Word word) { bytes_ += static_cast<char>(word); }
  Packer& number(std::int64_t value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }
  Packer& text(std::string_view value) {
    number(static_cast<std::int64_t>(value.size()));
    bytes_ += value;
    return *this;
  }
  Packer& list(const std::vector<std::string>& values) {
    number(static_cast<std::int64_t>(values.size()));
    for (const std::string& value : values)
      text(value);
    return *this;
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// A packet that is too short for what is asked of it yields zeros and empty texts: it can only come from a defect of ours.
class Unpacker {
 public:
  explicit Unpacker(std::string_view bytes) : left_(bytes) {}
  Word word() {
    const Word value = left_.empty() ? Word::fault : static_cast<Word>(left_.front());
    left_.remove_prefix(left_.empty() ? 0 : 1);
    return value;
  }
  std::int64_t number() {
    std::int64_t value = 0;
    if (left_.size() < sizeof value) return 0;
    std::memcpy(&value, left_.data(), sizeof value);
    left_.remove_prefix(sizeof value);
    return value;
  }
  std::string text() {
    const auto size = static_cast<std::size_t>(number());
    if (size > left_.size()) return {};
    std::string value(left_.substr(0, size));
    left_.remove_prefix(size);
    return value;
  }
  std::vector<std::string> list() {
    std::vector<std::string> values;
    for (std::int64_t count = number(); count > 0 && !left_.empty(); --count)
      values.push_back(text());
    return values;
  }

 private:
  std::string_view left_;
};

// How the roles of a slot are joined.
enum class Joint : std::uint8_t {
  apart,  // a network namespace for each role: a pair of interfaces for two roles, a bridge for more
  host,   // the host's own network
};

struct SlotOrder {
  Joint joint = Joint::apart;
  bool outside = false;              // names are looked up at the address that a user-mode network answers at
  std::vector<std::string> roles;    // host names
  std::vector<std::string> aliases;  // of each role, with blanks between them
};

// To a slot: what an attempt needs beside it.
struct AttemptOrder {
  std::int64_t shared_bytes = 0;  // 0 = there is no /shared
  bool is_kept = false;           // the answer brings a descriptor of /shared
  // Directories that its roles see: as they are found in the slot's file system, and whether they are written to. The slot shows them
  // below binds_root, the first at 0.
  std::vector<std::string> binds;
  std::vector<bool> writable;
};

// A role's surroundings and its program; everything is as the role will see it.
struct RoleOrder {
  std::string program;            // absolute path
  std::vector<std::string> argv;  // with argv[0]
  std::vector<std::string> env;   // NAME=VALUE
  std::string directory;          // the implementation's, which is also the working directory
  std::string hidden;             // where the directory stands below hidden_root when a private one covers it; empty = not covered
  std::int64_t uid = -1;          // -1 = as it is
  std::int64_t gid = -1;
  std::int64_t data_bytes = 0;  // limit of the memory that each process may write to, where no cgroup limits the role; 0 = none
  std::int64_t processes = 0;   // limit, where no cgroup limits the role; 0 = none
  std::int64_t tmp_bytes = 0;   // size of /tmp, and of /run and /dev/shm
  // Directories of the attempt (AttemptOrder): their numbers, and where this role sees them.
  std::vector<std::string> binds, targets;
};

// The host's directories that private ones cover stand here, for the implementations that lie in them. Roles see it covered.
constexpr std::string_view hidden_root = "/.interoper";
constexpr std::string_view binds_root = "/.interoper/binds";

inline std::string pack(const SlotOrder& order) {
  return Packer(Word::make_slot)
      .number(static_cast<int>(order.joint))
      .number(order.outside ? 1 : 0)
      .list(order.roles)
      .list(order.aliases)
      .take();
}

inline SlotOrder unpack_slot(Unpacker& packet) {
  SlotOrder order;
  order.joint = static_cast<Joint>(packet.number());
  order.outside = packet.number() != 0;
  order.roles = packet.list();
  order.aliases = packet.list();
  return order;
}

inline std::string pack(const AttemptOrder& order) {
  Packer packer(Word::begin);
  packer.number(order.shared_bytes).number(order.is_kept ? 1 : 0).list(order.binds);
  for (const bool is_writable : order.writable)
    packer.number(is_writable ? 1 : 0);
  return packer.take();
}

inline AttemptOrder unpack_attempt(Unpacker& packet) {
  AttemptOrder order;
  order.shared_bytes = packet.number();
  order.is_kept = packet.number() != 0;
  order.binds = packet.list();
  for (std::size_t i = 0; i < order.binds.size(); ++i)
    order.writable.push_back(packet.number() != 0);
  return order;
}

inline std::string pack(const RoleOrder& order) {
  Packer packer(Word::prepare);
  packer.text(order.program).list(order.argv).list(order.env).text(order.directory).text(order.hidden);
  packer.number(order.uid).number(order.gid).number(order.data_bytes).number(order.processes).number(order.tmp_bytes);
  packer.list(order.binds).list(order.targets);
  return packer.take();
}

inline RoleOrder unpack_role(Unpacker& packet) {
  RoleOrder order;
  order.program = packet.text();
  order.argv = packet.list();
  order.env = packet.list();
  order.directory = packet.text();
  order.hidden = packet.text();
  order.uid = packet.number();
  order.gid = packet.number();
  order.data_bytes = packet.number();
  order.processes = packet.number();
  order.tmp_bytes = packet.number();
  order.binds = packet.list();
  order.targets = packet.list();
  return order;
}

}  // namespace interoper::sandbox
