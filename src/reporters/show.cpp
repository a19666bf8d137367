#include "reporters/show.hpp"

#include <fnmatch.h>

#include <algorithm>

#include "base/glob.hpp"
#include "base/json_text.hpp"
#include "base/timestamp.hpp"
#include "base/visible.hpp"
#include "reporters/brief.hpp"
#include "reporters/lanes.hpp"
#include "reporters/matrix.hpp"
#include "reporters/reporter.hpp"
#include "reporters/timeline_reading.hpp"
#include "reporters/told.hpp"

namespace interoper {
namespace {

constexpr std::size_t widest_id = 64;                        // as on the console
constexpr std::size_t duration_columns = 9;                  // "59 m 59 s"
constexpr std::size_t longest_text = 2000;                   // bytes of a message
constexpr std::size_t piece_bytes = std::size_t{64} * 1024;  // what is collected before it goes out

std::string counts_text(const Summary& summary) {
  std::string text;
  for (const auto& [verdict, number] : counts_of(summary))
    text += (text.empty() ? "" : ", ") + std::to_string(number) + " " + std::string(to_string(verdict));
  return text.empty() ? "no cells" : text;
}

// Collects lines, so that a million of them are not a million writes.
class Pieces {
 public:
  explicit Pieces(const TextSink& out) : out_(out) {}
  Pieces(const Pieces&) = delete;
  Pieces& operator=(const Pieces&) = delete;
  ~Pieces() { out_(held_); }
  void line(std::string text) { add(without_blanks_behind(std::move(text)) + "\n"); }
  void add(std::string_view lines) {
    held_ += lines;
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
    out.line("  finding   " + (finding.role.empty() ? "" : shown(finding.role) + ": ") + shown(finding.message) + "  event " +
             std::to_string(finding.seq));
  if (judgement.findings_left_out != 0)
    out.line(std::string("  finding   ") + (style.utf8 ? "…" : "...") + " and " + std::to_string(judgement.findings_left_out) + " more");
}

std::vector<Lane> lanes_of(const std::vector<Casting>& cast, const std::map<std::string, RoleOutcome>& outcomes,
                           const EventFilter& filter) {
  std::vector<Lane> lanes;
  const auto add = [&](const std::string& role, const std::string& implementation) {
    const auto is_there = [&](const Lane& lane) { return lane.role == role; };
    if (is_selected(filter.roles, role) && std::none_of(lanes.begin(), lanes.end(), is_there)) lanes.push_back({role, implementation});
  };
  for (const Casting& casting : cast)
    add(casting.role, casting.implementation);
  for (const auto& [role, outcome] : outcomes)
    add(role, "");
  return lanes;
}

void show_events(const std::filesystem::path& file, const Lanes& lanes, const EventFilter& filter, std::optional<std::uint64_t> decided,
                 Pieces& out) {
  const EventSieve sieve(filter);
  out.add(lanes.head());
  std::uint64_t left_out = 0;
  const TimelineReading reading = read_events(file, [&](const Event& event) {
    if (sieve.lets_through(event))
      out.add(lanes.rows(event, event.seq == decided));
    else
      ++left_out;
    return true;
  });
  if (left_out != 0)
    out.line("  (" + std::to_string(left_out) + (left_out == 1 ? " event is" : " events are") + " left out by the filter)");
  if (!reading.trouble.empty()) out.line("  " + visible(reading.trouble, false, longest_text));
  if (reading.faulty != 0)
    out.line("  (" + std::to_string(reading.faulty) + " lines are no JSON object and left out; the first is line " +
             std::to_string(reading.first_faulty) + ")");
  if (reading.cut) out.line("  (the last line is cut: the run was killed while it wrote it)");
}

}  // namespace

void show_cells(const Recording& recording, const std::vector<Verdict>& verdicts, const Style& style, const TextSink& sink) {
  const RunRecord& run = recording.run;
  const auto shown = [&](std::string_view text) { return visible(text, !style.utf8, longest_text); };
  Pieces out(sink);
  out.line("run " + shown(run.id) + ", " + rfc3339(run.started) + origin_text(recording.origin));
  const std::size_t id_columns = columns_for_ids(run, style);
  std::size_t others = 0;
  for (const CellRecord& cell : run.cells) {
    if (!verdicts.empty() && std::find(verdicts.begin(), verdicts.end(), cell.verdict) == verdicts.end()) {
      ++others;
      continue;
    }
    std::string line = verdict_label(cell.verdict, style) + "  " + padded(shown(cell.cell.id), id_columns) + "  " +
                       padded_left(cell.attempts.empty() ? "" : duration_text(cell.duration_ms), duration_columns);
    if (!cell.reason.empty()) line += "  " + shown(cell.reason);
    if (const std::string tests = tests_words(cell); !tests.empty()) line += "  " + tests;
    if (cell.blame) line += "  " + blame_text(*cell.blame, style);
    if (cell.flaky) line += "  " + paint(Colour::yellow, "flaky", style);
    out.line(line);
  }
  if (others != 0) out.line("(" + std::to_string(others) + (others == 1 ? " other cell)" : " other cells)"));
  const std::string matrix = matrix_text(run, style);
  if (!matrix.empty()) out.line("\n" + matrix);
  out.line(std::to_string(run.summary.total) + (run.summary.total == 1 ? " cell in " : " cells in ") + duration_text(run.duration_ms) +
           ": " + counts_text(run.summary) + (run.absent.empty() ? "" : "; " + std::to_string(run.absent.size()) + " absent"));
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

void show_timeline(const Recording& recording, const CellRecord& cell, const TimelineView& view, const Style& style, const TextSink& sink) {
  Pieces out(sink);
  const AttemptRecord* const record = chosen_attempt(cell, view.attempt);
  std::string head = verdict_label(cell.verdict, style) + "  " + visible(cell.cell.id, !style.utf8, longest_text);
  if (!cell.reason.empty()) head += "  " + visible(cell.reason, !style.utf8, longest_text);
  out.line(head);
  if (record == nullptr) {
    if (!cell.message.empty()) out.line("  " + visible(cell.message, !style.utf8, longest_text));
    if (view.attempt == 0)
      out.line("  there is no timeline: the cell did not run");
    else
      out.line("  there is no attempt " + std::to_string(view.attempt) + "; there are " + std::to_string(cell.attempts.size()));
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
  const auto decided = record->judgement.blame ? std::optional(record->judgement.blame->seq) : std::nullopt;
  show_events(*file, Lanes(lanes_of(cell.cell.cast, record->roles, view.filter), style), view.filter, decided, out);
}

struct TimelineFollower::State {
  const TextSink& sink;
  Style style;
  EventSieve sieve;
  Lanes lanes;
  std::string pending{};
  bool over = false;
  GrowingTimeline timeline;

  State(const std::filesystem::path& file, const CellRecord& cell, const TimelineView& view, const Style& wanted, const TextSink& to)
      : sink(to),
        style(wanted),
        sieve(view.filter),
        lanes(lanes_of(cell.cell.cast, {}, view.filter), wanted),
        pending(lanes.head()),
        timeline(file, [this](const Event& event) {
          add(event);
          return true;
        }) {}

  void add(const Event& event) {
    if (sieve.lets_through(event)) pending += lanes.rows(event, false);
    if (pending.size() >= piece_bytes) hand_over();
    if (!event.by_engine || event.type != "status") return;
    over = true;
    const auto text = [&](std::string_view key) { return json_string(json_at(event.line, key).value_or("null")).value_or(""); };
    const auto verdict = verdict_from(text("in.verdict"));
    const std::string reason = text("in.reason");
    const std::string message = text("in.message");
    pending +=
        without_blanks_behind("\n" + (verdict ? verdict_label(*verdict, style) : "") + "  " + visible(reason, !style.utf8, longest_text) +
                              (message.empty() ? "" : ": " + visible(message, !style.utf8, longest_text))) +
        "\n";
  }
  void hand_over() {
    sink(pending);
    pending.clear();
  }
};

TimelineFollower::TimelineFollower(const Recording& recording, const CellRecord& cell, const TimelineView& view, const Style& style,
                                   const TextSink& sink)
    : state_(new State(recording.folder / timeline_path(cell.cell.id, std::max(view.attempt, 1)), cell, view, style, sink)) {}

TimelineFollower::~TimelineFollower() = default;

bool TimelineFollower::show_more() {
  const bool begun = state_->timeline.read();
  if (begun) state_->hand_over();
  return begun;
}

bool TimelineFollower::is_over() const { return state_->over; }

}  // namespace interoper
