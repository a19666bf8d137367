// How the commands over recorded runs open one.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <variant>

#include "base/problem.hpp"
#include "reporters/recording.hpp"

namespace interoper {

// The report that was asked for, or nothing when there is none that can be used. Its problems have been printed either way.
std::optional<Recording> open_or_explain(const std::variant<std::filesystem::path, Problem>& resolved);

// What the words REPORT and CELL of a command line mean. One word may also be a cell of the newest run.
struct Named {
  std::variant<std::filesystem::path, Problem> report;
  std::string cell;  // empty: all
};
Named named_on_line(const std::filesystem::path& reports, const std::string& report, const std::string& cell);

}  // namespace interoper
