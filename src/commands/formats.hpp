// The formats in which a recorded run is rendered for machines and sites (docs/reports.md): one table, for the options of `report`, `test`,
// `tournament` and `merge`, and for what they write.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/problem.hpp"
#include "commands/options.hpp"
#include "reporters/evidence.hpp"
#include "reporters/recording.hpp"
#include "reporters/terminal.hpp"

namespace interoper {

struct ReportFormat {
  const char* name;  // its option is --NAME FILE
  const char* help;
  void (*render)(const Recording& recording, Evidence& evidence, const TextSink& out);
};

std::span<const ReportFormat> report_formats();

// The file that means standard output.
constexpr std::string_view to_stdout = "-";
bool takes_stdout(const Options& options);
// Is any format asked for, or results in another runner's shape?
bool asks_for_outputs(const Options& options);

// What is wrong with the files that were asked for, found before anything runs; makes the folders that they are to stand in.
Problems check_outputs(const Options& options);

// Why --compat-results, if it is asked for, cannot be had of a suite with this name and description.
std::optional<Problem> no_compat_results(const Options& options, const std::string& suite, const std::string& description);

// Writes every format that was asked for: each file whole or not at all. WorldError when one cannot be written.
void write_outputs(const Recording& recording, Evidence& evidence, const Options& options);

// What follows a run whose report is on the disk: its outputs, and what GitHub is told when it runs us. The exit status, which is
// `exit_code` unless that was good and something could not be written.
int tell_recorded(const Options& options, const std::filesystem::path& report, int exit_code);

}  // namespace interoper
