#include "reporters/tap.hpp"

#include "base/json_text.hpp"
#include "base/visible.hpp"
#include "reporters/rerun.hpp"
#include "reporters/told.hpp"

namespace interoper {
namespace {

constexpr std::size_t longest_text = 4000;  // bytes of a name, and of one value in a YAML block

// In a description `\` and `#` are escaped; line ends cannot stand there at all.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : visible(text, false, longest_text)) {
    if (c == '\\' || c == '#') out += '\\';
    out += c;
  }
  return out;
}

// JSON's strings are YAML's double-quoted ones, once control characters are gone.
std::string yaml(std::string_view text) { return json_quote(visible(text, false, longest_text)); }

std::string skip_of(Verdict verdict, std::string_view reason, std::string_view message) {
  std::string why = escaped(reason);
  if (!message.empty()) why += (why.empty() ? "" : ": ") + escaped(message);
  return " # SKIP " + (why.empty() ? std::string(to_string(verdict)) : why);
}

bool is_skip(Verdict verdict) { return verdict == Verdict::skipped || verdict == Verdict::unsupported; }

std::string plan_of(std::size_t points) { return "1.." + std::to_string(points) + (points == 0 ? " # SKIP no cells" : "") + "\n"; }

// The named results of the attempt that counts, four blanks deep as the specification wants. One that did not pass and did not matter
// is a `todo`: a point must not be worse than its subtest.
std::string subtest(const CellRecord& cell) {
  const AttemptRecord* attempt = is_skip(cell.verdict) ? nullptr : counting_attempt(cell);
  if (attempt == nullptr || attempt->judgement.results.empty()) return "";
  const std::vector<NamedResult>& results = attempt->judgement.results;
  std::string text = "# Subtest: " + escaped(cell.cell.id) + "\n    1.." + std::to_string(results.size()) + "\n";
  for (std::size_t i = 0; i < results.size(); ++i) {
    const NamedResult& result = results[i];
    const bool skip = is_skip(result.verdict);
    const bool ok = skip || result.verdict == Verdict::passed;
    text += std::string(ok ? "    ok " : "    not ok ") + std::to_string(i + 1) + " - " + escaped(result.name);
    if (skip) text += skip_of(result.verdict, result.reason, result.message);
    if (!ok && cell.verdict == Verdict::passed) text += " # todo without influence on the verdict";
    text += "\n";
    if (ok) continue;
    text += "      ---\n      verdict: " + std::string(to_string(result.verdict)) + "\n";
    if (!result.reason.empty()) text += "      reason: " + yaml(result.reason) + "\n";
    if (!result.message.empty()) text += "      message: " + yaml(result.message) + "\n";
    text += "      seq: " + std::to_string(result.seq) + "\n      ...\n";
  }
  return text;
}

// What a consumer shows beneath the point; two blanks deep.
std::string diagnostics(const CellRecord& cell, const RunRecord& run) {
  std::string block = "  ---\n";
  block += "  verdict: " + std::string(to_string(cell.verdict)) + "\n";
  if (!cell.reason.empty()) block += "  reason: " + yaml(cell.reason) + "\n";
  if (!cell.message.empty()) block += "  message: " + yaml(cell.message) + "\n";
  if (cell.blame) {
    block += "  blame:\n    role: " + yaml(cell.blame->role) + "\n    implementation: " + yaml(cell.blame->implementation) +
             "\n    attempt: " + std::to_string(cell.blame->attempt) + "\n    seq: " + std::to_string(cell.blame->seq) + "\n";
  }
  block += std::string("  flaky: ") + (cell.flaky ? "true" : "false") + "\n";
  if (cell.attempts.size() > 1) {
    block += "  attempts:\n";
    for (const AttemptRecord& attempt : cell.attempts)
      block += "    - " +
               yaml(verdict_words(attempt.judgement.verdict, attempt.judgement.reason) +
                    (attempt.judgement.message.empty() ? "" : ": " + attempt.judgement.message)) +
               "\n";
  }
  block += "  duration_ms: " + std::to_string(cell.duration_ms) + "\n";
  const std::string again = is_failure(cell.verdict) ? rerun_command(run, cell.cell) : "";
  if (!again.empty()) block += "  again: " + yaml(again) + "\n";
  return block + "  ...\n";
}

// Everything that belongs to one cell.
std::string point_of(const CellRecord& cell, int number, const RunRecord& run) {
  const std::string head = std::to_string(number) + " - " + escaped(cell.cell.id);
  if (is_skip(cell.verdict)) return "ok " + head + skip_of(cell.verdict, cell.reason, cell.message) + "\n";
  if (is_failure(cell.verdict)) return subtest(cell) + "not ok " + head + "\n" + diagnostics(cell, run);
  return subtest(cell) + "ok " + head + "\n" + (cell.flaky ? diagnostics(cell, run) : "");
}

}  // namespace

void Tap::point(const CellRecord& cell) {
  if (told_.insert(cell.cell.id).second) out_(point_of(cell, ++points_, run_));
}

void Tap::hear(const Tiding& tiding) {
  if (const auto* began = std::get_if<RunBegan>(&tiding)) {
    run_.command = began->run.command;
    run_.seed = began->run.seed;
    run_.tests = began->run.tests;
    run_.implementations = began->run.implementations;
    out_("TAP version 14\n" + plan_of(began->run.cells.size()));
  } else if (const auto* cell = std::get_if<CellEnded>(&tiding)) {
    point(cell->cell);
  } else if (const auto* end = std::get_if<RunEnded>(&tiding)) {
    for (const CellRecord& record : end->run.cells)  // those that never came to their end
      point(record);
  }
}

void write_tap(const Recording& recording, const TextSink& out) {
  const RunRecord& run = recording.run;
  out("TAP version 14\n" + plan_of(run.cells.size()));
  int number = 0;
  for (const CellRecord& cell : run.cells)
    out(point_of(cell, ++number, run));
}

}  // namespace interoper
