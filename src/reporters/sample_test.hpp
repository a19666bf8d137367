// A small run that holds every verdict, made by hand for the tests of this room; reports/sample is what the recorder makes of it.
// Only tests include this.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "model/event.hpp"
#include "model/record.hpp"
#include "reporters/reporter.hpp"

namespace interoper {

// As planned: every cell is there, aborted.
RunRecord sample_plan();

// As it ended.
RunRecord sample_run();

// The events of an attempt, as the engine tells them.
std::vector<Event> sample_events(const CellRecord& ended, int attempt);

// An event; `more` is what follows `ro` in its line, e.g. `"ty":"ready","in":{}`.
Event sample_event(std::uint64_t seq, std::int64_t us, const std::string& role, const std::string& more);

// Tells the run as the engine would, cell by cell; `stop_after` events it ends abruptly, as a killed program does.
void tell_sample(Reporter& reporter, std::size_t stop_after = static_cast<std::size_t>(-1));

// A folder for one test.
class TestFolder {
 public:
  TestFolder();
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  ~TestFolder();
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

}  // namespace interoper
