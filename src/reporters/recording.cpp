#include "reporters/recording.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "base/files.hpp"
#include "base/json_text.hpp"
#include "reporters/dump.hpp"
#include "reporters/record_json.hpp"
#include "reporters/recorder.hpp"
#include "reporters/timeline_reading.hpp"

namespace interoper {
namespace {

namespace fs = std::filesystem;

// 5,280 cells with every finding allowed are some tens of megabytes.
constexpr std::size_t largest_report_bytes = std::size_t{512} * 1024 * 1024;
// Attempts of one cell that are looked for in a folder without report.json.
constexpr int most_attempts = 10'000;
// Cells taken from a folder that has nothing but timelines.
constexpr std::size_t most_found_cells = 100'000;
// Names listed in a message.
constexpr std::size_t most_names = 5;

Problem problem_of(const fs::path& file, std::string what, std::string help = "") {
  return Problem{Problem::Severity::error, file.string(), 0, 0, std::move(what), std::move(help), ""};
}

Problem warning_of(const fs::path& file, std::string what, std::string help = "") {
  Problem problem = problem_of(file, std::move(what), std::move(help));
  problem.severity = Problem::Severity::warning;
  return problem;
}

// The record in report.json or plan.json; nothing, and no problem, when there is no such file.
std::optional<RunRecord> read_record_file(const fs::path& file, Problems& problems) {
  try {
    return read_report(read_whole(file, largest_report_bytes), file.string(), problems);
  } catch (const WorldError& error) {
    if (error.reason() != "not-found") problems.push_back(problem_of(file, error.what()));
    return std::nullopt;
  }
}

// The numbers n of the files n.jsonl in a cell's folder, ascending.
std::vector<int> attempts_in(const fs::path& folder) {
  std::vector<int> numbers;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    int n = 0;
    const auto [stop, fault] = std::from_chars(name.data(), name.data() + name.size(), n);
    if (fault == std::errc() && n >= 1 && n <= most_attempts && std::string_view(stop) == ".jsonl" && name == std::to_string(n) + ".jsonl")
      numbers.push_back(n);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

void warn_of(const TimelineReading& reading, const fs::path& file, Problems& problems) {
  if (!reading.trouble.empty()) problems.push_back(warning_of(file, reading.trouble));
  if (reading.faulty == 0) return;
  problems.push_back(warning_of(file, std::to_string(reading.faulty) + (reading.faulty == 1 ? " line is" : " lines are") +
                                          " no JSON object and left out; the first is line " + std::to_string(reading.first_faulty)));
  problems.back().line = reading.first_faulty;
}

// What the timelines of a cell tell: its attempts, and from the last of them the cell's verdict.
void fill_from_timelines(const fs::path& folder, CellRecord& cell, Problems& problems) {
  cell.attempts.clear();
  for (const int n : attempts_in(folder / "cells" / cell.cell.id)) {
    const std::string log = timeline_path(cell.cell.id, n);
    TimelineRecord record = record_of_timeline(folder / log, cell.cell, n);
    record.attempt.log = log;
    warn_of(record.reading, folder / log, problems);
    if (cell.cell.cast.empty()) cell.cell.cast = record.cast;
    cell.attempts.push_back(std::move(record.attempt));
  }
  cell.verdict = Verdict::aborted;
  cell.reason = "unfinished";
  cell.message = "the run ended before this cell did";
  cell.flaky = false;
  cell.blame.reset();
  cell.duration_ms = 0;
  for (const AttemptRecord& attempt : cell.attempts)
    cell.duration_ms += attempt.duration_ms;
  fold_attempts(cell);
}

// Cells of a folder that has neither report.json nor plan.json: one for each folder with a timeline.
void find_cells(const fs::path& folder, RunRecord& run) {
  std::error_code error;
  for (fs::directory_iterator it(folder / "cells", error), end; !error && it != end && run.cells.size() < most_found_cells;
       it.increment(error)) {
    if (attempts_in(it->path()).empty()) continue;
    CellRecord& cell = run.cells.emplace_back();
    cell.cell.id = it->path().filename().string();
    cell.cell.test = cell.cell.id.substr(0, cell.cell.id.find('~'));
  }
  std::sort(run.cells.begin(), run.cells.end(), [](const CellRecord& a, const CellRecord& b) { return a.cell.id < b.cell.id; });
}

void rebuild(Recording& recording) {
  RunRecord& run = recording.run;
  for (CellRecord& cell : run.cells) {
    if (is_folder_name(cell.cell.id)) fill_from_timelines(recording.folder, cell, recording.problems);
  }
  run.finished.reset();
  std::optional<std::chrono::system_clock::time_point> first, last;
  for (const CellRecord& cell : run.cells) {
    for (const AttemptRecord& attempt : cell.attempts) {
      const auto end = attempt.started + std::chrono::milliseconds(attempt.duration_ms);
      if (!first || attempt.started < *first) first = attempt.started;
      if (!last || end > *last) last = end;
    }
  }
  if (recording.origin == Recording::Origin::timelines && first) run.started = *first;
  if (last && *last > run.started) run.duration_ms = std::chrono::duration_cast<std::chrono::milliseconds>(*last - run.started).count();
  run.summary = summarise(run.cells);
}

}  // namespace

bool is_folder_name(const std::string& id) {
  return !id.empty() && id != "." && id != ".." && id.find('/') == std::string::npos && id.find('\0') == std::string::npos;
}

Recording open_recording(const fs::path& path) {
  if (is_dump(path)) return open_dump(path);
  Recording recording;
  std::error_code error;
  recording.folder = path.filename() == report_file && !fs::is_directory(path, error) ? path.parent_path() : path;
  if (recording.folder.empty()) recording.folder = ".";
  if (!fs::is_directory(recording.folder, error)) {
    recording.problems.push_back(problem_of(path, "there is no report here: it is no folder"));
    return recording;
  }
  Problems problems;
  if (auto run = read_record_file(recording.folder / report_file, problems)) {
    recording.run = std::move(*run);
    return recording;
  }
  recording.problems = problems;
  if (has_errors(problems)) return recording;

  if (auto run = read_record_file(recording.folder / plan_file, problems)) {
    recording.origin = Recording::Origin::plan;
    recording.run = std::move(*run);
  } else {
    recording.origin = Recording::Origin::timelines;
    recording.run.id = fs::absolute(recording.folder, error).lexically_normal().filename().string();
    recording.run.suite.description = "{}";
    find_cells(recording.folder, recording.run);
    if (recording.run.cells.empty()) {
      problems.push_back(problem_of(path, "there is no report here: neither report.json nor timelines under cells/"));
    } else {  // a broken plan.json is no reason not to show what there is
      for (Problem& problem : problems)
        problem.severity = Problem::Severity::warning;
    }
    recording.problems = problems;
    if (has_errors(problems)) return recording;
  }
  rebuild(recording);
  return recording;
}

namespace {

// Runs in the reports folder, the newest first, by what their names and times say.
std::vector<std::string> runs_in(const fs::path& reports) {
  std::vector<std::pair<fs::file_time_type, std::string>> runs;
  std::error_code error;
  for (fs::directory_iterator it(reports, error), end; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    if (it->is_symlink(ignored) || !it->is_directory(ignored)) continue;
    const bool is_run = fs::exists(it->path() / report_file, ignored) || fs::exists(it->path() / plan_file, ignored) ||
                        fs::is_directory(it->path() / "cells", ignored);
    if (is_run) runs.emplace_back(it->last_write_time(ignored), it->path().filename().string());
  }
  std::sort(runs.rbegin(), runs.rend());
  std::vector<std::string> names;
  for (auto& [time, name] : runs)
    names.push_back(std::move(name));
  return names;
}

}  // namespace

std::variant<fs::path, Problem> resolve_report(const fs::path& reports, const std::string& name) {
  std::error_code error;
  const bool wants_latest = name.empty() || name == latest_link;
  const std::vector<std::string> runs = runs_in(reports);
  if (wants_latest) {
    if (fs::is_directory(reports / latest_link, error)) {
      const fs::path target = fs::read_symlink(reports / latest_link, error);
      return !error && target.is_relative() && is_folder_name(target.string()) ? reports / target : reports / latest_link;
    }
    if (!runs.empty()) return reports / runs.front();
    return problem_of(reports, "there are no reports here", "run `interoper test`, or name another folder with --reports");
  }
  if (is_folder_name(name) && (fs::is_directory(reports / name, error) || is_dump(reports / name))) return reports / name;
  if (is_dump(name)) return fs::path(name);
  if (fs::is_directory(name, error) || (fs::path(name).filename() == report_file && fs::exists(name, error))) return fs::path(name);

  std::string help = "there are no runs in " + reports.string();
  if (!runs.empty()) {
    const std::string near = nearest(name, runs);
    help = near.empty() ? "the newest runs are " : "did you mean " + near + "? the newest runs are ";
    for (std::size_t i = 0; i < std::min(runs.size(), most_names); ++i)
      help += (i == 0 ? "" : ", ") + runs[i];
  }
  return problem_of("", "there is no report \"" + name + "\": neither a run in " + reports.string() + " nor a report folder", help);
}

std::optional<fs::path> timeline_file(const Recording& recording, const AttemptRecord& attempt) {
  if (const auto kept = recording.kept.find(attempt.log); kept != recording.kept.end()) return *kept->second;
  if (attempt.log.empty() || attempt.log.find('\0') != std::string::npos) return std::nullopt;
  std::error_code error;
  const fs::path folder = fs::canonical(recording.folder, error);
  if (error) return std::nullopt;
  const fs::path file = fs::weakly_canonical(folder / attempt.log, error);
  if (error) return std::nullopt;
  const auto [rest, _] = std::mismatch(folder.begin(), folder.end(), file.begin(), file.end());
  if (rest != folder.end()) return std::nullopt;
  return recording.folder / attempt.log;
}

}  // namespace interoper
