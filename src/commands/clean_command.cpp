// `clean`: what runs that were killed left on the engine and on the disk.
#include <algorithm>
#include <iostream>

#include "base/owner.hpp"
#include "base/sentence.hpp"
#include "commands/commands.hpp"
#include "commands/event_loop.hpp"
#include "commands/project.hpp"
#include "runtimes/docker/clean.hpp"
#include "runtimes/docker/host.hpp"
#include "runtimes/sandbox/clean.hpp"

namespace interoper {
namespace {

std::string things(const docker::CleanedRun& run) {
  return counted(run.containers.size(), "container") + ", " + counted(run.networks.size(), "network") + ", " +
         counted(run.volumes.size(), "volume");
}

// True when something was there to tell of.
bool tell(const std::vector<sandbox::CleanedGroup>& cleaned) {
  for (const sandbox::CleanedGroup& one : cleaned) {
    const std::string what = one.group.run + ": the control group " + one.group.directory.string();
    if (one.removed) {
      std::cout << "removed  " << what << '\n';
    } else if (one.busy) {
      std::cerr << "error: " << what << " is busy: something that the run started has not ended yet; look at its cgroup.procs\n";
    } else if (one.group.owner == Life::alive) {
      std::cout << "kept     " << what << ": it is running\n";
    } else {
      std::cout << "kept     " << what << ": nobody here can tell whether it is alive; `interoper clean --all` removes it\n";
    }
  }
  return !cleaned.empty();
}

// True when something was there to tell of.
bool tell(const docker::Cleaned& cleaned) {
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
  return !cleaned.runs.empty();
}

// True when something was there to tell of.
bool tell(const std::vector<CleanedDirectory>& cleaned) {
  for (const CleanedDirectory& one : cleaned) {
    if (one.removed) {
      std::cout << "removed  " << one.path.string() << '\n';
    } else if (one.trouble.empty()) {
      std::cout << "kept     " << one.path.string() << ": its run may be alive\n";
    } else {
      std::cerr << "error: cannot remove " << one.path.string() << ": " << one.trouble
                << "; if a role wrote it as another user, remove it as root\n";
    }
  }
  return !cleaned.empty();
}

}  // namespace

int clean(const Options& options) {
  const std::vector<sandbox::CleanedGroup> groups = sandbox::clean_groups(options.clean_all);
  bool any = tell(groups);
  const bool any_busy = std::any_of(groups.begin(), groups.end(), [](const sandbox::CleanedGroup& one) { return one.busy; });
  docker::Cleaned cleaned;
  const auto work = [&](const Executor& executor) -> Task<> {
    const docker::DockerOptions docker_options;
    const docker::CleanOptions wish{options.clean_all};
    cleaned = co_await docker::clean(executor, docker_options, wish);
  };
  // A machine without an engine has nothing on it.
  if (docker::is_engine_expected()) run_on_loop(work);
  any = tell(cleaned) || any;
  // Last: what used them is gone by then.
  const std::vector<CleanedDirectory> directories = clean_directories(std::filesystem::temp_directory_path(), options.clean_all);
  any = tell(directories) || any;
  if (!any) std::cout << "nothing to clean\n";
  const bool any_trouble =
      std::any_of(directories.begin(), directories.end(), [](const CleanedDirectory& one) { return !one.trouble.empty(); });
  if (any_busy || any_trouble) return exit_trouble;
  for (const docker::CleanedRun& run : cleaned.runs) {
    if (!run.trouble.empty()) return exit_trouble;
  }
  return exit_done;
}

}  // namespace interoper
