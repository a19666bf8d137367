#include "runtimes/docker/subnets.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "base/problem.hpp"
#include "runtimes/docker/fake_engine.hpp"

using namespace interoper;
using namespace interoper::docker;

TEST_CASE("subnets are small, apart from each other, and begin elsewhere for another run") {
  Subnets subnets("10.231.0.0/16", "run-1");
  std::set<std::string> seen;
  for (int i = 0; i < 4096; ++i)
    seen.insert(subnets.take(2));
  CHECK(seen.size() == 4096);
  CHECK(seen.count("10.231.0.0/28") == 1);
  CHECK(seen.count("10.231.255.240/28") == 1);
  CHECK(failure_of([&] { subnets.take(2); }) ==
        "subnets-used-up: every subnet of 10.231.0.0/16 with room for 2 roles is in use; set INTEROPER_DOCKER_SUBNETS to a larger range");
  subnets.give_back("10.231.7.16/28");
  CHECK(subnets.take(2) == "10.231.7.16/28");
  CHECK(Subnets("10.231.0.0/16", "run-1").take(2) != Subnets("10.231.0.0/16", "run-2").take(2));
}

TEST_CASE("the number of roles decides the size, and sizes do not overlap") {
  Subnets subnets("192.168.8.0/24", "x");
  CHECK(subnets.take(13).ends_with("/28"));
  CHECK(subnets.take(14).ends_with("/27"));
  const std::string large = subnets.take(100);
  CHECK(large.ends_with("/25"));
  std::set<std::string> seen;
  for (int i = 0; i < 5; ++i)
    CHECK(seen.insert(subnets.take(1)).second);
  CHECK(failure_of([&] { subnets.take(1); }).starts_with("subnets-used-up: "));
  CHECK(failure_of([&] { subnets.take(1000); }).starts_with("subnets-used-up: "));
  subnets.give_back(large);
  CHECK(subnets.take(100) == large);
}

TEST_CASE("a range that is none is said") {
  for (const char* text : {"", "10.0.0.0", "10.0.0.0/27", "10.0.0.0/4", "10.0.0.1/16", "300.0.0.0/16", "10.0.0.0/16x", "fd00::/64"})
    CHECK(failure_of([&] { Subnets(text, "x"); }) ==
          "subnets-invalid: '" + std::string(text) +
              "' is no range of IPv4 addresses for the tests' networks; INTEROPER_DOCKER_SUBNETS takes one like "
              "10.231.0.0/16 (/8 to /26)");
}
