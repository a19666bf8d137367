// YAML 1.2 -> JSON text, so that everything behind it reads one format (base/json_text). Scalars are resolved by the core schema; nothing
// is converted: 12345678901234567890 keeps its digits. Made for hostile input: depth and size are limited, an alias bomb too.
// Not a document model, and it writes no YAML.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace interoper {

struct YamlLimits {
  std::size_t bytes = std::size_t{1} << 20;       // of YAML
  std::size_t json_bytes = std::size_t{4} << 20;  // aliases are written out, so the JSON can be larger
  int depth = 64;                                 // mappings and sequences inside each other
};

struct YamlFault {
  std::size_t offset = 0;  // byte of the YAML where reading stopped; position_at() makes line and column of it
  std::string what;        // lower case, one line
};

// Where a key or value of the JSON stands in the YAML.
struct YamlPlace {
  std::size_t json_offset = 0;  // its first byte in `json`
  std::size_t offset = 0;       // its first byte in the YAML
};

struct YamlAsJson {
  std::string json;               // empty when there is a fault
  std::vector<YamlPlace> places;  // of every key and value, in the order of `json`
  std::optional<YamlFault> fault;

  // The byte in the YAML of what stands at `json_offset`, or of the nearest key or value before it.
  std::size_t place_of(std::size_t json_offset) const;
};

// One document; an empty one is `null`. Keys that are no strings become their JSON text; `.inf` and `.nan`, which JSON has no numbers for,
// strings. A second document, a key twice in one mapping, bytes that are no UTF-8, and what exceeds the limits are faults. Never throws.
YamlAsJson yaml_to_json(std::string_view text, const YamlLimits& limits = {});

}  // namespace interoper
