#include "suites/fetch.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <sstream>
#include <system_error>
#include <utility>

#include "base/files.hpp"
#include "base/program.hpp"
#include "suites/archive_reader.hpp"
#include "suites/download.hpp"
#include "suites/registry.hpp"

namespace interoper {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t largest_archive_bytes = std::size_t{64} * 1024 * 1024;  // a repository of tests has a few hundred kilobytes
constexpr std::chrono::minutes clone_deadline{3};                             // of one revision, over a slow line

// Where tests stand in a repository, likeliest first: a README beside them in the root is no test.
constexpr std::array<std::string_view, 3> usual_places{"tests", "interop/tests", ""};

bool is_wanted(std::string_view name) { return name == suite_file || name == registry_file || is_test_file(name); }

// A folder on its way to be chosen.
struct Candidate {
  std::size_t rank = 0;  // index in usual_places
  std::vector<SuiteFile> files;
};

// What says of a folder that it holds tests, rather than other Markdown.
bool has_mark(const Candidate& candidate) {
  return std::any_of(candidate.files.begin(), candidate.files.end(),
                     [](const SuiteFile& file) { return file.name == suite_file || file.name == registry_file; });
}

bool has_tests(const Candidate& candidate) {
  return std::any_of(candidate.files.begin(), candidate.files.end(), [](const SuiteFile& file) { return is_test_file(file.name); });
}

// The folder's name and content, or the end when none of them holds tests.
std::map<std::string, Candidate>::iterator choose(std::map<std::string, Candidate>& candidates) {
  auto best = candidates.end();
  const auto worth = [](const Candidate& candidate) { return std::make_pair(!has_mark(candidate), candidate.rank); };
  for (auto it = candidates.begin(); it != candidates.end(); ++it) {
    if (has_tests(it->second) && (best == candidates.end() || worth(it->second) < worth(best->second))) best = it;
  }
  return best;
}

std::vector<SuiteFile> sorted(std::vector<SuiteFile> files) {
  std::sort(files.begin(), files.end(), [](const SuiteFile& a, const SuiteFile& b) { return a.name < b.name; });
  return files;
}

void no_tests(const std::string& from, Problems& problems) {
  problems.push_back({Problem::Severity::error, without_password(from), 0, 0, "it holds no tests (*.md)",
                      "name a folder, archive or repository that has them directly, in tests/ or in interop/tests/", ""});
}

// --- a folder ----------------------------------------------------------------------------------------------------------------

std::vector<SuiteFile> wanted_files(const fs::path& folder, const std::string& shown) {
  std::vector<SuiteFile> files;
  std::error_code error;
  fs::directory_iterator entries(folder, error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    const std::string name = entries->path().filename().string();
    std::error_code ignored;
    if (!is_wanted(name) || !entries->is_regular_file(ignored)) continue;
    if (files.size() == most_tests)
      throw WorldError("fetch-failed", "cannot fetch " + shown + ": it holds more than " + std::to_string(most_tests) + " tests");
    files.push_back({(fs::path(shown) / name).string(), name, read_whole(entries->path(), largest_test_bytes)});
  }
  if (error) throw WorldError("fetch-failed", "cannot read " + shown + ": " + error.message());
  return files;
}

Fetched from_folder(const fs::path& folder, const std::string& shown, Problems& problems) {
  std::map<std::string, Candidate> candidates;
  for (std::size_t rank = 0; rank < usual_places.size(); ++rank) {
    const fs::path place(usual_places[rank]);
    if (!fs::is_directory(folder / place)) continue;
    const std::string shown_place = usual_places[rank].empty() ? shown : (fs::path(shown) / place).string();
    candidates[place.string()] = {rank, wanted_files(folder / place, shown_place)};
  }
  const auto chosen = choose(candidates);
  if (chosen == candidates.end()) {
    no_tests(shown, problems);
    return {};
  }
  fs::path place = fs::absolute(folder / chosen->first).lexically_normal();
  if (!place.has_filename()) place = place.parent_path();
  return {sorted(std::move(chosen->second.files)), place.string()};
}

// --- an archive --------------------------------------------------------------------------------------------------------------

// Where a file of an archive stands: its folder's rank, when that is one where tests are looked for (with or without one folder around
// all).
std::optional<std::size_t> rank_of(const std::string& folder) {
  const std::size_t slash = folder.find('/');
  const std::string below = slash == std::string::npos ? "" : folder.substr(slash + 1);
  for (std::size_t rank = 0; rank < usual_places.size(); ++rank) {
    if (folder == usual_places[rank] || (!folder.empty() && below == usual_places[rank])) return rank;
  }
  return std::nullopt;
}

Fetched from_archive(std::string_view bytes, const std::string& shown, Problems& problems) {
  const auto folder_of = [](std::string_view path) { return fs::path(path).parent_path().string(); };
  const auto wanted = [&](std::string_view path) { return is_wanted(fs::path(path).filename().string()) && rank_of(folder_of(path)); };
  std::map<std::string, Candidate> candidates;
  for (ArchivedFile& file : read_archive(bytes, shown, largest_test_bytes, wanted)) {
    const std::string name = fs::path(file.path).filename().string();
    Candidate& candidate = candidates[folder_of(file.path)];
    candidate.rank = *rank_of(folder_of(file.path));
    // An archive can hold a path twice; the last one is what unpacking would leave.
    const auto same = [&](const SuiteFile& known) { return known.name == name; };
    candidate.files.erase(std::remove_if(candidate.files.begin(), candidate.files.end(), same), candidate.files.end());
    candidate.files.push_back({shown + "/" + file.path, name, std::move(file.bytes)});
  }
  const auto chosen = choose(candidates);
  if (chosen == candidates.end()) {
    no_tests(shown, problems);
    return {};
  }
  return {sorted(std::move(chosen->second.files)), ""};
}

// --- a git repository --------------------------------------------------------------------------------------------------------

class Workshop {  // a temporary folder
 public:
  Workshop() {
    std::string name = (fs::temp_directory_path() / "interoper-update-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw WorldError("write-failed", "cannot make a temporary folder " + name + ": check TMPDIR");
    path_ = name;
  }
  Workshop(const Workshop&) = delete;
  Workshop& operator=(const Workshop&) = delete;
  ~Workshop() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// The line of git's that says why it gave up; general advice follows it, warnings may precede it. It may name the URL, password and all.
std::string why_git_failed(const std::string& errors, const std::string& url) {
  std::string why;
  std::istringstream lines(errors);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("warning: ") || line.starts_with("Warning: ") || line.empty()) continue;
    if (line.starts_with("fatal: ")) line.erase(0, std::string_view("fatal: ").size());
    why += (why.empty() ? "" : " ") + line;
    if (why.back() != ':') break;  // "unable to connect to HOST:", and the next line has the reason
  }
  const std::string shown = without_password(url);
  if (shown == url) return why;
  for (std::size_t at = why.find(url); at != std::string::npos; at = why.find(url, at + shown.size()))
    why.replace(at, url.size(), shown);
  return why;
}

Fetched from_git(std::string url, Problems& problems) {
  const std::string shown = without_password(url);
  if (url.starts_with("git+")) url.erase(0, std::string_view("git+").size());
  const Workshop workshop;
  ProgramOrder clone;
  // Links are checked out as plain files: one that leads out of the repository must not bring a file of ours in.
  clone.argv = {"git",
                "clone",
                "--quiet",
                "--depth",
                "1",
                "--no-tags",
                "--config",
                "core.symlinks=false",
                "--",
                url,
                (workshop.path() / "clone").string()};
  clone.env = {{"GIT_TERMINAL_PROMPT", "0"}, {"LC_ALL", "C"}};
  if (std::getenv("GIT_SSH_COMMAND") == nullptr) clone.env.emplace_back("GIT_SSH_COMMAND", "ssh -o BatchMode=yes");
  clone.forget = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"};  // set inside git's hooks, and then of another repository
  clone.deadline = clone_deadline;
  const ProgramResult result = run_program(clone);
  const std::string advice = "; check the address and the network, or name a folder with --from";
  if (result.late)
    throw WorldError("fetch-failed", "cannot fetch " + shown + ": git did not finish within " + std::to_string(clone_deadline.count()) +
                                         " minutes" + advice);
  if (result.exit_code != 0) {
    std::string why = why_git_failed(result.err, url);
    if (why.empty()) why = "git ends with status " + std::to_string(result.exit_code);
    throw WorldError("fetch-failed", "cannot fetch " + shown + ": " + why + advice);
  }
  Fetched fetched = from_folder(workshop.path() / "clone", shown, problems);
  fetched.folder.clear();
  return fetched;
}

bool is_git(const std::string& from) {
  for (const char* scheme : {"git://", "ssh://", "git+"}) {
    if (from.starts_with(scheme)) return true;
  }
  const std::string_view whole(from);
  const std::string_view trimmed = whole.ends_with("/") ? whole.substr(0, whole.size() - 1) : whole;
  if (trimmed.ends_with(".git") && trimmed != ".git") return true;
  const std::size_t at = from.find('@');
  const std::size_t colon = from.find(':');
  const bool on_a_host = at != std::string::npos && colon != std::string::npos && at < colon && from.find('/') > colon;
  return on_a_host && from.find("://") == std::string::npos;
}

}  // namespace

Fetched fetch_tests(const std::string& from, Problems& problems) {
  if (is_git(from)) return from_git(from, problems);
  if (from.starts_with("http://") || from.starts_with("https://")) {
    return from_archive(download(from, largest_archive_bytes), without_password(from), problems);
  }
  std::error_code ignored;
  if (fs::is_directory(from, ignored)) return from_folder(from, from, problems);
  if (fs::is_regular_file(from, ignored)) return from_archive(read_whole(from, largest_archive_bytes), from, problems);
  const bool looks_like_url = from.find("://") != std::string::npos;
  problems.push_back({Problem::Severity::error, "", 0, 0,
                      looks_like_url ? "cannot fetch from " + without_password(from) + ": only http, https, git and ssh are known"
                                     : "there is no folder or archive " + from,
                      "name a folder, a zip or tar archive, a git URL, or the http(s) URL of an archive", ""});
  return {};
}

}  // namespace interoper
