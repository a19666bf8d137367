// Slots against the fake engine: what is shared between attempts, when a slot serves again, and what happens without them.
#include "runtimes/docker/pool.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "runtimes/docker/docker.hpp"
#include "runtimes/docker/fake_engine.hpp"

using namespace interoper;
using namespace interoper::docker;
using Json = nlohmann::json;

namespace {

constexpr const char* image_json = R"({"Id": "sha256:abc", "Os": "linux", "Architecture": "amd64", "Config": {"Labels": {}}})";
constexpr const char* pause_json = R"({"Id": "sha256:pause", "Os": "linux", "Architecture": "amd64", "Config": {}})";

struct Stage {
  Loop loop;
  FakeEngine engine{loop.executor()};
  std::vector<std::string> said;
  std::unique_ptr<Runtime> runtime;

  explicit Stage(bool with_agent = false) {  // the fake engine runs no programs
    engine.images["interoper/js:latest"] = image_json;
    engine.images["interoper/pause:1"] = pause_json;
    DockerOptions options;
    options.with_agent = with_agent;
    options.host = engine.host();
    options.say = [this](std::string_view sentence) { said.emplace_back(sentence); };
    runtime = make_docker_runtime(loop.executor(), options);
    loop.run(runtime->begin("run-1"));
  }
  // One attempt that starts nothing; the slot is free again afterwards.
  void attempt(const LabOrder& order) {
    auto lab = loop.run(runtime->open(order));
    loop.run(lab->close());
    loop.run(sleep_for(std::chrono::milliseconds(100)));  // removal goes on in the background
  }
  void end() { loop.run(runtime->end()); }
};

LabOrder two_roles() {
  LabOrder order;
  order.cell = "c";
  for (const char* role : {"worker", "driver"}) {
    Player player;
    player.role = role;
    player.implementation = "js";
    player.image = "interoper/js:latest";
    order.players.push_back(player);
  }
  return order;
}

// The bodies of all containers that were asked for, in order.
std::vector<Json> containers(const FakeEngine& engine) {
  std::vector<Json> found;
  for (const FakeRequest& request : engine.requests()) {
    if (request.path == "/containers/create") found.push_back(Json::parse(request.body));
  }
  return found;
}

std::size_t networks_made(const FakeEngine& engine) { return engine.count("POST", "/networks/create"); }

}  // namespace

TEST_CASE("roles join the places of a slot, and the next attempt uses it again") {
  Stage stage;
  stage.attempt(two_roles());
  stage.attempt(two_roles());
  CHECK(networks_made(stage.engine) == 1);
  const std::vector<Json> made = containers(stage.engine);
  REQUIRE(made.size() == 6);  // two places, and twice two roles
  int places = 0;
  for (const Json& container : made) {
    const std::string mode = container.at("HostConfig").at("NetworkMode");
    if (container.at("Image") == "sha256:pause") {
      ++places;
      CHECK(container.at("Cmd") == Json{"/pause"});
      CHECK(container.contains("Hostname"));
      CHECK(container.at("HostConfig").at("Sysctls") == Json{{"net.ipv4.tcp_max_tw_buckets", "0"}});
    } else {
      CHECK(mode.starts_with("container:"));
      CHECK_FALSE(container.contains("Hostname"));
      CHECK_FALSE(container.contains("NetworkingConfig"));
    }
  }
  CHECK(places == 2);
  CHECK(stage.engine.count("POST", "/volumes/create") == 2);  // /shared is never shared between attempts
  stage.end();
  CHECK(stage.engine.left().empty());
}

TEST_CASE("what gives a place its names cannot be changed for the next attempt") {
  Stage stage;
  stage.engine.answer = [](const FakeRequest& request) -> std::optional<FakeAnswer> {
    const bool is_inspection = request.method == "GET" && request.path.starts_with("/containers/") && request.path.ends_with("/json");
    if (!is_inspection || request.path == "/containers/json") return std::nullopt;
    return FakeAnswer{200,
                      R"({"State": {"Status": "running"}, "HostsPath": "/d/hosts", "ResolvConfPath": "/d/resolv", "HostnamePath": ""})"};
  };
  stage.attempt(two_roles());
  int roles = 0;
  for (const Json& container : containers(stage.engine)) {
    std::map<std::string, std::string> read_only;
    for (const Json& mount : container.at("HostConfig").at("Mounts")) {
      if (mount.value("ReadOnly", false)) read_only[mount.at("Target")] = mount.at("Source");
    }
    if (container.at("Image") == "sha256:pause") {
      CHECK(read_only.empty());
      continue;
    }
    ++roles;
    CHECK(read_only == std::map<std::string, std::string>{{"/etc/hosts", "/d/hosts"}, {"/etc/resolv.conf", "/d/resolv"}});
  }
  CHECK(roles == 2);
  stage.engine.answer = nullptr;
  stage.end();
}

TEST_CASE("attempts at the same time stand on different slots") {
  Stage stage;
  auto first = stage.loop.run(stage.runtime->open(two_roles()));
  auto second = stage.loop.run(stage.runtime->open(two_roles()));
  CHECK(networks_made(stage.engine) == 2);
  stage.loop.run(first->close());
  stage.loop.run(second->close());
  stage.end();
  CHECK(stage.engine.left().empty());
}

TEST_CASE("a slot serves only attempts with the same roles and the same reach") {
  Stage stage;
  stage.attempt(two_roles());
  LabOrder outside = two_roles();
  outside.outside = true;
  stage.attempt(outside);
  LabOrder one = two_roles();
  one.players.pop_back();
  stage.attempt(one);
  CHECK(networks_made(stage.engine) == 3);
  LabOrder named = two_roles();
  named.players[0].aliases = {"relay"};
  stage.attempt(named);
  stage.attempt(named);
  CHECK(networks_made(stage.engine) == 4);
  std::vector<std::string> names;
  for (const Json& container : containers(stage.engine)) {
    if (container.at("Image") != "sha256:pause") continue;
    names.clear();
    for (const Json& one_name : container.at("NetworkingConfig").at("EndpointsConfig").begin().value().at("Aliases"))
      names.push_back(one_name);
    if (names.size() > 1) break;
  }
  CHECK(names == std::vector<std::string>{"worker", "relay"});
  stage.end();
}

TEST_CASE("a slot that lost a place holder serves no more") {
  Stage stage;
  stage.attempt(two_roles());
  std::string place;
  for (const FakeRequest& request : stage.engine.requests()) {
    if (request.path != "/containers/create" || !place.empty()) continue;
    if (Json::parse(request.body).at("Image") == "sha256:pause") place = request.query.substr(std::string("name=").size());
  }
  stage.engine.die(place, 137);
  stage.loop.run(sleep_for(std::chrono::milliseconds(100)));
  stage.attempt(two_roles());
  CHECK(networks_made(stage.engine) == 2);
  stage.end();
  CHECK(stage.engine.left().empty());
}

TEST_CASE("strict attempts and those on the host's network have no slot") {
  Stage stage;
  LabOrder strict = two_roles();
  strict.strict = true;
  CHECK_FALSE(fits_a_slot(strict));
  LabOrder host = two_roles();
  host.host_network = true;
  CHECK_FALSE(fits_a_slot(host));
  stage.attempt(strict);
  stage.attempt(strict);
  CHECK(networks_made(stage.engine) == 2);
  stage.end();
}

TEST_CASE("an engine that refuses slots gets fresh networks, and the user is told once") {
  Stage stage;
  stage.engine.answer = [](const FakeRequest& request) -> std::optional<FakeAnswer> {
    const bool is_place = request.path == "/containers/create" && request.body.find("sha256:pause") != std::string::npos;
    if (!is_place) return std::nullopt;
    return FakeAnswer{400, R"({"message": "sysctl is not allowed"})"};
  };
  stage.attempt(two_roles());
  stage.attempt(two_roles());
  REQUIRE(stage.said.size() == 1);
  CHECK(stage.said[0].find("sysctl is not allowed") != std::string::npos);
  CHECK(stage.said[0].find("from now on every attempt gets a network of its own") != std::string::npos);
  stage.end();
  CHECK(stage.engine.left().empty());
}

TEST_CASE("an engine that cannot mount the agent does without, and the user is told once") {
  Stage stage(true);
  stage.engine.images["interoper/js:latest"] = R"({"Id": "sha256:abc", "Config": {"Cmd": ["serve"]}})";
  stage.engine.answer = [](const FakeRequest& request) -> std::optional<FakeAnswer> {
    const bool has_agent = request.path == "/containers/create" && request.body.find("/.interoper") != std::string::npos;
    if (!has_agent) return std::nullopt;
    return FakeAnswer{400, R"({"message": "invalid mount config for type \"bind\": bind source path does not exist: /tmp/x"})"};
  };
  stage.attempt(two_roles());
  stage.attempt(two_roles());
  REQUIRE(stage.said.size() == 1);
  CHECK(stage.said[0].find("bind source path does not exist") != std::string::npos);
  CHECK(stage.said[0].find("comes through the container engine") != std::string::npos);
  const Json last = containers(stage.engine).back();
  CHECK(last.at("HostConfig").at("Init") == true);
  CHECK_FALSE(last.contains("Entrypoint"));
  stage.end();
  CHECK(stage.engine.left().empty());
}

TEST_CASE("the agent runs what the image would have run") {
  Stage stage(true);
  stage.engine.images["interoper/js:latest"] = R"({"Id": "sha256:abc", "Config": {"Entrypoint": ["sh", "-e"], "Cmd": ["serve"]}})";
  std::vector<Json> roles;
  stage.engine.answer = [&roles](const FakeRequest& request) -> std::optional<FakeAnswer> {
    const bool has_agent = request.path == "/containers/create" && request.body.find("/.interoper") != std::string::npos;
    if (!has_agent) return std::nullopt;
    roles.push_back(Json::parse(request.body));
    return FakeAnswer{500, R"({"message": "enough"})"};
  };
  LabOrder order = two_roles();
  order.players[1].command = {"th-test", "t", "driver"};
  CHECK_THROWS_AS(stage.loop.run(stage.runtime->open(order)), WorldError);
  REQUIRE(roles.size() == 2);
  CHECK(roles[0].at("Entrypoint") == Json::array({"/.interoper/agent", "--"}));
  CHECK(roles[0].at("Cmd") == Json::array({"sh", "-e", "serve"}));
  CHECK(roles[0].at("HostConfig").at("Init") == false);
  CHECK(roles[1].at("Cmd") == Json::array({"sh", "-e", "th-test", "t", "driver"}));
  stage.end();
}
