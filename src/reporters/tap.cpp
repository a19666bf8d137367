#include "reporters/tap.hpp"

#include "base/json_text.hpp"
#include "base/visible.hpp"

namespace interoper {
namespace {

constexpr std::size_t longest_text = 4000;  // bytes of one value in a YAML block

// In a description `\` and `#` are escaped; line ends cannot stand there at all.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : visible(text)) {
    if (c == '\\' || c == '#') out += '\\';
    out += c;
  }
  return out;
}

// JSON's strings are YAML's double-quoted ones, once control characters are gone.
std::string yaml(std::string_view text) { return json_quote(visible(text, false, longest_text)); }

std::string skip_of(const CellRecord& cell) {
  std::string why = escaped(cell.reason);
  if (!cell.message.empty()) why += (why.empty() ? "" : ": ") + escaped(cell.message);
  return " # SKIP " + (why.empty() ? std::string(to_string(cell.verdict)) : why);
}

// What a consumer shows beneath the point; two blanks deep as the specification wants.
std::string diagnostics(const CellRecord& cell) {
  std::string block = "  ---\n";
  block += "  verdict: " + std::string(to_string(cell.verdict)) + "\n";
  if (!cell.reason.empty()) block += "  reason: " + yaml(cell.reason) + "\n";
  if (!cell.message.empty()) block += "  message: " + yaml(cell.message) + "\n";
  if (cell.blame) {
    block += "  blame:\n    role: " + yaml(cell.blame->role) + "\n    implementation: " + yaml(cell.blame->implementation) +
             "\n    attempt: " + std::to_string(cell.blame->attempt) + "\n    seq: " + std::to_string(cell.blame->seq) + "\n";
  }
  block += std::string("  flaky: ") + (cell.flaky ? "true" : "false") + "\n";
  block += "  attempts: " + std::to_string(cell.attempts.size()) + "\n";
  block += "  duration_ms: " + std::to_string(cell.duration_ms) + "\n";
  return block + "  ...\n";
}

}  // namespace

void Tap::point(const CellRecord& cell) {
  if (!told_.insert(cell.cell.id).second) return;
  const std::string head = std::to_string(++points_) + " - " + escaped(cell.cell.id);
  switch (cell.verdict) {
    case Verdict::passed: out_("ok " + head + "\n" + (cell.flaky ? diagnostics(cell) : "")); return;
    case Verdict::unsupported:
    case Verdict::skipped: out_("ok " + head + skip_of(cell) + "\n"); return;
    case Verdict::failed:
    case Verdict::error:
    case Verdict::aborted: out_("not ok " + head + "\n" + diagnostics(cell)); return;
  }
}

void Tap::hear(const Tiding& tiding) {
  if (const auto* began = std::get_if<RunBegan>(&tiding)) {
    out_("TAP version 14\n1.." + std::to_string(began->run.cells.size()) + (began->run.cells.empty() ? " # SKIP no cells" : "") + "\n");
  } else if (const auto* cell = std::get_if<CellEnded>(&tiding)) {
    point(cell->cell);
  } else if (const auto* end = std::get_if<RunEnded>(&tiding)) {
    for (const CellRecord& record : end->run.cells)  // those that never came to their end
      point(record);
  }
}

}  // namespace interoper
