#include "runtimes/sandbox/launcher/netlink.hpp"

#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <ctime>

namespace interoper::sandbox {

namespace {

constexpr std::size_t request_bytes = 512;  // the longest, a pair of interfaces, has some 150
constexpr int running_within_ms = 1000;

}  // namespace

// A request: header, body, attributes; attributes may hold attributes.
template <class Body>
class Netlink::Request {
 public:
  Request(int type, int flags) {
    header().nlmsg_len = NLMSG_LENGTH(sizeof(Body));
    header().nlmsg_type = static_cast<std::uint16_t>(type);
    header().nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
  }

  nlmsghdr& header() { return *reinterpret_cast<nlmsghdr*>(bytes_); }
  Body& body() { return *reinterpret_cast<Body*>(bytes_ + NLMSG_HDRLEN); }

  void attribute(int type, const void* data, std::size_t size) {
    const std::size_t at = NLMSG_ALIGN(header().nlmsg_len);
    auto* one = reinterpret_cast<rtattr*>(bytes_ + at);
    one->rta_type = static_cast<std::uint16_t>(type);
    one->rta_len = static_cast<std::uint16_t>(RTA_LENGTH(size));
    if (size > 0) std::memcpy(RTA_DATA(one), data, size);
    header().nlmsg_len = static_cast<std::uint32_t>(at + RTA_LENGTH(size));
  }
  void attribute(int type, const std::string& text) { attribute(type, text.c_str(), text.size() + 1); }
  void attribute(int type, std::uint32_t number) { attribute(type, &number, sizeof number); }

  // What is added until close() stands inside it.
  rtattr* open(int type) {
    const std::size_t at = NLMSG_ALIGN(header().nlmsg_len);
    attribute(type, nullptr, 0);
    return reinterpret_cast<rtattr*>(bytes_ + at);
  }
  void close(rtattr* opened) {
    opened->rta_len = static_cast<std::uint16_t>(bytes_ + header().nlmsg_len - reinterpret_cast<char*>(opened));
  }
  template <class Inner>
  Inner& inner_body() {
    const std::size_t at = NLMSG_ALIGN(header().nlmsg_len);
    header().nlmsg_len = static_cast<std::uint32_t>(at + sizeof(Inner));
    return *reinterpret_cast<Inner*>(bytes_ + at);
  }

 private:
  alignas(NLMSG_ALIGNTO) char bytes_[request_bytes] = {};
};

Netlink::~Netlink() {
  if (socket_ >= 0) ::close(socket_);
}

Fault Netlink::open() {
  socket_ = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (socket_ < 0) return failed("speak rtnetlink");
  return {};
}

template <class Body>
Fault Netlink::ask(Request<Body>& request, std::string step) {
  if (::send(socket_, &request.header(), request.header().nlmsg_len, 0) < 0) return failed(std::move(step));
  alignas(NLMSG_ALIGNTO) char answer[1024];
  const ssize_t count = ::recv(socket_, answer, sizeof answer, 0);
  if (count < static_cast<ssize_t>(NLMSG_LENGTH(sizeof(nlmsgerr)))) return failed(std::move(step));
  const auto* header = reinterpret_cast<const nlmsghdr*>(answer);
  const auto* result = static_cast<const nlmsgerr*>(NLMSG_DATA(header));
  if (header->nlmsg_type != NLMSG_ERROR || result->error == 0) return {};
  return {std::move(step), -result->error};
}

Fault Netlink::make_pair(const std::string& name, int index, const std::string& peer_name, int peer_index, int peer_namespace) {
  Request<ifinfomsg> request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  request.body().ifi_index = index;
  request.attribute(IFLA_IFNAME, name);
  rtattr* info = request.open(IFLA_LINKINFO);
  request.attribute(IFLA_INFO_KIND, "veth");
  rtattr* data = request.open(IFLA_INFO_DATA);
  rtattr* peer = request.open(VETH_INFO_PEER);
  request.template inner_body<ifinfomsg>().ifi_index = peer_index;
  request.attribute(IFLA_IFNAME, peer_name);
  request.attribute(IFLA_NET_NS_FD, static_cast<std::uint32_t>(peer_namespace));
  request.close(peer);
  request.close(data);
  request.close(info);
  return ask(request, "make a pair of network interfaces (veth)");
}

Fault Netlink::make_bridge(const std::string& name, int index) {
  Request<ifinfomsg> request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  request.body().ifi_index = index;
  request.attribute(IFLA_IFNAME, name);
  rtattr* info = request.open(IFLA_LINKINFO);
  request.attribute(IFLA_INFO_KIND, "bridge");
  request.close(info);
  return ask(request, "make a bridge");
}

Fault Netlink::join_bridge(int index, int bridge_index) {
  Request<ifinfomsg> request(RTM_NEWLINK, 0);
  request.body().ifi_index = index;
  request.attribute(IFLA_MASTER, static_cast<std::uint32_t>(bridge_index));
  return ask(request, "join a bridge");
}

Fault Netlink::set_up(int index) {
  Request<ifinfomsg> request(RTM_NEWLINK, 0);
  request.body().ifi_index = index;
  request.body().ifi_flags = IFF_UP;
  request.body().ifi_change = IFF_UP;
  return ask(request, "switch a network interface on");
}

Fault Netlink::add_address(int index, const Ipv4& address, int prefix_bits) {
  Request<ifaddrmsg> request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
  request.body().ifa_family = AF_INET;
  request.body().ifa_prefixlen = static_cast<std::uint8_t>(prefix_bits);
  request.body().ifa_index = static_cast<std::uint32_t>(index);
  request.attribute(IFA_LOCAL, address.data(), address.size());
  request.attribute(IFA_ADDRESS, address.data(), address.size());
  return ask(request, "add an IPv4 address");
}

Fault Netlink::add_address(int index, const Ipv6& address, int prefix_bits) {
  Request<ifaddrmsg> request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
  request.body().ifa_family = AF_INET6;
  request.body().ifa_prefixlen = static_cast<std::uint8_t>(prefix_bits);
  request.body().ifa_flags = IFA_F_NODAD;
  request.body().ifa_index = static_cast<std::uint32_t>(index);
  request.attribute(IFA_LOCAL, address.data(), address.size());
  request.attribute(IFA_ADDRESS, address.data(), address.size());
  return ask(request, "add an IPv6 address");
}

Fault Netlink::route_multicast(int index) {
  constexpr Ipv4 all_groups = {224, 0, 0, 0};
  constexpr std::uint8_t prefix_bits = 4;
  Request<rtmsg> request(RTM_NEWROUTE, NLM_F_CREATE);
  request.body().rtm_family = AF_INET;
  request.body().rtm_dst_len = prefix_bits;
  request.body().rtm_table = RT_TABLE_MAIN;
  request.body().rtm_protocol = RTPROT_STATIC;
  request.body().rtm_scope = RT_SCOPE_LINK;
  request.body().rtm_type = RTN_UNICAST;
  request.attribute(RTA_DST, all_groups.data(), all_groups.size());
  request.attribute(RTA_OIF, static_cast<std::uint32_t>(index));
  return ask(request, "add the route for multicast");
}

void Netlink::wait_until_running(const std::string& name) const {
  ifreq question{};
  name.copy(question.ifr_name, IFNAMSIZ - 1);
  const timespec a_while{0, 200'000};
  timespec began{};
  ::clock_gettime(CLOCK_MONOTONIC, &began);
  while (::ioctl(socket_, SIOCGIFFLAGS, &question) == 0 && (question.ifr_flags & IFF_RUNNING) == 0) {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    if ((now.tv_sec - began.tv_sec) * 1000 + (now.tv_nsec - began.tv_nsec) / 1'000'000 > running_within_ms) return;
    ::nanosleep(&a_while, nullptr);
  }
}

}  // namespace interoper::sandbox
