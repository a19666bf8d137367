// `report`: a recorded run, rendered again for machines and sites.
#include <iostream>

#include "commands/commands.hpp"
#include "commands/formats.hpp"
#include "commands/project.hpp"
#include "commands/recorded.hpp"
#include "reporters/recording.hpp"
#include "reporters/show.hpp"

namespace interoper {
namespace {

// Leaves the cells that `name` means. False when there are none.
bool narrow(RunRecord& run, const std::string& name) {
  std::vector<CellRecord> kept;
  for (const CellRecord* cell : find_cells(run, name))
    kept.push_back(*cell);
  run.cells = std::move(kept);
  run.absent.clear();
  run.summary = summarise(run.cells);
  return !run.cells.empty();
}

void explain_no_format() {
  std::cerr << "error: nothing says what to render\nhelp: name a file for at least one of";
  for (const ReportFormat& format : report_formats())
    std::cerr << " --" << format.name;
  std::cerr << "; `-` is standard output\n";
}

}  // namespace

int render_report(const Options& options) {
  if (!asks_for_outputs(options)) {
    explain_no_format();
    return exit_bad_input;
  }
  const Problems problems = check_outputs(options);
  print_problems(problems);
  if (has_errors(problems)) return exit_bad_input;
  const Named named = named_on_line(reports_folder(options), options.report, options.cell);
  std::optional<Recording> recording = open_or_explain(named.report);
  if (!recording) return exit_bad_input;
  if (!named.cell.empty() && !narrow(recording->run, named.cell)) {
    std::cerr << "error: " << recording->run.id << " has no cell \"" << named.cell << "\"\nhelp: `interoper show " << recording->run.id
              << "` lists its cells\n";
    return exit_bad_input;
  }
  Evidence evidence(*recording);
  try {
    write_outputs(*recording, evidence, options);
  } catch (const WorldError& error) {
    std::cerr << "error: " << error.what() << '\n';
    return exit_trouble;
  }
  return exit_done;
}

}  // namespace interoper
