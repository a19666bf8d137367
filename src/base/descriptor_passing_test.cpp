#include "base/descriptor_passing.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "base/descriptor.hpp"

using namespace interoper;

namespace {

struct SocketPair {
  SocketPair() {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
    here = Descriptor(ends[0]);
    there = Descriptor(ends[1]);
  }
  Descriptor here, there;
};

struct Received {
  std::string bytes;
  std::vector<Descriptor> descriptors;
};

Received receive(int socket) {
  char buffer[64];
  PassedDescriptors passed;
  const ssize_t size = receive_passing(socket, buffer, sizeof buffer, passed, 0);
  REQUIRE(size >= 0);
  Received received;
  received.bytes.assign(buffer, static_cast<std::size_t>(size));
  for (const int number : passed)
    received.descriptors.emplace_back(number);
  return received;
}

}  // namespace

TEST_CASE("descriptors come with their packet, as many as there may be, and closed on exec") {
  const SocketPair pair;
  const Descriptor null(::open("/dev/null", O_RDONLY));
  for (const std::size_t count : {std::size_t{0}, std::size_t{1}, most_passed_descriptors}) {
    const std::vector<int> given(count, null.get());
    REQUIRE(send_passing(pair.here.get(), "hello", 5, given.data(), count, 0) == 5);
    const Received received = receive(pair.there.get());
    CHECK(received.bytes == "hello");
    REQUIRE(received.descriptors.size() == count);
    for (const Descriptor& one : received.descriptors)
      CHECK((::fcntl(one.get(), F_GETFD) & FD_CLOEXEC) != 0);
  }
}

TEST_CASE("more descriptors than there may be are refused, and nothing is sent") {
  const SocketPair pair;
  const std::vector<int> given(most_passed_descriptors + 1, pair.here.get());
  CHECK(send_passing(pair.here.get(), "hello", 5, given.data(), given.size(), 0) == -1);
  CHECK(errno == EMSGSIZE);
  REQUIRE(send_passing(pair.here.get(), "next", 4, nullptr, 0, 0) == 4);
  CHECK(receive(pair.there.get()).bytes == "next");
}
