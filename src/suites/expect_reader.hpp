// The `expect` array of a header -> conditions on the timeline (interface §7).
#pragma once

#include <string_view>
#include <vector>

#include "model/spec.hpp"
#include "suites/fill_check.hpp"
#include "suites/json_reader.hpp"

namespace interoper {

// The conditions that are well formed; what is wrong with the others is said through `json`.
std::vector<Condition> read_expect(JsonReader& json, const FillCheck& fill, std::string_view value);

}  // namespace interoper
