#include "reporters/progress.hpp"

#include <algorithm>
#include <cmath>

#include "base/overloaded.hpp"
#include "base/visible.hpp"

namespace interoper {
namespace {

// More lines than this nobody reads while they change.
constexpr std::size_t most_lines = 8;
// In one line of a log.
constexpr std::size_t most_named = 5;
constexpr std::size_t widest_bar = 40;
constexpr std::size_t least_bar = 8;
constexpr std::size_t time_columns = 9;    // "59 m 59 s"
constexpr std::size_t waits_columns = 26;  // kept free behind an id: "waiting: worker ready slow"
constexpr std::size_t least_id_columns = 12;
// Slow is what a person would wonder about: a minute, or much longer than the last times.
constexpr std::chrono::seconds slow_after{60};
constexpr int slow_factor = 3;
constexpr std::chrono::seconds never_slow_before{5};
// Before this an estimate only jumps about.
constexpr std::chrono::seconds first_estimate_after{1};

// Whole seconds: what changes ten times a second is not read. "12 s", "2 m 5 s", "1 h 5 m"
std::string clock_text(std::chrono::milliseconds duration) {
  const auto seconds = std::max<std::int64_t>(duration.count() / 1000, 0);
  if (seconds < 60) return std::to_string(seconds) + " s";
  if (seconds < 3600) return std::to_string(seconds / 60) + " m " + std::to_string(seconds % 60) + " s";
  return std::to_string(seconds / 3600) + " h " + std::to_string(seconds / 60 % 60) + " m";
}

// A line that grows by painted pieces, each only when it fits.
class Pieces {
 public:
  Pieces(const Style& style, std::size_t columns) : style_(style), columns_(columns) {}
  bool add(std::string_view text, std::optional<Colour> colour = {}) {
    const std::size_t wide = columns_of(text);
    if (line.columns + wide > columns_) return false;
    line.text += colour ? paint(*colour, text, style_) : std::string(text);
    line.columns += wide;
    return true;
  }
  AreaLine line;

 private:
  const Style& style_;
  std::size_t columns_;
};

}  // namespace

void Progress::hear(const Tiding& tiding) {
  std::visit(
      Overloaded{[this](const RunBegan& it) { begin_run(it.run); }, [this](const AttemptBegan& it) { begin_attempt(it.cell, it.attempt); },
                 [this](const AttemptWaits& it) {
                   for (Running& running : running_) {
                     if (running.attempt == it.attempt && running.cell == it.cell.cell.id) running.waits = it.what;
                   }
                 },
                 [](const EventSeen&) {},
                 [this](const AttemptEnded& it) {
                   std::erase_if(running_, [&](const Running& running) {
                     return running.attempt == it.attempt.n && running.cell == it.cell.cell.id;
                   });
                 },
                 [this](const CellEnded& it) { end_cell(it.cell); }, [this](const RunEnded&) { running_now_ = false; }},
      tiding);
}

std::optional<Progress::Milliseconds> Progress::expected(const Cell& cell) const {
  return sources_.expected ? sources_.expected(cell) : std::nullopt;
}

Progress::Milliseconds Progress::since(Clock::time_point moment) const {
  return std::chrono::duration_cast<Milliseconds>(sources_.now() - moment);
}

void Progress::begin_run(const RunRecord& run) {
  running_now_ = true;
  began_ = sources_.now();
  total_ = run.cells.size();
  for (const CellRecord& cell : run.cells) {
    TestTally& tally = tests_[cell.cell.test];
    const auto known = expected(cell.cell);
    ++(known ? tally.known : tally.unknown);
    tally.expected += known.value_or(Milliseconds(0));
  }
}

void Progress::begin_attempt(const CellRecord& cell, int attempt) {
  const auto known = expected(cell.cell);
  running_.push_back({cell.cell.id, cell.cell.test, attempt, sources_.now(), known, ""});
  if (!begun_.emplace(cell.cell.id, true).second) return;
  TestTally& tally = tests_[cell.cell.test];
  std::size_t& number = known ? tally.known : tally.unknown;
  number -= std::min<std::size_t>(number, 1);
  tally.expected -= known.value_or(Milliseconds(0));
}

void Progress::end_cell(const CellRecord& cell) {
  ++done_;
  ++verdicts_.at(static_cast<std::size_t>(cell.verdict));
  TestTally& tally = tests_[cell.cell.test];
  if (begun_.erase(cell.cell.id) == 0) {  // it never ran
    const auto known = expected(cell.cell);
    std::size_t& number = known ? tally.known : tally.unknown;
    number -= std::min<std::size_t>(number, 1);
    tally.expected -= known.value_or(Milliseconds(0));
    return;
  }
  std::erase_if(running_, [&](const Running& running) { return running.cell == cell.cell.id; });
  const Milliseconds took(cell.duration_ms);
  ++tally.done;
  tally.took += took;
  ++took_number_;
  took_ += took;
}

// What a cell takes of which nothing else is known: what others of its test took, or all others.
std::optional<Progress::Milliseconds> Progress::usual(const TestTally& tally) const {
  if (tally.done > 0) return tally.took / tally.done;
  if (took_number_ > 0) return took_ / took_number_;
  return std::nullopt;
}

std::optional<Progress::Milliseconds> Progress::left() const {
  const Milliseconds elapsed = since(began_);
  if (!running_now_ || elapsed < first_estimate_after) return std::nullopt;
  Milliseconds work{0};     // of one after the other
  Milliseconds longest{0};  // what runs and takes longest
  Milliseconds busy = took_;
  if (!ending_) {
    for (const auto& [test, tally] : tests_) {
      work += tally.expected;
      if (tally.unknown == 0) continue;
      const auto each = usual(tally);
      if (!each) return std::nullopt;
      work += *each * tally.unknown;
    }
  }
  for (const Running& running : running_) {
    const auto whole = running.expected ? running.expected : usual(tests_.at(running.test));
    if (!whole) return std::nullopt;
    const Milliseconds age = since(running.began);
    const Milliseconds rest = std::max(*whole - age, Milliseconds(0));
    longest = std::max(longest, rest);
    work += rest;
    busy += age;
  }
  const double at_once = std::max(1.0, static_cast<double>(busy.count()) / static_cast<double>(elapsed.count()));
  const auto estimate = Milliseconds(static_cast<std::int64_t>(static_cast<double>(work.count()) / at_once));
  return std::max(estimate, longest);
}

bool Progress::is_slow(const Running& running) const {
  const Milliseconds age = since(running.began);
  if (running.expected && age > never_slow_before && age > slow_factor * *running.expected) return true;
  return age > slow_after && (!running.expected || age > *running.expected);
}

// "━━━━━━━━━━──────────  132/240 cells  12 s, about 9 s left  ✔ 120 passed  ✘ 3 failed  ○ 9 unsupported"
AreaLine Progress::head(const Style& style, std::size_t columns) const {
  Pieces pieces(style, columns);
  const std::string number = std::to_string(done_) + "/" + std::to_string(total_) + (total_ == 1 ? " cell" : " cells");
  std::string time = clock_text(since(began_));
  time += left_text(", ");
  if (ending_) time += ", ending";
  const std::string text = number + "  " + time;
  const std::size_t bar = std::min(style.columns / 4, widest_bar);
  if (bar >= least_bar && columns_of(text) + bar + 2 <= columns) {
    const std::size_t full = total_ == 0 ? bar : bar * done_ / total_;
    const auto repeat = [](std::string_view one, std::size_t times) {
      std::string all;
      for (std::size_t i = 0; i < times; ++i)
        all += one;
      return all;
    };
    pieces.add(repeat(style.utf8 ? "━" : "#", full), Colour::cyan);
    pieces.add(repeat(style.utf8 ? "─" : "-", bar - full) + "  ", Colour::dim);
  }
  pieces.add(number, Colour::bold);
  pieces.add("  " + time);
  // What went wrong first: on a narrow terminal it must not be what is missing.
  for (const Verdict verdict :
       {Verdict::failed, Verdict::error, Verdict::passed, Verdict::unsupported, Verdict::skipped, Verdict::aborted}) {
    const int count = verdicts_.at(static_cast<std::size_t>(verdict));
    if (count == 0) continue;
    const std::string label = std::string(glyph(verdict, style)) + " " + std::to_string(count) + " " + std::string(to_string(verdict));
    if (pieces.line.columns + 2 + columns_of(label) > columns) continue;
    pieces.add("  ");
    pieces.add(label, colour_of(verdict));
  }
  return pieces.line;
}

// Nothing where all is overdue: nobody knows then.
std::string Progress::left_text(const std::string& before) const {
  const auto rest = left();
  if (!rest || ending_ || *rest < std::chrono::seconds(1)) return "";
  return before + "about " + clock_text(*rest) + " left";
}

std::string Progress::waits_text(const Running& running, const Style& style) const {
  return running.waits.empty() ? "ending" : "waiting: " + visible(running.waits, !style.utf8);
}

AreaLine Progress::line(const Running& running, const Style& style, std::size_t columns, std::size_t id_columns) const {
  Pieces pieces(style, columns);
  pieces.add("  " + padded(cut_to_columns(visible(running.cell, !style.utf8), id_columns, !style.utf8), id_columns));
  pieces.add("  ");
  const bool slow = is_slow(running);
  pieces.add(padded_left(clock_text(since(running.began)), time_columns), slow ? std::optional(Colour::yellow) : std::nullopt);
  std::string waits = "  " + waits_text(running, style);
  if (running.attempt > 1) waits = "  attempt " + std::to_string(running.attempt) + "," + waits.substr(1);
  const std::size_t room = columns - std::min(columns, pieces.line.columns + (slow ? 6 : 0));
  pieces.add(cut_to_columns(waits, room, !style.utf8), Colour::dim);
  if (slow) pieces.add("  slow", Colour::yellow);
  return pieces.line;
}

std::vector<AreaLine> Progress::area(const Style& style, std::size_t rows) const {
  if (!running_now_ || rows == 0 || style.columns < 2) return {};
  const std::size_t columns = style.columns - 1;  // a terminal breaks the line when its last column is used
  std::vector<AreaLine> lines = {head(style, columns)};
  const std::size_t room = std::min(rows - 1, most_lines);
  const bool all = running_.size() <= room;
  const std::size_t shown = all ? running_.size() : room - std::min<std::size_t>(room, 1);
  std::size_t id_columns = 0;
  for (std::size_t i = 0; i < shown; ++i)
    id_columns = std::max(id_columns, columns_of(running_[i].cell));
  const std::size_t others = 2 + 2 + time_columns + 2 + waits_columns;
  id_columns = std::min(id_columns, columns > others + least_id_columns ? columns - others : least_id_columns);
  for (std::size_t i = 0; i < shown; ++i)
    lines.push_back(line(running_[i], style, columns, id_columns));
  if (!all && room > 0) {
    Pieces more(style, columns);
    more.add(std::string(style.utf8 ? "  … " : "  ... ") + "and " + std::to_string(running_.size() - shown) + " more run", Colour::dim);
    lines.push_back(more.line);
  }
  return lines;
}

std::string Progress::counts_text() const {
  std::string counts;
  for (const Verdict verdict :
       {Verdict::passed, Verdict::failed, Verdict::unsupported, Verdict::skipped, Verdict::error, Verdict::aborted}) {
    const int count = verdicts_.at(static_cast<std::size_t>(verdict));
    if (count != 0) counts += (counts.empty() ? "" : ", ") + std::to_string(count) + " " + std::string(to_string(verdict));
  }
  return counts;
}

std::string Progress::answer(const Style& style) const {
  if (!running_now_) return "no cell runs now\n";
  std::string text = std::to_string(done_) + "/" + std::to_string(total_) + " cells done after " + clock_text(since(began_));
  if (done_ > 0) text += ": " + counts_text();
  text += left_text("; ");
  text += "; " + std::to_string(running_.size()) + (running_.size() == 1 ? " runs" : " run") + (running_.empty() ? "\n" : ":\n");
  std::size_t id_columns = 0;
  for (const Running& running : running_)
    id_columns = std::max(id_columns, columns_of(visible(running.cell, !style.utf8)));
  for (const Running& running : running_) {
    text += "  " + padded(visible(running.cell, !style.utf8), id_columns) + "  " +
            padded_left(clock_text(since(running.began)), time_columns) + "  " +
            (running.attempt > 1 ? "attempt " + std::to_string(running.attempt) + ", " : "") + waits_text(running, style) +
            (is_slow(running) ? "  slow" : "") + "\n";
  }
  return text;
}

std::string Progress::heartbeat(const Style& style) const {
  std::string text = "still running after " + clock_text(since(began_)) + ": " + std::to_string(done_) + "/" + std::to_string(total_) +
                     " cells done" + (done_ > 0 ? " (" + counts_text() + ")" : "");
  for (std::size_t i = 0; i < running_.size() && i < most_named; ++i)
    text += (i == 0 ? "; now " : ", ") + visible(running_[i].cell, !style.utf8) + " (" + clock_text(since(running_[i].began)) + ", " +
            waits_text(running_[i], style) + ")";
  if (running_.size() > most_named) text += " and " + std::to_string(running_.size() - most_named) + " more";
  return text + "\n";
}

}  // namespace interoper
