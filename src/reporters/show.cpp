#include "reporters/show.hpp"

#include <fnmatch.h>

#include <algorithm>

#include "base/timestamp.hpp"
#include "base/visible.hpp"
#include "reporters/brief.hpp"
#include "reporters/matrix.hpp"
#include "reporters/timeline_reading.hpp"

namespace interoper {
namespace {

constexpr std::size_t widest_id = 64;        // as on the console
constexpr std::size_t duration_columns = 9;  // "59 m 59 s"
constexpr std::size_t longest_text = 2000;   // bytes of a message
constexpr std::size_t longest_event = 4096;  // bytes of one event where no terminal limits it
constexpr std::size_t widest_role = 16;      // longer names push their line
constexpr std::size_t widest_type = 24;
constexpr std::size_t piece_bytes = std::size_t{64} * 1024;  // what is collected before it goes out

std::string trimmed(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

// Collects lines, so that a million of them are not a million writes.
class Pieces {
 public:
  explicit Pieces(const TextSink& out) : out_(out) {}
  Pieces(const Pieces&) = delete;
  Pieces& operator=(const Pieces&) = delete;
  ~Pieces() { out_(held_); }
  void line(std::string text) {
    held_ += trimmed(std::move(text));
    held_ += '\n';
    if (held_.size() < piece_bytes) return;
    out_(held_);
    held_.clear();
  }

 private:
  const TextSink& out_;
  std::string held_;
};

std::string blame_text(const Blame& blame, const Style& style) {
  return visible(blame.role, !style.utf8, longest_text) + ": " + visible(blame.implementation, !style.utf8, longest_text);
}

std::string origin_text(Recording::Origin origin) {
  switch (origin) {
    case Recording::Origin::report: return "";
    case Recording::Origin::plan: return "; it ended before it wrote its report, and this is what its timelines tell";
    case Recording::Origin::timelines: return "; only its timelines are left, and this is what they tell";
  }
  return "";
}

std::string counts(const Summary& summary) {
  std::string text;
  const auto count = [&](int number, Verdict verdict) {
    if (number != 0) text += (text.empty() ? "" : ", ") + std::to_string(number) + " " + std::string(to_string(verdict));
  };
  count(summary.passed, Verdict::passed);
  count(summary.failed, Verdict::failed);
  count(summary.unsupported, Verdict::unsupported);
  count(summary.skipped, Verdict::skipped);
  count(summary.error, Verdict::error);
  count(summary.aborted, Verdict::aborted);
  return text.empty() ? "no cells" : text;
}

std::size_t columns_for_ids(const RunRecord& run, const Style& style) {
  std::size_t columns = 0;
  for (const CellRecord& cell : run.cells)
    columns = std::max(columns, columns_of(visible(cell.cell.id, !style.utf8, longest_text)));
  return std::min(columns, widest_id);
}

const AttemptRecord* chosen_attempt(const CellRecord& cell, int attempt) {
  if (attempt == 0) attempt = cell.blame ? cell.blame->attempt : cell.attempts.empty() ? 0 : cell.attempts.back().n;
  for (const AttemptRecord& record : cell.attempts) {
    if (record.n == attempt) return &record;
  }
  return nullptr;
}

// What is known of the attempt besides its events.
void show_judgement(const AttemptRecord& attempt, const Style& style, Pieces& out) {
  const Judgement& judgement = attempt.judgement;
  const auto shown = [&](std::string_view text) { return visible(text, !style.utf8, longest_text); };
  if (!judgement.message.empty()) out.line("  " + shown(judgement.message));
  if (judgement.blame) out.line("  blamed    " + blame_text(*judgement.blame, style) + ", event " + std::to_string(judgement.blame->seq));
  for (const ConditionResult& condition : judgement.conditions)
    out.line("  expect    " + std::string(condition.held ? "held      " : "NOT HELD  ") + shown(condition.text) +
             (condition.seq ? "  event " + std::to_string(*condition.seq) : ""));
  for (const NamedResult& result : judgement.results)
    out.line("  result    " + verdict_label(result.verdict, style) + "  " + shown(result.name) +
             (result.message.empty() ? "" : ": " + shown(result.message)));
  for (const Measurement& measurement : judgement.measurements)
    out.line("  measured  " + shown(measurement.name) + " " + shown(measurement.value) + " " + shown(measurement.unit) + "  " +
             shown(measurement.role));
  for (const Finding& finding : judgement.findings)
    out.line("  finding   " + shown(finding.role) + ": " + shown(finding.message) + "  event " + std::to_string(finding.seq));
  if (judgement.findings_left_out != 0)
    out.line(std::string("  finding   ") + (style.utf8 ? "…" : "...") + " and " + std::to_string(judgement.findings_left_out) + " more");
}

// A line cut to the terminal's width, by characters.
std::string cut_to(std::string text, std::size_t columns) {
  if (columns == 0 || columns_of(text) <= columns) return text;
  std::size_t seen = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0U) == 0x80) continue;
    if (++seen > columns) {
      text.resize(i);
      break;
    }
  }
  return text;
}

// "  +1.916666  driver  exited                    {"exit_code":3}"; a log without its word, so that logs read like logs.
std::string event_text(const Event& event, const Style& style, std::size_t role_columns) {
  const std::size_t limit = style.columns == 0 ? longest_event : style.columns * 4;
  std::string line =
      padded_left("+" + seconds_text(event.us, 6), 12) + "  " + padded(visible(event.role, !style.utf8, longest_text), role_columns) + "  ";
  if (event.type == "log")
    line += style.utf8 ? "│ " : "| ";
  else
    line += padded(visible(event.type, !style.utf8, longest_text), widest_type) + "  ";
  return trimmed(line + brief_of(event.type, event.line, style, limit));
}

void show_events(const std::filesystem::path& file, const AttemptRecord& attempt, const Style& style, Pieces& out) {
  std::size_t role_columns = 0;
  for (const auto& [role, outcome] : attempt.roles)
    role_columns = std::max(role_columns, columns_of(role));
  role_columns = std::min(role_columns, widest_role);
  const auto decided = attempt.judgement.blame ? std::optional(attempt.judgement.blame->seq) : std::nullopt;
  const TimelineReading reading = read_events(file, [&](const Event& event) {
    const std::string line = cut_to((event.seq == decided ? "> " : "  ") + event_text(event, style, role_columns), style.columns);
    out.line(event.seq == decided ? paint(Colour::bold, line, style) : line);
    return true;
  });
  if (!reading.trouble.empty()) out.line("  " + visible(reading.trouble, !style.utf8, longest_text));
  if (reading.faulty != 0)
    out.line("  (" + std::to_string(reading.faulty) + " lines are no JSON object and left out; the first is line " +
             std::to_string(reading.first_faulty) + ")");
  if (reading.cut) out.line("  (the last line is cut: the run was killed while it wrote it)");
}

}  // namespace

void show_cells(const Recording& recording, const Style& style, const TextSink& sink) {
  const RunRecord& run = recording.run;
  const auto shown = [&](std::string_view text) { return visible(text, !style.utf8, longest_text); };
  Pieces out(sink);
  out.line("run " + shown(run.id) + ", " + rfc3339(run.started) + origin_text(recording.origin));
  const std::size_t id_columns = columns_for_ids(run, style);
  for (const CellRecord& cell : run.cells) {
    std::string line = verdict_label(cell.verdict, style) + "  " + padded(shown(cell.cell.id), id_columns) + "  " +
                       padded_left(cell.attempts.empty() ? "" : duration_text(cell.duration_ms), duration_columns);
    if (!cell.reason.empty()) line += "  " + shown(cell.reason);
    if (cell.blame) line += "  " + blame_text(*cell.blame, style);
    if (cell.flaky) line += "  " + paint(Colour::yellow, "flaky", style);
    out.line(line);
  }
  const std::string matrix = matrix_text(run, style);
  if (!matrix.empty()) out.line("\n" + matrix);
  out.line(std::to_string(run.summary.total) + (run.summary.total == 1 ? " cell in " : " cells in ") + duration_text(run.duration_ms) +
           ": " + counts(run.summary) + (run.absent.empty() ? "" : "; " + std::to_string(run.absent.size()) + " absent"));
}

std::vector<const CellRecord*> find_cells(const RunRecord& run, std::string_view name) {
  std::vector<const CellRecord*> matched, begun;
  const std::string pattern(name);
  for (const CellRecord& cell : run.cells) {
    if (cell.cell.id == name) return {&cell};
    if (::fnmatch(pattern.c_str(), cell.cell.id.c_str(), 0) == 0) matched.push_back(&cell);
    if (cell.cell.id.starts_with(name)) begun.push_back(&cell);
  }
  return matched.empty() ? begun : matched;
}

void show_timeline(const Recording& recording, const CellRecord& cell, int attempt, const Style& style, const TextSink& sink) {
  Pieces out(sink);
  const AttemptRecord* const record = chosen_attempt(cell, attempt);
  std::string head = verdict_label(cell.verdict, style) + "  " + visible(cell.cell.id, !style.utf8, longest_text);
  if (!cell.reason.empty()) head += "  " + visible(cell.reason, !style.utf8, longest_text);
  out.line(head);
  if (record == nullptr) {
    if (!cell.message.empty()) out.line("  " + visible(cell.message, !style.utf8, longest_text));
    if (attempt == 0)
      out.line("  there is no timeline: the cell did not run");
    else
      out.line("  there is no attempt " + std::to_string(attempt) + "; there are " + std::to_string(cell.attempts.size()));
    return;
  }
  if (cell.attempts.size() > 1)
    out.line("  attempt " + std::to_string(record->n) + " of " + std::to_string(cell.attempts.size()) + ": " +
             std::string(to_string(record->judgement.verdict)));
  show_judgement(*record, style, out);
  const auto file = timeline_file(recording, *record);
  if (!file) {
    out.line("  there is no timeline: none was written");
    return;
  }
  out.line("");
  show_events(*file, *record, style, out);
}

}  // namespace interoper
