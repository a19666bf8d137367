#include "engine/schedule.hpp"

#include <catch2/catch.hpp>
#include <deque>

#include "engine/breaker.hpp"
#include "engine/shard.hpp"

using namespace interoper;
using namespace std::chrono_literals;

namespace {

using Numbers = std::vector<std::size_t>;

Demand demand(double cores, std::optional<std::chrono::milliseconds> expected = std::nullopt) {
  Demand one;
  one.cores = cores;
  one.expected = expected;
  return one;
}

Demand exclusive() {
  Demand one;
  one.exclusive = true;
  return one;
}

// Starts whatever can start now.
Numbers fill(Schedule& schedule) {
  Numbers started;
  while (const auto next = schedule.next()) {
    started.push_back(*next);
    schedule.start(*next);
  }
  return started;
}

// Everything, the first that was started ending first.
Numbers run_all(Schedule& schedule) {
  Numbers order;
  std::deque<std::size_t> running;
  while (true) {
    for (const std::size_t cell : fill(schedule)) {
      order.push_back(cell);
      running.push_back(cell);
    }
    if (running.empty()) return order;
    schedule.end(running.front());
    running.pop_front();
  }
}

}  // namespace

TEST_CASE("one at a time keeps the order of the plan, whatever is known") {
  Schedule schedule({demand(1, 1s), demand(9), exclusive(), demand(0.1, 5s)}, capacity_of_jobs(1));
  CHECK(run_all(schedule) == Numbers{0, 1, 2, 3});
  CHECK(schedule.empty());
}

TEST_CASE("side by side the unknown come first, then the longest, the exclusive at the end") {
  Schedule schedule({demand(1, 1s), exclusive(), demand(1, 3s), demand(1), demand(1, 3s)}, capacity_of_jobs(2));
  CHECK(run_all(schedule) == Numbers{3, 2, 4, 0, 1});
}

TEST_CASE("no more run at once than there is room for") {
  SECTION("cells") {
    Schedule schedule({demand(0.1), demand(0.1), demand(0.1)}, capacity_of_jobs(2));
    CHECK(fill(schedule) == Numbers{0, 1});
  }
  SECTION("cores, also in tenths") {
    Schedule schedule(std::vector<Demand>(25, demand(0.1)), capacity_of_machine(2, 0));
    CHECK(fill(schedule).size() == 20);
  }
  SECTION("memory") {
    Demand large;
    large.memory_bytes = 300;
    Schedule schedule(std::vector<Demand>(4, large), capacity_of_machine(4, 1000));
    CHECK(fill(schedule) == Numbers{0, 1});
  }
  SECTION("but what is larger than everything runs, alone") {
    Schedule schedule({demand(9), demand(1)}, capacity_of_jobs(2));
    CHECK(fill(schedule) == Numbers{0});
    schedule.end(0);
    CHECK(fill(schedule) == Numbers{1});
  }
  SECTION("and beside an exclusive one nothing") {
    Schedule schedule({exclusive(), exclusive()}, capacity_of_jobs(4));
    CHECK(fill(schedule) == Numbers{0});
  }
}

TEST_CASE("smaller ones fill a gap, and what waits for a larger one does not wait for ever") {
  std::vector<Demand> demands = {demand(1, 9s), demand(2, 8s)};
  demands.resize(30, demand(1, 1s));
  Schedule schedule(demands, capacity_of_jobs(2));
  CHECK(fill(schedule) == Numbers{0, 2});
  std::size_t beside = 2;
  int passed_by = 1;
  while (true) {  // the first goes on; beside it one small cell follows the other
    schedule.end(beside);
    const Numbers started = fill(schedule);
    if (started.empty()) break;
    REQUIRE(started.size() == 1);
    beside = started.front();
    ++passed_by;
  }
  CHECK(passed_by == 8);
  schedule.end(0);
  CHECK(fill(schedule) == Numbers{1});
}

TEST_CASE("what is dropped takes no room") {
  Schedule schedule({demand(1), demand(1), demand(1)}, capacity_of_jobs(1));
  schedule.drop(*schedule.next());
  CHECK(fill(schedule) == Numbers{1});
  schedule.end(1);
  schedule.drop(*schedule.next());
  CHECK(schedule.empty());
  CHECK_FALSE(schedule.next());
}

TEST_CASE("a machine gives its cores, most of its memory, and is never empty") {
  const Capacity capacity = capacity_of_machine(0.25, 0);
  CHECK(capacity.cores == 1);
  CHECK(capacity.cells == 16);
  CHECK(capacity.memory_bytes == std::numeric_limits<std::uint64_t>::max());
  CHECK(capacity_of_machine(2, 1000).memory_bytes == 800);
}

TEST_CASE("a cell takes what its header says") {
  Script script;
  script.weight = 0.5;
  script.exclusive = true;
  script.roles.resize(2);
  script.roles[0].limits.memory_bytes = 1000;
  const Demand demand = demand_of(script);
  CHECK(demand.cores == 0.5);
  CHECK(demand.exclusive);
  CHECK(demand.memory_bytes == 1000 + (64U << 20U));
  script.roles[1].limits.memory_bytes = std::numeric_limits<std::uint64_t>::max();
  CHECK(demand_of(script).memory_bytes == std::numeric_limits<std::uint64_t>::max());
}

TEST_CASE("what is expected: the cell's own time, else the longest of its test, the newest run first") {
  Expectations expectations;
  CHECK(expectations.empty());
  expectations.add("a~x", "a", 3s);
  expectations.add("a~y", "a", 5s);
  expectations.add("a~x", "a", 60s);
  CHECK(expectations.of("a~x", "a") == 3000ms);
  CHECK(expectations.of("a~z", "a") == 5000ms);
  CHECK_FALSE(expectations.of("b~x", "b"));
}

TEST_CASE("the breaker opens for who hangs, not for whom it plays with") {
  const std::vector<Casting> cast = {{"worker", "w"}, {"driver", "d"}};
  Breaker breaker;
  for (int i = 1; i < breaker_limit; ++i)
    breaker.ended(cast, "w", false, true);
  CHECK(breaker.tripped(cast).empty());
  SECTION("five in a row") {
    breaker.ended(cast, "w", false, true);
    CHECK(breaker.tripped(cast) == "w");
    CHECK(breaker.tripped({{"worker", "d"}, {"driver", "w"}}) == "w");
    CHECK(breaker.tripped({{"worker", "d"}, {"driver", "d"}}).empty());
    breaker.ended(cast, "", true, false);  // one that was running meanwhile
    CHECK(breaker.tripped(cast).empty());
  }
  SECTION("another kind of failure between") {
    breaker.ended(cast, "w", false, false);
    breaker.ended(cast, "w", false, true);
    CHECK(breaker.tripped(cast).empty());
  }
  SECTION("blame on the other side between") {
    breaker.ended(cast, "d", false, true);
    breaker.ended(cast, "w", false, true);
    CHECK(breaker.tripped(cast).empty());
  }
  SECTION("attempts without it between") {
    breaker.ended({{"worker", "d"}, {"driver", "d"}}, "d", false, true);
    breaker.ended(cast, "w", false, true);
    CHECK(breaker.tripped(cast) == "w");
  }
}

TEST_CASE("one that passed once is never given up") {
  const std::vector<Casting> cast = {{"worker", "w"}, {"driver", "w"}};
  Breaker breaker;
  breaker.ended(cast, "", true, false);
  for (int i = 0; i < 9; ++i)
    breaker.ended(cast, "w", false, true);
  CHECK(breaker.tripped(cast).empty());
}

TEST_CASE("shards are parts of the plan") {
  std::vector<Cell> cells;
  for (int i = 0; i < 1000; ++i) {
    cells.emplace_back();
    cells.back().id = "test-" + std::to_string(i) + "~go~js";
  }
  std::vector<int> seen(cells.size(), 0);
  for (int index = 1; index <= 4; ++index) {
    std::vector<Cell> part = cells;
    const ShardRecord record = take_shard({index, 4}, part);
    CHECK(record.index == index);
    CHECK(record.plan_cells == 1000);
    REQUIRE(record.positions.size() == part.size());
    CHECK(part.size() > 200);
    CHECK(part.size() < 300);
    for (std::size_t i = 0; i < part.size(); ++i) {
      CHECK(part[i].id == cells[record.positions[i]].id);
      ++seen[record.positions[i]];
    }
  }
  CHECK(seen == std::vector<int>(1000, 1));
}

TEST_CASE("a cell's shard is the same for ever") {
  CHECK(shard_of("net-link~go~js~hold=5s", 7) == 5);
  CHECK(shard_of("", 1) == 1);
}

TEST_CASE("what is no shard") {
  const auto fault = [](std::string_view text) {
    const auto parsed = parse_shard(text);
    return std::holds_alternative<std::string>(parsed) ? std::get<std::string>(parsed) : "";
  };
  CHECK(fault("1/4").empty());
  CHECK(fault("4/4").empty());
  CHECK(fault("5/4") == "the parts of 4 are 1/4 to 4/4");
  CHECK(fault("0/4") == "the parts of 4 are 1/4 to 4/4");
  CHECK(fault("1/0") == "there can be 1 to 10000 parts");
  CHECK(fault("1/10001") == "there can be 1 to 10000 parts");
  for (const char* text : {"", "1", "/", "1/", "/4", "1/4/4", "a/b", "1 /4", "99999999999/4"})
    CHECK(fault(text) == "expected I/N, for example 1/4: the first of four parts");
}

TEST_CASE("cells that use the same machine of somebody else follow each other, and others pass them") {
  std::vector<Demand> demands(5);
  demands[0].elsewhere = demands[1].elsewhere = demands[2].elsewhere = "relay.example";
  demands[4].elsewhere = "other.example";
  Schedule schedule(demands, capacity_of_jobs(4));
  std::vector<std::size_t> started;
  while (const auto next = schedule.next()) {
    schedule.start(*next);
    started.push_back(*next);
  }
  CHECK(started == std::vector<std::size_t>{0, 3, 4});
  schedule.end(3);
  CHECK_FALSE(schedule.next());
  schedule.end(0);
  CHECK(schedule.next() == std::size_t{1});
  schedule.start(1);
  CHECK_FALSE(schedule.next());
}

TEST_CASE("others do not wait for a machine elsewhere that is in use, however many there are") {
  std::vector<Demand> demands(20, demand(1));
  demands[0].elsewhere = demands[1].elsewhere = "relay.example";
  Schedule schedule(demands, capacity_of_jobs(2));
  CHECK(fill(schedule) == Numbers{0, 2});
  for (std::size_t cell = 2; cell < 19; ++cell) {
    schedule.end(cell);
    CHECK(fill(schedule) == Numbers{cell + 1});
  }
  schedule.end(0);
  CHECK(fill(schedule) == Numbers{1});
}
