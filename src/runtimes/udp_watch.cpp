#include "runtimes/udp_watch.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "base/problem.hpp"
#include "runtimes/udp_table.hpp"

namespace interoper {

UdpWatch::UdpWatch(long pid) {
  const std::string directory = "/proc/" + std::to_string(pid) + "/net/";
  files_[0] = ::open((directory + "udp").c_str(), O_RDONLY | O_CLOEXEC);
  if (files_[0] < 0) throw WorldError("cannot-look", "cannot see which sockets are bound: " + directory + "udp: " + std::strerror(errno));
  files_[1] = ::open((directory + "udp6").c_str(), O_RDONLY | O_CLOEXEC);
}

UdpWatch::~UdpWatch() {
  for (const int file : files_) {
    if (file >= 0) ::close(file);
  }
}

void UdpWatch::leave_out_present() {
  for (const int file : files_) {
    if (file >= 0) each_udp_socket(file, [this](const UdpSocket& socket) { left_out_.push_back(socket.inode); });
  }
  std::sort(left_out_.begin(), left_out_.end());
}

bool UdpWatch::sees(int port) const {
  bool is_there = false;
  const auto take = [&](const UdpSocket& socket) {
    const bool counts = socket.port == static_cast<std::uint32_t>(port) && !socket.is_engines;
    is_there = is_there || (counts && !std::binary_search(left_out_.begin(), left_out_.end(), socket.inode));
  };
  for (const int file : files_) {
    if (file >= 0) each_udp_socket(file, take);
  }
  return is_there;
}

Task<bool> UdpWatch::until_bound(int port, Predicate over, Wait wait) const {
  const auto began = Clock::now();
  while (!over()) {
    if (sees(port)) co_return true;
    const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began);
    const auto next = Clock::now() + std::chrono::milliseconds(next_look_ms(static_cast<long>(waited.count())));
    co_await wait(over, next);
  }
  co_return false;  // and not looked at again: the network may be the next attempt's
}

}  // namespace interoper
