#include "runtimes/sandbox/launcher/packets.hpp"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "runtimes/sandbox/parcel.hpp"

namespace interoper::sandbox {

namespace {

using ControlBuffer = std::array<char, CMSG_SPACE(descriptors_limit * sizeof(int))>;

void close_all(unsigned first, unsigned last) { ::syscall(SYS_close_range, first, last, 0); }

}  // namespace

Packet receive(int socket) {
  static std::array<char, packet_limit_bytes> buffer;
  alignas(cmsghdr) ControlBuffer control{};
  iovec part{buffer.data(), buffer.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  ssize_t count = 0;
  do {
    count = ::recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
  } while (count < 0 && (errno == EINTR || errno == ECONNRESET));  // the latter is told once, ahead of what was said before
  Packet packet;
  if (count <= 0) return packet;
  packet.bytes.assign(buffer.data(), static_cast<std::size_t>(count));
  for (cmsghdr* one = CMSG_FIRSTHDR(&header); one != nullptr; one = CMSG_NXTHDR(&header, one)) {
    if (one->cmsg_level != SOL_SOCKET || one->cmsg_type != SCM_RIGHTS) continue;
    packet.descriptors.resize((one->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    std::memcpy(packet.descriptors.data(), CMSG_DATA(one), packet.descriptors.size() * sizeof(int));
  }
  return packet;
}

void send(int socket, const std::string& bytes, const std::vector<int>& descriptors) {
  alignas(cmsghdr) ControlBuffer control{};
  std::string copy = bytes;
  iovec part{copy.data(), copy.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  if (!descriptors.empty()) {
    header.msg_control = control.data();
    header.msg_controllen = CMSG_SPACE(descriptors.size() * sizeof(int));
    cmsghdr* one = CMSG_FIRSTHDR(&header);
    one->cmsg_level = SOL_SOCKET;
    one->cmsg_type = SCM_RIGHTS;
    one->cmsg_len = CMSG_LEN(descriptors.size() * sizeof(int));
    std::memcpy(CMSG_DATA(one), descriptors.data(), descriptors.size() * sizeof(int));
  }
  while (::sendmsg(socket, &header, MSG_NOSIGNAL) < 0 && errno == EINTR) {
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
