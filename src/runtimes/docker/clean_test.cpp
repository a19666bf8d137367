#include "runtimes/docker/clean.hpp"

#include <catch2/catch.hpp>

#include "base/problem.hpp"
#include "runtimes/docker/doctor.hpp"
#include "runtimes/docker/fake_engine.hpp"

using namespace interoper;
using namespace interoper::docker;

namespace {

struct Yard {
  Loop loop;
  FakeEngine fake{loop.executor()};
  Engine engine{loop.executor(), http_address(fake.host())};
  std::string alive = own_mark();
  std::string dead = alive.substr(0, alive.rfind(':') + 1) + "1";

  Yard() { loop.run(engine.connect()); }

  void put_run(const std::string& run, const std::string& owner) {
    const Labels labels = {{"interoper.run", run}, {"interoper.owner", owner}};
    fake.put("container", run + "-c", labels);
    fake.put("network", run + "-n", labels);
    fake.put("volume", run + "-v", labels);
  }
};

}  // namespace

TEST_CASE("what belongs to the dead goes, what belongs to the living stays, and strangers are not touched") {
  Yard yard;
  yard.put_run("dead", yard.dead);
  yard.put_run("live", yard.alive);
  yard.put_run("far", "another machine:1:2:3");
  yard.fake.put("container", "stranger", {{"com.example", "x"}});
  yard.fake.put("volume", "mine", {});

  const Cleaned first = yard.loop.run(clean_with(yard.engine, yard.loop.executor(), {}));
  REQUIRE(first.runs.size() == 3);
  CHECK(first.runs[0].run == "dead");
  CHECK(first.runs[0].removed);
  CHECK(first.runs[0].owner == Life::dead);
  CHECK(first.runs[0].containers == std::vector<std::string>{"dead-c"});
  CHECK(first.runs[0].networks == std::vector<std::string>{"dead-n"});
  CHECK(first.runs[0].volumes == std::vector<std::string>{"dead-v"});
  CHECK(first.runs[1].run == "far");
  CHECK(first.runs[1].owner == Life::unknown);
  CHECK_FALSE(first.runs[1].removed);
  CHECK(first.runs[2].run == "live");
  CHECK_FALSE(first.runs[2].removed);
  CHECK(yard.fake.left().size() == 8);

  const Cleaned second = yard.loop.run(clean_with(yard.engine, yard.loop.executor(), CleanOptions{true}));
  REQUIRE(second.runs.size() == 2);
  CHECK(second.runs[0].removed);
  CHECK(yard.fake.left() ==
        std::vector<std::string>{"container live-c", "network live-n", "volume live-v", "container stranger", "volume mine"});
}

TEST_CASE("two runs of one name with different owners are two runs") {
  Yard yard;
  yard.fake.put("container", "a", {{"interoper.run", "same"}, {"interoper.owner", yard.dead}});
  yard.fake.put("container", "b", {{"interoper.run", "same"}, {"interoper.owner", yard.alive}});
  const Cleaned cleaned = yard.loop.run(clean_with(yard.engine, yard.loop.executor(), {}));
  CHECK(cleaned.runs.size() == 2);
  CHECK(yard.fake.left() == std::vector<std::string>{"container b"});
}

TEST_CASE("what cannot be removed is told, and the rest goes all the same") {
  Yard yard;
  yard.put_run("dead", yard.dead);
  yard.fake.answer = [](const FakeRequest& request) -> std::optional<FakeAnswer> {
    if (request.method != "DELETE" || !request.path.starts_with("/networks/")) return std::nullopt;
    return FakeAnswer{500, R"({"message": "device busy"})"};
  };
  const Cleaned cleaned = yard.loop.run(clean_with(yard.engine, yard.loop.executor(), {}));
  REQUIRE(cleaned.runs.size() == 1);
  CHECK(cleaned.runs[0].trouble == "the container engine refuses to remove a network: device busy");
  CHECK(yard.fake.left() == std::vector<std::string>{"network dead-n"});
}

namespace {

std::vector<std::string> lines_of(const std::vector<Check>& checks) {
  std::vector<std::string> lines;
  for (const Check& check : checks) {
    const std::string state = check.state == Check::State::ok ? "ok" : check.state == Check::State::warn ? "warn" : "bad";
    lines.push_back(check.name + " " + state + ": " + check.detail + (check.help.empty() ? "" : " -> " + check.help));
  }
  return lines;
}

}  // namespace

TEST_CASE("the doctor finds a healthy engine healthy, and leaves nothing") {
  Yard yard;
  DockerOptions options;
  options.host = yard.fake.host();
  const auto lines = lines_of(yard.loop.run(examine(yard.loop.executor(), options)));
  CHECK(lines == std::vector<std::string>{"socket ok: " + yard.fake.host() + " (as asked)",
                                          "engine ok: docker 20.10.24, API 1.41, on Debian 12",
                                          "containers ok: runc, storage overlay2, cgroup 2", "machine ok: 2 processors, 8.0 GiB",
                                          "init ok: docker-init 0.19.0", "network ok: private networks can be made, in 10.231.0.0/16",
                                          "shared ok: volumes in memory can be made", "leftovers ok: none"});
  CHECK(yard.fake.left().empty());
}

TEST_CASE("the doctor says what is wrong and how to mend it") {
  Yard yard;
  yard.fake.has_init = false;
  yard.put_run("dead", yard.dead);
  yard.put_run("live", yard.alive);
  yard.fake.answer = [](const FakeRequest& request) -> std::optional<FakeAnswer> {
    if (request.path == "/networks/create") return FakeAnswer{500, R"({"message": "iptables not found"})"};
    if (request.path == "/volumes/create") return FakeAnswer{400, R"({"message": "no options"})"};
    return std::nullopt;
  };
  DockerOptions options;
  options.host = yard.fake.host();
  const auto lines = lines_of(yard.loop.run(examine(yard.loop.executor(), options)));
  REQUIRE(lines.size() == 8);
  CHECK(lines[4] ==
        "init bad: the engine finds no docker-init to put in front of processes -> install tini on the engine's host (Debian, Ubuntu: "
        "apt-get install tini)");
  CHECK(lines[5] ==
        "network bad: no private network can be made: iptables not found -> see the engine's log (iptables missing?); "
        "INTEROPER_DOCKER_SUBNETS names another "
        "range of addresses than 10.231.0.0/16");
  CHECK(lines[6] == "shared warn: no volumes in memory (the container engine refuses to create the volume interoper-doctor-" +
                        std::to_string(::getpid()) + ": no options): /shared will be a directory of this machine");
  CHECK(lines[7] == "leftovers warn: 3 containers, networks and volumes of runs that are over -> interoper clean");
}

TEST_CASE("without an engine the doctor says so, and no more") {
  Loop loop;
  DockerOptions options;
  options.host = "unix:///nonexistent/docker.sock";
  const auto checks = loop.run(examine(loop.executor(), options));
  REQUIRE(checks.size() == 1);
  CHECK(checks[0].state == Check::State::bad);
  CHECK(checks[0].detail ==
        "cannot reach the container engine at unix:///nonexistent/docker.sock: there is no such socket; start it, or set DOCKER_HOST to "
        "one that runs "
        "(`interoper doctor` says what it finds)");
  CHECK(checks[0].help.starts_with(
      "install an engine (Debian, Ubuntu: apt-get install docker.io tini) and start it, or set DOCKER_HOST to one; looked for: "));
}
