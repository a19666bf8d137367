#include "commands/recorded.hpp"

#include "commands/project.hpp"
#include "reporters/show.hpp"

namespace interoper {

std::optional<Recording> open_or_explain(const std::variant<std::filesystem::path, Problem>& resolved) {
  if (const auto* problem = std::get_if<Problem>(&resolved)) {
    print_problems({*problem});
    return std::nullopt;
  }
  Recording recording = open_recording(std::get<std::filesystem::path>(resolved));
  print_problems(recording.problems);
  if (has_errors(recording.problems)) return std::nullopt;
  return recording;
}

Named named_on_line(const std::filesystem::path& reports, const std::string& report, const std::string& cell) {
  Named named{resolve_report(reports, report), cell};
  if (std::holds_alternative<std::filesystem::path>(named.report) || !cell.empty() || report.empty()) return named;
  auto latest = resolve_report(reports, "latest");
  const auto* folder = std::get_if<std::filesystem::path>(&latest);
  if (folder == nullptr || find_cells(open_recording(*folder).run, report).empty()) return named;
  return {std::move(latest), report};
}

}  // namespace interoper
