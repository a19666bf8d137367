// `show`: a recorded run in the terminal, or one that goes on.
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <iostream>
#include <thread>

#include "base/owner.hpp"
#include "commands/commands.hpp"
#include "commands/pager.hpp"
#include "commands/project.hpp"
#include "commands/recorded.hpp"
#include "reporters/record_json.hpp"
#include "reporters/recorder.hpp"
#include "reporters/recording.hpp"
#include "reporters/show.hpp"
#include "reporters/terminal.hpp"

namespace interoper {
namespace {

// Soon enough for eyes.
constexpr auto look_every = std::chrono::milliseconds(100);

int no_such_cell(const Recording& recording, const std::string& name) {
  std::cerr << "error: " << recording.run.id << " has no cell \"" << name << "\"\nhelp: `interoper show " << recording.run.id
            << "` lists its cells\n";
  return exit_bad_input;
}

int show_cell(const Recording& recording, const Options& options, const std::string& name) {
  const std::vector<const CellRecord*> cells = find_cells(recording.run, name);
  if (cells.empty()) return no_such_cell(recording, name);
  Pager out(true);
  for (const CellRecord* cell : cells) {
    show_timeline(recording, *cell, options.view, style_of(STDOUT_FILENO, options.color), out.sink());
    if (cells.size() > 1) out.write("\n");
  }
  return exit_done;
}

// The attempt that began last, as far as the folder tells.
int newest_attempt(const Recording& recording, const CellRecord& cell) {
  int attempt = 1;
  while (std::filesystem::exists(recording.folder / timeline_path(cell.cell.id, attempt + 1)))
    ++attempt;
  return attempt;
}

// Ends with the attempt, or with a run that ended without it, also by a kill. Ctrl-C ends it as it ends any program.
int follow_cell(const Recording& recording, const Options& options, const std::string& name) {
  const std::vector<const CellRecord*> cells = find_cells(recording.run, name);
  if (cells.empty()) return no_such_cell(recording, name);
  const CellRecord& cell = *cells.front();
  if (cells.size() > 1 || !is_folder_name(cell.cell.id)) {
    std::cerr << "error: \"" << name << "\" means " << cells.size() << " cells, and only one can be followed\n"
              << "help: give its whole id; `interoper show " << recording.run.id << "` lists them\n";
    return exit_bad_input;
  }
  TimelineView view = options.view;
  if (view.attempt == 0) view.attempt = newest_attempt(recording, cell);
  StandardStream out(STDOUT_FILENO);
  const TextSink sink = out.sink();
  TimelineFollower follower(recording, cell, view, style_of(STDOUT_FILENO, options.color), sink);
  bool told = false;
  bool last = false;
  bool is_dead = false;
  while (!follower.is_over() && out.error() == 0) {
    // Asked in this order, and before the last look: who is dead writes no report any more.
    is_dead = life_of(recording.run.owner) == Life::dead;
    const bool has_ended = std::filesystem::exists(recording.folder / report_file);
    is_dead = is_dead && !has_ended;
    const bool begun = follower.show_more();
    if (last || follower.is_over()) break;
    last = has_ended || is_dead;
    if (!begun && !told && !last) std::cerr << "waiting for " << cell.cell.id << ", attempt " << view.attempt << ", to begin\n";
    told = true;
    if (!last) std::this_thread::sleep_for(look_every);
  }
  if (follower.is_over() || !is_dead) return exit_done;
  std::cerr << "error: nothing will follow: " << recording.run.id << " was killed, and " << cell.cell.id << " was not over\n"
            << "help: `interoper clean` removes what the run left behind\n";
  return exit_trouble;
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
  if (cell.empty() && (options.follow || options.view.attempt != 0 || !options.view.filter.is_empty())) {
    std::cerr << "error: no cell was named whose events could be shown\nhelp: interoper show " << recording.run.id << " CELL\n";
    return exit_bad_input;
  }
  if (!cell.empty() && options.follow) return follow_cell(recording, options, cell);
  if (!cell.empty()) return show_cell(recording, options, cell);
  if (options.format == OutputFormat::json) {
    StandardStream out(STDOUT_FILENO);
    out.write(report_text(recording.run));
    return exit_done;
  }
  std::vector<Verdict> verdicts;
  for (const std::string& word : options.verdicts)
    verdicts.push_back(*verdict_from(word));
  Pager out(true);
  show_cells(recording, verdicts, style_of(STDOUT_FILENO, options.color), out.sink());
  return exit_done;
}

}  // namespace interoper
