#include "reporters/progress.hpp"

#include <catch2/catch.hpp>

#include "base/visible.hpp"
#include "reporters/sample_test.hpp"

using namespace interoper;
using namespace std::chrono_literals;

namespace {

// A run of cells a, b, c … of a test each, on a clock that stands still unless it is moved.
struct Trial {
  Progress::Clock::time_point now{};
  std::map<std::string, std::chrono::milliseconds> expected;
  RunRecord run;
  Progress progress{{[this] { return now; },
                     [this](const Cell& cell) -> std::optional<std::chrono::milliseconds> {
                       const auto found = expected.find(cell.id);
                       if (found == expected.end()) return std::nullopt;
                       return found->second;
                     }}};

  explicit Trial(const std::vector<std::string>& cells, std::map<std::string, std::chrono::milliseconds> known = {})
      : expected(std::move(known)) {
    for (const std::string& id : cells) {
      run.cells.emplace_back();
      run.cells.back().cell.id = run.cells.back().cell.test = id;
    }
    progress.hear(RunBegan{run});
  }
  void begin(std::size_t cell, const std::string& waits = "worker ready", int attempt = 1) {
    progress.hear(AttemptBegan{run.cells[cell], attempt});
    progress.hear(AttemptWaits{run.cells[cell], attempt, waits});
  }
  void end(std::size_t cell, Verdict verdict, std::chrono::milliseconds took) {
    AttemptRecord attempt;
    run.cells[cell].verdict = verdict;
    run.cells[cell].duration_ms = took.count();
    progress.hear(AttemptEnded{run.cells[cell], attempt, false});
    progress.hear(CellEnded{run.cells[cell]});
  }
  std::vector<std::string> area(std::size_t columns, std::size_t rows = 24, bool utf8 = true) const {
    std::vector<std::string> lines;
    for (const AreaLine& line : progress.area(Style{false, utf8, columns}, rows)) {
      CHECK(line.columns == columns_of(line.text));
      CHECK(line.columns < columns);
      lines.push_back(line.text);
    }
    return lines;
  }
};

using Lines = std::vector<std::string>;

std::string joined(const Lines& lines) {
  std::string text;
  for (const std::string& line : lines)
    text += line + "\n";
  return text;
}

}  // namespace

TEST_CASE("the area says how far the run is, and what runs and waits for what") {
  Trial trial({"handshake~openssl~nss", "transfer~gnutls~botan~version=1.2", "c", "d"});
  CHECK(joined(trial.area(80)) == "────────────────────  0/4 cells  0 s\n");
  trial.begin(0);
  trial.begin(1, "runtime");
  trial.now += 12s;
  trial.begin(2, "driver done", 2);
  trial.end(0, Verdict::passed, 12s);
  CHECK(joined(trial.area(80)) ==
        R"(━━━━━───────────────  1/4 cells  12 s, about 12 s left  ✔ 1 passed
  transfer~gnutls~botan~version=1.2       12 s  waiting: runtime
  c                                        0 s  attempt 2, waiting: driver done
)");
  CHECK(joined(trial.area(40)) == R"(1/4 cells  12 s, about 12 s left
  transfer~gn…       12 s  waiting: ru…
  c                   0 s  attempt 2, …
)");
  trial.end(2, Verdict::failed, 1s);
  trial.now += 100s;
  CHECK(joined(trial.area(80, 24, false)) ==
        R"(##########----------  2/4 cells  1 m 52 s, about 5 s left  x 1 failed
  transfer~gnutls~botan~version=1.2   1 m 52 s  waiting: runtime  slow
)");
}

TEST_CASE("the area fits any terminal") {
  Lines names;
  for (int i = 0; i < 30; ++i)
    names.push_back("日本語-" + std::string(100, 'x') + std::to_string(i));
  Trial trial(names);
  for (std::size_t i = 0; i < 29; ++i)
    trial.begin(i, std::string(200, 'w'), 7);
  trial.end(3, Verdict::failed, 1s);
  trial.now += 2h;
  for (std::size_t columns = 0; columns < 200; ++columns) {
    for (std::size_t rows = 0; rows < 12; ++rows) {
      const Lines lines = trial.area(columns, rows);
      CHECK(lines.size() <= rows);
    }
  }
  const Lines lines = trial.area(80);
  CHECK(lines.size() == 9);
  CHECK(lines.back() == "  … and 21 more run");
}

TEST_CASE("how long it takes is told from earlier runs, or from this one, or not at all") {
  Trial unknown({"a", "b"});
  unknown.begin(0);
  unknown.now += 10s;
  CHECK_FALSE(unknown.progress.left());

  Trial known({"a", "b", "c"}, {{"a", 20s}, {"b", 10s}, {"c", 5s}});
  CHECK_FALSE(known.progress.left());  // too early to tell
  known.begin(0);
  known.now += 5s;
  CHECK(known.progress.left() == 30s);  // 15 s of a, then b and c
  known.begin(1);
  known.now += 5s;
  CHECK(known.progress.left() == std::chrono::milliseconds(13333));  // 10 + 5 + 5 s of work, one and a half at once
  known.end(0, Verdict::passed, 10s);
  known.end(1, Verdict::passed, 5s);
  known.end(2, Verdict::skipped, 0s);
  CHECK(known.progress.left() == 0s);
  known.progress.hear(RunEnded{known.run});
  CHECK_FALSE(known.progress.left());
  CHECK(known.area(80).empty());
  CHECK_FALSE(known.progress.is_running());
}

TEST_CASE("slow is what takes a minute, or much longer than before") {
  Trial trial({"new", "quick", "long"}, {{"quick", 2s}, {"long", 300s}});
  for (std::size_t i = 0; i < 3; ++i)
    trial.begin(i);
  const auto slow = [&] {
    std::string names;
    for (const std::string& line : trial.area(80))
      if (line.ends_with("slow")) names += line.substr(2, line.find(' ', 2) - 2) + " ";
    return names;
  };
  trial.now += 4s;
  CHECK(slow().empty());
  trial.now += 3s;
  CHECK(slow() == "quick ");
  trial.now += 54s;
  CHECK(slow() == "new quick ");
}

TEST_CASE("who asks is told everything; a log gets one line") {
  Trial trial({"a", "b", "c"});
  CHECK(trial.progress.answer(Style{}) == "0/3 cells done after 0 s; 0 run\n");
  trial.begin(0, "worker \x1b[31mready");
  trial.begin(1, "");
  trial.end(1, Verdict::failed, 1s);
  trial.begin(2, "driver exit", 2);
  trial.now += 61s;
  CHECK(trial.progress.answer(Style{}) == R"(1/3 cells done after 1 m 1 s: 1 failed; 2 run:
  a    1 m 1 s  waiting: worker \e[31mready  slow
  c    1 m 1 s  attempt 2, waiting: driver exit  slow
)");
  CHECK(
      trial.progress.heartbeat(Style{}) ==
      "still running after 1 m 1 s: 1/3 cells done (1 failed); now a (1 m 1 s, waiting: worker \\e[31mready), c (1 m 1 s, waiting: driver "
      "exit)\n");
  trial.progress.set_ending();
  CHECK(trial.area(80)[0] == "━━━━━━──────────────  1/3 cells  1 m 1 s, ending  ✘ 1 failed");
}
