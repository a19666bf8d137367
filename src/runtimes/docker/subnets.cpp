#include "runtimes/docker/subnets.hpp"

#include <charconv>
#include <cstdlib>

#include "base/problem.hpp"
#include "model/cell.hpp"

namespace interoper::docker {

namespace {

constexpr std::uint32_t block = 16;  // addresses of a /28, the smallest we make
// The network's own address, the gateway, and broadcast.
constexpr std::size_t addresses_not_for_roles = 3;

bool read_number(std::string_view& text, std::uint32_t limit, std::uint32_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number > limit) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

bool read_cidr(std::string_view text, std::uint32_t& address, std::uint32_t& prefix) {
  address = 0;
  for (int i = 0; i < 4; ++i) {
    std::uint32_t part = 0;
    if (!read_number(text, 255, part)) return false;
    address = address << 8U | part;
    const char separator = i < 3 ? '.' : '/';
    if (!text.starts_with(separator)) return false;
    text.remove_prefix(1);
  }
  return read_number(text, 32, prefix) && text.empty();
}

std::string write_cidr(std::uint32_t address, std::uint32_t size) {
  unsigned prefix = 32;
  for (std::uint32_t rest = size; rest > 1; rest /= 2)
    --prefix;
  return std::to_string(address >> 24U) + "." + std::to_string(address >> 16U & 255U) + "." + std::to_string(address >> 8U & 255U) + "." +
         std::to_string(address & 255U) + "/" + std::to_string(prefix);
}

}  // namespace

std::string subnet_range(const std::string& wish) {
  if (!wish.empty()) return wish;
  const char* from_environment = std::getenv("INTEROPER_DOCKER_SUBNETS");
  if (from_environment != nullptr && *from_environment != '\0') return from_environment;
  return std::string(default_subnets);
}

Subnets::Subnets(std::string_view range, std::string_view seed) : range_(range) {
  std::uint32_t prefix = 0;
  const bool is_cidr = read_cidr(range, base_, prefix) && prefix >= 8 && prefix <= 26;
  const bool is_aligned = is_cidr && (base_ & ((std::uint32_t{1} << (32 - prefix)) - 1)) == 0;
  if (!is_aligned) {
    throw WorldError("subnets-invalid", "'" + range_ + "' is no range of IPv4 addresses for the tests' networks; " +
                                            "INTEROPER_DOCKER_SUBNETS takes one like " + std::string(default_subnets) + " (/8 to /26)");
  }
  size_ = std::uint32_t{1} << (32 - prefix);
  std::uint32_t start = 0;
  const std::string hash = short_hash(seed);
  std::from_chars(hash.data(), hash.data() + hash.size(), start, 16);
  next_ = start % (size_ / block) * block;
}

std::string Subnets::take(std::size_t roles) {
  std::uint32_t wanted = block;
  while (wanted < roles + addresses_not_for_roles)
    wanted *= 2;
  for (std::uint32_t tried = 0; wanted <= size_ && tried < size_ / wanted; ++tried) {
    const std::uint32_t offset = (next_ + wanted - 1) / wanted * wanted % size_;
    next_ = (offset + wanted) % size_;
    const auto first = taken_.lower_bound(offset / block);
    if (first != taken_.end() && *first < (offset + wanted) / block) continue;
    for (std::uint32_t i = offset / block; i < (offset + wanted) / block; ++i)
      taken_.insert(i);
    return write_cidr(base_ + offset, wanted);
  }
  throw WorldError("subnets-used-up", "every subnet of " + range_ + " with room for " + std::to_string(roles) +
                                          " roles is in use; set INTEROPER_DOCKER_SUBNETS to a larger range");
}

void Subnets::give_back(const std::string& subnet) {
  std::uint32_t address = 0;
  std::uint32_t prefix = 0;
  if (!read_cidr(subnet, address, prefix) || prefix > 28) return;
  const std::uint32_t first = (address - base_) / block;
  for (std::uint32_t i = first; i < first + (std::uint32_t{1} << (28 - prefix)); ++i)
    taken_.erase(i);
}

}  // namespace interoper::docker
