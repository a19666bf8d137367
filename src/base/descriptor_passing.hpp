// Packets of a unix socket with descriptors beside their bytes (SCM_RIGHTS, unix(7)). Shared with the programs that stand in front of
// roles: system headers only, and nothing that allocates or throws.
#pragma once

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

namespace interoper {

// Beside one packet. The kernel takes 253; more than a role's streams, or a socket for each role of a test, nobody passes.
constexpr std::size_t most_passed_descriptors = 64;

struct PassedDescriptors {
  std::array<int, most_passed_descriptors> numbers{};
  std::size_t count = 0;

  const int* begin() const { return numbers.data(); }
  const int* end() const { return numbers.data() + count; }
};

// Sends one packet whole, and copies of these descriptors with it. As sendmsg(2): -1 when it could not, and errno says why; EMSGSIZE for
// more than most_passed_descriptors too.
inline ssize_t send_passing(int socket, const void* bytes, std::size_t size, const int* descriptors, std::size_t count, int flags) {
  if (count > most_passed_descriptors) {
    errno = EMSGSIZE;
    return -1;
  }
  alignas(cmsghdr) std::array<char, CMSG_SPACE(most_passed_descriptors * sizeof(int))> control{};
  iovec content{const_cast<void*>(bytes), size};  // sendmsg only reads it
  msghdr message{};
  message.msg_iov = &content;
  message.msg_iovlen = 1;
  if (count > 0) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(count * sizeof(int));
    cmsghdr* const rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(count * sizeof(int));
    std::memcpy(CMSG_DATA(rights), descriptors, count * sizeof(int));
  }
  return ::sendmsg(socket, &message, flags);
}

// Receives one packet. As recvmsg(2): its size, 0 when the other end is gone, -1 and errno. All that came with it is in `passed`, closed on
// exec, and the caller's to close; what would be more than most_passed_descriptors the kernel has closed.
inline ssize_t receive_passing(int socket, void* bytes, std::size_t room, PassedDescriptors& passed, int flags) {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(most_passed_descriptors * sizeof(int))> control{};
  iovec content{bytes, room};
  msghdr message{};
  message.msg_iov = &content;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  passed.count = 0;
  const ssize_t size = ::recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC);
  if (size < 0) return size;
  // All descriptors of one packet stand in one header.
  const cmsghdr* const rights = CMSG_FIRSTHDR(&message);
  if (rights != nullptr && rights->cmsg_level == SOL_SOCKET && rights->cmsg_type == SCM_RIGHTS) {
    passed.count = (rights->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    std::memcpy(passed.numbers.data(), CMSG_DATA(rights), passed.count * sizeof(int));
  }
  return size;
}

}  // namespace interoper
