#include "runtimes/sandbox/launcher/network.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <array>
#include <string_view>

#include "runtimes/sandbox/launcher/system.hpp"

namespace interoper::sandbox {

namespace {

constexpr int loopback_index = 1;
// High enough that no tunnel device, which some kernels put into every namespace, has it.
constexpr int role_index = 100;
constexpr int bridge_index = 100;
constexpr int first_port_index = 101;
const std::string role_interface = "eth0";

// A private /24 and a private /64; .1 is left for a router.
constexpr Ipv4 first_ipv4 = {10, 231, 0, 2};
constexpr int ipv4_prefix_bits = 24;
constexpr Ipv6 first_ipv6 = {0xfd, 0x69, 0x6e, 0x74, 0x65, 0x72, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2};
constexpr int ipv6_prefix_bits = 64;

Ipv4 ipv4_of(std::size_t role) {
  Ipv4 address = first_ipv4;
  address.back() = static_cast<std::uint8_t>(address.back() + role);
  return address;
}

Ipv6 ipv6_of(std::size_t role) {
  Ipv6 address = first_ipv6;
  address.back() = static_cast<std::uint8_t>(address.back() + role);
  return address;
}

struct Setting {
  const char* file;
  const char* value;
};
// Where the kernel does not know one, what it is for does not happen either.
constexpr std::array<Setting, 9> settings = {{
    {"sys/net/ipv4/ip_unprivileged_port_start", "0"},  // roles have no capability that lets them bind port 443
    {"sys/net/ipv4/ping_group_range", "0 2147483647"},
    // What one attempt could leave to the next: ports in TIME_WAIT, and what was learned of the other end.
    {"sys/net/ipv4/tcp_max_tw_buckets", "0"},
    {"sys/net/ipv4/tcp_no_metrics_save", "1"},
    // Nobody else is here: an address need not be looked for, nor a router.
    {"sys/net/ipv6/conf/all/accept_dad", "0"},
    {"sys/net/ipv6/conf/default/accept_dad", "0"},
    {"sys/net/ipv6/conf/default/accept_ra", "0"},
    {"sys/net/ipv6/conf/all/disable_ipv6", "0"},
    {"sys/net/ipv6/conf/default/disable_ipv6", "0"},
}};

// The number behind `key` in the line that begins with `line`; -1 when there is none.
long count_in(std::string_view text, std::string_view line, std::string_view key) {
  std::size_t at = text.find(line);
  if (at == std::string_view::npos) return -1;
  std::string_view rest = text.substr(at + line.size());
  rest = rest.substr(0, rest.find('\n'));
  at = rest.find(key);
  if (at == std::string_view::npos) return -1;
  long number = 0;
  for (const char c : rest.substr(at + key.size())) {
    if (c < '0' || c > '9') break;
    number = number * 10 + (c - '0');
  }
  return number;
}

std::string read_again(int file) {
  std::array<char, 1024> text{};
  const ssize_t count = ::pread(file, text.data(), text.size(), 0);
  return count > 0 ? std::string(text.data(), static_cast<std::size_t>(count)) : std::string();
}

}  // namespace

std::string ipv4_text(std::size_t role) {
  std::array<char, INET_ADDRSTRLEN> text{};
  const Ipv4 address = ipv4_of(role);
  return ::inet_ntop(AF_INET, address.data(), text.data(), text.size());
}

std::string ipv6_text(std::size_t role) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const Ipv6 address = ipv6_of(role);
  return ::inet_ntop(AF_INET6, address.data(), text.data(), text.size());
}

Fault Network::make_namespace(int proc, Namespace& made) {
  if (::unshare(CLONE_NEWNET) != 0) return failed("make a network namespace");
  made.descriptor = ::openat(proc, "self/ns/net", O_RDONLY | O_CLOEXEC);
  if (made.descriptor < 0) return failed("open a network namespace");
  made.sockets4 = ::openat(proc, "self/net/sockstat", O_RDONLY | O_CLOEXEC);
  made.sockets6 = ::openat(proc, "self/net/sockstat6", O_RDONLY | O_CLOEXEC);
  for (const Setting& setting : settings)
    write_at(proc, setting.file, setting.value);
  if (Fault fault = made.netlink.open()) return fault;
  return made.netlink.set_up(loopback_index);
}

Fault Network::join_two() {
  if (Fault fault = roles_[0].netlink.make_pair(role_interface, role_index, role_interface, role_index, roles_[1].descriptor)) return fault;
  for (std::size_t role : {0U, 1U}) {
    if (Fault fault = give_addresses(role)) return fault;
  }
  roles_[0].netlink.wait_until_running(role_interface);
  return {};
}

Fault Network::join_many(int proc) {
  if (Fault fault = make_namespace(proc, middle_)) return fault;
  if (Fault fault = middle_.netlink.make_bridge("br0", bridge_index)) return fault;
  if (Fault fault = middle_.netlink.set_up(bridge_index)) return fault;
  for (std::size_t role = 0; role < roles_.size(); ++role) {
    const int port = first_port_index + static_cast<int>(role);
    const std::string name = "port" + std::to_string(role);
    if (Fault fault = middle_.netlink.make_pair(name, port, role_interface, role_index, roles_[role].descriptor)) return fault;
    if (Fault fault = middle_.netlink.join_bridge(port, bridge_index)) return fault;
    if (Fault fault = middle_.netlink.set_up(port)) return fault;
    if (Fault fault = give_addresses(role)) return fault;
    roles_[role].netlink.wait_until_running(role_interface);
  }
  return {};
}

Fault Network::give_addresses(std::size_t role) {
  Netlink& netlink = roles_[role].netlink;
  if (Fault fault = netlink.set_up(role_index)) return fault;
  if (Fault fault = netlink.add_address(role_index, ipv4_of(role), ipv4_prefix_bits)) return fault;
  // A kernel may have been booted without IPv6.
  if (netlink.add_address(role_index, ipv6_of(role), ipv6_prefix_bits)) has_ipv6_ = false;
  return netlink.route_multicast(role_index);
}

Fault Network::make(int proc, std::size_t roles) {
  roles_.resize(roles);
  for (Namespace& one : roles_) {
    if (Fault fault = make_namespace(proc, one)) return fault;
  }
  if (roles == 2) return join_two();
  if (roles > 2) return join_many(proc);
  return {};
}

Fault Network::enter(std::size_t role) const {
  if (::setns(roles_[role].descriptor, CLONE_NEWNET) != 0) return failed("enter a network namespace");
  return {};
}

bool Network::is_clean() const {
  for (const Namespace& one : roles_) {
    const std::string four = read_again(one.sockets4);
    if (count_in(four, "TCP:", "inuse ") != 0 || count_in(four, "TCP:", "tw ") != 0) return false;
    if (has_ipv6_ && count_in(read_again(one.sockets6), "TCP6:", "inuse ") != 0) return false;
  }
  return true;
}

}  // namespace interoper::sandbox
