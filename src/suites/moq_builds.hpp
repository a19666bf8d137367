// What the build scripts beside a MoQ registry say that they made: builds/<name>/.last-build.json, written by them and never by us.
#pragma once

#include <string>
#include <vector>

#include "suites/foreign_registry.hpp"

namespace interoper {

// `folder`: where the registry stands. What is not there or holds something else is left out: it is for people to know, and decides
// nothing.
std::vector<LocalBuild> load_moq_builds(const std::string& folder);

// One such file. `by`: the build's folder, as the user would write it.
std::vector<LocalBuild> read_moq_build(std::string_view text, const std::string& by);

}  // namespace interoper
