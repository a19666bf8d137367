#include "runtimes/docker/doctor.hpp"

#include <unistd.h>

#include <algorithm>

#include "runtimes/docker/clean.hpp"
#include "runtimes/docker/host.hpp"
#include "runtimes/docker/lab.hpp"
#include "runtimes/docker/workshop.hpp"

namespace interoper::docker {

namespace {

// Enough for two roles and what they exchange; less, and the default limits of a role cannot hold.
constexpr std::int64_t enough_memory_bytes = 2 * default_memory_bytes;
constexpr std::int64_t trial_volume_bytes = std::int64_t{1} << 20U;
constexpr std::size_t trial_roles = 2;
// A taken subnet or two is normal; the tests themselves try more.
constexpr int trial_subnets = 8;

Check good(std::string name, std::string detail) { return {std::move(name), Check::State::ok, std::move(detail), {}}; }
Check warning(std::string name, std::string detail, std::string help) {
  return {std::move(name), Check::State::warn, std::move(detail), std::move(help)};
}
Check bad(std::string name, std::string detail, std::string help) {
  return {std::move(name), Check::State::bad, std::move(detail), std::move(help)};
}

std::string gibibytes(std::int64_t bytes) {
  const std::int64_t tenths = bytes * 10 / (std::int64_t{1} << 30U);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " GiB";
}

std::string list_of(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words)
    out += (out.empty() ? "" : ", ") + word;
  return out;
}

void describe_engine(const Engine& engine, std::vector<Check>& checks) {
  const EngineFacts& facts = engine.facts();
  checks.push_back(good("engine", facts.engine + " " + facts.version + ", API " + facts.api + ", on " + facts.operating_system));
  checks.push_back(good("containers", facts.runtime + ", storage " + facts.storage_driver + ", cgroup " + facts.cgroup_version));
  const std::string machine = std::to_string(facts.cpus) + " processors, " + gibibytes(facts.memory_bytes);
  if (facts.memory_bytes >= enough_memory_bytes || facts.memory_bytes == 0) {
    checks.push_back(good("machine", machine));
  } else {
    checks.push_back(warning("machine", machine, "give roles smaller limits in the tests' headers (\"memory\"), or run with -j 1"));
  }
  if (!facts.init_version.empty()) {
    checks.push_back(good("init", "docker-init " + facts.init_version));
  } else if (facts.engine == "podman") {
    checks.push_back(
        warning("init", "Podman does not say whether it has one", "see that the package catatonit is installed on the engine's host"));
  } else {
    checks.push_back(bad("init", "the engine finds no docker-init to put in front of processes",
                         "install tini on the engine's host (Debian, Ubuntu: apt-get install tini)"));
  }
  for (const std::string& one : facts.warnings)
    checks.push_back(warning("engine says", one, {}));
}

Task<> try_network(Engine& engine, const std::string& name, const Labels& labels, const std::string& range, std::vector<Check>& checks) {
  std::string trouble;
  try {
    Subnets subnets(range, name);
    NetworkOrder order;
    order.name = name;
    order.labels = labels;
    for (int tried = 0; tried < trial_subnets; ++tried) {
      order.subnet = subnets.take(trial_roles);
      trouble.clear();
      try {
        const std::string id = co_await engine.create_network(order);
        co_await engine.remove_network(id);
        break;
      } catch (const EngineError& error) {
        trouble = error.message();
      }
    }
    if (trouble.empty()) checks.push_back(good("network", "private networks can be made, in " + range));
  } catch (const WorldError& error) {
    trouble = error.what();
  }
  if (!trouble.empty()) {
    checks.push_back(
        bad("network", "no private network can be made: " + trouble,
            "see the engine's log (iptables missing?); INTEROPER_DOCKER_SUBNETS names another range of addresses than " + range));
  }
}

Task<> try_volume(Engine& engine, const std::string& name, const Labels& labels, std::vector<Check>& checks) {
  std::string trouble;
  try {
    co_await engine.create_memory_volume(name, trial_volume_bytes, labels);
    co_await engine.remove_volume(name);
  } catch (const WorldError& error) {
    trouble = error.what();
  }
  if (trouble.empty()) {
    checks.push_back(good("shared", "volumes in memory can be made"));
  } else {
    checks.push_back(warning("shared", "no volumes in memory (" + trouble + "): /shared will be a directory of this machine", {}));
  }
}

Task<> look_for_leftovers(Engine& engine, std::vector<Check>& checks) {
  const std::string filter = label_filter(run_label);
  auto containers = co_await engine.containers(filter);
  auto networks = co_await engine.networks(filter);
  auto volumes = co_await engine.volumes(filter);
  std::size_t dead = 0;
  for (const auto* list : {&containers, &networks, &volumes}) {
    for (const Found& one : *list) {
      const auto mark = one.labels.find(owner_label);
      if (mark == one.labels.end() || life_of(mark->second) != Life::alive) ++dead;
    }
  }
  if (dead == 0) {
    checks.push_back(good("leftovers", "none"));
  } else {
    checks.push_back(
        warning("leftovers", std::to_string(dead) + " containers, networks and volumes of runs that are over", "interoper clean"));
  }
}

Task<> try_things(Engine& engine, std::string range, std::vector<Check>& checks) {
  const std::string name = "interoper-doctor-" + std::to_string(::getpid());
  const Labels labels = {{run_label, name}, {owner_label, own_mark()}};
  co_await try_network(engine, name, labels, range, checks);
  co_await try_volume(engine, name, labels, checks);
  std::string trouble;
  try {
    co_await look_for_leftovers(engine, checks);
  } catch (const WorldError& error) {
    trouble = error.what();
  }
  if (!trouble.empty()) checks.push_back(bad("leftovers", trouble, {}));
}

}  // namespace

Task<std::vector<Check>> examine(const Executor& executor, DockerOptions options) {
  std::vector<Check> checks;
  std::unique_ptr<Engine> engine;
  std::string where;
  try {
    const Host host = find_host(options.host);
    where = host.address.text() + " (" + host.found_by + ")";
    engine = std::make_unique<Engine>(executor, host.address);
    co_await engine->connect();
  } catch (const WorldError& error) {
    checks.push_back(bad("socket", error.what(),
                         "install an engine (Debian, Ubuntu: apt-get install docker.io tini) and start it, or set DOCKER_HOST to one; "
                         "looked for: $DOCKER_HOST, " +
                             list_of(usual_sockets())));
    engine.reset();
  }
  if (!engine) co_return std::move(checks);
  checks.push_back(good("socket", where));
  describe_engine(*engine, checks);
  std::string range = subnet_range(options.subnets);
  co_await try_things(*engine, std::move(range), checks);
  co_return std::move(checks);
}

}  // namespace interoper::docker
