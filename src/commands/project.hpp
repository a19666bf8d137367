// Where things are: the user's project (interface §2), and what ships with this program.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/problem.hpp"
#include "commands/options.hpp"
#include "model/implementation.hpp"
#include "model/spec.hpp"
#include "suites/foreign_registry.hpp"

namespace interoper {

struct Project {
  Suite suite;
  std::vector<Implementation> implementations;  // `local` first, when there is one
  bool has_local = false;
  std::optional<Matching> matching;  // of another runner's registry
  std::string registry;              // its file, as the user would write it; empty = none
  std::vector<LocalBuild> builds;    // what the user built beside it
  Selection selection;               // the command line's, with the suite's own roles
};

// Exit statuses of interface §8 that commands return.
constexpr int exit_done = 0;
constexpr int exit_failed = 1;
constexpr int exit_bad_input = 2;
constexpr int exit_trouble = 3;
constexpr int exit_nothing = 4;
constexpr int exit_interrupted = 130;

// Goes to -C; a problem when it is no directory.
std::optional<Problem> enter_directory(const Options& options);

// The folder with tests-specs/ and drivers/ that belongs to this program: the source tree for one that runs from its build tree, else
// the installed share/interoper. Empty when neither is there.
std::filesystem::path shipped_folder();

std::filesystem::path reports_folder(const Options& options);

// Reads everything that planning needs. Nothing when a problem is an error; all problems are reported, in one go.
struct LoadedProject {
  std::optional<Project> project;
  Problems problems;
};
LoadedProject load_project(const Options& options);

// What --runtime lets cells be made of.
Means chosen_means(const Options& options);

// Prints problems to stderr.
void print_problems(const Problems& problems);

}  // namespace interoper
