#include "reporters/tap.hpp"

#include <catch2/catch.hpp>

#include "reporters/sample_test.hpp"

using namespace interoper;

TEST_CASE("a run as TAP 14") {
  std::string out;
  Tap tap([&](std::string_view text) { out += text; });
  tell_sample(tap);
  CHECK(out == R"(TAP version 14
1..7
ok 1 - net-link~local~local~hold=5s
  ---
  verdict: passed
  flaky: true
  attempts:
    - "failed (timeout): the time ran out after 9 s: driver (local) had not exited"
    - "passed"
  duration_ms: 15100
  ...
not ok 2 - net-link~local~telehash-js~hold=5s
  ---
  verdict: failed
  reason: "exited"
  message: "driver (telehash-js) exited with status 3 before it said done"
  blame:
    role: "driver"
    implementation: "telehash-js"
    attempt: 1
    seq: 15
  flaky: false
  duration_ms: 2300
  again: "interoper test -t net-link -w local -d telehash-js --seed 7"
  ...
not ok 3 - net-link~local~telehash-js~hold=2m30s
  ---
  verdict: error
  reason: "image-missing"
  message: "there is no image interoper/telehash-js:latest; build it with `interoper tests build telehash-js`"
  flaky: false
  duration_ms: 40
  again: "interoper test -t net-link -w local -d telehash-js --set hold=2m30s --seed 7"
  ...
ok 4 - sanity~local~local
ok 5 - sanity~local~telehash-js # SKIP exit-127: driver (telehash-js) exited with 127 before it was ready: it does not play this role
ok 6 - sanity~local~other # SKIP budget: not run: the budget of 20 s was used up
not ok 7 - sanity~local~late
  ---
  verdict: aborted
  reason: "interrupted"
  message: "the run was interrupted before this cell ended"
  flaky: false
  duration_ms: 500
  again: "interoper test -t sanity -w local --seed 7"
  ...
)");
}

TEST_CASE("cells that never ended are points too") {
  std::string out;
  Tap tap([&](std::string_view text) { out += text; });
  RunRecord run = sample_plan();
  run.cells.resize(1);
  tap.hear(RunBegan{run});
  tap.hear(RunEnded{run});
  CHECK(out ==
        "TAP version 14\n1..1\nnot ok 1 - net-link~local~local~hold=5s\n  ---\n  verdict: aborted\n  reason: \"unfinished\"\n"
        "  message: \"the run ended before this cell did\"\n  flaky: false\n  duration_ms: 0\n"
        "  again: \"interoper test -t net-link -w local -d local --seed 7\"\n  ...\n");
}

TEST_CASE("a run without cells has a plan of nothing") {
  std::string out;
  Tap tap([&](std::string_view text) { out += text; });
  RunRecord run = sample_plan();
  run.cells.clear();
  tap.hear(RunBegan{run});
  tap.hear(RunEnded{run});
  CHECK(out == "TAP version 14\n1..0 # SKIP no cells\n");
}

TEST_CASE("what would be read as TAP is escaped") {
  std::string out;
  Tap tap([&](std::string_view text) { out += text; });
  RunRecord run = sample_plan();
  run.cells.resize(2);
  run.cells[0].cell.id = "a#b\\c\nok 2";
  run.cells[0].verdict = Verdict::skipped;
  run.cells[0].reason = "x # y";
  run.cells[0].message = "";
  run.cells[1].cell.id = "z";
  run.cells[1].verdict = Verdict::failed;
  run.cells[1].reason = "r";
  run.cells[1].message = "line one\nline \"two\"\x1b[31m: x";
  tap.hear(CellEnded{run.cells[0]});
  tap.hear(CellEnded{run.cells[1]});
  CHECK(out ==
        "ok 1 - a\\#b\\\\c\\\\nok 2 # SKIP x \\# y\nnot ok 2 - z\n  ---\n  verdict: failed\n  reason: \"r\"\n"
        "  message: \"line one\\\\nline \\\"two\\\"\\\\e[31m: x\"\n  flaky: false\n  duration_ms: 0\n  ...\n");
}

TEST_CASE("a run from its recording is the same, in plan order") {
  std::string streamed, rendered;
  Tap tap([&](std::string_view text) { streamed += text; });
  tell_sample(tap);
  Recording recording;
  recording.run = sample_run();
  write_tap(recording, [&](std::string_view text) { rendered += text; });
  CHECK(rendered == streamed);
}

TEST_CASE("named results are a subtest, and none is worse than its cell") {
  Recording recording;
  CellRecord& cell = recording.run.cells.emplace_back();
  cell.cell.id = "all~a~b";
  cell.verdict = Verdict::failed;
  cell.reason = "result";
  cell.message = "two did not pass";
  AttemptRecord& attempt = cell.attempts.emplace_back();
  attempt.judgement.verdict = Verdict::failed;
  attempt.judgement.results = {{"one", Verdict::passed, "", "", 3, 1},
                               {"two # \n", Verdict::failed, "differs", "a \"b\"", {}, 2},
                               {"three", Verdict::skipped, "too slow", "", {}, 3}};
  const auto rendered = [&] {
    std::string text;
    write_tap(recording, [&](std::string_view piece) { text += piece; });
    return text;
  };
  const std::string head = "TAP version 14\n1..1\n# Subtest: all~a~b\n    1..3\n    ok 1 - one\n    not ok 2 - two \\# \\\\n";
  const std::string diagnostics =
      "\n      ---\n      verdict: failed\n      reason: \"differs\"\n      message: \"a \\\"b\\\"\"\n      seq: 2\n      ...\n";
  CHECK(rendered() ==
        head + diagnostics +
            "    ok 3 - three # SKIP too slow\nnot ok 1 - all~a~b\n  ---\n  verdict: failed\n  reason: \"result\"\n  message: "
            "\"two did not pass\"\n  flaky: false\n  duration_ms: 0\n  ...\n");
  cell.verdict = attempt.judgement.verdict = Verdict::passed;
  cell.reason = cell.message = "";
  CHECK(rendered() ==
        head + " # todo without influence on the verdict" + diagnostics + "    ok 3 - three # SKIP too slow\nok 1 - all~a~b\n");
}
