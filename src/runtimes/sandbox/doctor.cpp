#include "runtimes/sandbox/doctor.hpp"

#include <unistd.h>

#include <algorithm>

#include "base/problem.hpp"
#include "runtimes/sandbox/cgroups.hpp"
#include "runtimes/sandbox/outside.hpp"
#include "runtimes/sandbox/sandbox.hpp"

namespace interoper::sandbox {

namespace {

// A role that does nothing, in a network of two: all that a test needs is made once.
LabOrder trial() {
  LabOrder order;
  order.cell = "doctor";
  for (const char* role : {"worker", "driver"}) {
    Player player;
    player.role = role;
    player.implementation = "true";
    player.path = "/usr";
    player.command = {"true"};
    order.players.push_back(player);
  }
  return order;
}

Task<> run_trial(Runtime& runtime) {
  LabOrder order = trial();
  std::unique_ptr<Lab> lab = co_await runtime.open(std::move(order));
  std::exception_ptr failure;
  try {
    const std::unique_ptr<Process> process = co_await lab->start("worker");
    for (Chunk chunk = co_await process->read(); !chunk.bytes.empty();)
      chunk = co_await process->read();
    co_await process->exit();
  } catch (const WorldError&) {
    failure = std::current_exception();
  }
  co_await lab->close();
  if (failure) std::rethrow_exception(failure);
}

Check limits_check(const std::map<std::string, std::string>& facts) {
  Check check{"limits", Check::State::ok, "", ""};
  check.detail = "memory: " + facts.at("sandbox_memory_limit") + "; processes: " + facts.at("sandbox_process_limit") +
                 "; processor time: " + facts.at("sandbox_cpu_limit");
  const bool all_groups = check.detail.find("RLIMIT") == std::string::npos && check.detail.find("none") == std::string::npos;
  if (!all_groups) {
    check.state = Check::State::warn;
    check.help =
        "control groups hold a role's processes together: run interoper as root, or where you may make some "
        "(systemd-run --user --scope -p Delegate=yes interoper …)";
  }
  return check;
}

Check outside_check() {
  const std::string obstacle = no_user_network();
  if (obstacle.empty()) return {"outside", Check::State::ok, "tests that ask for it reach the outside, through slirp4netns", ""};
  return {"outside", Check::State::warn, "tests that ask for the outside (\"network\": {\"outside\": true}) have no way there", obstacle};
}

Check leftovers_check() {
  const auto left = find_left_groups();
  const auto dead = std::count_if(left.begin(), left.end(), [](const LeftGroup& group) { return group.owner != Life::alive; });
  if (dead == 0) return {"leftovers", Check::State::ok, "none", ""};
  return {"leftovers", Check::State::warn, std::to_string(dead) + " control groups of runs that are over", "interoper clean"};
}

}  // namespace

Task<std::vector<Check>> examine(Executor executor) {
  std::vector<Check> checks;
  const std::unique_ptr<Runtime> runtime = make_sandbox_runtime(executor, {});
  std::string trouble;
  bool has_begun = false;
  try {
    co_await runtime->begin("doctor-" + std::to_string(::getpid()));
    has_begun = true;
    co_await run_trial(*runtime);
  } catch (const WorldError& error) {
    trouble = error.what();
  }
  if (trouble.empty()) {
    const auto facts = runtime->facts();
    const std::string how = facts.at("sandbox") == "root" ? "as root" : "in user namespaces";
    checks.push_back({"namespaces", Check::State::ok, "roles run " + how + ", each in a network of its own", ""});
    checks.push_back(limits_check(facts));
    checks.push_back(outside_check());
  } else {
    checks.push_back({"namespaces", Check::State::bad, trouble, ""});
  }
  if (has_begun) co_await runtime->end();
  checks.push_back(leftovers_check());
  co_return std::move(checks);
}

}  // namespace interoper::sandbox
