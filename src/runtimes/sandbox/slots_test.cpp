#include "runtimes/sandbox/slots.hpp"

#include <catch2/catch.hpp>

#include "base/problem.hpp"
#include "runtimes/docker/fake_engine.hpp"

using namespace interoper;
using namespace interoper::sandbox;

TEST_CASE("more roles than a slot has places for are told before anything is made") {
  docker::Loop loop;
  Workshop workshop(loop.executor(), "slots-test", {});
  Slots slots(workshop);
  LabOrder order;
  for (int i = 0; i < 64; ++i)
    order.players.emplace_back().role = "r" + std::to_string(i);
  const auto take = [&] { loop.run(slots.take(order)); };
  CHECK(docker::failure_of(take) ==
        "too-many-roles: the test has 64 roles, and the sandbox plays at most 63; leave some out, or run it in containers "
        "(--runtime docker)");
}
