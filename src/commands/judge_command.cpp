// `judge`: the verdicts of a recorded run, from its headers and timelines alone. Nothing is written: the recording stays as it is.
#include <unistd.h>

#include <iostream>
#include <map>
#include <optional>

#include "commands/commands.hpp"
#include "commands/project.hpp"
#include "commands/recorded.hpp"
#include "engine/bind.hpp"
#include "engine/judge.hpp"
#include "engine/run.hpp"
#include "reporters/record_json.hpp"
#include "reporters/recording.hpp"
#include "reporters/terminal.hpp"
#include "reporters/timeline_reading.hpp"
#include "suites/rules_reader.hpp"
#include "suites/spec_reader.hpp"

namespace interoper {
namespace {

// What the report keeps of the suite and its tests, ready to judge with.
class RecordedSuite {
 public:
  explicit RecordedSuite(const Recording& recording) : recording_(recording) {
    ReadRules read = read_rules_header(recording.run.suite.description, recording.folder.string());
    problems = std::move(read.problems);
    if (read.rules) rules_ = std::move(*read.rules);
  }

  // Nothing when the header that was kept makes no test; the problems say why.
  std::optional<Script> script_for(const Cell& cell) {
    const auto test = recording_.run.tests.find(cell.test);
    if (test == recording_.run.tests.end()) return std::nullopt;
    auto known = specs_.find(cell.test);
    if (known == specs_.end()) {
      const TestRecord& kept = test->second;
      ReadSpec read = read_header(kept.header, cell.test, kept.title, kept.description, kept.file, rules_);
      std::move(read.problems.begin(), read.problems.end(), std::back_inserter(problems));
      known = specs_.emplace(cell.test, std::move(read.spec)).first;
    }
    if (!known->second) return std::nullopt;
    auto bound = bind_script(*known->second, cell, rules_);
    if (auto* script = std::get_if<Script>(&bound)) return std::move(*script);
    return std::nullopt;
  }

  Problems problems;

 private:
  const Recording& recording_;
  Rules rules_;
  std::map<std::string, std::optional<Spec>> specs_;
};

Judgement judge_again(const Script& script, const Cell& cell, int attempt, const std::filesystem::path& timeline) {
  Judge judge(script);
  bool finished = false;
  read_events(timeline, [&](const Event& event) {
    judge.observe(event);
    finished = event.by_engine && event.type == "status";
    return true;
  });
  Judgement judgement = judge.finish();
  if (!finished) {
    // Killed in the last moments: however complete it looks, nobody saw it end.
    judgement.verdict = Verdict::aborted;
    judgement.reason = "unfinished";
    judgement.message = "the run ended before this attempt did";
    judgement.blame.reset();
  }
  if (judgement.blame) {
    judgement.blame->attempt = attempt;
    judgement.blame->implementation = cast_in(cell.cast, judgement.blame->role);
  }
  return judgement;
}

// The cell judged again, or nothing when what the recording holds is not enough: it ran no process, or its test is not kept.
std::optional<CellRecord> rejudged(const Recording& recording, RecordedSuite& suite, const CellRecord& recorded) {
  const std::optional<Script> script = suite.script_for(recorded.cell);
  if (!script || recorded.attempts.empty()) return std::nullopt;
  CellRecord again = recorded;
  for (AttemptRecord& attempt : again.attempts) {
    const auto file = timeline_file(recording, attempt);
    if (!file) return std::nullopt;
    attempt.judgement = judge_again(*script, again.cell, attempt.n, *file);
  }
  fold_attempts(again);
  return again;
}

std::string verdict_and_reason(const CellRecord& cell) {
  std::string text(to_string(cell.verdict));
  if (!cell.reason.empty()) text += " (" + cell.reason + ")";
  return text;
}

struct Tally {
  int judged = 0;
  int changed = 0;
  int kept = 0;  // could not be judged: their recorded verdict stands
  Summary summary;
};

void tell(const Tally& tally, const std::string& run, StandardStream& out) {
  out.write("\n" + run + ": " + std::to_string(tally.judged) + " judged again, " + std::to_string(tally.changed) +
            " differ from the record");
  if (tally.kept > 0)
    out.write(", " + std::to_string(tally.kept) + " keep their verdict, because they never ran or the recording does not hold enough");
  out.write("\n");
}

}  // namespace

int judge_report(const Options& options) {
  const auto resolved = resolve_report(reports_folder(options), options.report);
  const std::optional<Recording> opened = open_or_explain(resolved);
  if (!opened) return exit_bad_input;
  const Recording& recording = *opened;

  StandardStream out(STDOUT_FILENO);
  const Style style = style_of(STDOUT_FILENO, options.color);
  RecordedSuite suite(recording);
  Tally tally;
  std::vector<CellRecord> cells;
  for (const CellRecord& recorded : recording.run.cells) {
    const std::optional<CellRecord> again = rejudged(recording, suite, recorded);
    cells.push_back(again.value_or(recorded));
    const CellRecord& cell = cells.back();
    (again ? tally.judged : tally.kept) += 1;
    const bool differs = cell.verdict != recorded.verdict || cell.reason != recorded.reason;
    tally.changed += differs ? 1 : 0;
    if (options.format == OutputFormat::json) {
      out.write(cell_line(cell) + "\n");
      continue;
    }
    if (options.quiet && !differs) continue;
    out.write(verdict_label(cell.verdict, style) + "  " + cell.cell.id);
    if (!cell.reason.empty()) out.write("  " + cell.reason);
    if (differs) out.write("  recorded: " + verdict_and_reason(recorded));
    out.write("\n");
  }
  print_problems(suite.problems);
  if (options.format == OutputFormat::human) tell(tally, recording.run.id, out);
  const bool interrupted = false;
  return has_errors(suite.problems) ? exit_bad_input : exit_code_of(cells, interrupted);
}

}  // namespace interoper
