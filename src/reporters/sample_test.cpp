#include "reporters/sample_test.hpp"

#include <stdlib.h>

#include <catch2/catch.hpp>
#include <charconv>

#include "base/json_text.hpp"

namespace interoper {
namespace {

using std::chrono::milliseconds;
using std::chrono::system_clock;

constexpr std::int64_t began_ms = 1416839000000;  // 2014-11-24T14:23:20Z
const std::string local_image = "sha256:1111111111111111111111111111111111111111111111111111111111111111";
const std::string js_image = "sha256:2222222222222222222222222222222222222222222222222222222222222222";

system_clock::time_point after(std::int64_t ms) { return system_clock::time_point(milliseconds(began_ms + ms)); }

CellRecord planned(const std::string& test, const std::string& driver, const Params& params = {}) {
  CellRecord record;
  record.cell.test = test;
  record.cell.cast = {{"worker", "local"}, {"driver", driver}};
  record.cell.params = params;
  record.cell.labels = {{"kind", test == "sanity" ? "smoke" : "link"}};
  record.cell.id = cell_id(test, record.cell.cast, params);
  record.reason = "unfinished";
  record.message = "the run ended before this cell did";
  return record;
}

AttemptRecord attempt_of(const CellRecord& cell, int n, std::int64_t started_ms, std::int64_t duration_ms, std::uint64_t events) {
  AttemptRecord attempt;
  attempt.n = n;
  attempt.judgement.verdict = Verdict::passed;
  attempt.started = after(started_ms);
  attempt.duration_ms = duration_ms;
  attempt.events = events;
  attempt.log = timeline_path(cell.cell.id, n);
  attempt.roles["worker"] = {RoleOutcome::Exit{0, std::nullopt, false}, local_image};
  attempt.roles["driver"] = {RoleOutcome::Exit{0, std::nullopt, false},
                             cell.cell.cast[1].implementation == "local" ? local_image : js_image};
  return attempt;
}

void judge(AttemptRecord& attempt, Verdict verdict, const std::string& reason, const std::string& message) {
  attempt.judgement.verdict = verdict;
  attempt.judgement.reason = reason;
  attempt.judgement.message = message;
}

void blame(AttemptRecord& attempt, const std::string& role, const std::string& implementation, std::uint64_t seq) {
  attempt.judgement.blame = Blame{role, implementation, attempt.n, seq};
}

// The cell's verdict is its last attempt's.
void fold(CellRecord& cell) {
  const Judgement& last = cell.attempts.back().judgement;
  cell.verdict = last.verdict;
  cell.reason = last.reason;
  cell.message = last.message;
  cell.blame = last.blame;
  cell.duration_ms = 0;
  for (const AttemptRecord& attempt : cell.attempts)
    cell.duration_ms += attempt.duration_ms;
}

void end_passed(CellRecord& cell) {
  cell.attempts.push_back(attempt_of(cell, 1, 100, 1200, 12));
  cell.attempts[0].judgement.measurements.push_back({"handshake", "9007199254740993", "ns", "driver", 6});
  fold(cell);
}

void end_unsupported(CellRecord& cell) {
  AttemptRecord& attempt = cell.attempts.emplace_back(attempt_of(cell, 1, 1400, 300, 9));
  judge(attempt, Verdict::unsupported, "exit-127", "driver (telehash-js) exited with 127 before it was ready: it does not play this role");
  attempt.roles["driver"].exit = RoleOutcome::Exit{127, std::nullopt, false};
  attempt.roles["worker"].exit = RoleOutcome::Exit{143, 15, false};
  fold(cell);
}

void end_flaky(CellRecord& cell) {
  AttemptRecord first = attempt_of(cell, 1, 1800, 9000, 12);
  judge(first, Verdict::failed, "timeout", "the time ran out after 9 s: driver (local) had not exited");
  blame(first, "driver", "local", 5);
  first.roles["driver"].exit = RoleOutcome::Exit{137, 9, false};
  first.roles["worker"].exit = RoleOutcome::Exit{143, 15, false};
  first.judgement.conditions.push_back({R"({"event": {"ty": "exchange.started"}})", false, std::nullopt});
  AttemptRecord second = attempt_of(cell, 2, 10900, 6100, 12);
  second.judgement.conditions.push_back({R"({"event": {"ty": "exchange.started"}})", true, 5});
  cell.attempts = {first, second};
  cell.flaky = true;
  fold(cell);
}

void end_exited(CellRecord& cell) {
  AttemptRecord& attempt = cell.attempts.emplace_back(attempt_of(cell, 1, 17100, 2300, 19));
  judge(attempt, Verdict::failed, "exited", "driver (telehash-js) exited with status 3 before it said done");
  blame(attempt, "driver", "telehash-js", 15);
  attempt.roles["driver"].exit = RoleOutcome::Exit{3, std::nullopt, false};
  attempt.roles["worker"].exit = RoleOutcome::Exit{143, 15, false};
  attempt.judgement.findings.push_back({"driver", "id-used-twice", "the id 7 stands on two events", 8});
  fold(cell);
}

void end_error(CellRecord& cell) {
  AttemptRecord& attempt = cell.attempts.emplace_back(attempt_of(cell, 1, 19500, 40, 3));
  judge(attempt, Verdict::error, "image-missing",
        "there is no image interoper/telehash-js:latest; build it with `interoper tests build telehash-js`");
  attempt.roles["worker"] = {};
  attempt.roles["driver"] = {};
  fold(cell);
}

void end_skipped(CellRecord& cell) {
  cell.verdict = Verdict::skipped;
  cell.reason = "budget";
  cell.message = "not run: the budget of 20 s was used up";
}

void end_aborted(CellRecord& cell) {
  AttemptRecord& attempt = cell.attempts.emplace_back(attempt_of(cell, 1, 19600, 500, 6));
  judge(attempt, Verdict::aborted, "interrupted", "the run was interrupted before this cell ended");
  attempt.roles["worker"].exit = RoleOutcome::Exit{143, 15, false};
  attempt.roles["driver"] = {};
  fold(cell);
}

// The events of an attempt before its `status`, as (role, rest of the line).
std::vector<std::pair<std::string, std::string>> script(const CellRecord& cell, const AttemptRecord& attempt) {
  const std::string driver = cell.cell.cast[1].implementation;
  const std::string exec = R"("by":"engine","ty":"exec","in":{"worker":"local","driver":")" + driver +
                           R"(","roles":{"worker":"local","driver":")" + driver + "\"}}";
  const std::string started = R"("by":"engine","ty":"started")";
  const std::string ready = R"("id":1,"ty":"ready","in":{})";
  const std::string done = R"("id":9,"ty":"done")";
  const auto exited = [](int code, int signal = 0) {
    return R"("by":"engine","ty":"exited","in":{"exit_code":)" + std::to_string(code) +
           (signal == 0 ? "" : R"(,"signal":)" + std::to_string(signal)) + "}";
  };
  const auto log = [](const std::string& line) {
    return R"("by":"engine","ty":"log","in":{"line":)" + json_quote(line) + R"(,"stream":"stderr"})";
  };
  const auto stopping = [](const std::string& signal) { return R"("by":"engine","ty":"stopping","in":{"signal":")" + signal + "\"}"; };

  std::vector<std::pair<std::string, std::string>> events = {{"", exec}};
  const auto add = [&](const std::string& role, const std::string& more) { events.emplace_back(role, more); };
  if (attempt.judgement.verdict == Verdict::error) {
    add("", R"("by":"engine","ty":"trouble","in":{"what":"there is no image interoper/telehash-js:latest","reason":"image-missing"})");
    return events;
  }
  add("worker", started);
  if (attempt.judgement.verdict == Verdict::aborted) {
    add("", R"("by":"engine","ty":"interrupted")");
    add("worker", stopping("SIGTERM"));
    add("worker", exited(143, 15));
    return events;
  }
  add("worker", ready);
  add("driver", started);
  if (attempt.judgement.verdict == Verdict::passed) {
    add("driver", ready);
    add("driver", R"("id":2,"ty":"exchange.started","in":{"exchange_id":1,"peer":"uvabrvfqacyvgcu8kbrrmk9apjbvgvn2wjechqr3vf9c1zm3hv7g"})");
    add("driver", R"("id":3,"ty":"measurement","in":{"name":"handshake","value":9007199254740993,"unit":"ns"})");
    add("driver", done);
    add("driver", exited(0));
    add("worker", stopping("SIGTERM"));
    add("worker", exited(0));
  } else if (attempt.judgement.verdict == Verdict::unsupported) {
    add("driver", log("th-test: unknown test \"sanity\""));
    add("driver", exited(127));
    add("worker", stopping("SIGTERM"));
    add("worker", exited(143, 15));
  } else if (attempt.judgement.reason == "timeout") {
    add("driver", ready);
    add("", R"("by":"engine","ty":"timeout","in":{"timeout_ms":9000})");
    add("worker", stopping("SIGTERM"));
    add("driver", stopping("SIGTERM"));
    add("worker", exited(143, 15));
    add("driver", stopping("SIGKILL"));
    add("driver", exited(137, 9));
  } else {
    add("driver", ready);
    add("worker", log("listening"));
    add("driver", R"("id":7,"ty":"assert","in":{"assert_id":1,"value":"0f3c"})");
    add("driver", log("\x1b[31mred\x1b[0m and a bell \x07 and <script>alert(1)</script>"));
    add("driver", R"("id":7,"ty":"x.unknown","in":{"number":1e400,"big":9007199254740993,"text":"grüße"})");
    for (int i = 1; i <= 6; ++i)
      add("driver", log("    at step " + std::to_string(i) + " (link.js:" + std::to_string(40 + i) + ")"));
    add("driver", exited(3));
    add("worker", stopping("SIGTERM"));
    add("worker", exited(143, 15));
  }
  return events;
}

}  // namespace

Event sample_event(std::uint64_t seq, std::int64_t us, const std::string& role, const std::string& more) {
  Event event;
  event.seq = seq;
  event.ti = began_ms + us / 1000;
  event.us = us;
  event.role = role;
  event.line = R"({"seq":)" + std::to_string(seq) + R"(,"ti":)" + std::to_string(event.ti) + R"(,"us":)" + std::to_string(us);
  if (!role.empty()) event.line += R"(,"ro":)" + json_quote(role);
  event.line += "," + more + "}";
  event.type = json_string(json_at(event.line, "ty").value_or("\"\"")).value_or("");
  event.by_engine = json_at(event.line, "by") == "\"engine\"";
  return event;
}

RunRecord sample_plan() {
  RunRecord run;
  run.id = "local-20141124-142320";
  run.started = after(0);
  run.command = {"interoper", "test", "-t", "*", "-j", "2"};
  run.version = "0.1.0";
  run.runtime = "docker";
  run.host = {{"arch", "x86_64"}, {"cores", "2"}, {"os", "linux"}};
  run.seed = 7;
  run.suite.name = "sample";
  run.suite.source = "interop/tests";
  run.suite.digest = "sha256:3333333333333333333333333333333333333333333333333333333333333333";
  run.suite.description = "{}";
  run.implementations["local"] = {"",
                                  {{"worker", {"image", "interoper/local:latest", local_image, "", "build .", "", "linux/amd64"}},
                                   {"driver", {"image", "interoper/local:latest", local_image, "", "build .", "", "linux/amd64"}}}};
  run.implementations["telehash-js"] = {
      "0.4.18", {{"driver", {"image", "interoper/telehash-js:latest", js_image, "", "build telehash-js", "", "linux/amd64"}}}};
  run.tests["net-link"] = {"Two endpoints link", 9000, "interop/tests/net-link.md",
                           "{\n  \"timeout\": \"9s\",\n  \"params\": {\"hold\": [\"5s\", \"2m30s\"]},\n  \"expect\": [{\"event\": {\"ty\": "
                           "\"exchange.started\"}}],\n  \"x-limit\": 9007199254740993\n}",
                           "The driver links to the worker and *holds* the link.\n"};
  run.tests["sanity"] = {"Does anything run?", 10000, "interop/tests/sanity.md", "{}", ""};
  run.cells = {planned("net-link", "local", {{"hold", "5s"}}),
               planned("net-link", "telehash-js", {{"hold", "5s"}}),
               planned("net-link", "telehash-js", {{"hold", "2m30s"}}),
               planned("sanity", "local"),
               planned("sanity", "telehash-js"),
               planned("sanity", "other"),
               planned("sanity", "late")};
  run.absent = {{"net-link", {{"worker", "local"}, {"driver", "mute"}}, "role not offered"}};
  run.summary = summarise(run.cells);
  return run;
}

RunRecord sample_run() {
  RunRecord run = sample_plan();
  end_flaky(run.cells[0]);
  end_exited(run.cells[1]);
  end_error(run.cells[2]);
  end_passed(run.cells[3]);
  end_unsupported(run.cells[4]);
  end_skipped(run.cells[5]);
  end_aborted(run.cells[6]);
  run.finished = after(20300);
  run.duration_ms = 20300;
  run.exit_code = 1;
  run.summary = summarise(run.cells);
  return run;
}

std::vector<Event> sample_events(const CellRecord& ended, int attempt) {
  const AttemptRecord& record = ended.attempts[static_cast<std::size_t>(attempt) - 1];
  const auto events = script(ended, record);
  const std::int64_t end_us = record.duration_ms * 1000;
  std::vector<Event> timeline;
  for (const auto& [role, more] : events) {
    const auto seq = static_cast<std::int64_t>(timeline.size());
    timeline.push_back(sample_event(timeline.size(), end_us * seq / static_cast<std::int64_t>(events.size() + 1), role, more));
  }
  const Judgement& judgement = record.judgement;
  timeline.push_back(sample_event(timeline.size(), end_us, "",
                                  R"("by":"engine","ty":"status","in":{"success":)" +
                                      std::string(judgement.verdict == Verdict::passed ? "true" : "false") + R"(,"verdict":")" +
                                      std::string(to_string(judgement.verdict)) + R"(","reason":)" + json_quote(judgement.reason) + "}"));
  return timeline;
}

void tell_sample(Reporter& reporter, std::size_t stop_after) {
  const RunRecord plan = sample_plan();
  const RunRecord end = sample_run();
  reporter.hear(RunBegan{plan});
  for (std::size_t i = 0; i < end.cells.size(); ++i) {
    const CellRecord& ended = end.cells[i];
    for (const AttemptRecord& attempt : ended.attempts) {
      reporter.hear(AttemptBegan{plan.cells[i], attempt.n});
      for (const Event& event : sample_events(ended, attempt.n)) {
        if (stop_after-- == 0) return;
        reporter.hear(EventSeen{plan.cells[i], attempt.n, event});
      }
      reporter.hear(AttemptEnded{ended, attempt, &attempt != &ended.attempts.back()});
    }
    reporter.hear(CellEnded{ended});
  }
  reporter.hear(RunEnded{end});
}

TestFolder::TestFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "interoper-reporters-XXXXXX").string();
  REQUIRE(::mkdtemp(name.data()) != nullptr);
  path_ = name;
}

TestFolder::~TestFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace interoper

TEST_CASE("the sample counts the events that it tells") {
  const interoper::RunRecord run = interoper::sample_run();
  for (const interoper::CellRecord& cell : run.cells) {
    for (const interoper::AttemptRecord& attempt : cell.attempts)
      CHECK(interoper::sample_events(cell, attempt.n).size() == attempt.events);
  }
}
