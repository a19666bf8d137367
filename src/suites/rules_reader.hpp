// What the tests of a suite share: the header of `_suite.md` -> Rules (design: suites are data). Keys that the design has and nothing
// reads yet are named in a warning, so that a suite which needs them is not run under the wrong rules in silence.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/problem.hpp"
#include "model/spec.hpp"

namespace interoper {

struct ReadRules {
  std::optional<Rules> rules;  // absent when a problem is an error
  std::string suite;           // the suite's own name for itself; empty when it says none
  std::string header;          // the header's JSON text, whole
  Problems problems;
};

// The whole file `_suite.md`.
ReadRules read_rules(std::string_view file_text, const std::string& shown_file);

// The same from a header that was kept (a report's "description"), to judge again.
ReadRules read_rules_header(std::string_view header_json, const std::string& shown_file);

}  // namespace interoper
