#include "engine/judge.hpp"

#include <catch2/catch.hpp>
#include <sstream>

#include "base/json_text.hpp"
#include "reporters/timeline_reading.hpp"

using namespace interoper;

namespace {

// A timeline in a line: `worker+` started, `worker:ready` said ready, `worker-0` exited with 0, `worker-s9` killed by signal 9, `worker!`
// was sent a signal, `worker=1/"x"` asserted 1 = "x", `worker~oom` killed for its memory, `timeout`, `interrupted`, `trouble`, `@20` 20 ms
// have passed.
std::vector<Event> timeline(const std::string& text) {
  std::vector<Event> events;
  std::istringstream words(text);
  std::int64_t us = 0;
  for (std::string word; words >> word;) {
    if (word.front() == '@') {
      us = std::stoll(word.substr(1)) * 1000;
      continue;
    }
    const std::size_t cut = word.find_first_of("+:-!=~");
    const std::string role = cut == std::string::npos ? "" : word.substr(0, cut);
    const std::string rest = cut == std::string::npos ? word : word.substr(cut + 1);
    std::string type;
    std::string in = "{}";
    bool by_engine = true;
    switch (cut == std::string::npos ? '\0' : word[cut]) {
      case '+': type = "started"; break;
      case '!': type = "stopping"; break;
      case '~':
        type = "exited";
        in = R"({"exit_code":137,"signal":9,"oom":true})";
        break;
      case '-':
        type = "exited";
        in = rest.front() == 's'
                 ? R"({"exit_code":)" + std::to_string(128 + std::stoi(rest.substr(1))) + R"(,"signal":)" + rest.substr(1) + "}"
                 : R"({"exit_code":)" + rest + "}";
        break;
      case '=':
        type = "assert";
        in = R"({"assert_id":)" + rest.substr(0, rest.find('/')) + R"(,"value":)" + rest.substr(rest.find('/') + 1) + "}";
        by_engine = false;
        break;
      case ':':
        type = rest;
        by_engine = false;
        break;
      default:
        type = rest;
        if (type == "timeout") in = R"({"timeout_ms":3000})";
        if (type == "trouble") in = R"({"what":"the engine died","reason":"engine-died"})";
    }
    std::string line = R"({"seq":)" + std::to_string(events.size()) + R"(,"ti":0,"us":)" + std::to_string(us);
    if (!role.empty()) line += R"(,"ro":")" + role + "\"";
    if (by_engine) line += R"(,"by":"engine")";
    line += R"(,"ty":")" + type + R"(","in":)" + in + "}";
    events.push_back(recorded_event(line));
  }
  return events;
}

Script script_of(const std::vector<std::string>& roles = {"worker", "driver"}) {
  Script script;
  script.test = "t";
  script.timeout = std::chrono::seconds(3);
  for (const std::string& role : roles) {
    script.roles.emplace_back();
    script.roles.back().name = role;
  }
  return script;
}

Judgement judged(const std::string& text, const Script& script = script_of()) {
  Judge judge(script);
  for (const Event& event : timeline(text))
    judge.observe(event);
  return judge.finish();
}

// "failed not-ready worker@3", as short as a table wants it.
std::string in_short(const Judgement& judgement) {
  std::string text(to_string(judgement.verdict));
  if (!judgement.reason.empty()) text += " " + judgement.reason;
  if (judgement.blame) text += " " + judgement.blame->role + "@" + std::to_string(judgement.blame->seq);
  return text;
}

struct Row {
  const char* timeline;
  const char* expected;
};

Script::Expectation occurs(const std::string& type, const std::string& role, Count count = {}, std::optional<int> within_ms = {}) {
  Script::Expectation expectation;
  Occurs rule;
  rule.event.keys = {{"ty", json_quote(type)}, {"ro", json_quote(role)}};
  rule.count = count;
  expectation.condition.rule = rule;
  expectation.condition.text = "C";
  if (within_ms) expectation.within = std::chrono::milliseconds(*within_ms);
  return expectation;
}

}  // namespace

TEST_CASE("the verdict is what the first broken rule says") {
  const std::vector<Row> rows = {
      // A pass needs everything: ready, done, exit 0, and the worker still there when the driver says done.
      {"worker+ worker:ready driver+ driver:ready driver:done driver-0 worker! worker-0", "passed"},
      {"worker+ worker:ready driver+ driver:ready driver:done driver-0 worker! worker-s15", "passed"},
      {"worker+ worker:ready driver+ driver:ready driver:done worker-0 driver-0", "passed"},
      {"worker+ worker:ready driver+ driver:ready driver:done driver-0 worker! worker! worker-s9", "passed"},
      // not-ready
      {"worker+ timeout worker! worker-0", "failed not-ready worker@1"},
      {"worker+ worker-0", "failed not-ready worker@1"},
      {"worker+ worker-5", "failed not-ready worker@1"},
      {"worker+ worker-s11", "failed not-ready worker@1"},
      {"worker+ worker:ready driver+ driver-0 worker! worker-0", "failed not-ready driver@3"},
      {"worker+ worker:ready driver+ driver:done driver-0", "failed not-ready driver@3"},
      {"worker+ worker:ready driver+ timeout", "failed not-ready driver@3"},
      // exited
      {"worker+ worker:ready worker-0", "failed exited worker@2"},
      {"worker+ worker:ready driver+ driver:ready worker-0 driver! driver-0", "failed exited worker@4"},
      {"worker+ worker:ready driver+ driver:ready driver:done worker-3 driver-0", "failed exited worker@5"},
      {"worker+ worker:ready driver+ driver:ready driver:done driver-0 worker-3", "failed exited worker@6"},
      {"worker+ worker:ready driver+ driver:ready driver:done driver-2 worker! worker-0", "failed exited driver@5"},
      {"worker+ worker:ready driver+ driver:ready driver-2", "failed exited driver@4"},
      {"worker+ worker:ready driver+ driver:ready driver:done driver-s6", "failed exited driver@5"},
      // not-done
      {"worker+ worker:ready driver+ driver:ready driver-0 worker! worker-0", "failed not-done driver@4"},
      // A `done` of another role is not the driver's.
      {"worker+ worker:ready worker:done driver+ driver:ready driver-0", "failed not-done driver@5"},
      // timeout
      {"worker+ worker:ready driver+ driver:ready timeout driver! driver-s15", "failed timeout driver@4"},
      {"worker+ worker:ready driver+ driver:ready driver:done timeout driver! driver-s9", "failed timeout driver@5"},
      {"worker+ worker:ready timeout worker! worker-0", "failed timeout worker@2"},
      // assert
      {"worker+ worker:ready driver+ driver:ready driver=1/\"a\" worker=1/\"b\" driver:done driver-0 worker! worker-0",
       "failed assert worker@5"},
      {"worker+ worker:ready driver+ driver:ready driver=1/\"a\" worker=1/\"\\u0061\" driver:done driver-0 worker! worker-0", "passed"},
      {"worker+ worker:ready driver+ driver:ready driver=1/1 worker=2/2 driver:done driver-0 worker! worker-0", "passed"},
      {"worker+ worker:ready driver+ driver:ready worker=1/1 worker=1/2 driver:done driver-0 worker! worker-0", "passed"},
      {"worker+ worker:ready driver+ driver:ready worker=1/1 worker=1/2 driver=1/1 driver:done driver-0 worker! worker-0",
       "failed assert driver@6"},
      {"worker+ worker:ready driver+ driver:ready driver=1/9007199254740993 worker=1/9007199254740992 driver:done driver-0 worker! "
       "worker-0",
       "failed assert worker@5"},
      {"worker+ worker:ready driver+ driver:ready driver=\"\\u00e9\"/1 worker=\"é\"/2 driver:done driver-0 worker! worker-0",
       "failed assert worker@5"},
      {"worker+ worker:ready driver+ driver:ready driver=1.0/1 worker=1/2 driver:done driver-0 worker! worker-0", "failed assert worker@5"},
      // unsupported, error, aborted
      {"worker+ worker-127", "unsupported exit-127 worker@1"},
      {"worker+ worker:ready driver+ driver-127 worker! worker-0", "unsupported exit-127 driver@3"},
      {"worker+ worker:ready driver+ driver:ready driver-127 worker! worker-0", "failed exited driver@4"},
      {"worker+ trouble", "error engine-died"},
      {"worker+ worker:ready driver+ worker~oom driver! driver-0", "error oom"},
      {"worker+ worker:ready interrupted worker! worker-0", "aborted interrupted"},
      {"", "aborted unfinished"},
      {"worker+ worker:ready driver+ driver:ready driver:done driver-0", "aborted unfinished"},
      // The first in time decides, whatever came after.
      {"worker+ worker-0 trouble", "failed not-ready worker@1"},
      {"worker+ trouble worker-0", "error engine-died"},
      {"worker+ worker:ready driver+ driver:ready driver=1/1 worker=1/2 timeout", "failed assert worker@5"},
      {"worker+ interrupted timeout worker-5", "aborted interrupted"},
      // What we ended may end as it likes.
      {"worker+ worker:ready driver+ driver:ready driver:done driver-0 worker! worker-7", "passed"},
      {"worker+ worker:ready driver+ driver:ready driver:done driver-0 worker! worker~oom", "passed"},
  };
  for (const Row& row : rows) {
    INFO(row.timeline);
    CHECK(in_short(judged(row.timeline)) == row.expected);
  }
}

TEST_CASE("helpers count like every other role") {
  const Script script = script_of({"relay", "worker", "driver"});
  CHECK(in_short(judged("relay+ relay:ready worker+ worker:ready driver+ driver:ready relay-0", script)) == "failed exited relay@6");
  CHECK(in_short(judged("relay+ timeout", script)) == "failed not-ready relay@1");
  CHECK(in_short(judged("relay+ relay:ready worker+ worker:ready driver+ driver:ready driver:done relay-0 driver-0 worker! worker-0",
                        script)) == "passed");
}

TEST_CASE("conditions are decided where they are, and break in their turn") {
  const std::string good =
      "worker+ worker:ready driver+ driver:ready @10 worker:link @20 driver:link driver:done driver-0 worker! worker-0";
  Script script = script_of();
  SECTION("held, with the event that decided") {
    script.expect = {occurs("link", "worker"), occurs("link", "driver", {}, 1000)};
    const Judgement judgement = judged(good, script);
    CHECK(judgement.verdict == Verdict::passed);
    CHECK(judgement.conditions[0] == ConditionResult{"C", true, 4});
    CHECK(judgement.conditions[1] == ConditionResult{"C", true, 5});
  }
  SECTION("too late: broken when the time had run out, before what came then") {
    script.expect = {occurs("link", "driver", {}, 15)};
    const Judgement judgement = judged(good, script);
    CHECK(in_short(judgement) == "failed expect driver@5");
    CHECK(judgement.message == "the condition C did not hold: it was never seen within 15 ms, expected >=1");
  }
  SECTION("a deadline that passed breaks before an exit at the next event") {
    script.expect = {occurs("link", "driver", {}, 15)};
    CHECK(in_short(judged("worker+ worker:ready driver+ driver:ready @50 worker-0", script)) == "failed expect driver@4");
  }
  SECTION("never seen: decided by the end") {
    script.expect = {occurs("unlink", "worker")};
    const Judgement judgement = judged(good, script);
    CHECK(judgement.verdict == Verdict::failed);
    CHECK(judgement.reason == "expect");
    CHECK_FALSE(judgement.conditions[0].seq.has_value());
    CHECK(judgement.blame->role == "worker");  // it owed the event, though the driver decides
  }
  SECTION("at most, exactly") {
    script.expect = {occurs("link", "worker", Count{Count::Comparison::at_most, 1}),
                     occurs("link", "worker", Count{Count::Comparison::equal, 1})};
    CHECK(judged(good, script).verdict == Verdict::passed);
    CHECK(in_short(judged("worker+ worker:ready worker:link worker:link driver+ driver:ready driver:done driver-0 worker! worker-0",
                          script)) == "failed expect worker@3");
  }
  SECTION("never, until") {
    Script::Expectation expectation;
    Never never;
    never.event.keys = {{"ty", "\"link\""}};
    never.until = Pattern{{{"ty", "\"done\""}}};
    expectation.condition.rule = never;
    expectation.condition.text = "N";
    script.expect = {expectation};
    CHECK(in_short(judged(good, script)) == "failed expect worker@4");
    CHECK(judged("worker+ worker:ready driver+ driver:ready driver:done worker:link driver-0 worker! worker-0", script).verdict ==
          Verdict::passed);
  }
  SECTION("order") {
    Script::Expectation expectation;
    Order order;
    order.steps = {Pattern{{{"ty", "\"link\""}, {"ro", "\"driver\""}}}, Pattern{{{"ty", "\"link\""}, {"ro", "\"worker\""}}}};
    expectation.condition.rule = order;
    expectation.condition.text = "O";
    script.expect = {expectation};
    const Judgement judgement = judged(good, script);
    CHECK(judgement.reason == "expect");
    CHECK(judgement.message == "the condition O did not hold: step 2 of 2 was not seen after the ones before it");
  }
}

TEST_CASE("findings name what is wrong without changing the verdict") {
  Script script = script_of();
  script.rules.events = {EventShape{"link", {{"peer", EventShape::Kind::string, true}, {"n", EventShape::Kind::uint, false}}}};
  Judge judge(script);
  std::vector<std::string> lines = {
      R"({"seq":0,"ti":0,"us":0,"ro":"worker","by":"engine","ty":"started"})",
      R"({"seq":1,"ti":0,"us":0,"ro":"worker","id":1,"ty":"ready"})",
      R"({"seq":2,"ti":0,"us":0,"ro":"worker","id":1,"ty":"ready"})",
      R"({"seq":3,"ti":0,"us":0,"ro":"worker","id":-1,"ty":"link","in":{"peer":7,"n":1.5}})",
      R"({"seq":4,"ti":0,"us":0,"ro":"worker","id":2,"ty":"link"})",
      R"({"seq":5,"ti":0,"us":0,"ro":"worker","id":3,"ty":"assert","in":{"assrt_id":4,"value":1}})",
      R"({"seq":6,"ti":0,"us":0,"ro":"worker","ty":"measurement","in":{"name":"rtt","value":1e400,"unit":"ms"}})",
      R"({"seq":7,"ti":0,"us":0,"ro":"worker","ty":"result","in":{"name":"first","verdict":"passed"}})",
  };
  for (const std::string& line : lines)
    judge.observe(recorded_event(line));
  const Judgement judgement = judge.finish();
  std::vector<std::string> kinds;
  for (const Finding& finding : judgement.findings)
    kinds.push_back(finding.kind + "@" + std::to_string(finding.seq));
  CHECK(kinds == std::vector<std::string>{"repeated-id@2", "repeated-ready@2", "bad-id@3", "mistyped-field@3", "mistyped-field@3",
                                          "missing-field@4", "lone-assert@5"});
  CHECK(judgement.measurements.at(0).value == "1e400");
  CHECK(judgement.results.at(0).name == "first");
}

TEST_CASE("a process cannot make the judge remember without limit") {
  const Script script = script_of();
  Judge judge(script);
  judge.observe(recorded_event(R"({"seq":0,"ti":0,"us":0,"ro":"worker","by":"engine","ty":"started"})"));
  for (int i = 1; i < 200'000; ++i) {
    const std::string number = std::to_string(i);
    judge.observe(recorded_event(R"({"seq":)" + number + R"(,"ti":0,"us":0,"ro":"worker","id":)" + std::to_string(i * 2) +
                                 R"(,"ty":"assert","in":{"assert_id":1,"value":)" + number + "}}"));
  }
  const Judgement judgement = judge.finish();
  CHECK(judgement.findings.size() == most_findings);
  CHECK(judgement.findings_left_out > 100'000);
}

TEST_CASE("what is not kept of what a role left behind is a finding, on the engine's word only") {
  const Script script = script_of();
  Judge judge(script);
  judge.observe(recorded_event(R"({"seq":0,"ti":0,"us":0,"ro":"worker","by":"engine","ty":"started"})"));
  judge.observe(recorded_event(R"({"seq":1,"ti":0,"us":0,"ro":"worker","ty":"left-out","in":{"what":"nothing"}})"));
  judge.observe(recorded_event(R"({"seq":2,"ti":0,"us":0,"ro":"worker","by":"engine","ty":"left-out","in":{"what":"not all is kept"}})"));
  const Judgement judgement = judge.finish();
  CHECK(judgement.findings == std::vector<Finding>{{"worker", "left-out", "not all is kept", 2}});
}

TEST_CASE("results beyond what a report can hold are left out, and a finding says so") {
  const Script script = script_of();
  Judge judge(script);
  judge.observe(recorded_event(R"({"seq":0,"ti":0,"us":0,"ro":"worker","by":"engine","ty":"started"})"));
  const std::string long_text(1'000'000, 'x');
  for (int i = 1; i < 20; ++i) {
    judge.observe(recorded_event(R"({"seq":)" + std::to_string(i) +
                                 R"(,"ti":0,"us":0,"ro":"worker","ty":"result","in":{"name":"n","verdict":"passed","message":")" +
                                 long_text + "\"}}"));
  }
  const Judgement judgement = judge.finish();
  CHECK(judgement.results.size() == 4);
  REQUIRE(judgement.findings.size() == 1);
  CHECK(judgement.findings[0].kind == "too-many-results");
}

TEST_CASE("a `from` without `within` hides nothing") {
  Script script = script_of();
  script.expect = {occurs("link", "worker")};
  std::get<Occurs>(script.expect[0].condition.rule).from = Pattern{{{"ty", "\"done\""}}};
  CHECK(judged("worker+ worker:ready worker:link driver+ driver:ready driver:done driver-0 worker! worker-0", script).verdict ==
        Verdict::passed);
}
