#include "reporters/console.hpp"

#include <catch2/catch.hpp>

#include "base/json_text.hpp"
#include "reporters/sample_test.hpp"

using namespace interoper;

namespace {

struct Told {
  std::string out, err;
};

Told tell(ConsoleOptions options) {
  options.report = "interop/reports/local-20141124-142320";
  Told told;
  Console console(options, [&](std::string_view text) { told.out += text; }, [&](std::string_view text) { told.err += text; });
  tell_sample(console);
  return told;
}

const std::string failures = R"(✘ failed       net-link~local~telehash-js~hold=5s         2.3 s  exited  1 finding
    driver (telehash-js) exited with status 3 before it said done
    rule      no role exits before the test is done, and none with another status than 0
    blamed    driver: telehash-js, event 15
        0.968  x.unknown  {"number":1e400,"big":9007199254740993,"text":"grüße"}
        1.089  log            at step 1 (link.js:41)
        1.210  log            at step 2 (link.js:42)
        1.331  log            at step 3 (link.js:43)
        1.452  log            at step 4 (link.js:44)
        1.573  log            at step 5 (link.js:45)
        1.694  log            at step 6 (link.js:46)
      > 1.815  exited     {"exit_code":3}
    show      interoper show local-20141124-142320 'net-link~local~telehash-js~hold=5s'
    again     interoper test -t net-link -w local -d telehash-js --seed 7
! error        net-link~local~telehash-js~hold=2m30s      40 ms  image-missing
    there is no image interoper/telehash-js:latest; build it with `interoper tests build telehash-js`
    show      interoper show local-20141124-142320 'net-link~local~telehash-js~hold=2m30s'
    again     interoper test -t net-link -w local -d telehash-js --set hold=2m30s --seed 7
)";

const std::string summary = R"(
7 cells in 20.3 s: 2 passed (1 flaky), 1 failed, 1 unsupported, 1 skipped, 1 error, 1 aborted; 1 absent
1 skipped: not run: the budget of 20 s was used up
slowest:    15.1 s  net-link~local~local~hold=5s
             2.3 s  net-link~local~telehash-js~hold=5s
             1.2 s  sanity~local~local
report: interop/reports/local-20141124-142320
)";

}  // namespace

TEST_CASE("a run is told line by line, failures with what led to them") {
  const Told told = tell({});
  CHECK(told.out == R"(✔ passed       net-link~local~local~hold=5s              15.1 s  flaky: failed (timeout), passed
)" + failures + R"(✔ passed       sanity~local~local                         1.2 s
○ unsupported  sanity~local~telehash-js                  300 ms  exit-127
– skipped      sanity~local~other                                budget
■ aborted      sanity~local~late                         500 ms  interrupted

✘ failed       net-link~local~telehash-js~hold=5s
    driver (telehash-js) exited with status 3 before it said done
! error        net-link~local~telehash-js~hold=2m30s
    there is no image interoper/telehash-js:latest; build it with `interoper tests build telehash-js`
)" + summary);
  CHECK(told.err ==
        "7 cells, 1 absent; report: interop/reports/local-20141124-142320\n"
        "again: net-link~local~local~hold=5s, attempt 1 failed (timeout)\n");
}

TEST_CASE("quiet: failures and the summary") {
  ConsoleOptions options;
  options.quiet = true;
  const Told told = tell(options);
  CHECK(told.out == failures + summary);
  CHECK(told.err.empty());
}

TEST_CASE("verbose: every event, on standard error") {
  ConsoleOptions options;
  options.verbose = true;
  const Told told = tell(options);
  CHECK(told.out == tell({}).out);
  CHECK(told.err.find("net-link~local~local~hold=5s #2           1.525  driver    started\n") != std::string::npos);
  CHECK(told.err.find("net-link~local~telehash-js~hold=5s        0.847  driver    log       \\e[31mred\\e[0m and a bell \\x07 and "
                      "<script>alert(1)</script>\n") != std::string::npos);
}

TEST_CASE("colour and ASCII") {
  ConsoleOptions options;
  options.out = Style{true, false, 0};
  const std::string out = tell(options).out;
  CHECK(out.find("\x1b[31mx failed\x1b[0m       net-link") != std::string::npos);
  CHECK(out.find("\x1b[1m> 1.815  exited     {\"exit_code\":3}\x1b[0m\n") != std::string::npos);
  CHECK(out.find("\"text\":\"gr\\u{fc}\\u{df}e\"") != std::string::npos);
  for (const char c : out)
    CHECK_FALSE((static_cast<unsigned char>(c) >= 0x80));
}

namespace {

// One cell that fails, with `events` before and after the deciding one.
std::string failing(const std::vector<Event>& events, std::uint64_t decided, const std::string& message) {
  RunRecord run = sample_plan();
  run.cells.resize(1);
  std::string out;
  Console console({}, [&](std::string_view text) { out += text; }, [](std::string_view) {});
  console.hear(RunBegan{run});
  CellRecord& cell = run.cells[0];
  console.hear(AttemptBegan{cell, 1});
  for (const Event& event : events)
    console.hear(EventSeen{cell, 1, event});
  AttemptRecord attempt;
  attempt.judgement.verdict = Verdict::failed;
  attempt.judgement.blame = Blame{"driver", "go", 1, decided};
  cell.verdict = Verdict::failed;
  cell.reason = "assert";
  cell.message = message;
  cell.blame = attempt.judgement.blame;
  cell.attempts = {attempt};
  console.hear(AttemptEnded{cell, attempt, false});
  console.hear(CellEnded{cell});
  return out;
}

Event log_event(std::uint64_t seq, const std::string& line) {
  return sample_event(seq, static_cast<std::int64_t>(seq) * 1000, "driver",
                      R"("by":"engine","ty":"log","in":{"line":)" + json_quote(line) + R"(,"stream":"stdout"})");
}

}  // namespace

TEST_CASE("what a process or a message says is shown, not obeyed") {
  const std::string out =
      failing({log_event(0, "\x1b]0;title\x07\x1b[2J"), log_event(1, std::string(5'000'000, '\x1b'))}, 1, "a\nb\x1b[31m");
  CHECK(out.find('\x1b') == std::string::npos);
  CHECK(out.find("a\\nb\\e[31m\n") != std::string::npos);
  CHECK(out.find("\\e]0;title\\x07\\e[2J\n") != std::string::npos);
  CHECK(out.size() < 3000);
}

TEST_CASE("the lines around the deciding event are few, also in a flood") {
  std::vector<Event> events;
  for (std::uint64_t seq = 0; seq < 1000; ++seq)
    events.push_back(log_event(seq, "line " + std::to_string(seq)));
  const std::string late = failing(events, 990, "m");
  CHECK(late.find("        0.983  log  line 983\n") != std::string::npos);
  CHECK(late.find("      > 0.990  log  line 990\n") != std::string::npos);
  CHECK(late.find("        0.993  log  line 993\n") != std::string::npos);
  CHECK(late.find("line 982\n") == std::string::npos);
  CHECK(late.find("line 994\n") == std::string::npos);

  const std::string early = failing(events, 3, "m");
  CHECK(early.find("        0.999  log  line 999\n") != std::string::npos);
  CHECK(early.find("        (event 3, which decided, stands further up in the timeline)\n") != std::string::npos);
  CHECK(early.find("line 991\n") == std::string::npos);
}

TEST_CASE("where the time ran out, what every role did last is told") {
  const auto of = [](std::uint64_t seq, const std::string& role, const std::string& type) {
    return sample_event(seq, static_cast<std::int64_t>(seq) * 1000, role, R"("ty":")" + type + "\"");
  };
  std::vector<Event> events;
  for (std::uint64_t seq = 0; seq < 20; ++seq)
    events.push_back(of(seq, seq % 2 == 0 ? "driver" : "worker", "step" + std::to_string(seq)));
  events.push_back(of(20, "", "timeout"));
  events.push_back(of(21, "worker", "stopping"));
  const std::string out = failing(events, 20, "m");
  CHECK(out.find(
            "        0.004  driver  step4\n        0.006  driver  step6\n        0.008  driver  step8\n        0.009  worker  step9\n") !=
        std::string::npos);
  CHECK(out.find("        0.019  worker  step19\n      > 0.020          timeout\n") != std::string::npos);
  CHECK(out.find("step7\n") == std::string::npos);
  CHECK(out.find("stopping") == std::string::npos);
}

TEST_CASE("an event that is broken does no harm") {
  Event event;
  event.role = "driver";
  event.type = "log";
  event.line = R"({"in": 3, "to": [)";
  CHECK_NOTHROW(failing({event, event}, 0, "m"));
  event.line = "";
  CHECK_NOTHROW(failing({event}, 0, "m"));
  event.line = R"({"in": {"line": 7}})";
  CHECK(failing({event}, 0, "m").find("log  7\n") != std::string::npos);
}

TEST_CASE("a run without cells, and one without a report, are told as well") {
  RunRecord run = sample_plan();
  run.cells.clear();
  run.absent.clear();
  run.summary = {};
  std::string out;
  Console console({}, [&](std::string_view text) { out += text; }, [](std::string_view) {});
  console.hear(RunBegan{run});
  console.hear(RunEnded{run});
  CHECK(out == "0 cells in 0 ms\n");
}

TEST_CASE("what kept every cell from running is said once") {
  RunRecord run = sample_plan();
  run.cells.resize(2);
  run.absent.clear();
  run.cells[0].cell.id = "first";
  run.cells[1].cell.id = "second";
  for (CellRecord& cell : run.cells) {
    cell.attempts.clear();
    cell.verdict = Verdict::error;
    cell.reason = "engine-unreachable";
    cell.message = "no engine answers";
  }
  run.summary = {};
  run.summary.error = run.summary.total = 2;
  run.duration_ms = 1;
  run.command.clear();
  std::string out;
  Console console({}, [&](std::string_view text) { out += text; }, [](std::string_view) {});
  console.hear(RunBegan{run});
  console.hear(CellEnded{run.cells[0]});
  console.hear(CellEnded{run.cells[1]});
  console.hear(RunEnded{run});
  CHECK(out == R"(! error        first              engine-unreachable
    no engine answers
! error        second             engine-unreachable

2 cells in 1 ms: 2 error
)");
}

TEST_CASE("at the end a fault of many cells is told once, and of very many faults some") {
  RunRecord run = sample_plan();
  const CellRecord pattern = run.cells.front();
  run.cells.clear();
  for (int i = 0; i < 40; ++i) {
    CellRecord& cell = run.cells.emplace_back(pattern);
    cell.cell.id = "cell-" + std::to_string(i);
    cell.verdict = Verdict::failed;
    cell.reason = "exited";
    cell.message = (i < 3 ? "worker" : "driver-" + std::string(static_cast<std::size_t>(i), 'x')) + " exited with " + std::to_string(i);
    cell.attempts.resize(1);
  }
  std::string out;
  Console console({}, [&](std::string_view text) { out += text; }, [](std::string_view) {});
  console.hear(RunBegan{run});
  for (const CellRecord& cell : run.cells)
    console.hear(CellEnded{cell});
  out.clear();
  console.hear(RunEnded{run});
  CHECK(
      out.starts_with("\n✘ failed       cell-0\n    worker exited with 0\n    and 2 more cells in the same way\n✘ failed       cell-3\n"));
  CHECK(out.find("… and 8 more kinds of failure: interoper show " + run.id + "\n") != std::string::npos);
  CHECK(out.find("cell-33\n") == std::string::npos);
}

TEST_CASE("long names push, but do not break") {
  RunRecord run = sample_plan();
  run.cells.resize(2);
  run.cells[0].cell.id = std::string(100, 'x');
  run.cells[1].cell.id = "short";
  run.cells[0].verdict = run.cells[1].verdict = Verdict::passed;
  run.cells[0].reason = run.cells[1].reason = "";
  std::string out;
  Console console({}, [&](std::string_view text) { out += text; }, [](std::string_view) {});
  console.hear(RunBegan{run});
  console.hear(CellEnded{run.cells[0]});
  console.hear(CellEnded{run.cells[1]});
  CHECK(out == "✔ passed       " + std::string(100, 'x') + "\n✔ passed       short\n");
}
