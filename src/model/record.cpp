#include "model/record.hpp"

namespace interoper {

void fold_attempts(CellRecord& cell) {
  const AttemptRecord* worst = nullptr;
  bool any_passed = false;
  bool any_did_not = false;
  for (std::size_t i = 0; i < cell.attempts.size(); ++i) {
    const Verdict verdict = cell.attempts[i].judgement.verdict;
    (verdict == Verdict::passed ? any_passed : any_did_not) = true;
    const bool last_of_repetition = i + 1 == cell.attempts.size() || cell.attempts[i + 1].repetition != cell.attempts[i].repetition;
    if (!last_of_repetition) continue;
    if (worst == nullptr || badness(verdict) > badness(worst->judgement.verdict)) worst = &cell.attempts[i];
  }
  if (worst == nullptr) return;
  cell.verdict = worst->judgement.verdict;
  cell.reason = worst->judgement.reason;
  cell.message = worst->judgement.message;
  cell.blame = worst->judgement.blame;
  cell.flaky = any_passed && any_did_not;
}

Summary summarise(const std::vector<CellRecord>& cells) {
  Summary summary;
  for (const CellRecord& cell : cells) {
    summary.total += 1;
    summary.flaky += cell.flaky ? 1 : 0;
    switch (cell.verdict) {
      case Verdict::passed: summary.passed += 1; break;
      case Verdict::failed: summary.failed += 1; break;
      case Verdict::unsupported: summary.unsupported += 1; break;
      case Verdict::skipped: summary.skipped += 1; break;
      case Verdict::error: summary.error += 1; break;
      case Verdict::aborted: summary.aborted += 1; break;
    }
  }
  return summary;
}

}  // namespace interoper
