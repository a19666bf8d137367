#include "commands/earlier.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/files.hpp"
#include "base/problem.hpp"
#include "reporters/record_json.hpp"
#include "reporters/recorder.hpp"

namespace interoper {
namespace {

namespace fs = std::filesystem;

// Older ones tell little that these do not, and reading them must cost less than a better order brings.
constexpr std::size_t most_reports = 3;
constexpr std::size_t largest_report_bytes = std::size_t{16} * 1024 * 1024;

std::vector<fs::path> newest_reports(const fs::path& reports) {
  std::vector<std::pair<fs::file_time_type, fs::path>> found;
  std::error_code error;
  for (fs::directory_iterator it(reports, error), end; !error && it != end; it.increment(error)) {
    std::error_code missing;
    const fs::path file = it->path() / report_file;
    if (it->is_symlink(missing)) continue;
    const fs::file_time_type written = fs::last_write_time(file, missing);
    if (!missing) found.emplace_back(written, file);
  }
  const std::size_t wanted = std::min(most_reports, found.size());
  std::partial_sort(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(wanted), found.end(), std::greater<>());
  std::vector<fs::path> files;
  for (std::size_t i = 0; i < wanted; ++i)
    files.push_back(std::move(found[i].second));
  return files;
}

// An attempt of average length; one that did not come to its end tells nothing.
std::optional<std::chrono::milliseconds> usual_duration(const CellRecord& cell) {
  std::int64_t sum_ms = 0;
  std::int64_t number = 0;
  for (const AttemptRecord& attempt : cell.attempts) {
    const Verdict verdict = attempt.judgement.verdict;
    if (verdict == Verdict::aborted || verdict == Verdict::error || attempt.duration_ms < 0) continue;
    sum_ms += attempt.duration_ms;
    ++number;
  }
  if (number == 0) return std::nullopt;
  return std::chrono::milliseconds(sum_ms / number);
}

void add_report(const fs::path& file, Expectations& expectations) {
  Problems ignored;
  try {
    const auto run = read_report(read_whole(file, largest_report_bytes), file.string(), ignored);
    if (!run) return;
    for (const CellRecord& cell : run->cells) {
      if (const auto duration = usual_duration(cell)) expectations.add(cell.cell.id, cell.cell.test, *duration);
    }
  } catch (const WorldError&) {
    return;  // too large, or gone meanwhile
  }
}

}  // namespace

Expectations earlier_durations(const fs::path& reports) {
  Expectations expectations;
  for (const fs::path& file : newest_reports(reports))
    add_report(file, expectations);
  return expectations;
}

}  // namespace interoper
