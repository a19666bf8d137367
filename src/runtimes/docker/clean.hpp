// Removes what dead runs left behind, on the engine and in the temporary directory. Only what carries our labels, and stands in our
// folders, is ever looked at; what belongs to a run that lives, or may live, stays.
#pragma once

#include <cstddef>
#include <filesystem>
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
  std::vector<CleanedRun> runs;                    // sorted by name
  std::vector<std::filesystem::path> directories;  // removed temporary directories
  std::vector<std::filesystem::path> kept_directories;
};

// Connects to the engine as `options` say. WorldError when it cannot be reached.
Task<Cleaned> clean(const Executor& executor, DockerOptions options, CleanOptions wish);

// The same with an engine that is connected, and `temporary` for the system's temporary directory.
Task<Cleaned> clean_with(Engine& engine, const Executor& executor, std::filesystem::path temporary, CleanOptions wish);

// Containers, then networks, then volumes with this label filter, whatever their owner. Tries all; then throws the first failure.
Task<> remove_everything(Engine& engine, const Executor& executor, std::string filter);

}  // namespace interoper::docker
