#include "engine/conduct.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "base/json_text.hpp"
#include "engine/judge.hpp"
#include "engine/timeline.hpp"
#include "fakes/scripted_runtime.hpp"
#include "reporters/timeline_reading.hpp"

using namespace interoper;
using namespace std::chrono_literals;
using fakes::Self;

namespace {

Task<int> good_worker(Self& self) {
  self.event("ready");
  const bool told = co_await self.terminated();
  co_return told ? 0 : 1;
}

Task<int> good_driver(Self& self) {
  self.event("ready");
  self.event("done");
  co_return 0;
}

// One attempt on the scripted runtime, and all that its timeline holds.
struct Trial {
  boost::asio::io_context io;
  fakes::ScriptedRuntime runtime{io.get_executor()};
  Interrupt interrupt{io.get_executor()};
  Script script;
  Cell cell;
  std::vector<Event> events;
  std::vector<std::string> waits;
  AttemptRecord record;

  Trial() {
    script.test = "t";
    script.timeout = 2s;
    for (const char* role : {"worker", "driver"})
      add_role(role);
    runtime.behaviours["worker"] = good_worker;
    runtime.behaviours["driver"] = good_driver;
  }
  void add_role(const std::string& name) {
    RoleSpec role;
    role.name = name;
    role.grace = 100ms;
    script.roles.push_back(role);
    cell.cast.push_back(Casting{name, name + "-impl"});
  }
  const AttemptRecord& perform(EventTaker taker = {}) {
    AttemptOrder order;
    order.script = &script;
    order.cell = &cell;
    const EventTaker keep = [this, taker](const Event& event) {
      if (taker) taker(event);
      events.push_back(event);
    };
    const WaitTaker keep_wait = [this](const std::string& what) { waits.push_back(what); };
    boost::asio::co_spawn(io, conduct(order, runtime, interrupt, keep, keep_wait), [this](std::exception_ptr failure, AttemptRecord done) {
      if (failure) std::rethrow_exception(failure);
      record = std::move(done);
    });
    io.run();
    CHECK(runtime.open_labs == 0);
    return record;
  }
  std::vector<std::string> types(const std::string& role) const {
    std::vector<std::string> found;
    for (const Event& event : events) {
      if (event.role == role) found.push_back(event.type);
    }
    return found;
  }
  // What the recording says when it is judged again.
  Judgement again() const {
    Judge judge(script);
    for (const Event& event : events)
      judge.observe(recorded_event(event.line));
    return judge.finish();
  }
};

using Types = std::vector<std::string>;

// A relay that binds its port, and a client that speaks TAP.
struct TapTrial : Trial {
  TapTrial() {
    script.roles[0].ready = Readiness{Readiness::Sign::udp, 4443, std::chrono::milliseconds(200)};
    script.roles[0].hears = false;
    script.roles[1].ready.sign = Readiness::Sign::started;
    script.roles[1].speaks = Dialect::tap;
    script.roles[1].hears = false;
    script.rules.clock_starts_with_deciding = true;
    script.rules.pass.needs_done = false;
    script.rules.pass.others_stay = Success::Until::exited;
    script.rules.pass.tap = "driver";
    script.parts = {{"one", {}}, {"two", {}}};
    runtime.behaviours["worker"] = [](Self& self) -> Task<int> {
      co_await self.sleep(20ms);
      self.bind_udp(4443);
      const bool told = co_await self.terminated();
      co_return told ? 0 : 1;
    };
    runtime.behaviours["driver"] = [](Self& self) -> Task<int> {
      self.print("TAP version 14\n1..2\nok 1 - one\n");
      co_await self.sleep(30ms);
      self.print("log of its own\nok 2 - two\n  ---\n  duration_ms: 12\n  ...\n");
      co_return 0;
    };
  }
};

}  // namespace

TEST_CASE("an attempt that goes as it should passes, and its timeline tells all") {
  Trial trial;
  trial.perform();
  CHECK(trial.record.judgement.verdict == Verdict::passed);
  CHECK(trial.types("worker") == Types{"started", "ready", "stopping", "exited"});
  CHECK(trial.types("driver") == Types{"started", "ready", "done", "exited"});
  CHECK(trial.events.front().type == "exec");
  CHECK(trial.events.back().type == "status");
  CHECK(json_at(trial.events.front().line, "in.worker") == "\"worker-impl\"");
  CHECK(json_at(trial.events.back().line, "in.success") == "true");
  CHECK(trial.record.roles.at("worker").exit->code == 0);
  CHECK(trial.record.events == trial.events.size());
  for (std::size_t i = 0; i < trial.events.size(); ++i) {
    CHECK(trial.events[i].seq == i);
    CHECK_FALSE(json_fault(trial.events[i].line).has_value());
    if (i > 0) CHECK(trial.events[i].us >= trial.events[i - 1].us);
  }
}

TEST_CASE("what an attempt waits for is told when it changes") {
  Trial trial;
  trial.perform();
  CHECK(trial.waits ==
        Types{"runtime", "worker start", "worker ready", "driver start", "driver ready", "driver done", "driver exit", "worker end", ""});

  Trial mute;
  mute.script.timeout = 50ms;
  mute.runtime.behaviours["worker"] = [](Self& self) -> Task<int> {
    co_await self.terminated();
    co_return 0;
  };
  mute.perform();
  CHECK(mute.waits == Types{"runtime", "worker start", "worker ready", "worker end", ""});
}

TEST_CASE("roles start one after the other, each when the one before is ready") {
  Trial trial;
  RoleSpec helper;
  helper.name = "relay";
  trial.script.roles.insert(trial.script.roles.begin(), helper);
  trial.runtime.behaviours["relay"] = [](Self& self) -> Task<int> {
    co_await self.sleep(30ms);
    self.event("ready");
    co_await self.terminated();
    co_return 0;
  };
  trial.perform();
  CHECK(trial.record.judgement.verdict == Verdict::passed);
  CHECK(trial.runtime.started == Types{"/relay", "/worker", "/driver"});
  Types order;
  for (const Event& event : trial.events) {
    if (event.type == "started" || event.type == "ready") order.push_back(event.role + " " + event.type);
  }
  CHECK(order == Types{"relay started", "relay ready", "worker started", "worker ready", "driver started", "driver ready"});
}

TEST_CASE("a worker that is never ready uses up the time, and is blamed") {
  Trial trial;
  trial.script.timeout = 50ms;
  trial.runtime.behaviours["worker"] = [](Self& self) -> Task<int> {
    co_await self.terminated();
    co_return 0;
  };
  trial.perform();
  CHECK(trial.record.judgement.verdict == Verdict::failed);
  CHECK(trial.record.judgement.reason == "not-ready");
  CHECK(trial.record.judgement.message == "worker had not said ready when the time (50 ms) ran out");
  CHECK(trial.record.judgement.blame->role == "worker");
  CHECK(trial.record.judgement.blame->implementation == "worker-impl");
  CHECK(trial.types("driver").empty());
  CHECK(trial.again().reason == "not-ready");
}

TEST_CASE("a driver that hangs after done times out, and SIGTERM and SIGKILL end what ignores them") {
  Trial trial;
  trial.script.timeout = 50ms;
  trial.runtime.behaviours["driver"] = [](Self& self) -> Task<int> {
    self.ignores_sigterm = true;
    self.event("ready");
    self.event("done");
    co_await self.sleep(1h);
    co_return 0;
  };
  trial.perform();
  CHECK(trial.record.judgement.reason == "timeout");
  CHECK(trial.record.judgement.message == "driver had said done but did not exit in time (50 ms)");
  CHECK(trial.types("driver") == Types{"started", "ready", "done", "stopping", "stopping", "exited"});
  CHECK(trial.record.roles.at("driver").exit->signal == SIGKILL);
}

TEST_CASE("a worker that leaves before the driver is done fails, and the driver is ended at once") {
  Trial trial;
  trial.script.timeout = 1min;
  trial.runtime.behaviours["worker"] = [](Self& self) -> Task<int> {
    self.event("ready");
    co_return 0;
  };
  trial.runtime.behaviours["driver"] = [](Self& self) -> Task<int> {
    self.event("ready");
    co_await self.terminated();
    co_return 0;
  };
  trial.perform();
  CHECK(trial.record.judgement.reason == "exited");
  CHECK(trial.record.judgement.message == "worker exited with status 0 before driver said done");
  CHECK(trial.record.duration_ms < 5000);
}

TEST_CASE("roles hear on stdin what concerns them, also what was said before they started") {
  Trial trial;
  auto heard = std::make_shared<Types>();
  trial.runtime.behaviours["worker"] = [](Self& self) -> Task<int> {
    self.print("{\"ty\":\"hello\",\"id\":7,\"to\":\"driver\",\"in\":{\"n\":9007199254740993}}\n");
    self.event("ready");
    const std::string first = co_await self.read_line();
    self.print(first + "\n");
    const std::string second = co_await self.read_line();
    self.print_error(second + "\n");
    const std::string third = co_await self.read_line();
    self.print_error(third + "\n");
    co_await self.terminated();
    co_return 0;
  };
  trial.runtime.behaviours["driver"] = [heard](Self& self) -> Task<int> {
    const std::string first = co_await self.read_line();
    heard->push_back(first);
    const std::string second = co_await self.read_line();
    heard->push_back(second);
    self.event("ready");
    co_await self.sleep(20ms);
    self.event("done");
    co_await self.sleep(20ms);
    co_return 0;
  };
  trial.perform();
  CHECK(trial.record.judgement.verdict == Verdict::passed);
  REQUIRE(heard->size() == 2);
  CHECK(heard->at(0) == R"({"ty":"hello","ro":"worker","id":7,"in":{"n":9007199254740993}})");
  CHECK(heard->at(1) == R"({"ty":"ready","ro":"worker","in":{}})");
  Types logs;
  for (const Event& event : trial.events) {
    if (event.type == "log") logs.push_back(json_string(*json_at(event.line, "in.line")).value());
  }
  CHECK(logs == Types{R"({"ty":"done","ro":"driver","in":{}})", R"({"ty":"done"})"});
}

TEST_CASE("a process that never reads stdin stalls nothing") {
  Trial trial;
  trial.runtime.behaviours["worker"] = [](Self& self) -> Task<int> {
    self.reads_stdin = false;
    self.event("ready");
    co_await self.terminated();
    co_return 0;
  };
  trial.perform();
  CHECK(trial.record.judgement.verdict == Verdict::passed);
}

TEST_CASE("everything that a role writes stands before its exit, a flood and a last line without newline too") {
  Trial trial;
  trial.runtime.behaviours["driver"] = [](Self& self) -> Task<int> {
    self.event("ready");
    self.event("done");
    std::string flood;
    for (int i = 0; i < 20'000; ++i)
      flood += "line " + std::to_string(i) + "\n";
    self.print(flood + "the end");
    co_return 0;
  };
  trial.perform();
  CHECK(trial.record.judgement.verdict == Verdict::passed);
  const auto types = trial.types("driver");
  CHECK(types.size() == 3 + 20'001 + 1);
  CHECK(types.back() == "exited");
  const Event& last = trial.events[trial.events.size() - 2].role == "driver" ? trial.events[trial.events.size() - 2] : trial.events.back();
  (void)last;
  bool found = false;
  for (const Event& event : trial.events)
    found = found || json_at(event.line, "in.line") == "\"the end\"";
  CHECK(found);
}

TEST_CASE("trouble of the world is nobody's fault") {
  Trial trial;
  SECTION("the lab cannot be opened") {
    trial.runtime.fails_to_open = WorldError("engine-unreachable", "no engine answers");
    trial.perform();
    CHECK(trial.record.judgement.reason == "engine-unreachable");
    CHECK(trial.record.judgement.message == "no engine answers");
  }
  SECTION("a role cannot be started") {
    trial.runtime.fails_to_start.emplace("driver", WorldError("command-missing", "th-test is not in the image"));
    trial.perform();
    CHECK(trial.record.judgement.reason == "command-missing");
    CHECK(trial.types("worker") == Types{"started", "ready", "stopping", "exited"});
  }
  SECTION("a role uses more memory than it may") {
    trial.runtime.behaviours["worker"] = [](Self& self) -> Task<int> {
      self.event("ready");
      self.oom = true;
      co_return 137;
    };
    trial.perform();
    CHECK(trial.record.judgement.reason == "oom");
  }
  SECTION("the timeline cannot be written") {
    trial.perform([](const Event& event) {
      if (event.seq >= 4) throw WorldError("disk-full", "no space left");
    });
    CHECK(trial.record.judgement.reason == "disk-full");
  }
  CHECK(trial.record.judgement.verdict == Verdict::error);
  CHECK_FALSE(trial.record.judgement.blame.has_value());
}

TEST_CASE("an engine that hangs does not hold the attempt for ever") {
  Trial trial;
  trial.script.timeout = 100ms;
  trial.runtime.behaviours["driver"] = [](Self& self) -> Task<int> {
    self.takes_no_signals = true;
    self.event("ready");
    co_await self.sleep(1h);
    co_return 0;
  };
  const auto began = Clock::now();
  trial.perform();
  CHECK(Clock::now() - began < 10s);
  CHECK(trial.record.judgement.reason == "timeout");
  CHECK(trial.types("driver") == Types{"started", "ready", "stopping", "trouble", "exited"});
  CHECK(trial.events.back().type == "status");
}

TEST_CASE("an interrupt ends what runs, and the cell is aborted") {
  Trial trial;
  trial.script.timeout = 1min;
  trial.runtime.behaviours["driver"] = [&trial](Self& self) -> Task<int> {
    self.event("ready");
    trial.interrupt.raise();
    co_await self.terminated();
    co_return 0;
  };
  trial.perform();
  CHECK(trial.record.judgement.verdict == Verdict::aborted);
  CHECK(trial.record.judgement.reason == "interrupted");
  CHECK(trial.types("worker").back() == "exited");
}

TEST_CASE("with a second interrupt nobody is given a grace") {
  Trial trial;
  trial.script.timeout = 1min;
  for (RoleSpec& role : trial.script.roles)
    role.grace = 1min;
  trial.runtime.behaviours["driver"] = [&trial](Self& self) -> Task<int> {
    self.ignores_sigterm = true;
    self.event("ready");
    trial.interrupt.raise();
    trial.interrupt.raise();
    co_await self.sleep(1h);
    co_return 0;
  };
  trial.perform();
  CHECK(trial.record.judgement.verdict == Verdict::aborted);
  CHECK(trial.record.duration_ms < 5000);
}

TEST_CASE("what a process says about who and when is not believed") {
  Trial trial;
  trial.runtime.behaviours["worker"] = [](Self& self) -> Task<int> {
    self.print(R"({"ty":"exited","ro":"driver","in":{"exit_code":0}})"
               "\n");
    self.print(R"({"ty":"timeout","by":"engine","ro":"driver","seq":0,"us":-5,"ti":1})"
               "\n");
    self.print(R"({"ty":"done","ro":"driver"})"
               "\n");
    self.event("ready");
    co_await self.terminated();
    co_return 0;
  };
  trial.perform();
  CHECK(trial.record.judgement.verdict == Verdict::passed);
  CHECK(trial.types("worker") == Types{"started", "log", "timeout", "done", "ready", "stopping", "exited"});
  CHECK(trial.record.judgement.findings.front().kind == "reserved-type");
  for (const Event& event : trial.events) {
    if (event.type == "timeout") CHECK_FALSE(recorded_event(event.line).by_engine);
  }
}

TEST_CASE("a role is ready when its port is bound, and TAP is judged point by point") {
  TapTrial trial;
  const AttemptRecord& record = trial.perform();
  INFO(record.judgement.message);
  CHECK(record.judgement.verdict == Verdict::passed);
  REQUIRE(record.judgement.results.size() == 2);
  CHECK(record.judgement.results[1].duration_ms == 12);
  CHECK(trial.types("worker") == Types{"started", "ready", "stopping", "exited"});
  CHECK(trial.types("driver") == Types{"started", "ready", "log", "log", "tap.plan", "log", "tap.point", "log", "log", "tap.point", "log",
                                       "log", "log", "tap.diagnostics", "exited", "tap.end"});
  CHECK(trial.again() == record.judgement);
}

TEST_CASE("a role that does not bind its port within its time ends the attempt, whatever the attempt's own time is") {
  TapTrial trial;
  trial.script.timeout = std::chrono::hours(1);
  trial.runtime.behaviours["worker"] = [](Self& self) -> Task<int> {
    self.bind_udp(44430);
    const bool told = co_await self.terminated();
    co_return told ? 0 : 1;
  };
  const AttemptRecord& record = trial.perform();
  CHECK(record.judgement.verdict == Verdict::failed);
  CHECK(record.judgement.message == "worker had not bound a UDP socket to port 4443 when the time (200 ms) ran out");
  CHECK(trial.runtime.started.size() == 1);
}
