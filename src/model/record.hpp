// What a run leaves behind besides the events: the content of report.json (interface §9), as values.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/cell.hpp"
#include "model/verdict.hpp"

namespace interoper {

// The role that the evidence points at, and the event that decided.
struct Blame {
  std::string role;
  std::string implementation;  // filled in by the engine; the judge knows only roles
  int attempt = 0;
  std::uint64_t seq = 0;
  bool operator==(const Blame&) const = default;
};

struct ConditionResult {
  std::string text;
  bool held = false;
  std::optional<std::uint64_t> seq;  // where it was decided; absent when the end of the timeline decided
  bool operator==(const ConditionResult&) const = default;
};

// Something worth knowing about an implementation that does not change the verdict.
struct Finding {
  std::string role;
  std::string kind;
  std::string message;
  std::uint64_t seq = 0;
  bool operator==(const Finding&) const = default;
};

// A named part of an attempt with a verdict of its own.
struct NamedResult {
  std::string name;
  Verdict verdict = Verdict::passed;
  std::string reason;
  std::string message;
  std::optional<std::int64_t> duration_ms;
  std::uint64_t seq = 0;
  bool operator==(const NamedResult&) const = default;
};

struct Measurement {
  std::string name;
  std::string value;  // JSON text: no number loses precision
  std::string unit;
  std::string role;
  std::uint64_t seq = 0;
  bool operator==(const Measurement&) const = default;
};

// What the judge says of one timeline.
struct Judgement {
  Verdict verdict = Verdict::aborted;
  std::string reason;   // open set; empty only for `passed`
  std::string message;  // one sentence for people; empty only for `passed`
  std::optional<Blame> blame;
  std::vector<ConditionResult> conditions;
  std::vector<Finding> findings;
  std::uint64_t findings_left_out = 0;  // beyond the limit on findings
  std::vector<NamedResult> results;
  std::vector<Measurement> measurements;
  bool operator==(const Judgement&) const = default;
};

struct RoleOutcome {
  struct Exit {
    int code = 0;
    std::optional<int> signal;
    bool oom = false;
  };
  std::optional<Exit> exit;  // absent: never started, or never seen to end
  std::string image;         // ID of what ran; empty when nothing ran
};

struct AttemptRecord {
  int n = 1;           // from 1
  int repetition = 0;  // from 0; attempts beyond the first of a repetition are retries
  Judgement judgement;
  std::chrono::system_clock::time_point started;
  std::int64_t duration_ms = 0;
  std::uint64_t events = 0;
  std::string log;  // path of the timeline, relative to the report folder
  std::map<std::string, RoleOutcome> roles;
};

struct CellRecord {
  Cell cell;
  Verdict verdict = Verdict::aborted;
  std::string reason;
  std::string message;
  std::optional<Blame> blame;
  bool flaky = false;
  std::int64_t duration_ms = 0;
  std::vector<AttemptRecord> attempts;
};

struct RoleSourceRecord {
  std::string kind;  // image, path, remote
  std::string image, digest, url, source, revision, platform;
};

struct ImplementationRecord {
  std::string version;
  std::map<std::string, RoleSourceRecord> roles;
};

struct TestRecord {
  std::string title;
  std::int64_t timeout_ms = 0;
  std::string file;
  std::string header;  // JSON text
  std::string description;
};

struct Summary {
  int passed = 0, failed = 0, unsupported = 0, skipped = 0, error = 0, aborted = 0, flaky = 0, total = 0;
};

// The part of a plan that a run of several machines had (--shard), with what is needed to join the parts again.
struct ShardRecord {
  int index = 1;  // from 1
  int of = 1;
  std::size_t plan_cells = 0;          // of all parts
  std::string plan_digest;             // "sha256:…" of the ids of all cells of the plan, each with a newline
  std::vector<std::size_t> positions;  // where each cell of this part stands in the plan, from 0, ascending
  bool operator==(const ShardRecord&) const = default;
};

struct RunRecord {
  std::string id;
  std::string owner;  // which process runs it, as base/owner.hpp writes it; written down only while the run has not ended
  std::chrono::system_clock::time_point started;
  std::optional<std::chrono::system_clock::time_point> finished;
  std::int64_t duration_ms = 0;
  std::vector<std::string> command;  // argv
  std::string version;
  std::string runtime;
  std::map<std::string, std::string> host;  // os, arch, cores, memory_bytes, engine …; values as text
  std::uint64_t seed = 0;
  int exit_code = 0;
  std::optional<ShardRecord> shard;  // absent: the run had the whole plan
  struct {
    std::string name, source, digest, description;  // description: JSON text
  } suite;
  std::map<std::string, ImplementationRecord> implementations;
  std::map<std::string, TestRecord> tests;
  std::vector<CellRecord> cells;  // in plan order
  std::vector<Absent> absent;
  Summary summary;
};

// The cell's verdict from its attempts (interface §7): of each repetition the last attempt counts, of the repetitions the worst.
void fold_attempts(CellRecord& cell);

Summary summarise(const std::vector<CellRecord>& cells);

}  // namespace interoper
