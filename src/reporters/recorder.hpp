// Writes the report folder of a run (interface §9), as it happens. It should be the first of the reporters, so that what others tell
// people stands on the disk already.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <map>
#include <string>
#include <utility>

#include "base/files.hpp"
#include "reporters/attempt_key.hpp"
#include "reporters/reporter.hpp"

namespace interoper {

// What a report folder holds besides cells/. plan.json has the form of report.json with every cell `aborted`; it stands there from the
// beginning of the run until report.json does, so that the folder of a run that crashed opens and knows its cells.
constexpr const char* report_file = "report.json";
constexpr const char* plan_file = "plan.json";
// In the reports folder: a relative symbolic link to the newest run.
constexpr const char* latest_link = "latest";

// Makes `reports`/`wanted_name`, or with the suffix -2, -3 … when that is taken, also by a program that runs at the same time.
// Returns the name that was free. WorldError("report-unwritable" | "disk-full") with a sentence when there can be no folder.
std::string claim_run_folder(const std::filesystem::path& reports, const std::string& wanted_name);

// A run's name before it is claimed: `<prefix>-YYYYMMDD-HHMMSS`, prefix being the worker's name or "tournament".
std::string run_name(const std::string& prefix, std::chrono::system_clock::time_point started);

class Recorder : public Reporter {
 public:
  // The folder `reports`/`name` exists: it was claimed.
  Recorder(std::filesystem::path reports, std::string name);

  // RunBegan, RunEnded: WorldError when plan.json or report.json cannot be written.
  // AttemptBegan, EventSeen, AttemptEnded: WorldError("disk-full" | "write-failed") when the timeline can not go on. It is thrown once an
  // attempt; later events of this attempt are dropped, so that what stands in the file is a prefix, and cleaning up is not disturbed.
  void hear(const Tiding& tiding) override;

  // Lines wait in a buffer for up to 5 ms of a burst, and for the next event after it. Call this now and then (some times a second)
  // to have them on the disk also when nothing follows. Errors come with the next event.
  void flush();

  const std::filesystem::path& folder() const { return folder_; }

 private:
  struct OpenTimeline {
    explicit OpenTimeline(const std::filesystem::path& path) : file(path) {}
    LogFile file;
    std::int64_t flushed_us = 0;  // the event that was flushed last
    std::exception_ptr trouble;   // met where it could not be thrown
  };

  void begin_run(const RunRecord& run);
  void begin_attempt(const std::string& cell_id, int attempt);
  void add_event(const std::string& cell_id, int attempt, const Event& event);
  void end_attempt(const std::string& cell_id, int attempt);
  void end_run(const RunRecord& run);
  void point_latest_here() const;

  std::filesystem::path reports_;
  std::string name_;
  std::filesystem::path folder_;
  Reserve reserve_;
  ByAttempt<OpenTimeline> open_;        // one for each running attempt
  ByAttempt<std::uint64_t> cut_short_;  // attempts whose timeline could not go on: lines that stand in the file
};

}  // namespace interoper
