// One attempt: opens a lab, starts the roles in order, merges what they say into one timeline, ends them, and lets the judge speak.
// Knows processes only through the runtime's port; decides nothing itself: whether an attempt is over is the judge's word.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/task.hpp"
#include "engine/props.hpp"
#include "model/event.hpp"
#include "model/record.hpp"
#include "model/spec.hpp"
#include "runtimes/runtime.hpp"

namespace interoper {

// How urgently the user wants the run to end. Raised by signals, never lowered.
struct Interrupt {
  explicit Interrupt(const Executor& executor) : raised(executor) {}
  int level = 0;  // 1: schedule nothing more, end what runs in order; 2: end it at once
  Notice raised;
  void raise() {
    ++level;
    raised.notify();
  }
};

struct AttemptOrder {
  const Script* script = nullptr;
  const Cell* cell = nullptr;
  int n = 1;
  int repetition = 0;
  LabOrder lab;  // with a player for each role of the script
  // Asked when nothing of the attempt runs any more and its timeline is still open; empty = there is nothing to collect.
  std::function<Task<std::vector<LeftOut>>()> collect;
};

// Told of every event, synchronously. A WorldError that it throws (disk full) ends the attempt in `error`.
using EventTaker = std::function<void(const Event&)>;

// Told what the attempt waits for, whenever that changes: "runtime" (a place to run in), then of a role "worker start", "worker ready",
// of the one that decides also "driver done" and "driver exit", of those that were told to end "worker end"; "" when all have ended.
using WaitTaker = std::function<void(const std::string& what)>;

// Never throws: whatever goes wrong is in the record. The interrupt must outlive the attempt.
Task<AttemptRecord> conduct(AttemptOrder order, Runtime& runtime, Interrupt& interrupt, EventTaker taker, WaitTaker waits = {});

}  // namespace interoper
