#include "suites/moq_builds.hpp"

#include <algorithm>
#include <filesystem>

#include "base/files.hpp"
#include "base/json_text.hpp"

namespace interoper {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view note_file = ".last-build.json";
constexpr std::size_t largest_note_bytes = std::size_t{1} * 1024 * 1024;  // a page at most, when a script wrote it
// ghcr.io/OWNER/moq-interop-runner-NAME: the build's name is given this one by hand.
constexpr std::string_view published_prefix = "/moq-interop-runner-";
constexpr std::size_t most_builds = 1'000;

std::string text_at(std::string_view object, std::string_view path) {
  const auto value = json_at(object, path);
  return value ? json_string(*value).value_or("") : "";
}

}  // namespace

std::vector<LocalBuild> read_moq_build(std::string_view text, const std::string& by) {
  std::vector<LocalBuild> builds;
  if (!json_members(text)) return builds;
  LocalBuild build;
  build.by = by;
  build.made = text_at(text, "timestamp");
  build.repository = text_at(text, "source.repository");
  if (build.repository.empty()) build.repository = text_at(text, "source.local_path");
  build.ref = text_at(text, "source.ref");
  build.commit = text_at(text, "source.commit");
  build.is_dirty = json_at(text, "source.dirty") == "true";
  const auto images = json_at(text, "images");
  for (const std::string_view image :
       images ? json_elements(*images).value_or(std::vector<std::string_view>{}) : std::vector<std::string_view>{}) {
    if (!json_members(image)) continue;
    build.image = text_at(image, "image");
    build.published = std::string(published_prefix) + build.image;
    if (!build.image.empty()) builds.push_back(build);
  }
  return builds;
}

std::vector<LocalBuild> load_moq_builds(const std::string& folder) {
  const fs::path place = fs::path(folder) / "builds";
  std::vector<std::string> names;
  std::error_code error;
  fs::directory_iterator entries(place, error);
  for (; !error && entries != fs::directory_iterator() && names.size() < most_builds; entries.increment(error))
    names.push_back(entries->path().filename().string());
  std::sort(names.begin(), names.end());
  std::vector<LocalBuild> all;
  for (const std::string& name : names) {
    const fs::path note = place / name / note_file;
    if (!fs::is_regular_file(note, error)) continue;
    try {
      const std::vector<LocalBuild> builds = read_moq_build(read_whole(note, largest_note_bytes), (place / name).string());
      all.insert(all.end(), builds.begin(), builds.end());
    } catch (const WorldError&) {  // nobody's cells depend on it
    }
  }
  return all;
}

}  // namespace interoper
