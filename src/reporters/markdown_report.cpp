#include "reporters/markdown_report.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/sentence.hpp"
#include "base/visible.hpp"
#include "reporters/axis.hpp"
#include "reporters/brief.hpp"
#include "reporters/matrix.hpp"
#include "reporters/rerun.hpp"
#include "reporters/told.hpp"

namespace interoper {
namespace {

constexpr std::size_t longest_name = 200;      // bytes
constexpr std::size_t longest_message = 2000;  // bytes
// Failures that are told one by one; a list that nobody reads to its end helps nobody.
constexpr std::size_t most_failures = 50;
constexpr std::size_t most_named = 100;  // flaky cells, kinds of absent ones
// Wider tables than this are no tables on any screen.
constexpr std::size_t most_columns = 40;
// Kept back for what is said about parts that did not fit.
constexpr std::size_t reserved_bytes = 400;

std::string html(std::string_view text, std::size_t limit = longest_message) {
  std::string out;
  for (const char c : visible(text, false, limit)) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

std::size_t longest_run(std::string_view text, char wanted) {
  std::size_t longest = 0, here = 0;
  for (const char c : text) {
    here = c == wanted ? here + 1 : 0;
    longest = std::max(longest, here);
  }
  return longest;
}

// In a line of text or a table's field, where `|` would end the field even in code.
std::string code(std::string_view text) {
  std::string shown;
  for (const char c : visible(text, false, longest_name))
    shown += c == '|' ? "\\|" : std::string(1, c);
  if (shown.find_first_not_of(' ') == std::string::npos) return "` `";
  const std::string fence(longest_run(shown, '`') + 1, '`');
  const bool touches = shown.front() == '`' || shown.back() == '`' || (shown.front() == ' ' && shown.back() == ' ');
  const std::string blank = touches ? " " : "";
  return fence + blank + shown + blank + fence;
}

// `lines` are visible already.
std::string code_block(const std::vector<std::string>& lines, std::string_view language) {
  std::size_t ticks = 2;
  for (const std::string& line : lines)
    ticks = std::max(ticks, longest_run(line, '`'));
  const std::string fence(ticks + 1, '`');
  std::string block = fence + std::string(language) + "\n";
  for (const std::string& line : lines)
    block += line + "\n";
  return block + fence + "\n";
}

std::string_view mark(Verdict verdict) { return glyph(verdict, Style{}); }

std::string counts(const Summary& summary) {
  std::string text;
  const auto count = [&](int number, Verdict verdict) {
    if (number == 0) return;
    text += (text.empty() ? "" : ", ") + std::string(mark(verdict)) + " " + std::to_string(number) + " " + std::string(to_string(verdict));
    if (verdict == Verdict::passed && summary.flaky != 0) text += " (" + std::to_string(summary.flaky) + " flaky)";
  };
  for (const auto& [number, verdict] : {std::pair(summary.failed, Verdict::failed), std::pair(summary.error, Verdict::error),
                                        std::pair(summary.aborted, Verdict::aborted), std::pair(summary.passed, Verdict::passed),
                                        std::pair(summary.unsupported, Verdict::unsupported), std::pair(summary.skipped, Verdict::skipped)})
    count(number, verdict);
  return text.empty() ? "no cells" : text;
}

// A table of the first two roles' implementations, each field made of the cells of one pair.
class Table {
 public:
  using Field = std::vector<const CellRecord*>;

  void add(const CellRecord& cell) {
    if (cell.cell.cast.empty()) return;
    const Casting& row = cell.cell.cast.front();
    const Casting column = cell.cell.cast.size() > 1 ? cell.cell.cast[1] : Casting{"", ""};
    corner_ = row.role + (column.role.empty() ? "" : " \\ " + column.role);
    fields_[{rows_.place(row.implementation), columns_.place(column.implementation)}].push_back(&cell);
  }

  // Empty when it would be too wide to read.
  template <class Tell>
  std::string text(const Tell& tell) const {
    if (rows_.names.empty() || columns_.names.size() > most_columns) return "";
    std::string table = "| " + code(corner_) + " |";
    for (const std::string& column : columns_.names)
      table += " " + (column.empty() ? "" : code(column)) + " |";
    table += "\n|---|";
    for (std::size_t i = 0; i < columns_.names.size(); ++i)
      table += "---|";
    table += "\n";
    for (std::size_t row = 0; row < rows_.names.size(); ++row) {
      table += "| " + code(rows_.names[row]) + " |";
      for (std::size_t column = 0; column < columns_.names.size(); ++column) {
        const auto field = fields_.find({row, column});
        table += field == fields_.end() ? " |" : " " + tell(field->second) + " |";
      }
      table += "\n";
    }
    return table;
  }

 private:
  std::string corner_;
  Axis rows_, columns_;
  std::map<std::pair<std::size_t, std::size_t>, Field> fields_;
};

std::string marks(const Table::Field& cells) {
  std::string text;
  for (const CellRecord* cell : cells)
    text += std::string(mark(cell->verdict)) + (cell->flaky ? "~" : "");
  return text;
}

class MarkdownReport {
 public:
  MarkdownReport(const Recording& recording, Evidence& evidence, std::size_t limit_bytes, const TextSink& out)
      : recording_(recording), run_(recording.run), evidence_(evidence), room_(limit_bytes), out_(out) {}

  void write() {
    put(title());
    put(matrix());
    failures();
    put(flaky());
    cells();
    put(absent());
    if (left_out_ != 0)
      out_("\n" + counted(left_out_, "part is", "parts are") + " left out here to keep this short; the report has everything.\n");
  }

 private:
  // A part, whole or not at all.
  bool put(const std::string& text) {
    if (text.empty()) return true;
    if (text.size() + reserved_bytes > room_) {
      ++left_out_;
      return false;
    }
    room_ -= text.size();
    out_(text);
    return true;
  }

  std::string title() const {
    const Summary& summary = run_.summary;
    const int bad = summary.failed + summary.error + summary.aborted;
    std::string head = "## Interoperability: ";
    if (bad != 0) {
      head += std::to_string(bad) + " of " + counted(static_cast<std::size_t>(std::max(summary.total, 0)), "cell") +
              (summary.failed == bad ? " failed" : " did not pass");
    } else {
      head += summary.passed == 0 ? "nothing was shown" : summary.passed == summary.total ? "all passed" : "nothing failed";
    }
    head += "\n\n" + counts(summary);
    if (!run_.absent.empty()) head += "; " + std::to_string(run_.absent.size()) + " absent";
    head += ". Run " + code(run_.id) + ", " + duration_text(run_.duration_ms) + ", suite " + code(run_.suite.name) + ", interoper " +
            code(run_.version) + ".\n";
    if (recording_.origin != Recording::Origin::report)
      head += "\nThe run ended before it wrote its report; this is what its timelines tell.\n";
    return head;
  }

  std::string matrix() const {
    Table table;
    for (const CellRecord& cell : run_.cells)
      table.add(cell);
    const std::string text = table.text([](const Table::Field& cells) { return matrix_field(cells, Style{}); });
    return text.empty() ? "" : "\n### Who understands whom\n\n" + text;
  }

  void failures() {
    std::vector<const CellRecord*> failed;
    for (const CellRecord& cell : run_.cells) {
      if (is_failure(cell.verdict)) failed.push_back(&cell);
    }
    if (failed.empty()) return;
    std::sort(failed.begin(), failed.end(), [](const CellRecord* a, const CellRecord* b) {
      const int worse = badness(a->verdict) - badness(b->verdict);
      return worse != 0 ? worse > 0 : a < b;  // else in plan order
    });
    put("\n### What did not pass\n\n");
    std::size_t told = 0;
    while (told < failed.size() && told < most_failures && put(failure(*failed[told])))
      ++told;
    if (told < failed.size()) put("\nand " + std::to_string(failed.size() - told) + " more.\n");
  }

  std::string failure(const CellRecord& cell) {
    std::string text = "<details><summary>" + std::string(mark(cell.verdict)) + " <code>" + html(cell.cell.id, longest_name) + "</code> " +
                       std::string(to_string(cell.verdict));
    if (!cell.reason.empty()) text += " (<code>" + html(cell.reason, longest_name) + "</code>)";
    if (cell.blame)
      text += ", blamed: <code>" + html(cell.blame->role, longest_name) + "</code> of <code>" +
              html(cell.blame->implementation, longest_name) + "</code>";
    text += "</summary>\n\n";
    std::vector<std::string> lines = {visible(cell.message, false, longest_message)};
    if (const AttemptRecord* attempt = counting_attempt(cell)) {
      for (const std::string& line : evidence_.around(*attempt))
        lines.push_back(line);
    }
    text += code_block(lines, "text");
    const std::string again = rerun_command(run_, cell.cell);
    if (!again.empty()) text += "\nAgain:\n\n" + code_block({visible(again, false, longest_message)}, "sh");
    return text + "\n</details>\n";
  }

  std::string flaky() const {
    std::string text;
    std::size_t number = 0;
    for (const CellRecord& cell : run_.cells) {
      if (!cell.flaky || ++number > most_named) continue;
      text += "- " + code(cell.cell.id) + ":";
      std::size_t attempts = 0;
      for (const AttemptRecord& attempt : cell.attempts) {
        if (++attempts > 10) break;
        text += (attempts == 1 ? " " : ", ") + std::string(to_string(attempt.judgement.verdict));
        if (!attempt.judgement.reason.empty()) text += " " + code(attempt.judgement.reason);
      }
      text += "\n";
    }
    if (text.empty()) return "";
    if (number > most_named) text += "- and " + std::to_string(number - most_named) + " more\n";
    return "\n### Flaky\n\n" + text;
  }

  // A folded table for each test; the field of a pair holds a mark for each of its cells.
  void cells() {
    std::vector<std::string> order;
    std::map<std::string, Table> tables;
    for (const CellRecord& cell : run_.cells) {
      const auto [table, is_new] = tables.try_emplace(cell.cell.test);
      if (is_new) order.push_back(cell.cell.test);
      table->second.add(cell);
    }
    bool headed = false;
    for (const std::string& test : order) {
      const std::string table = tables[test].text(marks);
      if (table.empty()) continue;
      const auto known = run_.tests.find(test);
      const std::string title = known == run_.tests.end() || known->second.title.empty() ? "" : ": " + known->second.title;
      if (!headed) put("\n### Every cell\n\n" + legend());
      headed = true;
      put("<details><summary><code>" + html(test + title, longest_name) + "</code></summary>\n\n" + table + "\n</details>\n");
    }
  }

  static std::string legend() {
    std::string text;
    for (const Verdict verdict :
         {Verdict::passed, Verdict::failed, Verdict::unsupported, Verdict::skipped, Verdict::error, Verdict::aborted})
      text += (text.empty() ? "" : ", ") + std::string(mark(verdict)) + " " + std::string(to_string(verdict));
    return text + ", ~ flaky\n\n";
  }

  std::string absent() const {
    std::map<std::pair<std::string, std::string>, int> kinds;  // reason, test
    for (const Absent& absent : run_.absent)
      ++kinds[{absent.reason, absent.test}];
    if (kinds.empty()) return "";
    std::string text = "\n<details><summary>" + std::to_string(run_.absent.size()) + " absent</summary>\n\n";
    std::size_t number = 0;
    for (const auto& [kind, cells] : kinds) {
      if (++number > most_named) continue;
      text += "- " + code(kind.second) + ": " + std::to_string(cells) + ", " + code(kind.first) + "\n";
    }
    if (number > most_named) text += "- and " + std::to_string(number - most_named) + " more kinds\n";
    return text + "\n</details>\n";
  }

  const Recording& recording_;
  const RunRecord& run_;
  Evidence& evidence_;
  std::size_t room_;
  const TextSink& out_;
  std::size_t left_out_ = 0;
};

}  // namespace

void write_markdown(const Recording& recording, Evidence& evidence, std::size_t limit_bytes, const TextSink& out) {
  MarkdownReport(recording, evidence, limit_bytes, out).write();
}

}  // namespace interoper
