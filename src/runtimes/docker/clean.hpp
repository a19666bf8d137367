// Removes what dead runs left behind on the engine. Only what carries our labels is ever looked at; what belongs to a run that lives, or
// may live, stays. (Directories: base/owner.)
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/owner.hpp"
#include "base/task.hpp"
#include "runtimes/docker/docker.hpp"
#include "runtimes/docker/engine.hpp"

namespace interoper::docker {

struct CleanOptions {
  bool all = false;  // also what belongs to runs of which nobody here can tell whether they live
};

struct CleanedRun {
  std::string run;
  Life owner = Life::unknown;
  std::vector<std::string> containers, networks, volumes;  // names
  bool removed = false;                                    // otherwise kept
  std::string trouble;                                     // why not all of it could be removed; empty = none
};

struct Cleaned {
  std::vector<CleanedRun> runs;  // sorted by name
};

// Connects to the engine as `options` say. WorldError when it cannot be reached.
Task<Cleaned> clean(const Executor& executor, DockerOptions options, CleanOptions wish);

// The same with an engine that is connected.
Task<Cleaned> clean_with(Engine& engine, const Executor& executor, CleanOptions wish);

// Containers, then networks, then volumes with this label filter, whatever their owner. Tries all; then throws the first failure.
Task<> remove_everything(Engine& engine, const Executor& executor, std::string filter);

}  // namespace interoper::docker
