// "objects" and "match", as a suite's header and a test's say them -> ViewRules.
#pragma once

#include <string>
#include <string_view>

#include "model/record.hpp"
#include "model/spec.hpp"
#include "suites/json_reader.hpp"

namespace interoper {

// What stands in `view` under the same name is replaced, where it stands; everything else comes behind it.
void read_objects(JsonReader& json, std::string_view value, ViewRules& view);
void read_match(JsonReader& json, std::string_view value, ViewRules& view);

// How a recorded timeline of the test is looked at, by the headers that the report kept. Where the test's cannot be read, the suite's word
// holds; where that cannot be read either, nothing.
ViewRules recorded_view(const RunRecord& run, const std::string& test);

}  // namespace interoper
