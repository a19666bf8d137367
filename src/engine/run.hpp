// Many cells: in parallel, again, until it is enough (interface §7, §8). Fills in the record and tells the reporters.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/problem.hpp"
#include "engine/conduct.hpp"
#include "engine/props.hpp"
#include "engine/schedule.hpp"
#include "model/implementation.hpp"
#include "model/record.hpp"
#include "model/spec.hpp"
#include "reporters/reporter.hpp"
#include "runtimes/runtime.hpp"

namespace interoper {

struct RunOptions {
  Capacity capacity;
  int retries = 0;  // further attempts of a repetition that did not pass
  int repeat = 1;
  bool fail_fast = false;
  bool breaker = true;                                   // stop trying an implementation that only hangs (engine/breaker.hpp)
  std::optional<Clock::time_point> start_nothing_after;  // --budget: what runs then goes on to its end
  bool host_network = false;
  bool strict = false;
  double timeout_scale = 1;
  std::filesystem::path report;  // the run's folder, absolute: where roles leave files behind; empty = nothing is kept
  bool keep = false;             // --keep: each attempt's /shared stays in the report
};

// Everything that a run needs and does not change.
struct Stage {
  const Suite& suite;
  const std::vector<Implementation>& implementations;
  Runtime& runtime;
  std::vector<Reporter*> reporters;
  Interrupt& interrupt;
  RunOptions options;
  std::optional<WorldError> blocked;  // known before: nothing can run (the image did not build); every cell ends in this `error`
  Expectations expectations{};        // from earlier runs
};

// Runs record.cells, which must be bound to specs of the suite, in the order of engine/schedule.hpp; returns the record filled in, exit
// code included. Reporters have heard everything by then. Throws WorldError only when the report itself cannot be written.
Task<RunRecord> run(Stage stage, RunRecord record);

// Interface §8. A skipped cell without an attempt stayed unrun.
int exit_code_of(const std::vector<CellRecord>& cells, bool interrupted);

// What the runtime needs to know to start the roles of one attempt. `props` makes what they are to find.
LabOrder lab_order(const Stage& stage, const RunRecord& record, const Cell& cell, const Script& script, int attempt, Props& props);

}  // namespace interoper
