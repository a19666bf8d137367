#include "engine/tap_watch.hpp"

#include <catch2/catch.hpp>

#include "base/json_text.hpp"
#include "engine/judge.hpp"
#include "reporters/timeline_reading.hpp"

using namespace interoper;

namespace {

// A relay that is ready when its port is bound, and a client whose TAP decides.
Script script_of() {
  Script script;
  script.test = "all";
  script.timeout = std::chrono::seconds(120);
  script.rules.role_order = {"relay", "client"};
  script.rules.decides = "client";
  script.rules.tested = "relay";
  script.rules.pass.needs_done = false;
  script.rules.pass.asserts_agree = false;
  script.rules.pass.others_stay = Success::Until::exited;
  script.rules.pass.tap = "client";
  script.rules.negotiated = {Negotiated{"draft", {"draft", "version"}, "draft-18"}};
  for (const char* role : {"relay", "client"}) {
    script.roles.emplace_back();
    script.roles.back().name = role;
  }
  script.roles[0].ready.sign = Readiness::Sign::udp;
  script.roles[0].ready.port = 4443;
  script.roles[1].ready.sign = Readiness::Sign::started;
  script.parts = {{"one", {}}, {"two", {"zwei"}}, {"three", {}}};
  return script;
}

// Plays a timeline: each line is a role, a type and what is in it; `@` sets the time in ms.
class Play {
 public:
  explicit Play(Script script = script_of()) : script_(std::move(script)) {}
  Play& add(const std::string& role, const std::string& type, const std::string& in = "{}") {
    std::string line = R"({"seq":)" + std::to_string(seq_++) + R"(,"ti":0,"us":)" + std::to_string(ms_ * 1000);
    if (!role.empty()) line += R"(,"ro":")" + role + "\"";
    line += R"(,"by":"engine","ty":")" + type + R"(","in":)" + in + "}";
    judge_.observe(recorded_event(line));
    return *this;
  }
  Play& at(int ms) {
    ms_ = ms;
    return *this;
  }
  Play& relay_ready() { return add("relay", "started").add("relay", "ready"); }
  Play& client_runs() { return relay_ready().add("client", "started").add("client", "ready"); }
  Play& plan(int last) { return add("client", "tap.plan", R"({"first":1,"last":)" + std::to_string(last) + "}"); }
  Play& point(int n, bool ok, const std::string& name, const std::string& more = "") {
    return add("client", "tap.point",
               R"({"n":)" + std::to_string(n) + R"(,"ok":)" + (ok ? "true" : "false") + R"(,"name":")" + name + "\"" + more + "}");
  }
  Play& all_pass() { return client_runs().plan(3).point(1, true, "one").point(2, true, "two").point(3, true, "three"); }
  Play& exited(const std::string& role, int code, const std::string& more = "") {
    return add(role, "exited", R"({"exit_code":)" + std::to_string(code) + more + "}");
  }
  Play& end(bool complete = true) { return add("client", "tap.end", complete ? R"({"complete":true})" : R"({"complete":false})"); }
  Play& relay_stopped() { return add("relay", "stopping").exited("relay", 0); }
  Judgement judged() { return judge_.finish(); }

 private:
  Script script_;
  Judge judge_{script_};
  int seq_ = 0;
  int ms_ = 0;
};

std::string in_short(const Judgement& judgement) {
  std::string text(to_string(judgement.verdict));
  if (!judgement.reason.empty()) text += " " + judgement.reason;
  if (judgement.blame) text += " " + judgement.blame->role;
  for (const NamedResult& result : judgement.results)
    text += "; " + result.name + " " + std::string(to_string(result.verdict)) + (result.reason.empty() ? "" : " " + result.reason);
  return text;
}

std::vector<std::string> kinds(const Judgement& judgement) {
  std::vector<std::string> all;
  for (const Finding& finding : judgement.findings)
    all.push_back(finding.kind);
  return all;
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("six true points, a clean exit and a relay that lives are a pass; each test has its own time") {
  Play play;
  play.client_runs().plan(3).at(100).point(1, true, "one").at(350).point(2, true, "zwei").point(3, true, "three");
  play.add("client", "tap.diagnostics", R"({"n":3,"data":{"duration_ms":77.5,"message":"fine"}})");
  const Judgement judgement = play.exited("client", 0).end().relay_stopped().judged();
  CHECK(in_short(judgement) == "passed; one passed; two passed; three passed");
  CHECK(judgement.results[0].duration_ms == 100);
  CHECK(judgement.results[1].duration_ms == 250);
  CHECK(judgement.results[2].duration_ms == 77);
  CHECK(judgement.results[2].message == "fine");
  CHECK(judgement.findings.empty());
}

TEST_CASE("what a TAP document says, and what it hides, gives the verdict") {
  SECTION("a point that is not ok") {
    Play play;
    play.client_runs().plan(3).point(1, true, "one").point(2, false, "two");
    play.add("client", "tap.diagnostics", R"({"n":2,"data":{"message":"no answer"}})").point(3, true, "three").exited("client", 1).end();
    const Judgement judgement = play.judged();
    CHECK(in_short(judgement) == "failed not-ok relay; one passed; two failed not-ok; three passed");
    CHECK(judgement.message == "client says `not ok` of two: no answer");
  }
  SECTION("a failing point is one also when the exit status is 0") {
    Play play;
    play.client_runs().plan(3).point(1, true, "one").point(2, false, "two").point(3, true, "three").exited("client", 0).end();
    CHECK(in_short(play.relay_stopped().judged()) == "failed not-ok relay; one passed; two failed not-ok; three passed");
  }
  SECTION("exit 1 after nothing but ok") {
    Play play;
    CHECK(in_short(play.all_pass().exited("client", 1).end().judged()) == "failed exited client; one passed; two passed; three passed");
  }
  SECTION("killed in the middle: the exit explains, the rest was not run") {
    Play play;
    play.client_runs().plan(3).point(1, true, "one").exited("client", 137, R"(,"signal":9)");
    play.add("client", "tap.anomaly", R"({"kind":"wrong-count","what":"3 were planned, and 1 came","fails":true})").end(false);
    CHECK(in_short(play.judged()) == "failed exited client; one passed; two skipped not-run; three skipped not-run");
  }
  SECTION("too few points and a clean exit") {
    Play play;
    play.client_runs().plan(3).point(1, true, "one").exited("client", 0);
    play.add("client", "tap.anomaly", R"({"kind":"wrong-count","what":"3 were planned, and 1 came","fails":true})").end(false);
    const Judgement judgement = play.relay_stopped().judged();
    CHECK(in_short(judgement) == "failed plan client; one passed; two skipped not-run; three skipped not-run");
    CHECK(judgement.message == "client's TAP cannot be believed: 3 were planned, and 1 came");
  }
  SECTION("the client does not have a test") {
    Play play;
    play.client_runs().plan(2).point(1, true, "one").point(2, true, "three").exited("client", 0).end();
    CHECK(in_short(play.relay_stopped().judged()) == "passed; one passed; three passed; two unsupported not-reported");
  }
  SECTION("bail out") {
    Play play;
    play.client_runs().plan(3).point(1, true, "one").add("client", "tap.bail-out", R"({"reason":"no route"})");
    const Judgement judgement = play.exited("client", 0).end(false).relay_stopped().judged();
    CHECK(in_short(judgement) == "failed bail-out client; one passed; two skipped not-run; three skipped not-run");
    CHECK(judgement.message == "client bailed out: no route");
  }
  SECTION("silence") {
    Play play;
    play.client_runs().exited("client", 0).add("client", "tap.anomaly", R"({"kind":"no-tap","what":"nothing","fails":true})");
    CHECK(in_short(play.end(false).judged()) == "failed no-tap client; one skipped not-run; two skipped not-run; three skipped not-run");
  }
  SECTION("everything is skipped: nothing was shown") {
    Play play;
    play.client_runs()
        .plan(2)
        .point(1, true, "one", R"(,"directive":"skip","reason":"later")")
        .point(2, false, "two", R"(,"directive":"todo")");
    const Judgement judgement = play.exited("client", 0).end().relay_stopped().judged();
    CHECK(in_short(judgement) == "unsupported all-skipped client; one skipped skip; two skipped todo; three unsupported not-reported");
    CHECK(judgement.results[0].message == "later");
  }
  SECTION("six points that are no tests of the suite") {
    Play play;
    play.client_runs().plan(2).point(1, true, "uno").point(2, true, "due").exited("client", 0).end();
    CHECK(in_short(play.relay_stopped().judged()).substr(0, 31) == "unsupported all-skipped client;");
  }
  SECTION("1..0") {
    Play play;
    CHECK(in_short(play.client_runs().plan(0).exited("client", 0).end().relay_stopped().judged()).substr(0, 31) ==
          "unsupported all-skipped client;");
  }
  SECTION("points in subtests are not the tests") {
    Play play;
    play.client_runs()
        .plan(3)
        .point(1, false, "inner", R"(,"depth":1)")
        .point(1, true, "one")
        .point(2, true, "two")
        .point(3, true, "three");
    CHECK(in_short(play.exited("client", 0).end().relay_stopped().judged()) == "passed; one passed; two passed; three passed");
  }
  SECTION("other names, and one twice") {
    Play play;
    play.client_runs().plan(4).point(1, true, "one").point(2, true, "two").point(3, true, "fetch").point(4, true, "one");
    const Judgement judgement = play.exited("client", 0).end().relay_stopped().judged();
    CHECK(in_short(judgement) == "passed; one passed; two passed; fetch passed; one passed; three unsupported not-reported");
    CHECK(kinds(judgement) == Words{"unexpected-test", "repeated-test"});
  }
}

TEST_CASE("a status that means unsupported is believed of who has shown nothing") {
  Play silent;
  CHECK(in_short(silent.client_runs().exited("client", 127).end(false).judged()).substr(0, 27) == "unsupported exit-127 client");
  Play skipping;
  skipping.client_runs().plan(1).point(1, false, "one", R"(,"directive":"skip")").exited("client", 127).end();
  CHECK(in_short(skipping.judged()).substr(0, 27) == "unsupported exit-127 client");
  // As a real client does: `1..0`, then a point all the same.
  Play clumsy;
  clumsy.client_runs().plan(0).point(1, false, "one", R"(,"directive":"skip")");
  clumsy.add("client", "tap.anomaly", R"({"kind":"out-of-plan","what":"1 is outside","fails":true})").exited("client", 127).end();
  CHECK(in_short(clumsy.judged()).substr(0, 27) == "unsupported exit-127 client");
  Play giving_up;
  giving_up.client_runs().plan(3).add("client", "tap.bail-out", R"({"reason":""})").exited("client", 127).end(false);
  CHECK(in_short(giving_up.judged()).substr(0, 22) == "failed bail-out client");
  Play failing;
  failing.client_runs().plan(0).point(1, false, "one");
  failing.add("client", "tap.anomaly", R"({"kind":"out-of-plan","what":"1 is outside","fails":true})").exited("client", 127).end();
  CHECK(in_short(failing.judged()).substr(0, 19) == "failed not-ok relay");
  Play playing;
  CHECK(in_short(playing.all_pass().exited("client", 127).end().judged()).substr(0, 20) == "failed exited client");
  Play relay;
  CHECK(in_short(relay.add("relay", "started").exited("relay", 127).judged()).substr(0, 26) == "unsupported exit-127 relay");
}

TEST_CASE("a relay is blamed for what it does, whatever the client says") {
  SECTION("it never binds its port") {
    Play play;
    const Judgement judgement = play.add("relay", "started").add("", "timeout", R"({"timeout_ms":25000})").judged();
    CHECK(in_short(judgement).substr(0, 22) == "failed not-ready relay");
    CHECK(judgement.message == "relay had not bound a UDP socket to port 4443 when the time (25 s) ran out");
  }
  SECTION("it exits before it binds") {
    Play play;
    const Judgement judgement = play.add("relay", "started").exited("relay", 1).judged();
    CHECK(judgement.message == "relay exited with status 1 before it bound a UDP socket to port 4443");
  }
  SECTION("it leaves in the middle, with status 0") {
    Play play;
    play.client_runs().plan(3).point(1, true, "one").exited("relay", 0).add("client", "stopping").exited("client", 143, R"(,"signal":15)");
    const Judgement judgement = play.end(false).judged();
    CHECK(in_short(judgement) == "failed exited relay; one passed; two skipped not-run; three skipped not-run");
    CHECK(judgement.message == "relay exited with status 0 before client exited");
  }
  SECTION("it says that it is ready, in the words of another contract") {
    Script script = script_of();
    Judge judge(script);
    judge.observe(recorded_event(R"({"seq":0,"ti":0,"us":0,"ro":"relay","by":"engine","ty":"started","in":{}})"));
    judge.observe(recorded_event(R"({"seq":1,"ti":0,"us":0,"ro":"relay","ty":"ready"})"));
    CHECK_FALSE(judge.progress("relay")->ready);
  }
}

TEST_CASE("a relay that crashes when it is asked to end has passed, and a finding says so") {
  Play play;
  play.all_pass().exited("client", 0).end().add("relay", "stopping").exited("relay", 139, R"(,"signal":11)");
  const Judgement judgement = play.judged();
  CHECK(judgement.verdict == Verdict::passed);
  CHECK(kinds(judgement) == Words{"crashed"});
  Play obeying;
  obeying.all_pass().exited("client", 0).end().add("relay", "stopping").exited("relay", 143, R"(,"signal":15)");
  CHECK(obeying.judged().findings.empty());
}

TEST_CASE("a relay that somebody else runs is blamed as one of ours would be, and its client for what is the client's") {
  Script script = script_of();
  script.roles.erase(script.roles.begin());
  SECTION("a point that is not ok") {
    Play play(script);
    play.add("client", "started").add("client", "ready").plan(1).point(1, false, "one").exited("client", 1).end();
    CHECK(in_short(play.judged()).substr(0, 19) == "failed not-ok relay");
  }
  SECTION("a status that is not 0") {
    Play play(script);
    play.add("client", "started").add("client", "ready").plan(1).point(1, true, "one").exited("client", 1).end();
    CHECK(in_short(play.judged()).substr(0, 20) == "failed exited client");
  }
}

TEST_CASE("the client does not end in time") {
  Play play;
  play.client_runs().plan(3).point(1, true, "one").add("", "timeout", R"({"timeout_ms":120000})");
  play.add("client", "stopping").exited("client", 137, R"(,"signal":9)").end(false);
  const Judgement judgement = play.relay_stopped().judged();
  CHECK(in_short(judgement) == "failed timeout client; one passed; two skipped not-run; three skipped not-run");
  CHECK(judgement.message == "client had not exited when the time (2 m) ran out");
}

TEST_CASE("what was negotiated stands beside what was predicted") {
  Play play;
  play.client_runs().add("client", "tap.comment", R"({"key":"Draft","value":"draft-14"})").plan(1).point(1, true, "one");
  play.add("client", "tap.diagnostics", R"({"n":1,"data":{"version":"0xff00000e"}})");
  const Judgement judgement = play.exited("client", 0).end().relay_stopped().judged();
  REQUIRE(judgement.measurements.size() == 1);
  CHECK(judgement.measurements[0].name == "draft");
  CHECK(judgement.measurements[0].value == "\"draft-14\"");
  CHECK(kinds(judgement) == Words{"predicted-differs"});
  CHECK(judgement.findings[0].message == "the draft is draft-14; the registry predicts draft-18");

  Play changing;
  changing.client_runs()
      .add("client", "tap.comment", R"({"key":"draft","value":"18"})")
      .add("client", "tap.comment", R"({"key":"draft","value":"17"})");
  CHECK(kinds(changing.plan(1).point(1, true, "one").exited("client", 0).end().relay_stopped().judged()) ==
        Words{"negotiated-differently"});
}

TEST_CASE("a recording that stops before the TAP does is no pass") {
  Play play;
  CHECK(in_short(play.all_pass().exited("client", 0).relay_stopped().judged()).substr(0, 18) == "aborted unfinished");
}

TEST_CASE("a flood of points is judged, and what is kept of it has a limit") {
  SECTION("many") {
    Play play;
    play.client_runs();
    for (int n = 1; n <= 10'001; ++n)
      play.point(n, n != 10'001, "junk " + std::to_string(n));
    play.add("client", "tap.diagnostics", R"({"n":10001,"data":{"message":"of nobody"}})");
    const Judgement judgement = play.point(10'002, true, "one").exited("client", 1).end().judged();
    CHECK(judgement.verdict == Verdict::failed);
    CHECK(judgement.message == "client says `not ok` of junk 10001");
    REQUIRE(judgement.results.size() == 10'003);  // the other two parts were not run
    CHECK(judgement.results[9'999].message.empty());
    CHECK(judgement.results[10'000].name == "one");
    CHECK(judgement.results[10'000].verdict == Verdict::passed);
    CHECK(judgement.findings.size() + judgement.findings_left_out == 10'002);  // one for each unexpected test, and one of the limit
  }
  SECTION("large") {
    Play play;
    play.client_runs();
    const std::string megabytes = "x" + std::string(std::size_t{3} << 20U, 'y');
    for (int n = 1; n <= 3; ++n) {
      play.point(n, true, "one", R"(,"reason":")" + megabytes + "\"");
      play.add("client", "tap.diagnostics", R"({"n":)" + std::to_string(n) + R"(,"data":{"error":")" + megabytes + "\"}}");
    }
    const Judgement judgement = play.exited("client", 0).end().relay_stopped().judged();
    CHECK(judgement.verdict == Verdict::passed);
    CHECK(kinds(judgement) == Words{"repeated-test", "too-many-results", "repeated-test"});
    std::size_t size_bytes = 0;
    for (const NamedResult& result : judgement.results)
      size_bytes += result.message.size();
    CHECK(size_bytes < (std::size_t{4} << 20U));
  }
}

TEST_CASE("a diagnostic's text is kept by its beginning") {
  Play play;
  play.all_pass().add("client", "tap.diagnostics", R"({"n":3,"data":{"message":")" + std::string(100'000, 'm') + "\"}}");
  const Judgement judgement = play.exited("client", 0).end().relay_stopped().judged();
  CHECK(judgement.results[2].message == std::string(4096, 'm') + "…");
}

TEST_CASE("versions without a number are compared by their words") {
  Play play;
  play.all_pass().add("client", "tap.comment", R"({"key":"draft","value":"alpha"})");
  play.add("client", "tap.comment", R"({"key":"draft","value":"alpha"})").add("client", "tap.comment", R"({"key":"draft","value":"beta"})");
  const Judgement judgement = play.exited("client", 0).end().relay_stopped().judged();
  CHECK(kinds(judgement) == Words{"predicted-differs", "negotiated-differently"});
  CHECK(judgement.findings[1].message == "the draft is beta, and was alpha before");
}
