// Hands out small IPv4 subnets of one private range. The engine's own pools hold about thirty networks; ours holds thousands.
// Two interopers on one engine start at different places, and who meets a subnet that is taken asks for the next.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

namespace interoper::docker {

// Private (RFC 1918) and rarely met: neither an engine's default pools nor usual home and office networks are here.
constexpr std::string_view default_subnets = "10.231.0.0/16";

// `wish`, else $INTEROPER_DOCKER_SUBNETS, else default_subnets.
std::string subnet_range(const std::string& wish);

class Subnets {
 public:
  // `range` is a CIDR of /8 to /26; `seed` (the run's name) decides where to begin. WorldError("subnets-invalid") for another text.
  Subnets(std::string_view range, std::string_view seed);

  // The next subnet that has room for so many roles (at least a /28), skipping those that are out. WorldError("subnets-used-up").
  std::string take(std::size_t roles);
  void give_back(const std::string& subnet);

 private:
  std::uint32_t base_ = 0;
  std::uint32_t size_ = 0;         // addresses in the range
  std::uint32_t next_ = 0;         // offset from base_ where to look next
  std::set<std::uint32_t> taken_;  // /28 blocks, by offset / 16
  std::string range_;
};

}  // namespace interoper::docker
