#include "commands/github.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>
#include <string_view>

#include "base/files.hpp"
#include "base/problem.hpp"
#include "reporters/annotations.hpp"
#include "reporters/markdown_report.hpp"
#include "reporters/terminal.hpp"

namespace interoper {
namespace {

namespace fs = std::filesystem;

// Below this a summary would say nothing but that it was cut.
constexpr std::size_t least_summary_bytes = 4096;
constexpr std::size_t largest_test_bytes = std::size_t{4} * 1024 * 1024;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// The line on which the test's header begins: the first that is not blank. 1 when the file is not here.
std::size_t header_line(const fs::path& file) {
  try {
    const std::string text = read_whole(file, largest_test_bytes);
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    return position_at(text, first == std::string::npos ? 0 : first).line;
  } catch (const WorldError&) {
    return 1;
  }
}

// GitHub knows files by where they stand in the repository, and we by where we were started.
AnnotatedPlace place_of(const std::string& file) {
  if (file.empty()) return {};
  std::error_code error;
  const fs::path here = fs::absolute(file, error).lexically_normal();
  const std::string workspace = environment("GITHUB_WORKSPACE");
  const fs::path inside = workspace.empty() ? fs::path() : here.lexically_relative(fs::path(workspace).lexically_normal());
  const bool is_inside = !inside.empty() && *inside.begin() != "..";
  return {is_inside ? inside.string() : file, header_line(here)};
}

void append_summary(const Recording& recording, Evidence& evidence, const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor < 0) {
    std::cerr << "note: no job summary: " << disk_sentence("write", path, errno) << '\n';
    return;
  }
  struct stat status{};
  const auto there = ::fstat(descriptor, &status) == 0 ? static_cast<std::size_t>(status.st_size) : 0;
  if (there + least_summary_bytes > job_summary_bytes) {
    std::cerr << "note: no job summary: other commands of this step have filled it\n";
  } else {
    StandardStream out(descriptor);
    write_markdown(recording, evidence, job_summary_bytes - there, out.sink());
    if (out.error() != 0) std::cerr << "note: the job summary is not whole: " << disk_sentence("write", path, out.error()) << '\n';
  }
  ::close(descriptor);
}

}  // namespace

bool under_github() { return environment("GITHUB_ACTIONS") == "true"; }

void tell_github(const Recording& recording, Evidence& evidence) {
  StandardStream err(STDERR_FILENO);
  write_annotations(recording, place_of, err.sink());
  const std::string summary = environment("GITHUB_STEP_SUMMARY");
  if (!summary.empty()) append_summary(recording, evidence, summary);
}

}  // namespace interoper
