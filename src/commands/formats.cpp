#include "commands/formats.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <iostream>
#include <set>

#include "base/files.hpp"
#include "commands/github.hpp"
#include "commands/project.hpp"
#include "inspector/page.hpp"
#include "inspector/single_file.hpp"
#include "reporters/compat_results.hpp"
#include "reporters/ctrf.hpp"
#include "reporters/junit.hpp"
#include "reporters/markdown_report.hpp"
#include "reporters/tap.hpp"
#include "reporters/trace.hpp"
#include "suites/view_reader.hpp"

namespace interoper {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t piece_bytes = std::size_t{64} * 1024;

void render_tap(const Recording& recording, Evidence& /*evidence*/, const TextSink& out) { write_tap(recording, out); }

void render_html(const Recording& recording, Evidence& /*evidence*/, const TextSink& out) {
  Site site(recording);
  out(single_file(site));
}

// One cell's roles, or many cells: a single bar would show nothing.
void render_trace(const Recording& recording, Evidence& /*evidence*/, const TextSink& out) {
  if (recording.run.cells.size() != 1) {
    write_run_trace(recording, out);
    return;
  }
  const CellRecord& cell = recording.run.cells.front();
  const ViewRules view = recorded_view(recording.run, cell.cell.test);
  write_cell_trace(recording, cell, view.objects, view.match, out);
}

void render_markdown(const Recording& recording, Evidence& evidence, const TextSink& out) {
  write_markdown(recording, evidence, comment_bytes, out);
}

constexpr std::array formats = {
    ReportFormat{"junit", "JUnit XML, for Jenkins, GitLab and others", write_junit},
    ReportFormat{"tap", "TAP version 14", render_tap},
    ReportFormat{"ctrf", "CTRF JSON", write_ctrf},
    ReportFormat{"html", "the page of `inspect` with the report, in one file", render_html},
    ReportFormat{"trace", "a trace for ui.perfetto.dev: cells over time, or the roles of a single cell", render_trace},
    ReportFormat{"md", "Markdown for a comment on a change", render_markdown},
};

const ReportFormat& format_called(const std::string& name) {
  for (const ReportFormat& format : formats) {
    if (name == format.name) return format;
  }
  throw WorldError("no-format", "there is no format " + name);
}

Problem problem_with(const std::string& option, const std::string& what, const std::string& help) {
  Problem problem;
  problem.what = "--" + option + ": " + what;
  problem.help = help;
  return problem;
}

// Collects pieces: formats write many small ones.
class Pieces {
 public:
  explicit Pieces(TextSink out) : out_(std::move(out)) {}
  void add(std::string_view text) {
    held_ += text;
    if (held_.size() >= piece_bytes) flush();
  }
  void flush() {
    out_(held_);
    held_.clear();
  }

 private:
  TextSink out_;
  std::string held_;
};

void render(const ReportFormat& format, const Recording& recording, Evidence& evidence, TextSink out) {
  Pieces pieces(std::move(out));
  format.render(recording, evidence, [&pieces](std::string_view text) { pieces.add(text); });
  pieces.flush();
}

// A pipe, a device: written to, and never replaced.
bool is_stream(const fs::path& path) {
  std::error_code error;
  const fs::file_type type = fs::status(path, error).type();
  return type != fs::file_type::not_found && type != fs::file_type::regular && type != fs::file_type::none;
}

// A reader who has gone has what he wanted.
void check(const StandardStream& stream, const fs::path& path) {
  if (stream.error() != 0 && stream.error() != EPIPE) throw WorldError("write-failed", disk_sentence("write", path, stream.error()));
}

void write_stream(const ReportFormat& format, const Recording& recording, Evidence& evidence, const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (descriptor < 0) throw WorldError("write-failed", disk_sentence("write", path, errno));
  StandardStream stream(descriptor);
  render(format, recording, evidence, stream.sink());
  ::close(descriptor);
  check(stream, path);
}

// Through symbolic links, which stay what they are.
fs::path real_path(fs::path path) {
  constexpr int most_links = 40;
  std::error_code error;
  for (int i = 0; i < most_links && fs::is_symlink(path, error); ++i)
    path = path.parent_path() / fs::read_symlink(path, error);
  return path;
}

}  // namespace

std::span<const ReportFormat> report_formats() { return formats; }

bool takes_stdout(const Options& options) {
  for (const auto& [format, file] : options.outputs) {
    if (file == to_stdout) return true;
  }
  return false;
}

bool asks_for_outputs(const Options& options) { return !options.outputs.empty() || !options.compat_results.empty(); }

Problems check_outputs(const Options& options) {
  Problems problems;
  std::set<std::string> seen;
  bool stdout_taken = options.format != OutputFormat::human;
  for (const auto& [format, file] : options.outputs) {
    if (format == "html" && embedded_page().script.empty())
      problems.push_back(problem_with(format, std::string(no_page), "install Node.js and npm, and build again with -D INTEROPER_PAGE=ON"));
    if (file == to_stdout) {
      if (stdout_taken) problems.push_back(problem_with(format, "standard output is taken already", "name a file instead of `-`"));
      stdout_taken = true;
      continue;
    }
    const fs::path path(file);
    std::error_code error;
    if (file.empty() || !path.has_filename() || fs::is_directory(path, error)) {
      problems.push_back(problem_with(format, "\"" + file + "\" is the name of a folder", "name a file in it"));
      continue;
    }
    if (!seen.insert(fs::absolute(path, error).lexically_normal().string()).second && !is_stream(path))
      problems.push_back(problem_with(format, file + " is to be written twice", "name another file"));
    if (path.has_parent_path()) fs::create_directories(path.parent_path(), error);
    const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
    if (!fs::is_directory(folder, error) || ::access(folder.c_str(), W_OK) != 0)
      problems.push_back(problem_with(format, file + " cannot be written: there is no folder " + folder.string() + " that you may write in",
                                      "make it, or name another file"));
  }
  return problems;
}

std::optional<Problem> no_compat_results(const Options& options, const std::string& suite, const std::string& description) {
  if (options.compat_results.empty() || has_compat_results(description)) return std::nullopt;
  return problem_with("compat-results", "the suite " + suite + " comes from no other runner's registry, whose shape results could have",
                      "leave it out, or use one of the other formats");
}

void write_outputs(const Recording& recording, Evidence& evidence, const Options& options) {
  for (const auto& [name, file] : options.outputs) {
    const ReportFormat& format = format_called(name);
    if (file == to_stdout) {
      StandardStream out(STDOUT_FILENO);
      render(format, recording, evidence, out.sink());
      check(out, "standard output");
    } else if (const fs::path path = real_path(file); is_stream(path)) {
      write_stream(format, recording, evidence, path);
    } else {
      WholeFile whole(path);
      render(format, recording, evidence, [&whole](std::string_view text) { whole.write(text); });
      whole.commit();
    }
  }
  if (options.compat_results.empty()) return;
  if (const auto problem = no_compat_results(options, recording.run.suite.name, recording.run.suite.description))
    throw WorldError("no-format", problem->what);
  write_compat_results(recording, options.compat_results);
}

int tell_recorded(const Options& options, const fs::path& report, int exit_code) {
  if (!asks_for_outputs(options) && !under_github()) return exit_code;
  try {
    const Recording recording = open_recording(report);
    print_problems(recording.problems);
    if (has_errors(recording.problems)) throw WorldError("read-failed", "the report " + report.string() + " cannot be read again");
    Evidence evidence(recording);
    write_outputs(recording, evidence, options);
    if (under_github()) tell_github(recording, evidence);
  } catch (const WorldError& error) {
    std::cerr << "error: " << error.what() << "\nhelp: the report is whole; `interoper report " << report.string()
              << "` makes the formats from it again\n";
    return exit_code == exit_done || exit_code == exit_nothing ? exit_trouble : exit_code;
  }
  return exit_code;
}

}  // namespace interoper
