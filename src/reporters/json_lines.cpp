#include "reporters/json_lines.hpp"

#include "base/json_text.hpp"
#include "reporters/record_json.hpp"

namespace interoper {
namespace {

struct ToLine {
  const std::filesystem::path& report;

  std::string operator()(const RunBegan& it) const {
    const std::string plan = plan_line(it.run);  // {"run": …}: its members go on where ours end
    return R"({"what": "run-began", "report": )" + json_quote(report.string()) + ", " + plan.substr(1);
  }
  std::string operator()(const AttemptBegan& it) const { return head("attempt-began", it.cell, it.attempt) + "}"; }
  std::string operator()(const AttemptWaits&) const { return ""; }  // what a reader can see from the events is not said twice
  std::string operator()(const EventSeen& it) const { return head("event", it.cell, it.attempt) + R"(, "event": )" + it.event.line + "}"; }
  std::string operator()(const AttemptEnded& it) const {
    return head("attempt-ended", it.cell, it.attempt.n) + R"(, "again": )" + (it.again ? "true" : "false") + R"(, "result": )" +
           attempt_line(it.attempt) + "}";
  }
  std::string operator()(const CellEnded& it) const { return R"({"what": "cell-ended", "cell": )" + cell_line(it.cell) + "}"; }
  std::string operator()(const RunEnded& it) const {
    return R"({"what": "run-ended", "report": )" + json_quote(report.string()) + R"(, "run": )" + json_quote(it.run.id) +
           R"(, "duration_ms": )" + std::to_string(it.run.duration_ms) + R"(, "exit_code": )" + std::to_string(it.run.exit_code) +
           R"(, "summary": )" + summary_line(it.run.summary) + "}";
  }

 private:
  static std::string head(std::string_view what, const CellRecord& cell, int attempt) {
    return R"({"what": ")" + std::string(what) + R"(", "cell": )" + json_quote(cell.cell.id) + R"(, "attempt": )" + std::to_string(attempt);
  }
};

}  // namespace

void JsonLines::hear(const Tiding& tiding) {
  const std::string line = std::visit(ToLine{report_}, tiding);
  if (!line.empty()) out_(line + "\n");
}

}  // namespace interoper
