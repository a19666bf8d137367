#include "reporters/annotations.hpp"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "base/visible.hpp"
#include "reporters/failure_kinds.hpp"
#include "reporters/rerun.hpp"
#include "reporters/told.hpp"

namespace interoper {
namespace {

// The value of a command; in a property `:` and `,` would end it.
std::string escaped(std::string_view text, bool is_property) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '%': out += "%25"; break;
      case '\r': out += "%0D"; break;
      case '\n': out += "%0A"; break;
      case ':': out += is_property ? "%3A" : ":"; break;
      case ',': out += is_property ? "%2C" : ","; break;
      default: out += c;
    }
  }
  return out;
}

// The most telling first.
std::vector<FailureKind> kinds_of(const RunRecord& run) {
  std::vector<const CellRecord*> failures;
  for (const CellRecord& cell : run.cells) {
    if (is_failure(cell.verdict)) failures.push_back(&cell);
  }
  std::vector<FailureKind> kinds = failure_kinds(failures, Across::one_test);
  std::sort(kinds.begin(), kinds.end(), [](const FailureKind& a, const FailureKind& b) {
    const int worse = badness(a.first->verdict) - badness(b.first->verdict);
    if (worse != 0) return worse > 0;
    return a.cells != b.cells ? a.cells > b.cells : a.first < b.first;
  });
  return kinds;
}

std::string title_of(const CellRecord& cell) {
  std::string title = cell.cell.test + " " + verdict_words(cell.verdict, cell.reason);
  if (cell.blame) title += ", blamed: " + cell.blame->role + " (" + cell.blame->implementation + ")";
  return visible(cut(title));
}

std::string message_of(const RunRecord& run, const FailureKind& kind, std::size_t beyond) {
  const CellRecord& cell = *kind.first;
  std::string message = visible(cut(cell.cell.id)) + ": " + visible(cut(cell.message));
  if (kind.cells > 1)
    message += "\nand " + std::to_string(kind.cells - 1) + (kind.cells == 2 ? " more cell" : " more cells") + " in the same way";
  const std::string again = rerun_command(run, cell.cell);
  if (!again.empty()) message += "\nagain: " + visible(again);
  if (beyond != 0)
    message += "\nnot shown here: " + std::to_string(beyond) + (beyond == 1 ? " more kind of failure" : " more kinds of failure");
  return message;
}

// Blanks before it do not make it less of a command.
bool begins_command(std::string_view line) {
  const std::size_t first = line.find_first_not_of(" \t");
  return first != std::string_view::npos && line.substr(first).starts_with("::");
}

std::string harmless(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1);
    const std::string_view line = text.substr(0, end + 1);
    text.remove_prefix(end + 1);
    if (begins_command(line)) out += '|';
    for (std::size_t i = 0; i < line.size(); ++i) {
      out += line[i];
      if (line[i] == '#' && line.substr(i).starts_with("##[")) out += ' ';
    }
  }
  return out;
}

}  // namespace

void write_annotations(const Recording& recording, const std::function<AnnotatedPlace(const std::string& file)>& place_of,
                       const TextSink& out) {
  const RunRecord& run = recording.run;
  const std::vector<FailureKind> kinds = kinds_of(run);
  const std::size_t told = std::min(kinds.size(), most_annotations);
  for (std::size_t i = 0; i < told; ++i) {
    const CellRecord& cell = *kinds[i].first;
    const auto test = run.tests.find(cell.cell.test);
    const AnnotatedPlace place = test == run.tests.end() ? AnnotatedPlace{} : place_of(test->second.file);
    std::string command = "::error ";
    if (!place.file.empty()) command += "file=" + escaped(visible(place.file), true) + ",line=" + std::to_string(place.line) + ",";
    command += "title=" + escaped(title_of(cell), true) + "::";
    out(command + escaped(message_of(run, kinds[i], i + 1 == told ? kinds.size() - told : 0), false) + "\n");
  }
}

TextSink without_workflow_commands(TextSink out) {
  return [out = std::move(out)](std::string_view text) { out(harmless(text)); };
}

}  // namespace interoper
