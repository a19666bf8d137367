#include "runtimes/sandbox/parcel.hpp"

#include <catch2/catch.hpp>

namespace interoper::sandbox {

using Strings = std::vector<std::string>;

TEST_CASE("an order for a slot arrives as it was sent") {
  SlotOrder order;
  order.joint = Joint::host;
  order.outside = true;
  order.roles = {"worker", "driver", ""};
  order.aliases = {"", "client moq-client", ""};
  const std::string bytes = pack(order);
  Unpacker packet(bytes);
  CHECK(packet.word() == Word::make_slot);
  const SlotOrder read = unpack_slot(packet);
  CHECK(read.joint == Joint::host);
  CHECK(read.outside);
  CHECK(read.roles == Strings{"worker", "driver", ""});
  CHECK(read.aliases == Strings{"", "client moq-client", ""});
}

TEST_CASE("an order for a role arrives as it was sent, whatever its texts hold") {
  RoleOrder order;
  order.program = "/x/th-test";
  order.argv = {"th-test", "a b", std::string("\0\n\xff", 3)};
  order.env = {"A=1", "B="};
  order.directory = "/x";
  order.hidden = "/tmp/x";
  order.uid = 1000;
  order.gid = -1;
  order.data_bytes = std::int64_t{1} << 40;
  order.processes = 7;
  order.tmp_bytes = 9;
  order.binds = {"0", "3"};
  order.targets = {"/certs", "/mlog"};
  const std::string bytes = pack(order);
  Unpacker packet(bytes);
  CHECK(packet.word() == Word::prepare);
  const RoleOrder read = unpack_role(packet);
  CHECK(read.program == order.program);
  CHECK(read.argv == order.argv);
  CHECK(read.env == order.env);
  CHECK(read.directory == order.directory);
  CHECK(read.hidden == order.hidden);
  CHECK(read.uid == 1000);
  CHECK(read.gid == -1);
  CHECK(read.data_bytes == order.data_bytes);
  CHECK(read.processes == 7);
  CHECK(read.tmp_bytes == 9);
  CHECK(read.binds == order.binds);
  CHECK(read.targets == order.targets);
}

TEST_CASE("an order for an attempt arrives as it was sent") {
  AttemptOrder order;
  order.shared_bytes = 512;
  order.is_kept = true;
  order.binds = {"/.interoper/tmp/certs", "/var/reports/x"};
  order.writable = {false, true};
  const std::string bytes = pack(order);
  Unpacker packet(bytes);
  CHECK(packet.word() == Word::begin);
  const AttemptOrder read = unpack_attempt(packet);
  CHECK(read.shared_bytes == 512);
  CHECK(read.is_kept);
  CHECK(read.binds == order.binds);
  CHECK(read.writable == order.writable);
}

TEST_CASE("every beginning of a packet is read to its end and no further") {
  RoleOrder order;
  order.argv = {"th-test", "test", "worker"};
  const std::string whole = pack(order);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::string part = whole.substr(0, size);
    Unpacker packet(part);
    packet.word();
    const RoleOrder read = unpack_role(packet);
    CHECK(read.argv.size() <= 3);
  }
}

}  // namespace interoper::sandbox
