#include "model/record.hpp"

namespace interoper {

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
