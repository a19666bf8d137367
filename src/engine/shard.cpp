#include "engine/shard.hpp"

#include <charconv>
#include <cstddef>
#include <cstdint>

namespace interoper {
namespace {

constexpr int most_shards = 10'000;

// FNV-1a, then mixed (the finaliser of MurmurHash3): ids that differ in one digit must not follow each other into the same shard.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3ULL;
  }
  hash ^= hash >> 33U;
  hash *= 0xff51afd7ed558ccdULL;
  hash ^= hash >> 33U;
  hash *= 0xc4ceb9fe1a85ec53ULL;
  return hash ^ (hash >> 33U);
}

bool read_number(std::string_view text, int& number) {
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  return fault == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::variant<Shard, std::string> parse_shard(std::string_view text) {
  const std::size_t slash = text.find('/');
  Shard shard;
  if (slash == std::string_view::npos || !read_number(text.substr(0, slash), shard.index) ||
      !read_number(text.substr(slash + 1), shard.of)) {
    return "expected I/N, for example 1/4: the first of four parts";
  }
  if (shard.of < 1 || shard.of > most_shards) return "there can be 1 to " + std::to_string(most_shards) + " parts";
  if (shard.index < 1 || shard.index > shard.of) {
    const std::string last = std::to_string(shard.of);
    return "the parts of " + last + " are 1/" + last + " to " + last + "/" + last;
  }
  return shard;
}

int shard_of(std::string_view cell_id, int of) { return 1 + static_cast<int>(hash_of(cell_id) % static_cast<std::uint64_t>(of)); }

ShardRecord take_shard(const Shard& shard, std::vector<Cell>& cells) {
  ShardRecord record;
  record.index = shard.index;
  record.of = shard.of;
  record.plan_cells = cells.size();
  std::vector<Cell> kept;
  for (std::size_t position = 0; position < cells.size(); ++position) {
    if (shard_of(cells[position].id, shard.of) != shard.index) continue;
    record.positions.push_back(position);
    kept.push_back(std::move(cells[position]));
  }
  cells = std::move(kept);
  return record;
}

}  // namespace interoper
