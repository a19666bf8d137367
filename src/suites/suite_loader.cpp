#include "suites/suite_loader.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <system_error>
#include <utility>

#include "base/files.hpp"
#include "base/json_text.hpp"
#include "base/visible.hpp"
#include "suites/digest.hpp"
#include "suites/rules_reader.hpp"
#include "suites/spec_reader.hpp"

namespace interoper {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view ending = ".md";
constexpr std::string_view how_to_fetch = "run \"interoper tests update\" to fetch the test descriptions";

Problem about(const std::string& file, std::string what, std::string help) {
  return {Problem::Severity::error, file, 0, 0, std::move(what), std::move(help), {}};
}

// "interop/tests" says nothing; the project that it stands in does.
std::string name_of(const std::string& folder) {
  std::error_code ignored;
  fs::path path = fs::absolute(folder, ignored).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  for (const char* common : {"tests", "interop"}) {
    if (path.filename() == common && path.parent_path().has_filename()) path = path.parent_path();
  }
  return path.filename().string();
}

std::string too_many() { return "it holds more than " + std::to_string(most_tests) + " tests"; }

// The folder's files in the order of their names; what cannot be read is a problem.
void read_folder(const std::string& folder, std::vector<SuiteFile>& files, Problems& problems) {
  std::error_code error;
  const fs::file_status status = fs::status(folder, error);
  if (status.type() == fs::file_type::not_found) {
    problems.push_back(about(folder, "there is no such folder of tests", std::string(how_to_fetch)));
    return;
  }
  if (status.type() != fs::file_type::directory) {
    problems.push_back(about(folder, "it is no folder of tests", "name a folder that holds *.md files"));
    return;
  }
  std::vector<std::string> names;
  fs::directory_iterator entries(folder, error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    const std::string name = entries->path().filename().string();
    std::error_code unknown;
    const fs::file_type type = entries->status(unknown).type();
    // A broken link is a test that somebody meant to be there; a folder or a pipe is none.
    const bool readable = type == fs::file_type::regular || type == fs::file_type::not_found || type == fs::file_type::none;
    if ((name == suite_file || is_test_file(name)) && readable) names.push_back(name);
    if (names.size() > most_tests) break;
  }
  if (error) {
    problems.push_back(about(folder, "cannot read the folder: " + error.message(), "check its permissions"));
    return;
  }
  if (names.size() > most_tests) {
    problems.push_back(about(folder, too_many(), "name the folder of one suite"));
    return;
  }
  if (std::none_of(names.begin(), names.end(), is_test_file)) {
    problems.push_back(about(folder, "the folder holds no tests (*.md)", std::string(how_to_fetch)));
    return;
  }
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    SuiteFile file{(fs::path(folder) / name).string(), name, {}};
    try {
      file.text = read_whole(file.shown, largest_test_bytes);
      files.push_back(std::move(file));
    } catch (const WorldError& trouble) {
      problems.push_back(about("", trouble.what(), ""));
    }
  }
}

class SuiteReader {
 public:
  explicit SuiteReader(const std::vector<SuiteFile>& files) {
    for (const SuiteFile& file : files)
      (file.name == suite_file ? rules_files_ : tests_).push_back(&file);
  }

  LoadedSuite read(const std::vector<std::string>& sources) {
    read_rules_files();
    read_tests();
    check_name_of_all();
    LoadedSuite result;
    result.problems = std::move(problems_);
    if (has_errors(result.problems)) return result;
    finish(sources);
    result.suite = std::move(suite_);
    return result;
  }

 private:
  void read_rules_files() {
    const SuiteFile* first = nullptr;
    for (const SuiteFile* file : rules_files_) {
      ReadRules read = read_rules(file->text, file->shown);
      problems_.insert(problems_.end(), read.problems.begin(), read.problems.end());
      if (!read.rules) continue;
      if (first == nullptr) {
        first = file;
        suite_.name = read.suite;
        suite_.description = read.header;
        suite_.rules = std::move(*read.rules);
      } else if (!json_equal(suite_.description, read.header)) {
        problems_.push_back(about(file->shown, "it says other things than " + first->shown, "run the two suites one after the other"));
      }
    }
  }

  void read_tests() {
    std::map<std::string, const SuiteFile*> seen;
    for (const SuiteFile* file : tests_) {
      const std::string name = file->name.substr(0, file->name.size() - ending.size());
      if (!is_utf8(name) || visible(name) != name) {
        problems_.push_back(
            about("", "the file name " + visible(file->shown) + " holds characters that cannot be shown", "rename the file"));
        continue;
      }
      const auto [entry, fresh] = seen.emplace(name, file);
      if (!fresh) {
        problems_.push_back(about(file->shown, "the same test in two suites: '" + name + "' is also in " + entry->second->shown,
                                  "rename one of them, or load one folder at a time"));
        continue;
      }
      ReadSpec read = read_spec(file->text, file->shown, name, suite_.rules);
      problems_.insert(problems_.end(), read.problems.begin(), read.problems.end());
      if (read.spec) suite_.specs.push_back(std::move(*read.spec));
    }
  }

  void check_name_of_all() {
    for (const Spec& spec : suite_.specs) {
      if (spec.name == suite_.rules.together)
        problems_.push_back(about(spec.file, "the suite calls the run of all its tests '" + spec.name + "' too", "rename one of them"));
    }
  }

  void finish(const std::vector<std::string>& sources) {
    for (const std::string& source : sources)
      suite_.source += (suite_.source.empty() ? "" : ", ") + source;
    if (suite_.name.empty()) suite_.name = name_of(sources.front());
    if (suite_.description.empty()) suite_.description = "{}";
    std::string sums;
    for (const auto* files : {&rules_files_, &tests_}) {
      for (const SuiteFile* file : *files)
        sums += sha256(file->text) + "  " + file->name + "\n";
    }
    suite_.digest = "sha256:" + sha256(sums);
    std::sort(suite_.specs.begin(), suite_.specs.end(), [](const Spec& a, const Spec& b) { return a.name < b.name; });
    if (!suite_.rules.together.empty()) add_run_of_all();
  }

  // Its header is written here, so that a report holds it like that of any other test.
  void add_run_of_all() {
    std::string header;
    for (const Spec& spec : suite_.specs) {
      std::string aliases;
      for (const std::string& alias : spec.aliases)
        aliases += (aliases.empty() ? "" : ", ") + json_quote(alias);
      header += (header.empty() ? "" : ", ") + json_quote(spec.name) + ": [" + aliases + "]";
    }
    header = R"({"parts": {)" + header + "}}";
    const std::string& name = suite_.rules.together;
    ReadSpec read =
        read_header(header, name, "All tests in one run", "Every test of the suite, one after the other, in one run of its roles.",
                    rules_files_.front()->shown, suite_.rules);
    suite_.specs.push_back(std::move(*read.spec));
  }

  Suite suite_;
  Problems problems_;
  std::vector<const SuiteFile*> rules_files_;
  std::vector<const SuiteFile*> tests_;
};

}  // namespace

bool is_test_file(std::string_view name) { return name.ends_with(ending) && name.front() != '_' && name.front() != '.'; }

LoadedSuite read_suite(const std::vector<SuiteFile>& files, const std::vector<std::string>& sources) {
  return SuiteReader(files).read(sources);
}

LoadedSuite load_suite(const std::vector<std::string>& folders) {
  std::vector<SuiteFile> files;
  Problems problems;
  for (const std::string& folder : folders)
    read_folder(folder, files, problems);
  LoadedSuite loaded = read_suite(files, folders);
  if (has_errors(problems)) loaded.suite.reset();
  loaded.problems.insert(loaded.problems.begin(), problems.begin(), problems.end());
  return loaded;
}

}  // namespace interoper
