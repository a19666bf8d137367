// The docker runtime against the fake engine: what it asks for, and what it makes of answers, silences and breaks.
#include "runtimes/docker/lab.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/owner.hpp"
#include "base/problem.hpp"
#include "model/cell.hpp"
#include "runtimes/docker/docker.hpp"
#include "runtimes/docker/fake_engine.hpp"
#include "runtimes/docker/role_process.hpp"

using namespace interoper;
using namespace interoper::docker;
using namespace std::chrono_literals;
using Json = nlohmann::json;

namespace {

constexpr const char* image_json = R"({"Id": "sha256:abc", "Os": "linux", "Architecture": "amd64", "RepoDigests": ["x@sha256:digest"],
  "Config": {"Labels": {"interoper.source": "repo git://x", "interoper.revision": "123"}}})";

// A fake engine with one image, and a runtime that has begun on it.
struct Stage {
  Loop loop;
  FakeEngine engine{loop.executor()};
  std::vector<std::string> said;
  std::unique_ptr<Runtime> runtime;

  explicit Stage(std::map<std::string, std::string> image_ids = {}) {
    engine.images["interoper/js:latest"] = image_json;
    DockerOptions options;
    options.host = engine.host();
    options.image_ids = std::move(image_ids);
    options.with_agent = false;  // the fake engine runs no programs
    options.say = [this](std::string_view sentence) { said.emplace_back(sentence); };
    runtime = make_docker_runtime(loop.executor(), options);
  }
  void begin() { loop.run(runtime->begin("run-1")); }
  void end() { loop.run(runtime->end()); }
};

Player player(std::string role) {
  Player one;
  one.role = std::move(role);
  one.implementation = "js";
  one.image = "interoper/js:latest";
  one.command = {"th-test", "net-link", one.role};
  return one;
}

LabOrder order_of(std::vector<Player> players) {
  LabOrder order;
  order.cell = "net-link~js~js";
  order.attempt = 2;
  order.strict = true;  // slots have tests of their own, in pool_test
  order.players = std::move(players);
  return order;
}

LabOrder two_roles() { return order_of({player("worker"), player("driver")}); }

std::string lab_name() { return "interoper-run-1-" + short_hash(own_mark()) + "-1"; }
std::string name_of(const std::string& role) { return lab_name() + "-" + role; }

Task<std::string> read_all(Process& process) {
  std::string text;
  while (true) {
    const Chunk chunk = co_await process.read();
    if (chunk.bytes.empty()) break;
    text += chunk.stream == Stream::out ? "o:" : "e:";
    text.append(chunk.bytes);
  }
  co_return text;
}

}  // namespace

TEST_CASE("what is asked of the engine for an attempt") {
  Stage stage;
  stage.begin();
  LabOrder order = two_roles();
  order.players[0].env = {{"INTEROPER_TEST", "net-link"}};
  order.players[0].user = "1234";
  order.players[0].limits.memory_bytes = 64 << 20;
  order.players[0].limits.cpus = 0.5;
  order.players[0].limits.pids = 10;
  auto lab = stage.loop.run(stage.runtime->open(order));

  const Json network = Json::parse(stage.engine.find("POST", "/networks/create")->body);
  CHECK(network.at("Name") == lab_name());
  CHECK(network.at("Internal") == true);
  CHECK(network.at("IPAM").at("Config").at(0).at("Subnet").get<std::string>().starts_with("10.231."));
  const Json labels = {
      {"interoper.run", "run-1"}, {"interoper.cell", "net-link~js~js"}, {"interoper.attempt", "2"}, {"interoper.owner", own_mark()}};
  CHECK(network.at("Labels") == labels);

  const Json volume = Json::parse(stage.engine.find("POST", "/volumes/create")->body);
  CHECK(volume.at("Name") == lab_name());
  CHECK(volume.at("DriverOpts") == Json{{"type", "tmpfs"}, {"device", "tmpfs"}, {"o", "size=536870912,mode=1777"}});
  CHECK(volume.at("Labels") == labels);

  Json worker;
  for (const FakeRequest& request : stage.engine.requests()) {
    if (request.path == "/containers/create" && request.query == "name=" + name_of("worker")) worker = Json::parse(request.body);
  }
  Json worker_labels = labels;
  worker_labels["interoper.role"] = "worker";
  CHECK(worker ==
        Json{{"Image", "sha256:abc"},
             {"Cmd", {"th-test", "net-link", "worker"}},
             {"Env", {"INTEROPER_TEST=net-link"}},
             {"User", "1234"},
             {"Hostname", "worker"},
             {"Labels", worker_labels},
             {"AttachStdin", true},
             {"AttachStdout", true},
             {"AttachStderr", true},
             {"OpenStdin", true},
             {"StdinOnce", false},
             {"Tty", false},
             {"NetworkingConfig", {{"EndpointsConfig", {{lab_name(), {{"Aliases", {"worker"}}}}}}}},
             {"HostConfig",
              {{"Init", true},
               {"LogConfig", {{"Type", "none"}, {"Config", Json::object()}}},
               {"SecurityOpt", {"no-new-privileges"}},
               {"NetworkMode", lab_name()},
               {"Memory", 64 << 20},
               {"MemorySwap", 64 << 20},
               {"NanoCpus", 500000000},
               {"PidsLimit", 10},
               {"Mounts", {{{"Type", "volume"}, {"Source", lab_name()}, {"Target", "/shared"}, {"VolumeOptions", {{"NoCopy", true}}}}}}}}});
  stage.loop.run(lab->close());
  stage.end();
  CHECK(stage.engine.left().empty());
  // The normal path has neither wait nor logs nor inspect.
  CHECK(stage.engine.count("GET", "/events") == 1);
  for (const FakeRequest& request : stage.engine.requests()) {
    CHECK(request.path.find("/wait") == std::string::npos);
    CHECK(request.path.find("/logs") == std::string::npos);
  }
}

TEST_CASE("what was built for this run is run, whoever has its name meanwhile") {
  Stage stage(std::map<std::string, std::string>{{"interoper/js:latest", "sha256:built"}});
  stage.engine.images["sha256:built"] = R"({"Id": "sha256:built", "Os": "linux", "Architecture": "amd64"})";
  stage.begin();
  auto lab = stage.loop.run(stage.runtime->open(order_of({player("driver")})));
  CHECK(Json::parse(stage.engine.find("POST", "/containers/create")->body).at("Image") == "sha256:built");
  const auto facts = stage.loop.run(stage.runtime->image_facts("interoper/js:latest"));
  REQUIRE(facts);
  CHECK(facts->id == "sha256:built");
  stage.loop.run(lab->close());
  stage.end();
}

TEST_CASE("limits have defaults, an image may have its own command, and the outside can be reached when asked") {
  Stage stage;
  stage.begin();
  LabOrder order = order_of({player("driver")});
  order.players[0].command.clear();
  order.outside = true;
  auto lab = stage.loop.run(stage.runtime->open(order));
  const Json body = Json::parse(stage.engine.find("POST", "/containers/create")->body);
  CHECK(body.at("HostConfig").at("Memory") == std::int64_t{2} << 30U);
  CHECK(body.at("HostConfig").at("PidsLimit") == 1024);
  CHECK_FALSE(body.at("HostConfig").contains("NanoCpus"));
  CHECK_FALSE(body.contains("Cmd"));
  CHECK_FALSE(body.contains("User"));
  CHECK(Json::parse(stage.engine.find("POST", "/networks/create")->body).at("Internal") == false);
  stage.loop.run(lab->close());
  stage.end();
}

TEST_CASE("the host's network needs none of its own") {
  Stage stage;
  stage.begin();
  LabOrder order = two_roles();
  order.host_network = true;
  auto lab = stage.loop.run(stage.runtime->open(order));
  CHECK(stage.engine.count("POST", "/networks/create") == 0);
  const Json body = Json::parse(stage.engine.find("POST", "/containers/create")->body);
  CHECK(body.at("HostConfig").at("NetworkMode") == "host");
  CHECK(body.at("HostConfig").at("ExtraHosts") == Json{"worker:127.0.0.1", "driver:127.0.0.1"});
  CHECK_FALSE(body.contains("Hostname"));
  CHECK_FALSE(body.contains("NetworkingConfig"));
  stage.loop.run(lab->close());
  stage.end();
}

TEST_CASE("a process writes and is written to, and ends") {
  Stage stage;
  stage.begin();
  auto lab = stage.loop.run(stage.runtime->open(two_roles()));
  stage.engine.started = [&](const std::string& name) {
    stage.engine.write_out(name, "{\"ty\":\"ready\"}\n");
    stage.engine.write_out(name, "oops\n", true);
  };
  auto process = stage.loop.run(lab->start("driver"));
  CHECK(process->image_id() == "sha256:abc");
  CHECK(stage.loop.run(process->write("hello\n")));
  stage.loop.run(sleep_for(20ms));
  CHECK(stage.engine.input(name_of("driver")) == "hello\n");
  stage.engine.die(name_of("driver"), 3);
  CHECK(stage.loop.run(read_all(*process)) == "o:{\"ty\":\"ready\"}\ne:oops\n");
  const Exit exit = stage.loop.run(process->exit());
  CHECK(exit.code == 3);
  CHECK_FALSE(exit.signal);
  CHECK_FALSE(stage.loop.run(process->write("late")));
  stage.loop.run(process->signal(SIGTERM));
  stage.loop.run(lab->close());
  stage.end();
  CHECK(stage.engine.left().empty());
}

TEST_CASE("attaching comes before starting") {
  Stage stage;
  stage.begin();
  auto lab = stage.loop.run(stage.runtime->open(two_roles()));
  auto process = stage.loop.run(lab->start("worker"));
  std::vector<std::string> calls;
  for (const FakeRequest& request : stage.engine.requests()) {
    if (request.path.ends_with("/attach")) calls.emplace_back("attach " + request.query);
    if (request.path.ends_with("/start")) calls.emplace_back("start");
  }
  CHECK(calls == std::vector<std::string>{"attach stream=1&stdin=1&stdout=1&stderr=1", "start"});
  stage.loop.run(lab->close());
  stage.end();
}

TEST_CASE("signals: 128 + n says which; SIGKILL that was not ours may be memory") {
  Stage stage;
  stage.begin();
  auto lab = stage.loop.run(stage.runtime->open(two_roles()));
  auto process = stage.loop.run(lab->start("driver"));
  SECTION("ours") {
    stage.loop.run(process->signal(SIGKILL));
    const Exit exit = stage.loop.run(process->exit());
    CHECK(exit.code == 137);
    CHECK(exit.signal == SIGKILL);
    CHECK_FALSE(exit.oom);
    CHECK(stage.engine.count("GET", "/containers/container") == 0);
  }
  SECTION("the kernel's, told by an event") {
    stage.engine.die(name_of("driver"), 137, true);
    const Exit exit = stage.loop.run(process->exit());
    CHECK(exit.oom);
    CHECK(stage.engine.count("GET", "/containers/container") == 0);
  }
  SECTION("the kernel's, told after the exit") {
    stage.engine.die(name_of("driver"), 137);
    Group later(stage.loop.executor());
    later.spawn([](Stage& on) -> Task<> {
      co_await sleep_for(100ms);
      on.engine.die(name_of("driver"), 137, true);
    }(stage));
    const Exit exit = stage.loop.run(process->exit());
    CHECK(exit.oom);
    stage.loop.run(later.join());
  }
  SECTION("somebody else's") {
    stage.engine.die(name_of("driver"), 137);
    const Exit exit = stage.loop.run(process->exit());
    CHECK(exit.signal == SIGKILL);
    CHECK_FALSE(exit.oom);
    CHECK(stage.engine.count("GET", "/containers/container") == 2);  // at once, and when the event had time to come
  }
  stage.loop.run(lab->close());
  stage.end();
}

TEST_CASE("who is stopped by somebody else, or by an engine that shuts down, is not to blame") {
  Stage stage;
  stage.begin();
  auto lab = stage.loop.run(stage.runtime->open(two_roles()));
  auto process = stage.loop.run(lab->start("driver"));
  SECTION("by somebody else") {
    stage.engine.tell_signal(name_of("driver"));
    stage.engine.die(name_of("driver"), 0);
    CHECK(failure_of([&] { stage.loop.run(process->exit()); }) ==
          "killed-from-outside: somebody else sent the process a signal: the container engine is shutting down, or someone stopped its "
          "container; look at the "
          "engine's log and run the test again");
  }
  SECTION("by us") {
    stage.loop.run(process->signal(SIGTERM));
    CHECK(stage.loop.run(process->exit()).signal == SIGTERM);
  }
  stage.loop.run(lab->close());
  stage.end();
}

TEST_CASE("a missing image is said, or pulled when that is wanted") {
  Stage stage;
  stage.begin();
  LabOrder order = two_roles();
  order.players[1].image = "ghost:1";
  order.players[1].implementation = "ghost";
  CHECK(failure_of([&] { stage.loop.run(stage.runtime->open(order)); }) ==
        "image-missing: the image ghost:1 of ghost, which is to play driver, is not there; run `interoper tests build ghost`");
  order.players[1].pull = true;
  // A registry that refuses is asked once; every cell that needs the image says why it cannot run.
  for (int attempt = 0; attempt < 3; ++attempt) {
    CHECK(failure_of([&] { stage.loop.run(stage.runtime->open(order)); }) ==
          "image-missing: the image ghost:1 of ghost, which is to play driver, is not there and cannot be pulled: No such container: "
          "create; see that its name is right and its registry can be reached, or load it into the engine");
  }
  CHECK(stage.engine.count("POST", "/images/create") == 1);
  order.players[1].image = "ghost:2";
  stage.engine.answer = [&](const FakeRequest& request) -> std::optional<FakeAnswer> {
    if (request.path != "/images/create") return std::nullopt;
    CHECK(request.query == "fromImage=ghost&tag=2");
    stage.engine.images["ghost:2"] = image_json;
    return FakeAnswer{200, "{\"status\":\"Pulling from ghost\"}\r\n{\"status\":\"Done\"}\r\n"};
  };
  auto lab = stage.loop.run(stage.runtime->open(order));
  stage.loop.run(lab->close());
  // Asked once; then it is known.
  const std::size_t asked = stage.engine.count("GET", "/images/");
  auto again = stage.loop.run(stage.runtime->open(order));
  CHECK(stage.engine.count("GET", "/images/") == asked);
  stage.loop.run(again->close());
  // One that somebody has loaded meanwhile is taken.
  order.players[1].image = "ghost:1";
  stage.engine.images["ghost:1"] = image_json;
  auto loaded = stage.loop.run(stage.runtime->open(order));
  stage.loop.run(loaded->close());
  stage.end();
  CHECK(stage.engine.left().empty());
}

TEST_CASE("directories of this machine, names and no /shared, when the order says so") {
  Stage stage;
  stage.begin();
  LabOrder order = two_roles();
  order.shared = false;
  order.players[0].aliases = {"relay", "moq-relay"};
  order.players[0].binds = {{"/tmp/certs", "/certs", true}, {"/tmp/out", "/mlog", false}};
  auto lab = stage.loop.run(stage.runtime->open(order));
  CHECK(stage.engine.count("POST", "/volumes/create") == 0);
  Json worker;
  for (const FakeRequest& request : stage.engine.requests()) {
    if (request.path == "/containers/create" && request.query == "name=" + name_of("worker")) worker = Json::parse(request.body);
  }
  const Json bind = {{"Type", "bind"}, {"Source", "/tmp/certs"}, {"Target", "/certs"}, {"ReadOnly", true}};
  const Json writable = {{"Type", "bind"}, {"Source", "/tmp/out"}, {"Target", "/mlog"}, {"ReadOnly", false}};
  CHECK(worker.at("HostConfig").at("Mounts") == Json::array({bind, writable}));
  CHECK(worker.at("NetworkingConfig").at("EndpointsConfig").at(lab_name()).at("Aliases") == Json{"worker", "relay", "moq-relay"});
  CHECK(worker.at("Hostname") == "worker");
  stage.loop.run(lab->close());
  stage.end();
}

TEST_CASE("on the host's network aliases are this machine") {
  Stage stage;
  stage.begin();
  LabOrder order = two_roles();
  order.host_network = true;
  order.players[0].aliases = {"relay"};
  auto lab = stage.loop.run(stage.runtime->open(order));
  const Json driver = Json::parse(stage.engine.find("POST", "/containers/create")->body);
  CHECK(driver.at("HostConfig").at("ExtraHosts") == Json{"worker:127.0.0.1", "relay:127.0.0.1", "driver:127.0.0.1"});
  stage.loop.run(lab->close());
  stage.end();
}

TEST_CASE("a directory that the engine cannot show is told by its name, and is not the agent's fault") {
  Stage stage;
  stage.begin();
  LabOrder order = two_roles();
  order.players[0].binds = {{"/tmp/certs", "/certs", true}};
  stage.engine.answer = [](const FakeRequest& request) -> std::optional<FakeAnswer> {
    if (request.path != "/containers/create" || request.body.find("/certs") == std::string::npos) return std::nullopt;
    return FakeAnswer{400, R"({"message": "invalid mount config for type \"bind\": bind source path does not exist: /tmp/certs"})"};
  };
  CHECK(
      failure_of([&] { stage.loop.run(stage.runtime->open(order)); }) ==
      "mount-failed: cannot start worker in the image interoper/js:latest: the container engine cannot show it the directory /tmp/certs at "
      "/certs (invalid mount config for type \"bind\": bind source path does not exist: /tmp/certs); an engine on another machine does not "
      "see our directories");
  stage.end();
}

TEST_CASE("a start that is refused says why, in words that help") {
  Stage stage;
  stage.begin();
  const auto failure_with = [&](const std::string& words) {
    auto lab = stage.loop.run(stage.runtime->open(two_roles()));
    stage.engine.answer = [&](const FakeRequest& request) -> std::optional<FakeAnswer> {
      if (!request.path.ends_with("/start")) return std::nullopt;
      return FakeAnswer{400, Json{{"message", words}}.dump()};
    };
    const std::string failure = failure_of([&] { stage.loop.run(lab->start("driver")); });
    stage.engine.answer = nullptr;
    stage.loop.run(lab->close());
    return failure;
  };
  CHECK(failure_with("OCI runtime create failed: exec: \"th-test\": executable file not found in $PATH: unknown") ==
        "command-missing: cannot run 'th-test' in the image interoper/js:latest (role driver): OCI runtime create failed: exec: "
        "\"th-test\": executable file not "
        "found in $PATH: unknown; see that the image has it as an executable in its PATH, or name another `command` in the test's header");
  CHECK(failure_with("exec: \"docker-init\": executable file not found in $PATH") ==
        "init-missing: cannot start driver in the image interoper/js:latest: the container engine finds no init to put in front of it "
        "(exec: \"docker-init\": "
        "executable file not found in $PATH); install `tini` (Debian, Ubuntu: apt-get install tini; Podman: catatonit)");
  CHECK(failure_with("unable to find user ghost: no matching entries in passwd file") ==
        "start-failed: cannot start driver in the image interoper/js:latest: the image does not know the user that the test's header names "
        "(unable to find user "
        "ghost: no matching entries in passwd file)");
  CHECK(failure_with("something else") == "start-failed: cannot start driver in the image interoper/js:latest: something else");
  stage.end();
  CHECK(stage.engine.left().empty());
}

TEST_CASE("a command that the init cannot run is the world's trouble") {
  Stage stage;
  stage.begin();
  auto lab = stage.loop.run(stage.runtime->open(two_roles()));
  auto process = stage.loop.run(lab->start("driver"));
  const auto die_saying = [&](const std::string& words, int code) {
    stage.engine.write_out(name_of("driver"), words, true);
    stage.engine.die(name_of("driver"), code);
    stage.loop.run(read_all(*process));
    return failure_of([&] { stage.loop.run(process->exit()); });
  };
  SECTION("it is not there") {
    CHECK(die_saying("[FATAL tini (7)] exec th-test failed: No such file or directory\n", 127) ==
          "command-missing: cannot run 'th-test' in the image interoper/js:latest (role driver): no such file or directory; see that the "
          "image has it as an "
          "executable in its PATH, or name another `command` in the test's header");
  }
  SECTION("it is no executable") {
    CHECK(die_saying("[FATAL tini (7)] exec th-test failed: Permission denied\n", 126).find("permission denied") != std::string::npos);
  }
  SECTION("Podman's init says no name") {
    CHECK(die_saying("ERROR (catatonit:2): failed to exec pid1: No such file or directory\n", 127).find("cannot run 'th-test'") !=
          std::string::npos);
  }
  SECTION("the role says 127 itself") { CHECK(die_saying("not supported\n", 127) == "nothing was thrown"); }
  SECTION("the role quotes an init") {
    CHECK(die_saying("hello\n[FATAL tini (7)] exec th-test failed: No such file or directory\n", 127) == "nothing was thrown");
  }
  stage.loop.run(lab->close());
  stage.end();
}

TEST_CASE("init complaints are read") {
  CHECK(read_init_complaint("[FATAL tini (7)] exec a b failed: No such file or directory\n").command == "a b");
  CHECK(read_init_complaint("[FATAL tini (7)] exec x failed: Exec format error\n").why == "exec format error");
  CHECK(read_init_complaint("").why.empty());
  CHECK(read_init_complaint("[FATAL tini (7)] failed: exec \n").why.empty());
}

TEST_CASE("a subnet that somebody else has is not the end") {
  Stage stage;
  stage.begin();
  std::vector<std::string> tried;
  int refusals = 2;
  stage.engine.answer = [&](const FakeRequest& request) -> std::optional<FakeAnswer> {
    if (request.path != "/networks/create") return std::nullopt;
    tried.push_back(Json::parse(request.body).at("IPAM").at("Config").at(0).at("Subnet"));
    if (refusals-- <= 0) return std::nullopt;
    return FakeAnswer{403, R"({"message": "Pool overlaps with other one on this address space"})"};
  };
  auto lab = stage.loop.run(stage.runtime->open(two_roles()));
  CHECK(tried.size() == 3);
  std::sort(tried.begin(), tried.end());
  CHECK(std::unique(tried.begin(), tried.end()) == tried.end());
  stage.loop.run(lab->close());

  refusals = 1'000'000;
  tried.clear();
  CHECK(failure_of([&] { stage.loop.run(stage.runtime->open(two_roles())); }) ==
        "network-failed: cannot make a network for the attempt: Pool overlaps with other one on this address space; 64 subnets were tried: "
        "set "
        "INTEROPER_DOCKER_SUBNETS to a range that is free");
  CHECK(tried.size() == 64);
  stage.end();
  CHECK(stage.engine.left().empty());
}

TEST_CASE("without volumes in memory /shared is a directory, and that is said") {
  Stage stage;
  stage.begin();
  stage.engine.answer = [&](const FakeRequest& request) -> std::optional<FakeAnswer> {
    if (request.path != "/volumes/create") return std::nullopt;
    return FakeAnswer{400, R"({"message": "invalid option: \"o\""})"};
  };
  auto lab = stage.loop.run(stage.runtime->open(two_roles()));
  const Json body = Json::parse(stage.engine.find("POST", "/containers/create")->body);
  const Json mount = body.at("HostConfig").at("Mounts").at(0);
  CHECK(mount.at("Type") == "bind");
  CHECK(mount.at("Target") == "/shared");
  const std::filesystem::path directory = mount.at("Source").get<std::string>();
  CHECK(std::filesystem::is_directory(directory));
  CHECK((std::filesystem::status(directory).permissions() & std::filesystem::perms::others_write) != std::filesystem::perms::none);
  CHECK(stage.said ==
        std::vector<std::string>{"the container engine makes no volumes in memory (invalid option: \"o\"): /shared is a directory under " +
                                 std::filesystem::temp_directory_path().string() + ", without a size limit"});
  stage.loop.run(lab->close());
  stage.end();
  CHECK_FALSE(std::filesystem::exists(directory.parent_path()));
}

TEST_CASE("an engine that goes away for good ends every wait with a sentence") {
  Stage stage;
  stage.begin();
  auto lab = stage.loop.run(stage.runtime->open(two_roles()));
  auto process = stage.loop.run(lab->start("driver"));
  stage.engine.stop();
  CHECK(failure_of([&] { stage.loop.run(process->exit()); }) ==
        "engine-died: the container engine at " + stage.engine.host() +
            " went away while tests ran; look at its log, start it again, and run the tests again");
  stage.loop.run(lab->close());
  stage.end();
}

TEST_CASE("an event stream that breaks is taken up again") {
  Stage stage;
  stage.begin();
  auto lab = stage.loop.run(stage.runtime->open(two_roles()));
  auto process = stage.loop.run(lab->start("driver"));
  SECTION("and tells what ends later") {
    stage.engine.break_events();
    stage.loop.run(sleep_for(200ms));
    CHECK(stage.engine.count("GET", "/events") == 2);
    stage.engine.die(name_of("driver"), 4);
    CHECK(stage.loop.run(process->exit()).code == 4);
  }
  SECTION("and what ended unseen is not guessed at") {
    stage.engine.die(name_of("driver"), 0, false, false);
    stage.engine.break_events();
    CHECK(failure_of([&] { stage.loop.run(process->exit()); }) ==
          "engine-died: the container engine at " + stage.engine.host() +
              " was away while a process ended, so how it ended is not known; look at the engine's log and run the test again");
  }
  stage.loop.run(lab->close());
  stage.end();
  CHECK(stage.engine.left().empty());
}

TEST_CASE("a hurry ends every wait, and the end is short even when the engine says nothing") {
  Stage stage;
  stage.begin();
  auto lab = stage.loop.run(stage.runtime->open(two_roles()));
  auto process = stage.loop.run(lab->start("driver"));
  Group group(stage.loop.executor());
  std::string failure;
  const auto wait = [&]() -> Task<> {
    try {
      co_await process->exit();
    } catch (const WorldError& error) {
      failure = error.reason() + ": " + error.what();
    }
  };
  group.spawn(wait());
  stage.loop.run(sleep_for(10ms));
  stage.runtime->hurry();
  stage.loop.run(group.join());
  CHECK(failure == "interrupted: interrupted: the container engine is not waited for any longer");
  CHECK(failure_of([&] { stage.loop.run(stage.runtime->open(two_roles())); }).starts_with("interrupted: "));
  stage.loop.run(lab->close());
  stage.end();
  CHECK(stage.engine.left().empty());
}

TEST_CASE("what an attempt that could not be opened had made is removed") {
  Stage stage;
  stage.begin();
  int containers = 0;
  stage.engine.answer = [&](const FakeRequest& request) -> std::optional<FakeAnswer> {
    if (request.path != "/containers/create" || ++containers != 2) return std::nullopt;
    return FakeAnswer{500, R"({"message": "no space left on device"})"};
  };
  CHECK(failure_of([&] { stage.loop.run(stage.runtime->open(two_roles())); }) ==
        "start-failed: cannot start driver in the image interoper/js:latest: no space left on device");
  stage.end();
  CHECK(stage.engine.left().empty());
}

TEST_CASE("the end sweeps what was forgotten, and only this run's") {
  Stage stage;
  stage.begin();
  const Labels ours = {{"interoper.run", "run-1"}, {"interoper.owner", own_mark()}};
  stage.engine.put("container", "mine", ours);
  stage.engine.put("network", "mine", ours);
  stage.engine.put("volume", "mine", ours);
  stage.engine.put("container", "other", {{"interoper.run", "run-2"}, {"interoper.owner", own_mark()}});
  stage.engine.put("container", "namesake", {{"interoper.run", "run-1"}, {"interoper.owner", "another process"}});
  stage.engine.put("container", "stranger", {});
  stage.end();
  CHECK(stage.engine.left() == std::vector<std::string>{"container other", "container namesake", "container stranger"});
}

TEST_CASE("a network that is in use for a moment is removed a moment later") {
  Stage stage;
  stage.begin();
  auto lab = stage.loop.run(stage.runtime->open(two_roles()));
  int refusals = 2;
  stage.engine.answer = [&](const FakeRequest& request) -> std::optional<FakeAnswer> {
    if (request.method != "DELETE" || !request.path.starts_with("/networks/") || refusals-- <= 0) return std::nullopt;
    return FakeAnswer{403, R"({"message": "error while removing network: network x has active endpoints"})"};
  };
  stage.loop.run(lab->close());
  stage.loop.run(sleep_for(700ms));
  CHECK(stage.engine.left().empty());
  stage.end();
}

TEST_CASE("facts for reports") {
  Stage stage;
  stage.begin();
  const auto facts = stage.runtime->facts();
  CHECK(facts.at("engine") == "docker");
  CHECK(facts.at("engine_version") == "20.10.24");
  CHECK(facts.at("engine_api") == "1.41");
  const auto image = stage.loop.run(stage.runtime->image_facts("interoper/js:latest"));
  REQUIRE(image);
  CHECK(image->id == "sha256:abc");
  CHECK(image->digest == "sha256:digest");
  CHECK(image->source == "repo git://x");
  CHECK(image->revision == "123");
  CHECK(image->platform == "linux/amd64");
  CHECK_FALSE(stage.loop.run(stage.runtime->image_facts("nowhere:latest")));
  stage.end();
}

TEST_CASE("no engine at all") {
  Loop loop;
  DockerOptions options;
  options.host = "unix:///nonexistent/docker.sock";
  auto runtime = make_docker_runtime(loop.executor(), options);
  CHECK(failure_of([&] { loop.run(runtime->begin("run-1")); }) ==
        "engine-unreachable: cannot reach the container engine at unix:///nonexistent/docker.sock: there is no such socket; start it, or "
        "set DOCKER_HOST to one "
        "that runs (`interoper doctor` says what it finds)");
  loop.run(runtime->end());
}

TEST_CASE("names fit the engine's rules") {
  CHECK(name_part("local-20261120-221935", 80) == "local-20261120-221935");
  const std::string odd = name_part("b\xC3\xBC ro/1", 80);
  CHECK(odd.starts_with("b__ro_1-") == false);
  CHECK(odd.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == std::string::npos);
  CHECK(name_part(std::string(200, 'x'), 80).size() == 80);
  CHECK(name_part("a/b", 80) != name_part("a_b", 80));
}
