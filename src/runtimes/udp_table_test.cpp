#include "runtimes/udp_table.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <string>
#include <vector>

using namespace interoper;

namespace {

// The ports that a table of this text holds.
std::vector<std::uint32_t> ports_in(const std::string& text, bool* is_read = nullptr) {
  std::FILE* const file = std::tmpfile();
  REQUIRE(file != nullptr);
  REQUIRE(std::fwrite(text.data(), 1, text.size(), file) == text.size());
  std::fflush(file);
  std::vector<std::uint32_t> ports;
  const bool done = each_udp_socket(::fileno(file), [&](const UdpSocket& socket) { ports.push_back(socket.port); });
  if (is_read != nullptr) *is_read = done;
  std::fclose(file);
  return ports;
}

constexpr const char* heading =
    "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops             \n";

}  // namespace

TEST_CASE("lines of the kernel's table of UDP sockets") {
  const UdpSocket four = read_udp_line(
      "  177: 00000000:115B 00000000:0000 07 00000000:00000000 00:00000000 00000000  1000        0 23681 2 0000000000000000 0 ");
  CHECK(four.port == 4443);
  CHECK(four.inode == 23681);
  CHECK_FALSE(four.is_engines);
  const UdpSocket six = read_udp_line(
      "35017: 00000000000000000000000000000000:AD8E 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000     0 "
      "       0 18446744073709551615 2 0000000000000000 0");
  CHECK(six.port == 44430);
  CHECK(six.inode == 18446744073709551615U);
  // A port at the other end is none of this one's.
  CHECK(read_udp_line(" 1: 0100007F:0035 0100007F:115B 01 00000000:00000000 00:00000000 00000000 0 0 5 2 0 0").port == 53);
  CHECK(read_udp_line(" 1: 0B00007F:115B 00000000:0000 07 00000000:00000000 00:00000000 00000000 0 0 5 2 0 0").is_engines);
  CHECK_FALSE(read_udp_line(" 1: 0A00007F:115B 00000000:0000 07 00000000:00000000 00:00000000 00000000 0 0 5 2 0 0").is_engines);
}

TEST_CASE("what is no line of the table is none") {
  for (const char* line : {"", " ", ":", "x", "  sl  local_address rem_address", "1: 00000000:", "1: 00000000:xyz", "1: :", "1:"})
    CHECK(read_udp_line(line).port == 0);
}

TEST_CASE("a table is read whole, however long it is") {
  std::string text = heading;
  for (unsigned port = 1; port <= 2000; ++port) {
    char line[160];
    std::snprintf(line, sizeof line, "%5u: 00000000:%04X 00000000:0000 07 00000000:00000000 00:00000000 00000000  1000        0 %u 2 0 0\n",
                  port, port, port);
    text += line;
  }
  const std::vector<std::uint32_t> ports = ports_in(text);
  REQUIRE(ports.size() == 2000);
  CHECK(ports.front() == 1);
  CHECK(ports.back() == 2000);
  CHECK(ports_in(heading).empty());
  CHECK(ports_in("").empty());
  bool is_read = true;
  CHECK(ports_in(std::string(100'000, 'x'), &is_read).empty());
  CHECK_FALSE(is_read);
}

TEST_CASE("who waits long looks less often, but often") {
  CHECK(next_look_ms(0) == 1);
  CHECK(next_look_ms(15) == 1);
  CHECK(next_look_ms(64) == 4);
  CHECK(next_look_ms(160) == 10);
  CHECK(next_look_ms(1'000'000) == 10);
}
