// Fills a Spec's templates in for one cell: {test}, {role}, {param.NAME}, {label.NAME}, {ROLE.url} and others that begin with a role's
// name; {testcase}, the test's name, and nothing in a run of all tests at once. What comes out is concrete: it is conducted and judged.
#pragma once

#include <string>
#include <variant>

#include "model/cell.hpp"
#include "model/spec.hpp"

namespace interoper {

// Why the values of this cell do not make a test: lower case, names the value ("timeout \"soon\": …").
struct BindFault {
  std::string what;
};

// Roles that somebody else runs (is_remote) are not in the script. An environment variable whose whole value is one placeholder, other than
// of a parameter, that stands for nothing in this cell is left out. `timeout_scale` multiplies the timeout (--timeout-scale).
std::variant<Script, BindFault> bind_script(const Spec& spec, const Cell& cell, const Rules& rules, double timeout_scale = 1);

}  // namespace interoper
