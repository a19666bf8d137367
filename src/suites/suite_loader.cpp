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

// A test is prose of a few pages; whoever points us at a folder of something else must hear of it before memory is gone.
constexpr std::size_t largest_file_bytes = std::size_t{4} * 1024 * 1024;
constexpr std::size_t most_files = 10'000;

constexpr std::string_view suite_file = "_suite.md";
constexpr std::string_view ending = ".md";
constexpr std::string_view how_to_fetch = "run \"interoper tests update\" to fetch the test descriptions";

struct File {
  std::string shown;  // path as the user would write it
  std::string name;   // without folder
  std::string text;
};

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

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

class Loader {
 public:
  LoadedSuite load(const std::vector<std::string>& folders) {
    for (const std::string& folder : folders)
      scan(folder);
    read_rules_files();
    read_tests();
    LoadedSuite result;
    result.problems = std::move(problems_);
    if (has_errors(result.problems)) return result;
    finish(folders);
    result.suite = std::move(suite_);
    return result;
  }

 private:
  // Reads the folder's files into `tests_` and `rules_files_`, sorted by name.
  void scan(const std::string& folder) {
    std::error_code error;
    const fs::file_status status = fs::status(folder, error);
    if (status.type() == fs::file_type::not_found) {
      problems_.push_back(about(folder, "there is no such folder of tests", std::string(how_to_fetch)));
      return;
    }
    if (status.type() != fs::file_type::directory) {
      problems_.push_back(about(folder, "it is no folder of tests", "name a folder that holds *.md files"));
      return;
    }
    std::vector<std::string> names;
    fs::directory_iterator entries(folder, error);
    for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
      const std::string name = entries->path().filename().string();
      const bool wanted = name == suite_file || (ends_with(name, ending) && name.front() != '_' && name.front() != '.');
      std::error_code unknown;
      const fs::file_type type = entries->status(unknown).type();
      // A broken link is a test that somebody meant to be there; a folder or a pipe is none.
      const bool readable = type == fs::file_type::regular || type == fs::file_type::not_found || type == fs::file_type::none;
      if (wanted && readable) names.push_back(name);
    }
    if (error) {
      problems_.push_back(about(folder, "cannot read the folder: " + error.message(), "check its permissions"));
      return;
    }
    if (names.size() > most_files) {
      problems_.push_back(about(folder, "it holds more than " + std::to_string(most_files) + " tests", "name the folder of one suite"));
      return;
    }
    std::sort(names.begin(), names.end());
    const std::size_t before = tests_.size() + unreadable_;
    for (const std::string& name : names)
      read(folder, name);
    if (tests_.size() + unreadable_ == before) {
      problems_.push_back(about(folder, "the folder holds no tests (*.md)", std::string(how_to_fetch)));
    }
  }

  void read(const std::string& folder, const std::string& name) {
    File file{(fs::path(folder) / name).string(), name, {}};
    if (!is_utf8(name) || visible(name) != name) {
      problems_.push_back(about("", "the file name " + visible(file.shown) + " holds characters that cannot be shown", "rename the file"));
      ++unreadable_;
      return;
    }
    try {
      file.text = read_whole(file.shown, largest_file_bytes);
    } catch (const WorldError& trouble) {
      problems_.push_back(about("", trouble.what(), ""));
      ++unreadable_;
      return;
    }
    (name == suite_file ? rules_files_ : tests_).push_back(std::move(file));
  }

  void read_rules_files() {
    const File* first = nullptr;
    for (const File& file : rules_files_) {
      ReadRules read = read_rules(file.text, file.shown);
      problems_.insert(problems_.end(), read.problems.begin(), read.problems.end());
      if (!read.rules) continue;
      if (first == nullptr) {
        first = &file;
        suite_.name = read.suite;
        suite_.description = read.header;
        suite_.rules = std::move(*read.rules);
      } else if (!json_equal(suite_.description, read.header)) {
        problems_.push_back(about(file.shown, "it says other things than " + first->shown, "run the two suites one after the other"));
      }
    }
  }

  void read_tests() {
    std::map<std::string, const File*> seen;
    for (const File& file : tests_) {
      const std::string name = file.name.substr(0, file.name.size() - ending.size());
      const auto [entry, fresh] = seen.emplace(name, &file);
      if (!fresh) {
        problems_.push_back(about(file.shown, "the same test in two suites: '" + name + "' is also in " + entry->second->shown,
                                  "rename one of them, or load one folder at a time"));
        continue;
      }
      ReadSpec read = read_spec(file.text, file.shown, name, suite_.rules);
      problems_.insert(problems_.end(), read.problems.begin(), read.problems.end());
      if (read.spec) suite_.specs.push_back(std::move(*read.spec));
    }
  }

  void finish(const std::vector<std::string>& folders) {
    for (const std::string& folder : folders)
      suite_.source += (suite_.source.empty() ? "" : ", ") + folder;
    if (suite_.name.empty()) suite_.name = name_of(folders.front());
    if (suite_.description.empty()) suite_.description = "{}";
    std::string sums;
    for (const std::vector<File>* files : {&rules_files_, &tests_}) {
      for (const File& file : *files)
        sums += sha256(file.text) + "  " + file.name + "\n";
    }
    suite_.digest = "sha256:" + sha256(sums);
    std::sort(suite_.specs.begin(), suite_.specs.end(), [](const Spec& a, const Spec& b) { return a.name < b.name; });
  }

  Suite suite_;
  Problems problems_;
  std::vector<File> rules_files_;
  std::vector<File> tests_;
  std::size_t unreadable_ = 0;
};

}  // namespace

LoadedSuite load_suite(const std::vector<std::string>& folders) { return Loader().load(folders); }

}  // namespace interoper
