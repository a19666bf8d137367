// The few requests of rtnetlink(7) that a slot's network needs. One object speaks to one network namespace: the one in which it was made.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "runtimes/sandbox/launcher/fault.hpp"

namespace interoper::sandbox {

// In network byte order, as inet_pton(3) gives them.
using Ipv4 = std::array<std::uint8_t, 4>;
using Ipv6 = std::array<std::uint8_t, 16>;

class Netlink {
 public:
  Netlink() = default;
  Netlink(Netlink&& other) noexcept : socket_(std::exchange(other.socket_, -1)) {}
  Netlink(const Netlink&) = delete;
  Netlink& operator=(const Netlink&) = delete;
  ~Netlink();

  // In the namespace that the caller is in now.
  Fault open();

  // An interface `name` with number `index` here, joined with one of `peer_name` and `peer_index` in the namespace of `peer_namespace`
  // (a descriptor). Both are down; IFF_UP in the peer's part would make the kernel take everything back, slowly.
  Fault make_pair(const std::string& name, int index, const std::string& peer_name, int peer_index, int peer_namespace);
  Fault make_bridge(const std::string& name, int index);
  Fault join_bridge(int index, int bridge_index);
  Fault set_up(int index);
  Fault add_address(int index, const Ipv4& address, int prefix_bits);
  // Without the second of silence in which the kernel looks for somebody else with this address.
  Fault add_address(int index, const Ipv6& address, int prefix_bits);
  // IPv4 packets to 224.0.0.0/4 leave here: there is no other route that would take them.
  Fault route_multicast(int index);
  // Waits until the interface carries packets: a few milliseconds after both its ends are up. Not longer than a second.
  void wait_until_running(const std::string& name) const;

 private:
  template <class Body>
  class Request;
  template <class Body>
  Fault ask(Request<Body>& request, std::string step);

  int socket_ = -1;
};

}  // namespace interoper::sandbox
