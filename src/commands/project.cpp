#include "commands/project.hpp"

#include <algorithm>
#include <iostream>
#include <iterator>

#include "commands/selection.hpp"
#include "suites/digest.hpp"
#include "suites/foreign_registry.hpp"
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

class ProjectLoader {
 public:
  explicit ProjectLoader(const Options& options) : options_(options) {}

  LoadedProject load() {
    find_places();
    LoadedSuite suite;
    if (!has_errors(problems_)) suite = load_suite(folders_);
    append(problems_, std::move(suite.problems));
    const Rules rules = suite.suite ? suite.suite->rules : Rules();
    std::vector<Implementation> others = registry_ ? foreign(suite.suite ? &rules : nullptr) : ours(rules);
    if (suite.suite && !registry_) check_has_registry(*suite.suite, others);
    if (!suite.suite) append(problems_, likely_mistakes(options_));
    if (!suite.suite || has_errors(problems_)) return {std::nullopt, std::move(problems_)};

    project_.suite = std::move(*suite.suite);
    if (registry_) add_registry_to(project_.suite);
    // Who is not in another runner's registry can meet nobody in it.
    auto local = registry_ ? std::nullopt : local_implementation(options_, project_.suite.rules);
    if (local) {
      project_.has_local = true;
      project_.implementations.push_back(std::move(*local));
    }
    std::move(others.begin(), others.end(), std::back_inserter(project_.implementations));
    project_.selection = resolve_selection(options_, project_, problems_);
    LoadedProject loaded;
    if (!has_errors(problems_)) loaded.project = std::move(project_);
    loaded.problems = std::move(problems_);
    return loaded;
  }

 private:
  // Who can meet whom, and where, stands in the registry: runs of other registries are runs of other suites.
  void add_registry_to(Suite& suite) const {
    suite.source += ", " + registry_->path;
    suite.digest = "sha256:" + sha256(suite.digest + "\n" + sha256(registry_->text) + "\n");
  }

  static void append(Problems& problems, Problems more) { std::move(more.begin(), more.end(), std::back_inserter(problems)); }

  // What --suite names: folders of tests, suites that ship, another runner's registry.
  void find_places() {
    for (const std::string& place : options_.suites) {
      std::error_code error;
      const fs::path shipped = shipped_suite(place);
      const bool bare = place.find('/') == std::string::npos;
      if (bare && !fs::exists(place, error) && fs::is_directory(shipped, error)) {
        folders_.push_back(shipped.string());
      } else if (auto registry = find_registry(place)) {
        append(problems_, registry->problems);
        if (registry_)
          problems_.push_back(command_line_problem("--suite names two registries: " + registry_->path + " and " + registry->path,
                                                   "run them one after the other"));
        registry_ = std::move(registry);
      } else if (!fs::exists(place, error)) {
        problems_.push_back(command_line_problem("there is no such file or folder, and no suite of this name ships",
                                                 "name a folder of tests, or another runner's registry: " + known_registries()));
        problems_.back().file = place;
      } else {
        folders_.push_back(place);
      }
    }
    if (registry_ && registry_->format == nullptr) registry_.reset();  // which has been said
    if (folders_.empty() && registry_) add_shipped_tests(*registry_->format);
    if (folders_.empty()) folders_.emplace_back("interop/tests");
    if (!registry_ && !options_.target_draft.empty())
      problems_.push_back(command_line_problem("--target-draft classes the matches of another runner's registry, and there is none",
                                               "name one with --suite, or leave the option out"));
  }

  void add_shipped_tests(const RegistryFormat& format) {
    const fs::path folder = shipped_suite(std::string(format.name));
    std::error_code error;
    if (!fs::is_directory(folder, error)) {
      problems_.push_back(command_line_problem(
          "the tests for a registry of the " + std::string(format.owner) + " are not installed beside this program: " + own_path().string(),
          "install it with `cmake --install`, or name a folder of such tests with a further --suite"));
    }
    folders_.push_back(folder.string());
  }

  static fs::path shipped_suite(const std::string& name) { return shipped_folder() / "tests-specs" / name; }

  // `rules`: null when the suite could not be read.
  std::vector<Implementation> foreign(const Rules* rules) {
    const std::string format(registry_->format->name);
    if (rules != nullptr && rules->registry != format) {
      problems_.push_back(command_line_problem(
          "the tests of " + folders_.front() + " are not for a registry of the " + std::string(registry_->format->owner),
          "its `_suite.md` must say \"registry\": \"" + format + "\""));
    }
    RegistryWishes wishes;
    wishes.target = options_.target_draft;
    wishes.strict = options_.check;
    ForeignRegistry read = read_foreign_registry(*registry_, wishes);
    append(problems_, std::move(read.problems));
    project_.matching = std::move(read.matching);
    project_.registry = registry_->path;
    project_.builds = load_builds(*registry_);
    return std::move(read.implementations);
  }

  std::vector<Implementation> ours(const Rules& rules) {
    std::vector<Implementation> all;
    for (const std::string& folder : folders_) {
      Registry registry = load_registry(folder, rules);
      append(problems_, std::move(registry.problems));
      for (Implementation& driver : registry.implementations) {
        const bool known = std::any_of(all.begin(), all.end(), [&](const Implementation& other) { return other.name == driver.name; });
        if (known) problems_.push_back(twice(driver.name, folder));
        all.push_back(std::move(driver));
      }
    }
    return all;
  }

  void check_has_registry(const Suite& suite, const std::vector<Implementation>& others) {
    const auto& formats = registry_formats();
    const auto is_its = [&](const RegistryFormat& format) { return format.name == suite.rules.registry; };
    const auto format = std::find_if(formats.begin(), formats.end(), is_its);
    if (format == formats.end() || !others.empty()) return;
    problems_.push_back(
        command_line_problem("nothing says who implements the suite " + suite.name,
                             "name the registry of the " + std::string(format->owner) + ": --suite PATH/" + std::string(format->file)));
  }

  const Options& options_;
  Project project_;
  Problems problems_;
  std::vector<std::string> folders_;
  std::optional<RegistryFile> registry_;
};

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

fs::path reports_folder(const Options& options) {
  return options.reports.empty() ? fs::path("interop/reports") : fs::path(options.reports);
}

LoadedProject load_project(const Options& options) { return ProjectLoader(options).load(); }

Means chosen_means(const Options& options) {
  if (options.runtime == "docker") return Means::image;
  return options.runtime == "sandbox" ? Means::path : Means::either;
}

void print_problems(const Problems& problems) { std::cerr << render(problems); }

}  // namespace interoper
