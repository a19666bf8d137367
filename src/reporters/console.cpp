#include "reporters/console.hpp"

#include <algorithm>

#include "base/overloaded.hpp"
#include "base/sentence.hpp"
#include "base/visible.hpp"
#include "reporters/failure_kinds.hpp"
#include "reporters/matrix.hpp"
#include "reporters/rerun.hpp"
#include "reporters/told.hpp"

namespace interoper {
namespace {

// Longer ids push the rest of their line to the right: few do, and all others stay readable.
constexpr std::size_t widest_id = 64;
constexpr std::size_t duration_columns = 9;  // "59 m 59 s"
// More kinds of failure than this at the end are not read one by one; `show` has them all.
constexpr std::size_t most_kinds_again = 30;
// Of fewer cells everybody sees which were slow.
constexpr std::size_t least_for_slowest = 6;
constexpr std::size_t shown_slowest = 3;
constexpr std::size_t longest_message = 2000;  // bytes
constexpr std::size_t longest_event = 200;     // bytes, of one event with -v

// An aborted cell was ended by the user, who knows.
bool is_told_in_full(Verdict verdict) { return verdict == Verdict::failed || verdict == Verdict::error; }

std::size_t findings_of(const CellRecord& cell) {
  std::size_t number = 0;
  for (const AttemptRecord& attempt : cell.attempts)
    number += attempt.judgement.findings.size() + attempt.judgement.findings_left_out;
  return number;
}

}  // namespace

Console::Console(ConsoleOptions options, TextSink out, TextSink err)
    : options_(std::move(options)), out_(std::move(out)), err_(std::move(err)) {}

void Console::hear(const Tiding& tiding) {
  std::visit(Overloaded{[this](const RunBegan& it) { begin_run(it.run); },
                        [this](const AttemptBegan& it) { running_[AttemptKey(it.cell.cell.id, it.attempt)]; }, [](const AttemptWaits&) {},
                        [this](const EventSeen& it) { add_event(it.cell, it.attempt, it.event); },
                        [this](const AttemptEnded& it) { end_attempt(it.cell, it.attempt, it.again); },
                        [this](const CellEnded& it) { end_cell(it.cell); }, [this](const RunEnded& it) { end_run(it.run); }},
             tiding);
}

std::string Console::shown(std::string_view text) const { return visible(text, !options_.out.utf8, longest_message); }

void Console::begin_run(const RunRecord& run) {
  for (const CellRecord& cell : run.cells)
    id_columns_ = std::min(widest_id, std::max(id_columns_, columns_of(cell.cell.id)));
  run_.id = run.id;
  run_.command = run.command;
  run_.seed = run.seed;
  run_.tests = run.tests;
  run_.implementations = run.implementations;
  if (options_.quiet) return;
  std::string line = counted(run.cells.size(), "cell");
  if (run.shard)
    line += " of " + std::to_string(run.shard->plan_cells) + " (shard " + std::to_string(run.shard->index) + "/" +
            std::to_string(run.shard->of) + ")";
  if (!run.absent.empty()) line += ", " + std::to_string(run.absent.size()) + " absent";
  if (!options_.report.empty()) line += "; report: " + visible(options_.report.string(), !options_.err.utf8);
  err_(line + "\n");
}

void Console::add_event(const CellRecord& cell, int attempt, const Event& event) {
  const auto running = running_.find(AttemptView(cell.cell.id, attempt));
  if (running != running_.end()) running->second.add(event);
  if (!options_.verbose) return;
  const std::string head = cell.cell.id + (attempt > 1 ? " #" + std::to_string(attempt) : "");
  err_(without_blanks_behind(padded(visible(head, !options_.err.utf8), id_columns_) + "  " + padded_left(seconds_text(event.us, 3), 8) +
                             "  " + padded(visible(event.role, !options_.err.utf8), 8) + "  " +
                             padded(visible(event.type, !options_.err.utf8, 40), 8) + "  " +
                             brief_of(event.type, event.line, options_.err, longest_event)) +
       "\n");
}

void Console::end_attempt(const CellRecord& cell, const AttemptRecord& attempt, bool again) {
  const auto running = running_.extract(AttemptKey(cell.cell.id, attempt.n));
  const Judgement& judgement = attempt.judgement;
  if (running && judgement.blame) context_[cell.cell.id] = running.mapped().around(*judgement.blame, options_.out);
  if (!again || options_.quiet || judgement.verdict == Verdict::passed) return;
  err_("again: " + visible(cell.cell.id, !options_.err.utf8) + ", attempt " + std::to_string(attempt.n) + " " +
       std::string(to_string(judgement.verdict)) + " (" + visible(judgement.reason, !options_.err.utf8, longest_message) + ")\n");
}

// "✔ passed       net-link~local~go         6.1 s  flaky: failed (timeout), passed"
std::string Console::cell_text(const CellRecord& cell) const {
  std::string line = verdict_label(cell.verdict, options_.out) + "  " + padded(shown(cell.cell.id), id_columns_) + "  " +
                     padded_left(cell.attempts.empty() ? "" : duration_text(cell.duration_ms), duration_columns);
  if (!cell.reason.empty()) line += "  " + shown(cell.reason);
  if (const std::string tests = tests_words(cell); !tests.empty()) line += "  " + tests;
  if (cell.attempts.size() > 1 || cell.flaky) {
    std::string attempts;
    for (const AttemptRecord& attempt : cell.attempts) {
      attempts += (attempts.empty() ? "" : ", ") + std::string(to_string(attempt.judgement.verdict));
      if (!attempt.judgement.reason.empty()) attempts += " (" + shown(attempt.judgement.reason) + ")";
    }
    line += "  " + (cell.flaky ? paint(Colour::yellow, "flaky", options_.out) : std::string("attempts")) + ": " + attempts;
  }
  const std::size_t findings = findings_of(cell);
  if (findings != 0) line += "  " + paint(Colour::dim, counted(findings, "finding"), options_.out);
  return without_blanks_behind(line) + "\n";
}

std::string Console::failure_text(const CellRecord& cell) const {
  const std::string indent = "    ";
  std::string text = indent + shown(cell.message) + "\n";
  const std::string_view rule = cell.verdict == Verdict::failed ? broken_rule(cell.reason) : "";
  if (!rule.empty()) text += indent + "rule      " + std::string(rule) + "\n";
  const auto context = context_.find(cell.cell.id);
  if (cell.blame) {
    text += indent + "blamed    " + paint(Colour::bold, shown(cell.blame->role), options_.out) + ": " + shown(cell.blame->implementation) +
            ", event " + std::to_string(cell.blame->seq) +
            (cell.attempts.size() > 1 ? " of attempt " + std::to_string(cell.blame->attempt) : "") + "\n";
    if (context != context_.end()) {
      for (const std::string& line : context->second)
        text += indent + "  " + line + "\n";
    }
  }
  const std::string show = options_.report.empty() || cell.attempts.empty() ? "" : show_command(run_, cell.cell);
  if (!show.empty()) text += indent + "show      " + shown(show) + "\n";
  const std::string again = rerun_command(run_, cell.cell);
  if (!again.empty()) text += indent + "again     " + shown(again) + "\n";
  return text;
}

void Console::end_cell(const CellRecord& cell) {
  const bool failure = is_told_in_full(cell.verdict);
  // What kept one cell from running mostly keeps all of them from it: said once.
  const bool said = cell.attempts.empty() && cell.message == why_unrun_;
  if (cell.attempts.empty()) why_unrun_ = cell.message;
  if (!options_.quiet || failure) out_(cell_text(cell) + (failure && !said ? failure_text(cell) : ""));
  told_ += options_.quiet && !failure ? 0 : 1;
  failures_ += failure && !cell.attempts.empty() ? 1 : 0;
  context_.erase(cell.cell.id);
}

// Once more at the end, in plan order: on a long run the blocks have scrolled away.
std::string Console::failures_again(const RunRecord& run) const {
  std::vector<const CellRecord*> failures;
  for (const CellRecord& cell : run.cells) {
    if (is_told_in_full(cell.verdict) && !cell.attempts.empty()) failures.push_back(&cell);
  }
  const std::vector<FailureKind> kinds = failure_kinds(failures, Across::tests);
  const std::size_t told = std::min(kinds.size(), most_kinds_again);
  std::string text;
  for (std::size_t i = 0; i < told; ++i) {
    const FailureKind& kind = kinds[i];
    const CellRecord& cell = *kind.first;
    text += without_blanks_behind(verdict_label(cell.verdict, options_.out) + "  " + shown(cell.cell.id) + (cell.flaky ? "  flaky" : "")) +
            "\n    " + shown(cell.message) + "\n";
    if (kind.cells > 1) text += "    and " + counted(kind.cells - 1, "more cell") + " in the same way\n";
  }
  if (told < kinds.size())
    text += std::string(options_.out.utf8 ? "… and " : "... and ") + counted(kinds.size() - told, "more kind") +
            " of failure: interoper show " + shown(run.id) + "\n";
  return text;
}

// "slowest   15.1 s  net-link~local~local~hold=5s", where there are many to choose from.
std::string Console::slowest_text(const RunRecord& run) const {
  std::vector<const CellRecord*> ran;
  for (const CellRecord& cell : run.cells) {
    if (!cell.attempts.empty()) ran.push_back(&cell);
  }
  if (ran.size() < least_for_slowest) return "";
  // Of equal ones the first in the plan: they stand in one array. (A stable sort needs what clang finds deprecated in g++'s library.)
  const auto longer = [](const CellRecord* one, const CellRecord* other) {
    return one->duration_ms != other->duration_ms ? one->duration_ms > other->duration_ms : one < other;
  };
  std::sort(ran.begin(), ran.end(), longer);
  std::string text;
  for (std::size_t i = 0; i < shown_slowest; ++i)
    text += (i == 0 ? "slowest: " : "         ") + padded_left(duration_text(ran[i]->duration_ms), duration_columns) + "  " +
            shown(ran[i]->cell.id) + "\n";
  return text;
}

// Why cells were skipped before they ran: some are told one by one, and some not at all.
std::string Console::unrun_text(const RunRecord& run) const {
  std::map<std::string, int> reasons;
  for (const CellRecord& cell : run.cells) {
    if (cell.verdict == Verdict::skipped && cell.attempts.empty()) ++reasons[cell.message];
  }
  std::string text;
  for (const auto& [message, number] : reasons)
    text += paint(Colour::yellow, std::to_string(number) + " skipped", options_.out) + ": " + shown(message) + "\n";
  return text;
}

std::string Console::summary_text(const RunRecord& run) const {
  const Summary& summary = run.summary;
  std::string counts;
  for (const auto& [verdict, number] : counts_of(summary)) {
    const std::string words = std::to_string(number) + " " + std::string(to_string(verdict));
    counts += (counts.empty() ? "" : ", ") + paint(colour_of(verdict), words, options_.out);
    if (verdict == Verdict::passed && summary.flaky != 0) counts += " (" + std::to_string(summary.flaky) + " flaky)";
  }
  std::string text = counted(static_cast<std::size_t>(summary.total), "cell") + " in " + duration_text(run.duration_ms);
  if (!counts.empty()) text += ": " + counts;
  if (!run.absent.empty()) text += "; " + std::to_string(run.absent.size()) + " absent";
  text += "\n";
  text += unrun_text(run);
  text += slowest_text(run);
  if (!options_.report.empty()) text += "report: " + link(shown(options_.report.string()), options_.report_url, options_.out) + "\n";
  return text;
}

void Console::end_run(const RunRecord& run) {
  const bool scrolled_away = failures_ > 1 || (failures_ == 1 && told_ > 1);
  if (scrolled_away && !options_.quiet) out_("\n" + failures_again(run));
  const std::string matrix = matrix_text(run, options_.out);
  if (!matrix.empty()) out_("\n" + matrix);
  out_((told_ > 0 || !matrix.empty() ? "\n" : "") + summary_text(run));
}

}  // namespace interoper
