// TimelineFacts as bytes, for the page and for other programs: a JSON header, and columns that a browser maps without reading them
// (docs/inspector.md).
#pragma once

#include <string>

#include "model/spec.hpp"
#include "reporters/timeline_facts.hpp"

namespace interoper {

// `rules`: those that the facts were read with.
std::string facts_bytes(const TimelineFacts& facts, const ViewRules& rules);

}  // namespace interoper
