#include "commands/recorded.hpp"

#include "commands/project.hpp"

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

}  // namespace interoper
