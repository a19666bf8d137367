#include "runtimes/docker/exits.hpp"

#include <catch2/catch.hpp>

using namespace interoper::docker;

TEST_CASE("events are read, Docker's and Podman's") {
  const auto die = read_exit_event(
      R"({"status":"die","id":"c1","from":"x","Type":"container","Action":"die","Actor":{"ID":"c1","Attributes":{"exitCode":"137","image":"x"}},"timeNano":1795214647000040552})");
  REQUIRE(die);
  CHECK(die->kind == ExitEvent::Kind::die);
  CHECK(die->id == "c1");
  CHECK(die->code == 137);
  CHECK(die->moment == "1795214647.000040552");
  const auto podman = read_exit_event(R"({"Type":"container","Action":"died","Actor":{"ID":"c2","Attributes":{"containerExitCode":"3"}}})");
  REQUIRE(podman);
  CHECK(podman->code == 3);
  CHECK(podman->moment.empty());
  const auto oom = read_exit_event(R"({"Type":"container","Action":"oom","Actor":{"ID":"c3","Attributes":{}}})");
  REQUIRE(oom);
  CHECK(oom->kind == ExitEvent::Kind::oom);
  const auto kill = read_exit_event(R"({"Type":"container","Action":"kill","Actor":{"ID":"c3","Attributes":{"signal":"15"}}})");
  REQUIRE(kill);
  CHECK(kill->kind == ExitEvent::Kind::signal);
}

TEST_CASE("what is no event of ours is none") {
  for (const char* line : {"", "{", "[]", "null", R"({"Type":"network","Action":"die","Actor":{"ID":"x"}})",
                           R"({"Type":"container","Action":"start","Actor":{"ID":"x"}})", R"({"Type":"container","Action":"die"})",
                           R"({"Type":"container","Action":"die","Actor":7})", R"({"Type":7,"Action":"die","Actor":{}})"})
    CHECK_FALSE(read_exit_event(line));
}
