// Tokens and summaries of base/tap as JSON, for what compares them: the dump, the fuzzer.
#pragma once

#include <string>

#include "base/tap.hpp"

namespace interoper {

// {"line":3,"depth":0,"is":"point",…}; without the line for who compares documents that differ in blanks.
std::string json_of(const TapToken& token);

std::string json_of(const TapSummary& summary);

}  // namespace interoper
