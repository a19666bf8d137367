#include "engine/run.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <filesystem>
#include <map>

#include "engine/bind.hpp"
#include "engine/plan.hpp"
#include "fakes/scripted_runtime.hpp"

using namespace interoper;
using namespace std::chrono_literals;
using fakes::Self;

namespace {

struct Listener : Reporter {
  std::vector<std::string> heard;
  std::function<void(const Tiding&)> also;
  void hear(const Tiding& tiding) override {
    if (const auto* ended = std::get_if<CellEnded>(&tiding))
      heard.push_back(ended->cell.cell.id + " " + std::string(to_string(ended->cell.verdict)));
    if (std::holds_alternative<RunEnded>(tiding)) heard.push_back("end");
    if (also) also(tiding);
  }
};

// A suite of `tests` tests with one implementation on the scripted runtime.
struct Trial {
  boost::asio::io_context io;
  fakes::ScriptedRuntime runtime{io.get_executor()};
  Interrupt interrupt{io.get_executor()};
  Suite suite;
  std::vector<Implementation> implementations;
  RunOptions options;
  Listener listener;
  std::optional<WorldError> blocked;
  Expectations expectations;
  RunRecord done;

  explicit Trial(int tests) {
    for (int i = 0; i < tests; ++i) {
      Spec spec;
      spec.name = "t" + std::to_string(i);
      spec.timeout = "5s";
      for (const char* role : {"worker", "driver"}) {
        spec.roles.emplace_back();
        spec.roles.back().name = role;
        spec.roles.back().grace = 50ms;
      }
      suite.specs.push_back(spec);
    }
    Implementation implementation;
    implementation.name = "x";
    implementation.roles = {{"worker", {}}, {"driver", {}}};
    implementation.source = ImageSource{"x:1"};
    implementations.push_back(implementation);
    runtime.behaviours["worker"] = [](Self& self) -> Task<int> {
      self.event("ready");
      co_await self.terminated();
      co_return 0;
    };
    runtime.behaviours["driver"] = [](Self& self) -> Task<int> {
      self.event("ready");
      co_await self.sleep(5ms);
      self.event("done");
      co_return 0;
    };
  }
  const RunRecord& perform() {
    RunRecord record;
    record.id = "run";
    for (const Cell& cell : plan(suite, implementations, PlanOrder{}).cells) {
      record.cells.emplace_back();
      record.cells.back().cell = cell;
    }
    Stage stage{suite, implementations, runtime, {&listener}, interrupt, options, blocked, expectations};
    boost::asio::co_spawn(io, run(std::move(stage), std::move(record)), [this](std::exception_ptr failure, RunRecord result) {
      if (failure) std::rethrow_exception(failure);
      done = std::move(result);
    });
    io.run();
    return done;
  }
  // The driver exits with these statuses, one attempt after the other; the last is kept.
  void driver_exits(std::vector<int> statuses) {
    auto next = std::make_shared<std::size_t>(0);
    runtime.behaviours["driver"] = [statuses, next](Self& self) -> Task<int> {
      self.event("ready");
      self.event("done");
      const int status = statuses[std::min(*next, statuses.size() - 1)];
      ++*next;
      co_return status;
    };
  }
};

}  // namespace

TEST_CASE("cells run side by side, as many as allowed, and all are reported") {
  Trial trial(20);
  trial.options.capacity = capacity_of_jobs(4);
  trial.perform();
  CHECK(trial.done.summary.passed == 20);
  CHECK(trial.done.exit_code == 0);
  CHECK(trial.runtime.most_open_labs == 4);
  CHECK(trial.runtime.open_labs == 0);
  CHECK(trial.listener.heard.size() == 21);
  CHECK(trial.done.cells[3].attempts.at(0).log == "cells/t3~x~x/1.jsonl");
}

TEST_CASE("an exclusive cell runs alone") {
  Trial trial(6);
  trial.options.capacity = capacity_of_jobs(4);
  trial.suite.specs[2].exclusive = true;
  int with_exclusive = 0;
  trial.listener.also = [&](const Tiding& tiding) {
    if (const auto* event = std::get_if<EventSeen>(&tiding)) {
      if (event->cell.cell.test == "t2") with_exclusive = std::max(with_exclusive, trial.runtime.open_labs);
    }
  };
  trial.perform();
  CHECK(trial.done.summary.passed == 6);
  CHECK(with_exclusive == 1);
}

TEST_CASE("retries: the last attempt counts, and a pass after a failure is flaky") {
  Trial trial(1);
  trial.options.retries = 2;
  trial.driver_exits({3, 0});
  trial.perform();
  const CellRecord& cell = trial.done.cells[0];
  CHECK(cell.verdict == Verdict::passed);
  CHECK(cell.flaky);
  CHECK(cell.attempts.size() == 2);
  CHECK(trial.done.exit_code == 0);
  CHECK(trial.done.summary.flaky == 1);
}

TEST_CASE("repeat: the worst counts") {
  Trial trial(1);
  trial.options.repeat = 3;
  trial.driver_exits({0, 3, 0});
  trial.perform();
  const CellRecord& cell = trial.done.cells[0];
  CHECK(cell.verdict == Verdict::failed);
  CHECK(cell.reason == "exited");
  CHECK(cell.blame->attempt == 2);
  CHECK(cell.flaky);
  CHECK(cell.attempts.size() == 3);
  CHECK(trial.done.exit_code == 1);
}

TEST_CASE("retries apply to each repetition") {
  Trial trial(1);
  trial.options.repeat = 2;
  trial.options.retries = 1;
  trial.driver_exits({3, 0, 3, 0});
  trial.perform();
  CHECK(trial.done.cells[0].attempts.size() == 4);
  CHECK(trial.done.cells[0].verdict == Verdict::passed);
  CHECK(trial.done.cells[0].flaky);
}

TEST_CASE("fail-fast starts nothing more, and says so of the rest") {
  Trial trial(5);
  trial.options.fail_fast = true;
  trial.driver_exits({3});
  trial.perform();
  CHECK(trial.done.cells[0].verdict == Verdict::failed);
  CHECK(trial.done.cells[4].verdict == Verdict::skipped);
  CHECK(trial.done.cells[4].reason == "fail-fast");
  CHECK(trial.done.exit_code == 1);
  CHECK(trial.runtime.orders.size() == 1);
}

TEST_CASE("an interrupt ends what runs and starts nothing more") {
  Trial trial(5);
  trial.listener.also = [&](const Tiding& tiding) {
    if (const auto* event = std::get_if<EventSeen>(&tiding)) {
      if (event->event.type == "ready" && event->cell.cell.test == "t1" && trial.interrupt.level == 0) trial.interrupt.raise();
    }
  };
  trial.perform();
  CHECK(trial.done.exit_code == 130);
  CHECK(trial.done.cells[0].verdict == Verdict::passed);
  CHECK(trial.done.cells[1].verdict == Verdict::aborted);
  CHECK(trial.done.cells[4].verdict == Verdict::aborted);
  CHECK(trial.done.cells[4].attempts.empty());
  CHECK(trial.runtime.open_labs == 0);
}

TEST_CASE("an interrupt while images are built is nobody's error") {
  Trial trial(2);
  trial.blocked = WorldError("interrupted", "interrupted while images were built");
  trial.interrupt.raise();
  trial.perform();
  CHECK(trial.done.exit_code == 130);
  CHECK(trial.done.summary.aborted == 2);
  CHECK(trial.done.cells[0].reason == "interrupted");
}

TEST_CASE("when nothing can run, every cell says why") {
  Trial trial(2);
  SECTION("no runtime") { trial.runtime.fails_to_begin = WorldError("engine-unreachable", "no engine answers"); }
  SECTION("no image") { trial.blocked = WorldError("engine-unreachable", "no engine answers"); }
  trial.perform();
  CHECK(trial.done.summary.error == 2);
  CHECK(trial.done.cells[0].message == "no engine answers");
  CHECK(trial.done.exit_code == 3);
  CHECK(trial.runtime.orders.empty());
  CHECK(trial.listener.heard == std::vector<std::string>{"t0~x~x error", "t1~x~x error", "end"});
}

TEST_CASE("a timeline that cannot be written ends its cell in error, and a report that cannot be written ends the run") {
  Trial trial(3);
  trial.listener.also = [&](const Tiding& tiding) {
    if (const auto* plan = std::get_if<RunBegan>(&tiding)) CHECK(plan->run.summary.aborted == 3);
    if (const auto* began = std::get_if<AttemptBegan>(&tiding)) {
      if (began->cell.cell.test == "t1") throw WorldError("disk-full", "no space left");
    }
  };
  trial.perform();
  CHECK(trial.done.cells[0].verdict == Verdict::passed);
  CHECK(trial.done.cells[1].verdict == Verdict::error);
  CHECK(trial.done.cells[1].reason == "disk-full");
  CHECK(trial.done.cells[2].verdict == Verdict::error);
  CHECK(trial.done.exit_code == 3);
  CHECK(trial.listener.heard == std::vector<std::string>{"t0~x~x passed", "t1~x~x error", "t2~x~x error", "end"});
}

TEST_CASE("exit codes") {
  const auto cells = [](std::vector<Verdict> verdicts) {
    std::vector<CellRecord> records;
    for (const Verdict verdict : verdicts) {
      records.emplace_back();
      records.back().verdict = verdict;
      records.back().attempts.emplace_back();
    }
    return records;
  };
  CHECK(exit_code_of({}, false) == 4);
  CHECK(exit_code_of(cells({Verdict::unsupported}), false) == 4);
  CHECK(exit_code_of(cells({Verdict::unsupported, Verdict::passed}), false) == 0);
  CHECK(exit_code_of(cells({Verdict::skipped, Verdict::passed}), false) == 0);  // skipped by its own word
  CHECK(exit_code_of(cells({Verdict::error, Verdict::passed}), false) == 3);
  CHECK(exit_code_of(cells({Verdict::aborted, Verdict::passed}), false) == 3);
  CHECK(exit_code_of(cells({Verdict::error, Verdict::passed, Verdict::failed}), false) == 1);
  CHECK(exit_code_of(cells({Verdict::failed}), true) == 130);
  std::vector<CellRecord> unrun = cells({Verdict::passed, Verdict::skipped});
  unrun.back().attempts.clear();
  CHECK(exit_code_of(unrun, false) == 3);
}

TEST_CASE("light cells run side by side up to the cores they take, heavy ones alone") {
  Trial trial(6);
  trial.options.capacity = capacity_of_machine(2, 0);
  SECTION("light") {
    for (Spec& spec : trial.suite.specs)
      spec.weight = 0.5;
    trial.perform();
    CHECK(trial.runtime.most_open_labs == 4);
  }
  SECTION("heavy") {
    for (Spec& spec : trial.suite.specs)
      spec.weight = 9;
    trial.perform();
    CHECK(trial.runtime.most_open_labs == 1);
  }
  CHECK(trial.done.summary.passed == 6);
}

TEST_CASE("the longest of earlier runs start first, and the record keeps plan order") {
  Trial trial(4);
  trial.options.capacity = capacity_of_jobs(2);
  for (int i = 0; i < 4; ++i)
    trial.expectations.add("t" + std::to_string(i) + "~x~x", "t" + std::to_string(i), std::chrono::seconds(i));
  trial.perform();
  REQUIRE(trial.runtime.orders.size() == 4);
  CHECK(trial.runtime.orders[0].cell == "t3~x~x");
  CHECK(trial.runtime.orders[1].cell == "t2~x~x");
  CHECK(trial.done.cells[0].cell.id == "t0~x~x");
}

TEST_CASE("an implementation that only hangs is given up, and the run says so") {
  Trial trial(8);
  for (Spec& spec : trial.suite.specs)
    spec.timeout = "20ms";
  trial.runtime.behaviours["driver"] = [](Self& self) -> Task<int> {
    self.event("ready");
    co_await self.terminated();
    co_return 0;
  };
  SECTION("after five attempts") {
    trial.perform();
    CHECK(trial.done.summary.failed == 5);
    CHECK(trial.done.summary.skipped == 3);
    CHECK(trial.done.cells[7].reason == "breaker");
    CHECK(trial.done.cells[7].message ==
          "not run: 5 attempts in a row are blamed on x and used up their time, and none passed; --no-breaker runs it all the same");
    CHECK(trial.listener.heard.at(5) == "t5~x~x skipped");
    CHECK(trial.listener.heard.size() == 9);
  }
  SECTION("unless that is not wanted") {
    trial.options.breaker = false;
    trial.perform();
    CHECK(trial.done.summary.failed == 8);
  }
  SECTION("an interrupt does not change why") {
    trial.listener.also = [&](const Tiding& tiding) {
      if (std::holds_alternative<CellEnded>(tiding) && trial.listener.heard.size() == 6) trial.interrupt.raise();
    };
    trial.perform();
    CHECK(trial.done.cells[5].reason == "breaker");
    CHECK(trial.done.cells[7].reason == "interrupted");
  }
  CHECK(trial.done.exit_code == (trial.interrupt.level > 0 ? 130 : 1));
}

TEST_CASE("when the budget is spent, what runs ends and the rest is skipped") {
  Trial trial(3);
  const Clock::time_point spent = Clock::now() + 1s;
  trial.options.start_nothing_after = spent;
  trial.runtime.behaviours["driver"] = [spent](Self& self) -> Task<int> {
    self.event("ready");
    const auto rest = std::chrono::ceil<std::chrono::milliseconds>(spent - Clock::now());
    co_await self.sleep(rest);
    self.event("done");
    co_return 0;
  };
  SECTION("cells") {
    trial.perform();
    CHECK(trial.done.cells[0].verdict == Verdict::passed);
    CHECK(trial.done.cells[0].attempts.size() == 1);
  }
  SECTION("repetitions of a cell") {
    trial.options.repeat = 5;
    trial.perform();
    CHECK(trial.done.cells[0].attempts.size() == 1);
  }
  CHECK(trial.done.cells[1].verdict == Verdict::skipped);
  CHECK(trial.done.cells[2].reason == "budget");
  CHECK(trial.done.exit_code == 3);
}

TEST_CASE("processes are told who plays and with what") {
  Trial trial(1);
  trial.suite.specs[0].params = {Param{"hold-time", {"5s"}}};
  trial.suite.specs[0].roles[0].env["MINE"] = "{param.hold-time}";
  trial.implementations[0].env["THEIRS"] = "1";
  trial.perform();
  const auto& env = trial.runtime.orders.at(0).players.at(0).env;
  const std::map<std::string, std::string> found(env.begin(), env.end());
  const std::map<std::string, std::string> expected = {{"INTEROPER_IMPL_DRIVER", "x"},
                                                       {"INTEROPER_IMPL_WORKER", "x"},
                                                       {"INTEROPER_PARAM_HOLD_TIME", "5s"},
                                                       {"INTEROPER_ROLE", "worker"},
                                                       {"INTEROPER_SEED", "0"},
                                                       {"INTEROPER_TEST", "t0"},
                                                       {"INTEROPER_TIMEOUT_MS", "5000"},
                                                       {"MINE", "5s"},
                                                       {"THEIRS", "1"}};
  CHECK(found == expected);
  CHECK(trial.runtime.orders.at(0).players.at(0).image == "x:1");
  CHECK(trial.runtime.orders.at(0).players.at(0).pull);
}

TEST_CASE("what a role is given comes from its implementation, its offer, its suite and the contract, the later over the earlier") {
  Trial trial(1);
  Implementation& implementation = trial.implementations[0];
  implementation.env = {{"A", "implementation"}, {"B", "implementation"}, {"C", "implementation"}, {"INTEROPER_ROLE", "implementation"}};
  implementation.roles[0].env = {{"B", "offer"}, {"C", "offer"}, {"D", "offer"}};
  RoleSpec& worker = trial.suite.specs[0].roles[0];
  worker.env = {{"C", "suite"}};
  worker.aliases = {"relay"};
  trial.suite.specs[0].roles[1].mounts.clear();
  trial.perform();
  const LabOrder& order = trial.runtime.orders.at(0);
  REQUIRE(order.players.size() == 2);
  const auto& env = order.players[0].env;
  const std::map<std::string, std::string> given(env.begin(), env.end());
  CHECK(given.at("A") == "implementation");
  CHECK(given.at("B") == "offer");
  CHECK(given.at("C") == "suite");
  CHECK(given.at("D") == "offer");
  CHECK(given.at("INTEROPER_ROLE") == "worker");
  const std::map<std::string, std::string> drivers(order.players[1].env.begin(), order.players[1].env.end());
  CHECK(drivers.count("D") == 0);
  CHECK(order.players[0].aliases == std::vector<std::string>{"relay"});
  CHECK(order.shared);
  CHECK_FALSE(order.host_network);
}

TEST_CASE("what roles are shown is made for the run and for the attempt, and nothing is left of it") {
  Trial trial(1);
  MadeFiles certs;
  certs.name = "certs";
  certs.certificate.names = {"relay"};
  trial.suite.rules.files = {certs};
  for (RoleSpec& role : trial.suite.specs[0].roles)
    role.mounts = {{"/certs", "certs"}, {"/mlog", "out"}};
  bool were_there = false;
  trial.listener.also = [&](const Tiding& tiding) {
    if (!std::holds_alternative<AttemptEnded>(tiding)) return;
    const LabOrder& order = trial.runtime.orders.at(0);
    were_there = std::filesystem::exists(order.players[0].binds.at(0).directory / "cert.pem");
  };
  trial.perform();
  const LabOrder& order = trial.runtime.orders.at(0);
  CHECK_FALSE(order.shared);
  CHECK(were_there);
  for (const Player& player : order.players) {
    REQUIRE(player.binds.size() == 2);
    for (const Player::Bind& bind : player.binds)
      CHECK_FALSE(std::filesystem::exists(bind.directory));
  }
  CHECK(order.players[0].binds[0].directory == order.players[1].binds[0].directory);
  CHECK(order.players[0].binds[1].directory != order.players[1].binds[1].directory);
}

TEST_CASE("files that cannot be made are why nothing runs") {
  Trial trial(2);
  MadeFiles certs;
  certs.name = "certs";
  certs.certificate.key = "P-1";
  certs.certificate.names = {"relay"};
  trial.suite.rules.files = {certs};
  trial.perform();
  CHECK(trial.done.exit_code == 3);
  CHECK(trial.done.cells[1].verdict == Verdict::error);
  CHECK(trial.done.cells[1].reason == "certificate-failed");
  CHECK(trial.runtime.orders.empty());
}

TEST_CASE("nothing is started for a role that somebody else runs, and the others reach it as this machine does") {
  Trial trial(1);
  const Suite& suite = trial.suite;
  Stage stage{suite, trial.implementations, trial.runtime, {}, trial.interrupt, trial.options, {}, {}};
  RunRecord record;
  record.id = "run";
  Cell cell = plan(suite, trial.implementations, PlanOrder{}).cells.at(0);
  cell.labels = {{"worker.at", "remote"}, {"worker.url", "https://relay.example:4443"}};
  const Script script = std::get<Script>(bind_script(suite.specs[0], cell, suite.rules));
  Props props(suite.rules, record.id, {});
  const LabOrder order = lab_order(stage, record, cell, script, 1, props);
  REQUIRE(order.players.size() == 1);
  CHECK(order.players[0].role == "driver");
  CHECK(order.host_network);
}
