// The kernel's table of the UDP sockets in one network (/proc/net/udp and udp6, proc_net(5)). Shared with the agent in containers: standard
// headers only, and nothing that allocates or throws.
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace interoper {

struct UdpSocket {
  std::uint32_t port = 0;  // that it is bound to; 0 = the text was no line of the table
  std::uint64_t inode = 0;
  bool is_engines = false;  // the name server that container engines put into networks, at 127.0.0.11
};

namespace udp_table {

inline std::string_view next_word(std::string_view& text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  std::size_t size = 0;
  while (size < text.size() && text[size] != ' ' && text[size] != '\t')
    ++size;
  const std::string_view word = text.substr(0, size);
  text.remove_prefix(size);
  return word;
}

// 0 when there is something else in it.
inline std::uint64_t number(std::string_view digits, unsigned base) {
  std::uint64_t value = 0;
  for (const char c : digits) {
    const unsigned digit = c >= '0' && c <= '9'   ? static_cast<unsigned>(c - '0')
                           : c >= 'A' && c <= 'F' ? static_cast<unsigned>(c - 'A') + 10U
                                                  : base;
    if (digit >= base) return 0;
    value = value * base + digit;
  }
  return value;
}

}  // namespace udp_table

// "  177: 00000000:115B 00000000:0000 07 00000000:00000000 00:00000000 00000000  1000  0 23681 2 …": the local address is the second
// word, in hexadecimal; the inode is the tenth. The remote address, which is the third, may hold any port.
inline UdpSocket read_udp_line(std::string_view line) {
  constexpr std::string_view name_server = "0B00007F";
  constexpr int words_until_inode = 8;
  udp_table::next_word(line);
  const std::string_view local = udp_table::next_word(line);
  UdpSocket socket;
  const std::size_t colon = local.rfind(':');
  if (colon == std::string_view::npos) return socket;
  std::string_view port = local;
  port.remove_prefix(colon + 1);
  socket.port = static_cast<std::uint32_t>(udp_table::number(port, 16));
  socket.is_engines = local.starts_with(name_server) && colon == name_server.size();
  for (int skipped = 1; skipped < words_until_inode; ++skipped)
    udp_table::next_word(line);
  socket.inode = udp_table::number(udp_table::next_word(line), 10);
  return socket;
}

// Calls `take` with each socket of the table that is open as `file`, read from its beginning. False when it cannot be read.
template <class Take>
bool each_udp_socket(int file, const Take& take) {
  std::array<char, 8192> buffer;  // many lines of 128 bytes
  std::size_t held = 0;
  if (::lseek(file, 0, SEEK_SET) != 0) return false;
  while (true) {
    const ssize_t size = ::read(file, buffer.data() + held, buffer.size() - held);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return size == 0;
    held += static_cast<std::size_t>(size);
    std::size_t begin = 0;
    while (const void* const found = std::memchr(buffer.data() + begin, '\n', held - begin)) {
      const auto end = static_cast<std::size_t>(static_cast<const char*>(found) - buffer.data());
      const UdpSocket socket = read_udp_line(std::string_view(buffer.data() + begin, end - begin));
      if (socket.port != 0) take(socket);
      begin = end + 1;
    }
    if (begin == 0 && held == buffer.size()) return false;  // a line that is none
    std::memmove(buffer.data(), buffer.data() + begin, held - begin);
    held -= begin;
  }
}

// Who waits for a socket looks again after a sixteenth of the time that it has waited: little work for a role that takes long, and little
// lateness for one that does not. In milliseconds.
inline int next_look_ms(long waited_ms) {
  constexpr long most_ms = 10;
  const long pause_ms = waited_ms / 16;
  return static_cast<int>(pause_ms < 1 ? 1 : pause_ms > most_ms ? most_ms : pause_ms);
}

}  // namespace interoper
