// Looks from outside for UDP sockets in the network that a process is in. Nothing of a container or a sandbox has to help.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/task.hpp"

namespace interoper {

class UdpWatch {
 public:
  // `pid` as this machine's /proc shows it. WorldError("cannot-look") when it does not.
  explicit UdpWatch(long pid);
  UdpWatch(const UdpWatch&) = delete;
  UdpWatch& operator=(const UdpWatch&) = delete;
  ~UdpWatch();

  // Sockets that are bound now never count.
  void leave_out_present();
  // A socket that counts is bound to the port, at whatever address.
  bool sees(int port) const;

  // Waits for what changes `over`, until the deadline.
  using Wait = std::function<Task<bool>(const Predicate& over, Clock::time_point deadline)>;
  // True as soon as it sees the port; false when `over` is true before.
  Task<bool> until_bound(int port, Predicate over, Wait wait) const;

 private:
  std::array<int, 2> files_ = {-1, -1};  // IPv4; IPv6, where there is any
  std::vector<std::uint64_t> left_out_;  // inodes
};

}  // namespace interoper
