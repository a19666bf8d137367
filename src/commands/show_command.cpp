// `show`: a recorded run in the terminal.
#include <unistd.h>

#include <iostream>

#include "commands/commands.hpp"
#include "commands/project.hpp"
#include "commands/recorded.hpp"
#include "reporters/record_json.hpp"
#include "reporters/recording.hpp"
#include "reporters/show.hpp"
#include "reporters/terminal.hpp"

namespace interoper {
namespace {

int show_cell(const Recording& recording, const std::string& name, const Style& style, StandardStream& out) {
  const std::vector<const CellRecord*> cells = find_cells(recording.run, name);
  if (cells.empty()) {
    std::cerr << "error: " << recording.run.id << " has no cell \"" << name << "\"\nhelp: `interoper show " << recording.run.id
              << "` lists its cells\n";
    return exit_bad_input;
  }
  for (const CellRecord* cell : cells) {
    constexpr int deciding_attempt = 0;
    show_timeline(recording, *cell, deciding_attempt, style, out.sink());
    if (cells.size() > 1) out.write("\n");
  }
  return exit_done;
}

}  // namespace

int show_report(const Options& options) {
  std::string report = options.report;
  std::string cell = options.cell;
  auto resolved = resolve_report(reports_folder(options), report);
  if (std::holds_alternative<Problem>(resolved) && cell.empty() && !report.empty()) {
    // One word may also be a cell of the newest run.
    auto latest = resolve_report(reports_folder(options), "latest");
    if (const auto* folder = std::get_if<std::filesystem::path>(&latest)) {
      const Recording recording = open_recording(*folder);
      if (!find_cells(recording.run, report).empty()) {
        cell = report;
        resolved = latest;
      }
    }
  }
  const std::optional<Recording> opened = open_or_explain(resolved);
  if (!opened) return exit_bad_input;
  const Recording& recording = *opened;
  StandardStream out(STDOUT_FILENO);
  const Style style = style_of(STDOUT_FILENO, options.color);
  if (!cell.empty()) return show_cell(recording, cell, style, out);
  if (options.format == OutputFormat::json) {
    out.write(report_text(recording.run));
  } else {
    show_cells(recording, style, out.sink());
  }
  return exit_done;
}

}  // namespace interoper
