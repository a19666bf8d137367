// How the commands over recorded runs open one.
#pragma once

#include <filesystem>
#include <optional>
#include <variant>

#include "base/problem.hpp"
#include "reporters/recording.hpp"

namespace interoper {

// The report that was asked for, or nothing when there is none that can be used. Its problems have been printed either way.
std::optional<Recording> open_or_explain(const std::variant<std::filesystem::path, Problem>& resolved);

}  // namespace interoper
