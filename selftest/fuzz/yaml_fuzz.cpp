// base/yaml against any bytes: JSON or a fault, never more than the limits, and every place inside the text.
#include <cstdint>
#include <string_view>

#include "base/json_text.hpp"
#include "base/yaml.hpp"
#include "property.hpp"

using namespace interoper;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const YamlLimits limits = {.bytes = 4096, .json_bytes = 16384, .depth = 16};
  const YamlAsJson read = yaml_to_json(text, limits);
  if (read.fault) {
    must(read.json.empty() && read.places.empty(), "a fault leaves nothing");
    must(read.fault->offset <= text.size(), "a fault is inside the text");
    must(!read.fault->what.empty(), "a fault says what");
    return 0;
  }
  must(!json_fault(read.json), "this is JSON", read.json);
  // One node may step over it.
  must(read.json.size() <= limits.json_bytes + 6 * limits.bytes + 64, "the JSON keeps its limit");
  std::size_t before = 0;
  for (const YamlPlace& place : read.places) {
    must(place.json_offset < read.json.size() && place.json_offset >= before, "places are in order", read.json);
    must(place.offset <= text.size(), "places are inside the text");
    before = place.json_offset;
  }
  return 0;
}
