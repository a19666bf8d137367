// Fills a Spec's templates in for one cell: {test}, {role}, {param.NAME}. What comes out is concrete: it is conducted and judged.
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

// `timeout_scale` multiplies the timeout (--timeout-scale).
std::variant<Script, BindFault> bind_script(const Spec& spec, const Params& params, const Rules& rules, double timeout_scale = 1);

}  // namespace interoper
