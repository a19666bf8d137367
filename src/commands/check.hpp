// `tests list --check`: is what is written about the implementations right, are their images there, and what does each get to do.
#pragma once

#include <cstddef>

#include "commands/options.hpp"
#include "commands/project.hpp"
#include "engine/plan.hpp"

namespace interoper {

// For a project that was read without an error. `warnings`: how many its files gave, which have been printed.
int check_project(const Options& options, const Project& project, const PlanOrder& order, std::size_t warnings);

}  // namespace interoper
