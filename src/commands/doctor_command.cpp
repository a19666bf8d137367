// `doctor`: what this machine can run, and how to mend what it cannot.
#include <unistd.h>

#include <iostream>

#include "commands/commands.hpp"
#include "commands/event_loop.hpp"
#include "commands/project.hpp"
#include "reporters/terminal.hpp"
#include "runtimes/docker/doctor.hpp"

namespace interoper {
namespace {

using State = docker::Check::State;

std::string label(State state, const Style& style) {
  switch (state) {
    case State::ok: return paint(Colour::green, "ok  ", style);
    case State::warn: return paint(Colour::yellow, "warn", style);
    case State::bad: return paint(Colour::red, "bad ", style);
  }
  return {};
}

// What ships with the program: without it `tests update` has nothing to give.
docker::Check shipped_suites() {
  const std::filesystem::path shipped = shipped_folder();
  if (shipped.empty()) {
    return {"suites", State::bad, "the suites that ship with interoper are not found",
            "install it with `cmake --install`, or run it from its build tree"};
  }
  return {"suites", State::ok, (shipped / "tests-specs").string(), ""};
}

}  // namespace

int doctor(const Options& options) {
  std::vector<docker::Check> checks;
  const auto work = [&checks](const Executor& executor) -> Task<> {
    const docker::DockerOptions docker_options;
    checks = co_await docker::examine(executor, docker_options);
  };
  run_on_loop(work);
  checks.push_back(shipped_suites());

  const Style style = style_of(STDOUT_FILENO, options.color);
  bool all_well = true;
  for (const docker::Check& check : checks) {
    std::cout << label(check.state, style) << "  " << padded(check.name, 12) << "  " << check.detail << '\n';
    if (!check.help.empty()) std::cout << "                    " << check.help << '\n';
    all_well = all_well && check.state != State::bad;
  }
  return all_well ? exit_done : exit_trouble;
}

}  // namespace interoper
