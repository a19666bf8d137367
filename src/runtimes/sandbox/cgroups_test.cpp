#include "runtimes/sandbox/cgroups.hpp"

#include <catch2/catch.hpp>

namespace interoper::sandbox {

TEST_CASE("a run's group says by its name whose it is") {
  GroupName read;
  REQUIRE(read_group_name(group_name("local-20261121-010203", own_mark()), read));
  CHECK(read.run == "local-20261121-010203");
  CHECK(read.mark == own_mark());
  CHECK(life_of(read.mark) == Life::alive);
}

TEST_CASE("a group of somebody else is not ours, whatever its name") {
  GroupName read;
  CHECK_FALSE(read_group_name("interoper-engine-15", read));
  CHECK_FALSE(read_group_name("user@1000.service", read));
  CHECK_FALSE(read_group_name("", read));
}

TEST_CASE("the name of a group fits a file system") { CHECK(group_name(std::string(1000, 'x'), own_mark()).size() < 256); }

}  // namespace interoper::sandbox
