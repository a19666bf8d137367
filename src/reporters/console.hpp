// Tells a run to the person who started it: a line for each cell that ends, failures with what led to them, a summary.
// Results go to standard output, what is not a result to standard error. Plain lines only; it never moves the cursor.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "reporters/attempt_key.hpp"
#include "reporters/brief.hpp"
#include "reporters/reporter.hpp"
#include "reporters/terminal.hpp"

namespace interoper {

struct ConsoleOptions {
  Style out;                     // of standard output
  Style err;                     // of standard error
  bool quiet = false;            // failures and the summary only
  bool verbose = false;          // also every event, on standard error
  std::filesystem::path report;  // the report folder, as the user would type it; empty: there is none
  std::string report_url{};      // where a terminal's link to it leads
};

class Console : public Reporter {
 public:
  Console(ConsoleOptions options, TextSink out, TextSink err);
  void hear(const Tiding& tiding) override;  // never throws

 private:
  void begin_run(const RunRecord& run);
  void add_event(const CellRecord& cell, int attempt, const Event& event);
  void end_attempt(const CellRecord& cell, const AttemptRecord& attempt, bool again);
  void end_cell(const CellRecord& cell);
  void end_run(const RunRecord& run);

  std::string cell_text(const CellRecord& cell) const;
  std::string failure_text(const CellRecord& cell) const;
  std::string failures_again(const RunRecord& run) const;
  std::string slowest_text(const RunRecord& run) const;
  std::string unrun_text(const RunRecord& run) const;
  std::string summary_text(const RunRecord& run) const;
  std::string shown(std::string_view text) const;

  ConsoleOptions options_;
  TextSink out_, err_;
  RunRecord run_;  // without its cells
  std::size_t id_columns_ = 0;
  ByAttempt<LastEvents> running_;
  std::map<std::string, std::vector<std::string>> context_;  // of cells that have a failed attempt and have not ended
  int told_ = 0;                                             // cells that had a line
  int failures_ = 0;                                         // of them, that ran and have a block beneath
  std::string why_unrun_;                                    // the last reason told for a cell that never ran
};

}  // namespace interoper
