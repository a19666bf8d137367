// What the user selected, held against what there is: a typing error must not select nothing in silence.
#pragma once

#include <vector>

#include "base/problem.hpp"
#include "commands/options.hpp"
#include "commands/project.hpp"

namespace interoper {

// The command line's selection with the options that name the suite's roles (--relay GLOB, also as INTEROPER_OPT_RELAY). Errors for
// options, roles, implementations, parameters and values that are not there. `project` needs no selection yet.
Selection resolve_selection(const Options& options, const Project& project, Problems& problems);

// For a project whose suite could not be read: what its options would have meant is not known, but for likely typing errors.
Problems likely_mistakes(const Options& options);

}  // namespace interoper
