// What a run is doing, for a person who waits. A value: it is told what happens, and can be drawn at any moment. It writes nothing itself:
// commands/screen does, on a terminal again and again, elsewhere now and then.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "reporters/live_area.hpp"
#include "reporters/reporter.hpp"
#include "reporters/terminal.hpp"

namespace interoper {

class Progress : public Reporter {
 public:
  using Clock = std::chrono::steady_clock;
  using Milliseconds = std::chrono::milliseconds;

  // Where it knows from what nobody tells.
  struct Sources {
    std::function<Clock::time_point()> now;
    std::function<std::optional<Milliseconds>(const Cell&)> expected{};  // how long the cell took in earlier runs; empty: nobody knows
  };
  explicit Progress(Sources sources) : sources_(std::move(sources)) {}

  void hear(const Tiding& tiding) override;  // never throws

  // The run was interrupted: nothing more is started.
  void set_ending() { ending_ = true; }
  bool is_running() const { return running_now_; }

  // Done of all, elapsed, about how much is left, verdicts; then the cells that run, the oldest first, each with what it waits for.
  // At most `rows` lines of at most style.columns - 1 columns. Nothing when no run goes on.
  std::vector<AreaLine> area(const Style& style, std::size_t rows) const;

  // The same, whole and without limits, for whoever asks: lines, each with its newline.
  std::string answer(const Style& style) const;

  // The same in one line, with its newline, for logs.
  std::string heartbeat(const Style& style) const;

  // About how long it will still take; nothing as long as that would be a guess from nothing.
  std::optional<Milliseconds> left() const;

 private:
  struct Running {
    std::string cell, test;
    int attempt = 1;
    Clock::time_point began;
    std::optional<Milliseconds> expected;
    std::string waits;
  };
  // The cells of one test that have not begun, and what those that ended took.
  struct TestTally {
    std::size_t known = 0, unknown = 0;  // not begun: with and without an expectation
    Milliseconds expected{0};            // of the known
    std::size_t done = 0;
    Milliseconds took{0};
  };

  void begin_run(const RunRecord& run);
  void begin_attempt(const CellRecord& cell, int attempt);
  void end_cell(const CellRecord& cell);
  std::optional<Milliseconds> expected(const Cell& cell) const;
  std::optional<Milliseconds> usual(const TestTally& tally) const;
  Milliseconds since(Clock::time_point moment) const;
  bool is_slow(const Running& running) const;
  AreaLine head(const Style& style, std::size_t columns) const;
  AreaLine line(const Running& running, const Style& style, std::size_t columns, std::size_t id_columns) const;
  std::string left_text(const std::string& before) const;
  std::string waits_text(const Running& running, const Style& style) const;
  std::string counts_text() const;

  Sources sources_;
  bool running_now_ = false;
  bool ending_ = false;
  Clock::time_point began_;
  std::size_t total_ = 0, done_ = 0;
  std::array<int, 6> verdicts_{};  // by Verdict
  std::vector<Running> running_;   // in the order in which they began
  std::map<std::string, TestTally> tests_;
  std::map<std::string, bool> begun_;  // cells that have begun and not ended
  std::size_t took_number_ = 0;
  Milliseconds took_{0};  // all cells that ended
};

}  // namespace interoper
