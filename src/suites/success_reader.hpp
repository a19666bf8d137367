// The keys of a suite's header that say what its roles find ready-made, what a pass needs, and what they agreed on (design: suites are
// data).
#pragma once

#include <vector>

#include "model/spec.hpp"
#include "suites/json_reader.hpp"

namespace interoper {

// What is wrong is told to `json`; what is right comes back.
std::vector<MadeFiles> read_files(JsonReader& json, const JsonMember& files);
// `rules` know the roles, and which of them decides.
Success read_pass(JsonReader& json, const JsonMember& pass, const Rules& rules);
std::vector<Negotiated> read_negotiated(JsonReader& json, const JsonMember& negotiated);

}  // namespace interoper
