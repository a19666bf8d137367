#include "model/cell.hpp"

#include <array>
#include <cstdint>

namespace interoper {
namespace {

constexpr std::size_t longest_id = 120;  // bytes, interface §9; file names end at 255

bool is_id_character(char c) {
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  const bool digit = c >= '0' && c <= '9';
  return letter || digit || c == '.' || c == '_' || c == '-' || c == '~' || c == '=';
}

}  // namespace

std::string short_hash(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3ULL;
  }
  const auto folded = static_cast<std::uint32_t>(hash ^ (hash >> 32));
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string hex;
  for (int shift = 28; shift >= 0; shift -= 4)
    hex += digits[(folded >> shift) & 0xf];
  return hex;
}

std::string cell_id(std::string_view test, const std::vector<Casting>& cast, const Params& params) {
  std::string whole(test);
  for (const Casting& casting : cast)
    whole += "~" + casting.implementation;
  for (const auto& [name, value] : params)
    whole += "~" + name + "=" + value;

  std::string id = whole;
  bool replaced = false;
  for (char& c : id) {
    if (is_id_character(c)) continue;
    c = '_';
    replaced = true;
  }
  if (!replaced && id.size() <= longest_id) return id;
  const std::string mark = "-" + short_hash(whole);
  if (id.size() + mark.size() > longest_id) id.resize(longest_id - mark.size());
  return id + mark;
}

bool is_remote(const Cell& cell, std::string_view role) {
  const auto at = cell.labels.find(std::string(role) + ".at");
  return at != cell.labels.end() && at->second == "remote";
}

std::string_view cast_in(const std::vector<Casting>& cast, std::string_view role) {
  for (const Casting& casting : cast) {
    if (casting.role == role) return casting.implementation;
  }
  return {};
}

}  // namespace interoper
