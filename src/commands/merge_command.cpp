// `merge`: the reports of a run's shards -> the report of the run.
#include <unistd.h>

#include <cerrno>
#include <iostream>

#include "base/files.hpp"
#include "commands/commands.hpp"
#include "commands/formats.hpp"
#include "commands/project.hpp"
#include "commands/recorded.hpp"
#include "engine/run.hpp"
#include "reporters/merge.hpp"
#include "reporters/record_json.hpp"
#include "reporters/recorder.hpp"
#include "reporters/recording.hpp"
#include "reporters/show.hpp"
#include "reporters/terminal.hpp"

namespace interoper {
namespace {

namespace fs = std::filesystem;

// Folders in what a cell keeps: deeper than any program means to.
constexpr int deepest_folder = 64;

[[noreturn]] void cannot_write(const fs::path& path, const std::error_code& error) {
  throw WorldError(disk_reason(error.value(), "write-failed"), disk_sentence("write", path, error.value()));
}

// A folder of ours until `keep`: what is half written is taken away.
class NewFolder {
 public:
  explicit NewFolder(fs::path path) : path_(std::move(path)) {
    std::error_code error;
    fs::create_directories(path_, error);
    if (error) cannot_write(path_, error);
  }
  NewFolder(const NewFolder&) = delete;
  NewFolder& operator=(const NewFolder&) = delete;
  ~NewFolder() {
    std::error_code ignored;
    if (!kept_) fs::remove_all(path_, ignored);
  }
  void keep() { kept_ = true; }

 private:
  fs::path path_;
  bool kept_ = false;
};

// What a role left as another user may be its alone.
bool is_closed_to_us(const fs::path& path, fs::file_type type) {
  const int wanted = type == fs::file_type::directory ? R_OK | X_OK : R_OK;
  return type != fs::file_type::symlink && ::access(path.c_str(), wanted) != 0 && errno == EACCES;
}

// Files, folders and links as they are; what a program under test left of other kinds (a pipe, a socket) holds nothing.
void copy_tree(const fs::path& from, const fs::path& to, int depth) {
  std::error_code error;
  fs::create_directories(to, error);
  if (error) cannot_write(to, error);
  for (fs::directory_iterator it(from, error), end; !error && it != end; it.increment(error)) {
    const fs::path target = to / it->path().filename();
    std::error_code failure;
    const fs::file_type type = it->symlink_status(failure).type();
    if (is_closed_to_us(it->path(), type)) {
      std::cerr << "note: left out " << it->path().string() << ": only the user who wrote it may read it\n";
      continue;
    }
    if (type == fs::file_type::directory && depth < deepest_folder) copy_tree(it->path(), target, depth + 1);
    if (type == fs::file_type::regular) fs::copy_file(it->path(), target, failure);
    if (type == fs::file_type::symlink) fs::copy_symlink(it->path(), target, failure);
    if (failure) cannot_write(target, failure);
  }
  if (error) throw WorldError("read-failed", "cannot read " + from.string() + ": " + error.message());
}

std::optional<std::vector<Recording>> open_all(const Options& options) {
  std::vector<Recording> recordings;
  bool all_well = true;
  for (const std::string& name : options.reports_to_merge) {
    const auto resolved = resolve_report(reports_folder(options), name);
    std::optional<Recording> recording = open_or_explain(resolved);
    all_well = all_well && recording;
    if (recording) recordings.push_back(std::move(*recording));
  }
  if (!all_well) return std::nullopt;
  return recordings;
}

// The ids of cells are names of folders: a foreign one must not lead elsewhere.
Problems unsafe_cells(const std::vector<Recording>& recordings) {
  Problems problems;
  for (const Recording& recording : recordings) {
    for (const CellRecord& cell : recording.run.cells) {
      if (is_folder_name(cell.cell.id)) continue;
      Problem problem;
      problem.file = recording.folder.string();
      problem.what = "a cell's id is no name of a folder";
      problem.help = "interoper did not write this report";
      problems.push_back(std::move(problem));
      break;
    }
  }
  return problems;
}

std::optional<Problem> taken(const fs::path& out) {
  std::error_code error;
  const bool there = fs::exists(fs::symlink_status(out, error));
  if (!there || (fs::is_directory(out, error) && fs::is_empty(out, error))) return std::nullopt;
  Problem problem;
  problem.file = out.string();
  problem.what = "the merged report cannot be written here: there is something already";
  problem.help = "name a folder that is not there yet with --out";
  return problem;
}

void write_merged(const Merged& merged, const std::vector<Recording>& recordings, const fs::path& out) {
  NewFolder folder(out);
  for (std::size_t i = 0; i < merged.run.cells.size(); ++i) {
    const fs::path place = fs::path("cells") / merged.run.cells[i].cell.id;
    const fs::path from = recordings[merged.from[i]].folder / place;
    std::error_code error;
    if (fs::is_directory(fs::symlink_status(from, error))) copy_tree(from, out / place, 0);
  }
  write_whole(out / report_file, report_text(merged.run));
  folder.keep();
}

}  // namespace

int merge_reports(const Options& options) {
  const auto recordings = open_all(options);
  if (!recordings) return exit_bad_input;
  Problems problems = unsafe_cells(*recordings);
  const Problems outputs = check_outputs(options);
  problems.insert(problems.end(), outputs.begin(), outputs.end());
  const fs::path out = fs::path(options.merge_out).lexically_normal();
  if (const auto problem = taken(out)) problems.push_back(*problem);
  std::vector<Part> parts;
  bool interrupted = false;
  for (const Recording& recording : *recordings) {
    parts.push_back(Part{recording.folder.string(), recording.run});
    interrupted = interrupted || recording.run.exit_code == exit_interrupted;
  }
  auto joined = merge_parts(std::move(parts));
  if (const auto* refused = std::get_if<Problems>(&joined)) problems.insert(problems.end(), refused->begin(), refused->end());
  print_problems(problems);
  if (!problems.empty()) return exit_bad_input;

  Merged merged = std::get<Merged>(std::move(joined));
  print_problems(merged.warnings);
  const fs::path name = out.has_filename() ? out.filename() : out.parent_path().filename();
  merged.run.id = name.string();
  merged.run.exit_code = exit_code_of(merged.run.cells, interrupted);
  write_merged(merged, *recordings, out);

  StandardStream stream(takes_stdout(options) ? STDERR_FILENO : STDOUT_FILENO);
  Recording whole;
  whole.folder = out;
  whole.run = std::move(merged.run);
  if (options.format == OutputFormat::json) {
    stream.write(report_text(whole.run));
  } else {
    show_cells(whole, {}, style_of(STDOUT_FILENO, options.color), stream.sink());
    stream.write("report: " + out.string() + "\n");
  }
  return tell_recorded(options, out, whole.run.exit_code);
}

}  // namespace interoper
