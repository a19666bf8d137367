// `doctor`: what this machine can run, and how to mend what it cannot.
#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "commands/commands.hpp"
#include "commands/event_loop.hpp"
#include "commands/project.hpp"
#include "reporters/terminal.hpp"
#include "runtimes/docker/doctor.hpp"
#include "runtimes/docker/host.hpp"
#include "runtimes/sandbox/doctor.hpp"

namespace interoper {
namespace {

using State = Check::State;

std::string label(State state, const Style& style) {
  switch (state) {
    case State::ok: return paint(Colour::green, "ok  ", style);
    case State::warn: return paint(Colour::yellow, "warn", style);
    case State::bad: return paint(Colour::red, "bad ", style);
  }
  return {};
}

// What ships with the program: without it `tests update` has nothing to give.
Check shipped_suites() {
  const std::filesystem::path shipped = shipped_folder();
  if (shipped.empty()) {
    return {"suites", State::bad, "the suites that ship with interoper are not found",
            "install it with `cmake --install`, or run it from its build tree"};
  }
  return {"suites", State::ok, (shipped / "tests-specs").string(), ""};
}

bool is_well(const std::vector<Check>& checks) {
  return std::none_of(checks.begin(), checks.end(), [](const Check& check) { return check.state == State::bad; });
}

void print(const std::string& title, const std::vector<Check>& checks, const Style& style) {
  std::cout << title << '\n';
  for (const Check& check : checks) {
    std::cout << "  " << label(check.state, style) << "  " << padded(check.name, 12) << "  " << check.detail << '\n';
    if (!check.help.empty()) std::cout << "                      " << check.help << '\n';
  }
}

// Whoever has no container engine may need none.
void soften(std::vector<Check>& checks) {
  for (Check& check : checks) {
    if (check.state == State::bad) check.state = State::warn;
  }
}

}  // namespace

int doctor(const Options& options) {
  std::vector<Check> sandbox_checks;
  std::vector<Check> docker_checks;
  const auto work = [&](const Executor& executor) -> Task<> {
    sandbox_checks = co_await sandbox::examine(executor);
    const docker::DockerOptions docker_options;
    docker_checks = co_await docker::examine(executor, docker_options);
  };
  run_on_loop(work);
  const std::vector<Check> own_checks = {shipped_suites()};
  if (is_well(sandbox_checks) && !docker::is_engine_expected()) soften(docker_checks);

  const Style style = style_of(STDOUT_FILENO, options.color);
  print("sandbox: roles from a path, without a container engine", sandbox_checks, style);
  print("docker: roles from images", docker_checks, style);
  print("interoper", own_checks, style);
  return is_well(sandbox_checks) && is_well(docker_checks) && is_well(own_checks) ? exit_done : exit_trouble;
}

}  // namespace interoper
