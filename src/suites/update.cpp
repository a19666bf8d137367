#include "suites/update.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>
#include <utility>

#include "base/files.hpp"
#include "base/json_text.hpp"
#include "suites/digest.hpp"
#include "suites/fetch.hpp"
#include "suites/registry.hpp"
#include "suites/suite_loader.hpp"

namespace interoper {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view manifest_file = ".interoper-update.json";
constexpr std::size_t largest_manifest_bytes = std::size_t{16} * 1024 * 1024;

using Files = std::map<std::string, std::string>;  // name -> content, or content's SHA-256

// --- implementations that come with it ---------------------------------------------------------------------------------------

struct Replacement {
  std::string_view old;  // points into the text
  std::string text;
};

// Calls take(member) for each `build` and `path` of the entries and of their roles.
template <class Take>
void for_each_directory(std::string_view registry, Take&& take) {
  const auto members = [](std::string_view object) { return json_members(object).value_or(std::vector<JsonMember>{}); };
  for (const JsonMember& entry : members(registry)) {
    for (const JsonMember& member : members(entry.value)) {
      if (member.key == "build" || member.key == "path") take(entry.key, member);
      if (member.key != "roles") continue;
      for (const JsonMember& role : members(member.value)) {
        for (const JsonMember& inner : members(role.value)) {
          if (inner.key == "build") take(entry.key, inner);
        }
      }
    }
  }
}

// The registry with relative directories made absolute; everything else stays to the letter.
std::string with_directories_of(const std::string& folder, const std::string& registry) {
  std::vector<Replacement> replacements;
  for_each_directory(registry, [&](const std::string&, const JsonMember& member) {
    const auto written = json_string(member.value);
    if (!written || written->empty() || fs::path(*written).is_absolute()) return;
    fs::path absolute = (fs::path(folder) / *written).lexically_normal();
    if (!absolute.has_filename()) absolute = absolute.parent_path();
    replacements.push_back({member.value, json_quote(absolute.string())});
  });
  std::string out;
  std::size_t copied = 0;
  for (const Replacement& replacement : replacements) {
    const auto at = static_cast<std::size_t>(replacement.old.data() - registry.data());
    out += registry.substr(copied, at - copied) + replacement.text;
    copied = at + replacement.old.size();
  }
  return out + registry.substr(copied);
}

// Directories of a source that is not kept cannot be built from.
void warn_of_lost_directories(const SuiteFile& registry, Problems& problems) {
  for_each_directory(registry.text, [&](const std::string& name, const JsonMember& member) {
    const auto written = json_string(member.value);
    if (!written || fs::path(*written).is_absolute()) return;
    const Position position = position_at(registry.text, static_cast<std::size_t>(member.written.data() - registry.text.data()));
    problems.push_back({Problem::Severity::warning, registry.shown, position.line, position.column,
                        "'" + name + "." + member.key + "' is relative to the tests, and only the tests were fetched",
                        "give it a \"repo\" or an \"image\", or fetch from a folder that stays", std::string(position.text)});
  });
}

// --- the manifest ------------------------------------------------------------------------------------------------------------

// Name -> SHA-256 of what we wrote. A manifest that cannot be understood is none: then every file is somebody else's, and stays.
Files read_manifest(const fs::path& folder) {
  Files known;
  std::string text;
  try {
    text = read_whole(folder / manifest_file, largest_manifest_bytes);
  } catch (const WorldError&) {
    return known;
  }
  const nlohmann::json manifest = nlohmann::json::parse(text, nullptr, false);
  if (!manifest.is_object() || !manifest.contains("files") || !manifest["files"].is_object()) return known;
  for (const auto& [name, hash] : manifest["files"].items()) {
    // A name with a folder in it is not ours: nothing outside the folder is ever removed.
    const bool plain = !name.empty() && name.find('/') == std::string::npos && name != "." && name != "..";
    if (plain && hash.is_string()) known[name] = hash.get<std::string>();
  }
  return known;
}

std::string manifest_text(const Files& written) {
  nlohmann::json manifest;
  manifest["schema"] = "interoper.update/1";
  manifest["files"] = written;
  return manifest.dump(2) + "\n";
}

// --- what is to be done ------------------------------------------------------------------------------------------------------

struct Work {
  std::vector<UpdatedFile> report;
  Files to_write;                      // name -> content
  std::vector<std::string> to_remove;  // names
  Files manifest;                      // name -> SHA-256, after the update
};

// SHA-256 of what stands there: nothing when nothing does, "" when it cannot be read (a folder, say), which is never ours.
std::optional<std::string> hash_of(const fs::path& path) {
  try {
    return sha256(read_whole(path, largest_manifest_bytes));
  } catch (const WorldError& trouble) {
    if (trouble.reason() == "not-found") return std::nullopt;
    return std::string();
  }
}

// Where new content goes beside a file that stays: a name that is free, or that only we have used.
std::string name_beside(const fs::path& folder, const std::string& name, const std::string& hash, const Files& ours) {
  for (int n = 1;; ++n) {
    const std::string other = name + ".new" + (n == 1 ? "" : "." + std::to_string(n));
    const auto there = hash_of(folder / other);
    const auto known = ours.find(other);
    if (!there || there == hash || (known != ours.end() && *there == known->second)) return other;
  }
}

Work plan_work(const fs::path& folder, const Files& fetched) {
  const Files ours = read_manifest(folder);
  const auto our_hash = [&](const std::string& name) {
    const auto it = ours.find(name);
    return it == ours.end() ? std::string() : it->second;
  };
  Work work;
  for (const auto& [name, content] : fetched) {
    const std::string hash = sha256(content);
    const auto there = hash_of(folder / name);
    if (there == hash) {
      work.report.push_back({name, UpdateAction::unchanged, {}});
      work.manifest[name] = hash;
    } else if (!there || (!there->empty() && *there == our_hash(name))) {
      work.report.push_back({name, there ? UpdateAction::updated : UpdateAction::added, {}});
      work.manifest[name] = hash;
      work.to_write[name] = content;
    } else {
      const std::string other = name_beside(folder, name, hash, ours);
      work.report.push_back({name, UpdateAction::kept, other});
      if (!our_hash(name).empty()) work.manifest[name] = our_hash(name);
      work.manifest[other] = hash;
      work.to_write[other] = content;
    }
  }
  for (const auto& [name, hash] : ours) {
    if (fetched.count(name) != 0 || work.to_write.count(name) != 0) continue;
    const auto there = hash_of(folder / name);
    if (!there) continue;
    const bool untouched = *there == hash;
    work.report.push_back({name, untouched ? UpdateAction::removed : UpdateAction::left, {}});
    if (untouched) work.to_remove.push_back(name);
  }
  std::sort(work.report.begin(), work.report.end(), [](const UpdatedFile& a, const UpdatedFile& b) { return a.name < b.name; });
  return work;
}

// --- doing it ----------------------------------------------------------------------------------------------------------------

[[noreturn]] void cannot(const std::string& what, const fs::path& path, const std::error_code& error) {
  throw WorldError(disk_reason(error.value(), "write-failed"), disk_sentence(what, path, error.value()));
}

// A folder inside the target (the same file system), where everything is written before anything is changed.
class Staging {
 public:
  explicit Staging(const fs::path& folder) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) cannot("make", folder, error);
    std::string name = (folder / ".interoper-update-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) cannot("write into", folder, std::error_code(errno, std::generic_category()));
    path_ = name;
  }
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;
  ~Staging() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  fs::path operator/(const std::string& name) const { return path_ / name; }

 private:
  fs::path path_;
};

void carry_out(const fs::path& folder, const Work& work) {
  const Staging staging(folder);
  for (const auto& [name, content] : work.to_write)
    write_whole(staging / name, content);
  write_whole(staging / std::string(manifest_file), manifest_text(work.manifest));
  // From here on a crash leaves whole files only; the next update finds those that are new already, and goes on.
  std::error_code error;
  for (const auto& [name, content] : work.to_write) {
    fs::rename(staging / name, folder / name, error);
    if (error) cannot("write", folder / name, error);
  }
  for (const std::string& name : work.to_remove) {
    fs::remove(folder / name, error);
    if (error) cannot("remove", folder / name, error);
  }
  fs::rename(staging / std::string(manifest_file), folder / manifest_file, error);
  if (error) cannot("write", folder / manifest_file, error);
}

Problem about(const std::string& file, std::string what, std::string help) {
  return {Problem::Severity::error, file, 0, 0, std::move(what), std::move(help), {}};
}

// Says through `problems` what is wrong with the descriptions.
void validate(const Fetched& fetched, const std::string& from, Problems& problems) {
  std::vector<SuiteFile> tests;
  const SuiteFile* registry = nullptr;
  for (const SuiteFile& file : fetched.files) {
    if (file.name == registry_file) {
      registry = &file;
    } else {
      tests.push_back(file);
    }
  }
  const LoadedSuite loaded = read_suite(tests, {from});
  problems.insert(problems.end(), loaded.problems.begin(), loaded.problems.end());
  if (registry == nullptr) return;
  const Rules rules = loaded.suite ? loaded.suite->rules : Rules{};
  const Registry read = read_registry(registry->text, registry->shown, fetched.folder, rules);
  problems.insert(problems.end(), read.problems.begin(), read.problems.end());
  if (fetched.folder.empty() && !has_errors(read.problems)) warn_of_lost_directories(*registry, problems);
}

bool is_same_folder(const std::string& a, const fs::path& b) {
  std::error_code ignored;
  return !a.empty() && fs::equivalent(a, b, ignored);
}

}  // namespace

UpdateResult update_tests(const UpdateOrder& order) {
  UpdateResult result;
  const std::string from = order.from.empty() ? order.shipped : order.from;
  const Fetched fetched = fetch_tests(from, result.problems);
  if (is_same_folder(fetched.folder, order.into)) {
    result.problems.push_back(about(from, "it is the folder to be updated", "name another source with --from"));
  }
  if (!has_errors(result.problems)) validate(fetched, from, result.problems);
  if (has_errors(result.problems)) return result;

  Files content;
  for (const SuiteFile& file : fetched.files) {
    const bool rewrite = file.name == registry_file && !fetched.folder.empty();
    content[file.name] = rewrite ? with_directories_of(fetched.folder, file.text) : file.text;
  }
  Work work = plan_work(order.into, content);
  carry_out(order.into, work);
  result.files = std::move(work.report);
  return result;
}

std::string describe(const UpdatedFile& file) {
  switch (file.action) {
    case UpdateAction::added: return "added      " + file.name;
    case UpdateAction::updated: return "updated    " + file.name;
    case UpdateAction::unchanged: return "unchanged  " + file.name;
    case UpdateAction::kept: return "kept       " + file.name + " (changed by hand; the new one is " + file.beside + ")";
    case UpdateAction::removed: return "removed    " + file.name + " (not in the source any more)";
    case UpdateAction::left: return "left       " + file.name + " (not in the source any more, but changed by hand)";
  }
  return file.name;
}

}  // namespace interoper
