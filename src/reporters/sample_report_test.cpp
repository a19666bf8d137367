// reports/sample is what the recorder makes of the run in sample_test.cpp, byte for byte: a change of the format shows in its diff.
// Written anew with INTEROPER_WRITE_SAMPLE=1.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <map>

#include "base/files.hpp"
#include "reporters/recorder.hpp"
#include "reporters/sample_test.hpp"

using namespace interoper;
namespace fs = std::filesystem;

namespace {

std::map<std::string, std::string> files_below(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files[fs::relative(entry.path(), folder).string()] = read_whole(entry.path(), 1 << 20);
  }
  return files;
}

}  // namespace

TEST_CASE("the sample in reports/ is what is written today") {
  const TestFolder folder;
  Recorder recorder(folder.path(), claim_run_folder(folder.path(), "sample"));
  tell_sample(recorder);
  const fs::path sample = fs::path(INTEROPER_SOURCE_DIR) / "reports/sample";
  if (std::getenv("INTEROPER_WRITE_SAMPLE") != nullptr) {
    fs::remove_all(sample);
    fs::copy(recorder.folder(), sample, fs::copy_options::recursive);
  }
  CHECK(files_below(sample) == files_below(recorder.folder()));
}
