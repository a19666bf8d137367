#include "suites/foreign_registry.hpp"

#include <algorithm>
#include <filesystem>

#include "base/files.hpp"
#include "base/json_text.hpp"
#include "suites/json_reader.hpp"
#include "suites/moq_builds.hpp"
#include "suites/moq_registry.hpp"
#include "suites/suite_loader.hpp"

namespace interoper {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t largest_file_bytes = std::size_t{4} * 1024 * 1024;  // thousands of entries

RegistryFile read_file(const std::string& path) {
  RegistryFile file;
  file.path = path;
  try {
    file.text = read_whole(path, largest_file_bytes);
  } catch (const WorldError& trouble) {
    file.problems.push_back({Problem::Severity::error, "", 0, 0, trouble.what(), "", ""});
    return file;
  }
  const auto& formats = registry_formats();
  const auto found =
      std::find_if(formats.begin(), formats.end(), [&](const RegistryFormat& format) { return format.recognises(file.text); });
  if (found != formats.end()) {
    file.format = &*found;
  } else if (json_fault(file.text)) {
    JsonReader(file.text, path, file.problems).only_object(file.text, "the registry");
  } else {
    file.problems.push_back({Problem::Severity::error, path, 0, 0, "it is no registry that is known here",
                             "name a folder of tests, or one of these files: " + known_registries(), ""});
  }
  return file;
}

std::string folder_of(const RegistryFile& file) { return fs::path(file.path).parent_path().string(); }

}  // namespace

const LocalBuild* find_build(const std::vector<LocalBuild>& builds, std::string_view reference) {
  const auto is_it = [&](const LocalBuild& build) {
    return reference == build.image || (!build.published.empty() && reference.ends_with(build.published));
  };
  const auto found = std::find_if(builds.begin(), builds.end(), is_it);
  return found == builds.end() ? nullptr : &*found;
}

const std::vector<RegistryFormat>& registry_formats() {
  static const std::vector<RegistryFormat> formats = {
      {"moq", "implementations.json", "MoQ interop runner", looks_like_moq_registry, read_moq_registry, load_moq_builds},
  };
  return formats;
}

std::string known_registries() {
  std::string text;
  for (const RegistryFormat& format : registry_formats())
    text += (text.empty() ? "" : ", ") + std::string(format.file) + " of the " + std::string(format.owner);
  return text;
}

std::optional<RegistryFile> find_registry(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (fs::is_regular_file(status)) return read_file(path);
  if (!fs::is_directory(status) || fs::exists(fs::path(path) / suite_file, error)) return std::nullopt;
  for (const RegistryFormat& format : registry_formats()) {
    const std::string inside = (fs::path(path) / format.file).string();
    if (!fs::is_regular_file(inside, error)) continue;
    RegistryFile file = read_file(inside);
    if (file.format != nullptr) return file;
  }
  return std::nullopt;
}

ForeignRegistry read_foreign_registry(const RegistryFile& file, RegistryWishes wishes) {
  wishes.folder = folder_of(file);
  return file.format->read(file.text, file.path, wishes);
}

std::vector<LocalBuild> load_builds(const RegistryFile& file) { return file.format->builds(folder_of(file)); }

}  // namespace interoper
