#include "runtimes/sandbox/launcher/packets.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/descriptor_passing.hpp"
#include "runtimes/sandbox/parcel.hpp"

namespace interoper::sandbox {

namespace {

void close_all(unsigned first, unsigned last) { ::syscall(SYS_close_range, first, last, 0); }

}  // namespace

Packet receive(int socket) {
  static std::array<char, packet_limit_bytes> buffer;
  PassedDescriptors passed;
  ssize_t count = 0;
  do {
    count = receive_passing(socket, buffer.data(), buffer.size(), passed, 0);
  } while (count < 0 && (errno == EINTR || errno == ECONNRESET));  // the latter is told once, ahead of what was said before
  Packet packet;
  if (count <= 0) return packet;
  packet.bytes.assign(buffer.data(), static_cast<std::size_t>(count));
  packet.descriptors.assign(passed.begin(), passed.end());
  return packet;
}

void send(int socket, const std::string& bytes, const std::vector<int>& descriptors) {
  while (send_passing(socket, bytes.data(), bytes.size(), descriptors.data(), descriptors.size(), MSG_NOSIGNAL) < 0 && errno == EINTR) {
  }
}

void send_fault(int socket, const Fault& fault) { send(socket, Packer(Word::fault).text(fault.step).number(fault.error).take()); }

void keep_only(std::vector<int> descriptors) {
  std::sort(descriptors.begin(), descriptors.end());
  unsigned next = STDERR_FILENO + 1;
  for (const int one : descriptors) {
    const auto kept = static_cast<unsigned>(one);
    if (kept < next) continue;
    if (kept > next) close_all(next, kept - 1);
    next = kept + 1;
  }
  close_all(next, ~0U);
}

}  // namespace interoper::sandbox
