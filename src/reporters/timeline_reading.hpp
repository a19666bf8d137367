// Timelines, read again: line by line, with bounded memory, whatever stands in them. A timeline is what an untrusted process said and
// what a killed program left: broken lines are counted and left out, a cut last line is tolerated, nothing throws.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/event.hpp"
#include "model/record.hpp"

namespace interoper {

// How a timeline was read.
struct TimelineReading {
  std::uint64_t lines = 0;         // whole lines that are JSON objects; these were told
  std::uint64_t faulty = 0;        // other lines, or too long ones; they were left out
  std::uint64_t first_faulty = 0;  // the number of the first of them in the file, from 1
  bool cut = false;                // the last line ends in the middle: the program was killed while it wrote
  bool stopped = false;            // `take` wanted no more
  std::string trouble;             // the file could not be read, or not to its end: a sentence
};

// Tells the lines of a timeline in order, each a JSON object, without its newline; `take` returns false to end it.
// Memory is bounded by the longest line, and that by a limit of 32 MiB.
TimelineReading read_timeline(const std::filesystem::path& path, const std::function<bool(std::string_view line)>& take);

// The same, as events.
TimelineReading read_events(const std::filesystem::path& file, const std::function<bool(const Event& event)>& take);

// A timeline that may still grow, read as it does.
class GrowingTimeline {
 public:
  // The file need not be there yet. `take` as above; what it refers to must live as long as this.
  GrowingTimeline(std::filesystem::path file, std::function<bool(const Event& event)> take);
  ~GrowingTimeline();
  GrowingTimeline(const GrowingTimeline&) = delete;
  GrowingTimeline& operator=(const GrowingTimeline&) = delete;

  // Tells the whole lines that have come since the last call. Never waits. False when there is no file (yet).
  bool read();
  // How it was read. Only `finish` says of an unfinished last line that it is cut.
  const TimelineReading& finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// A line of a timeline as an event; members that are missing or of another kind have their default.
Event recorded_event(std::string_view line);

// What a timeline alone tells of its attempt, when the run did not live to write its report.
struct TimelineRecord {
  AttemptRecord attempt;      // aborted unless the timeline ends with the engine's `status`; `log` is empty
  std::vector<Casting> cast;  // from its `exec`; empty when there is none
  TimelineReading reading;
};

// Reads the whole file once. The roles of `cell` are there also when nothing is told of them.
TimelineRecord record_of_timeline(const std::filesystem::path& file, const Cell& cell, int n);

}  // namespace interoper
