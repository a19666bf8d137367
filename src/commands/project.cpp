#include "commands/project.hpp"

#include <algorithm>
#include <iostream>
#include <iterator>

#include "suites/registry.hpp"
#include "suites/suite_loader.hpp"

namespace interoper {
namespace {

namespace fs = std::filesystem;

fs::path own_path() {
  std::error_code error;
  const fs::path path = fs::read_symlink("/proc/self/exe", error);
  return error ? fs::path() : path;
}

bool is_inside(const fs::path& path, const fs::path& folder) {
  const fs::path relative = path.lexically_relative(folder);
  return !relative.empty() && *relative.begin() != "..";
}

// What is under test: the project's Dockerfile, or the th-test beside it (interface §2).
std::optional<Implementation> local_implementation(const Options& options, const Rules& rules) {
  std::error_code error;
  const bool has_dockerfile = options.runtime != "sandbox" && fs::is_regular_file(options.dockerfile, error);
  const bool has_program = options.runtime != "docker" && fs::exists("th-test", error);
  if (!has_dockerfile && !has_program) return std::nullopt;
  Implementation local;
  local.name = local_name;
  for (const std::string& role : rules.role_order)
    local.roles.push_back(RoleOffer{role, std::nullopt});
  if (has_dockerfile) {
    local.source = BuildSource{".", options.dockerfile};
  } else {
    local.path = ".";
  }
  return local;
}

Problem command_line_problem(std::string what, std::string help) {
  Problem problem;
  problem.what = std::move(what);
  problem.help = std::move(help);
  return problem;
}

Problem twice(const std::string& name, const std::string& folder) {
  Problem problem = command_line_problem("the implementation \"" + name + "\" is in an earlier suite too", "rename one of them");
  problem.file = (fs::path(folder) / registry_file).string();
  return problem;
}

}  // namespace

std::optional<Problem> enter_directory(const Options& options) {
  if (options.directory.empty()) return std::nullopt;
  std::error_code error;
  fs::current_path(options.directory, error);
  if (!error) return std::nullopt;
  return command_line_problem("-C " + options.directory + ": " + error.message(), "name a directory that exists");
}

fs::path shipped_folder() {
  const fs::path self = own_path();
  if (self.empty()) return {};
  std::error_code error;
  if (is_inside(self, INTEROPER_BINARY_DIR) && fs::is_directory(INTEROPER_SOURCE_DIR "/tests-specs", error)) return INTEROPER_SOURCE_DIR;
  const fs::path installed = self.parent_path().parent_path() / INTEROPER_SHARE_DIR;
  return fs::is_directory(installed / "tests-specs", error) ? installed : fs::path();
}

std::vector<std::string> tests_folders(const Options& options) {
  std::vector<std::string> folders;
  for (const std::string& suite : options.suites) {
    std::error_code error;
    const fs::path shipped = shipped_folder() / "tests-specs" / suite;
    const bool bare = suite.find('/') == std::string::npos;
    const bool ships = bare && !fs::exists(suite, error) && fs::is_directory(shipped, error);
    folders.push_back(ships ? shipped.string() : suite);
  }
  if (folders.empty()) folders.emplace_back("interop/tests");
  return folders;
}

fs::path reports_folder(const Options& options) {
  return options.reports.empty() ? fs::path("interop/reports") : fs::path(options.reports);
}

LoadedProject load_project(const Options& options) {
  LoadedProject loaded;
  Project project;
  const std::vector<std::string> folders = tests_folders(options);
  LoadedSuite suite = load_suite(folders);
  loaded.problems = std::move(suite.problems);
  const Rules rules = suite.suite ? suite.suite->rules : Rules();
  std::vector<Implementation> drivers;
  for (const std::string& folder : folders) {
    Registry registry = load_registry(folder, rules);
    std::move(registry.problems.begin(), registry.problems.end(), std::back_inserter(loaded.problems));
    for (Implementation& driver : registry.implementations) {
      const bool known =
          std::any_of(drivers.begin(), drivers.end(), [&](const Implementation& other) { return other.name == driver.name; });
      if (known) loaded.problems.push_back(twice(driver.name, folder));
      drivers.push_back(std::move(driver));
    }
  }
  if (!suite.suite || has_errors(loaded.problems)) return loaded;
  project.suite = std::move(*suite.suite);

  if (auto local = local_implementation(options, project.suite.rules)) {
    project.has_local = true;
    project.implementations.push_back(std::move(*local));
  }
  for (Implementation& driver : drivers)
    project.implementations.push_back(std::move(driver));
  for (const std::string& name : unknown_params(project.suite, options.selection)) {
    loaded.problems.push_back(
        command_line_problem("no test has a parameter \"" + name + "\"", "`interoper tests list` shows the parameters"));
  }
  const std::vector<std::string>& roles = project.suite.rules.role_order;
  for (const auto& [role, globs] : options.selection.roles) {
    if (std::find(roles.begin(), roles.end(), role) != roles.end()) continue;
    std::string known;
    for (const std::string& name : roles)
      known += (known.empty() ? "" : ", ") + name;
    loaded.problems.push_back(
        command_line_problem("no cell can be selected by the role \"" + role + "\"", "the suite's roles are " + known));
  }
  if (!has_errors(loaded.problems)) loaded.project = std::move(project);
  return loaded;
}

Means chosen_means(const Options& options) {
  if (options.runtime == "docker") return Means::image;
  return options.runtime == "sandbox" ? Means::path : Means::either;
}

void print_problems(const Problems& problems) { std::cerr << render(problems); }

}  // namespace interoper
