// `clean`: what runs that were killed left on the engine and on the disk.
#include <iostream>

#include "commands/commands.hpp"
#include "commands/event_loop.hpp"
#include "commands/project.hpp"
#include "runtimes/docker/clean.hpp"

namespace interoper {
namespace {

std::string things(const docker::CleanedRun& run) {
  const auto count = [](std::size_t number, const std::string& noun) {
    return std::to_string(number) + " " + noun + (number == 1 ? "" : "s");
  };
  return count(run.containers.size(), "container") + ", " + count(run.networks.size(), "network") + ", " +
         count(run.volumes.size(), "volume");
}

void tell(const docker::Cleaned& cleaned) {
  for (const docker::CleanedRun& run : cleaned.runs) {
    if (run.removed) {
      std::cout << "removed  " << run.run << ": " << things(run) << '\n';
    } else if (run.owner == Life::alive) {
      std::cout << "kept     " << run.run << ": it is running (" << things(run) << ")\n";
    } else if (run.owner == Life::unknown) {
      std::cout << "kept     " << run.run << ": nobody here can tell whether it is alive (" << things(run)
                << "); `interoper clean --all` removes it\n";
    }
    if (!run.trouble.empty()) std::cerr << "error: " << run.run << ": " << run.trouble << '\n';
  }
  for (const auto& directory : cleaned.directories)
    std::cout << "removed  " << directory.string() << '\n';
  for (const auto& directory : cleaned.kept_directories)
    std::cout << "kept     " << directory.string() << ": its run may be alive\n";
  if (cleaned.runs.empty() && cleaned.directories.empty() && cleaned.kept_directories.empty()) std::cout << "nothing to clean\n";
}

}  // namespace

int clean(const Options& options) {
  docker::Cleaned cleaned;
  const auto work = [&](const Executor& executor) -> Task<> {
    const docker::DockerOptions docker_options;
    const docker::CleanOptions wish{options.clean_all};
    cleaned = co_await docker::clean(executor, docker_options, wish);
  };
  run_on_loop(work);
  tell(cleaned);
  for (const docker::CleanedRun& run : cleaned.runs) {
    if (!run.trouble.empty()) return exit_trouble;
  }
  return exit_done;
}

}  // namespace interoper
