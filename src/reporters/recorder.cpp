#include "reporters/recorder.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/overloaded.hpp"
#include "base/problem.hpp"
#include "base/timestamp.hpp"
#include "reporters/record_json.hpp"

namespace interoper {
namespace {

namespace fs = std::filesystem;

// Runs that begin in the same second: more means that something makes folders in a loop.
constexpr int most_suffixes = 10'000;
// report.json is the plan and what became of it: some hundred bytes for each attempt of a cell, more with findings.
constexpr std::size_t reserve_least_bytes = std::size_t{256} * 1024;
constexpr std::size_t reserve_per_plan_byte = 3;
constexpr std::size_t reserve_most_bytes = std::size_t{64} * 1024 * 1024;
// A burst costs at most 200 writes a second for each attempt, and a crash loses no more than this of it.
constexpr std::int64_t flush_every_us = 5'000;

[[noreturn]] void cannot_report(const fs::path& path, int error) {
  throw WorldError(disk_reason(error, "report-unwritable"), disk_sentence("make the report folder", path, error));
}

void make_folder(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) throw WorldError(disk_reason(error.value(), "write-failed"), disk_sentence("make", path, error.value()));
}

}  // namespace

std::string claim_run_folder(const fs::path& reports, const std::string& wanted_name) {
  std::error_code error;
  fs::create_directories(reports, error);
  if (error) cannot_report(reports, error.value());
  for (int suffix = 1; suffix <= most_suffixes; ++suffix) {
    const std::string name = suffix == 1 ? wanted_name : wanted_name + "-" + std::to_string(suffix);
    if (::mkdir((reports / name).c_str(), 0777) == 0) return name;
    if (errno != EEXIST) cannot_report(reports / name, errno);
  }
  cannot_report(reports / wanted_name, EEXIST);
}

std::string run_name(const std::string& prefix, std::chrono::system_clock::time_point started) {
  return prefix + "-" + name_stamp(started);
}

Recorder::Recorder(fs::path reports, std::string name) : reports_(std::move(reports)), name_(std::move(name)), folder_(reports_ / name_) {}

void Recorder::hear(const Tiding& tiding) {
  std::visit(Overloaded{[this](const RunBegan& it) { begin_run(it.run); },
                        [this](const AttemptBegan& it) { begin_attempt(it.cell.cell.id, it.attempt); }, [](const AttemptWaits&) {},
                        [this](const EventSeen& it) { add_event(it.cell.cell.id, it.attempt, it.event); },
                        [this](const AttemptEnded& it) { end_attempt(it.cell.cell.id, it.attempt.n); }, [](const CellEnded&) {},
                        [this](const RunEnded& it) { end_run(it.run); }},
             tiding);
}

void Recorder::begin_run(const RunRecord& run) {
  const std::string plan = report_text(run);
  write_whole(folder_ / plan_file, plan);
  reserve_ = Reserve(folder_, std::clamp(plan.size() * reserve_per_plan_byte, reserve_least_bytes, reserve_most_bytes));
  make_folder(folder_ / "cells");
  point_latest_here();
}

void Recorder::begin_attempt(const std::string& cell_id, int attempt) {
  const AttemptKey key(cell_id, attempt);
  cut_short_.emplace(key, 0);  // until the file is there
  const fs::path path = folder_ / timeline_path(cell_id, attempt);
  make_folder(path.parent_path());
  open_.try_emplace(key, path);
  cut_short_.erase(key);
}

void Recorder::add_event(const std::string& cell_id, int attempt, const Event& event) {
  const auto found = open_.find(AttemptView(cell_id, attempt));
  if (found == open_.end()) return;
  OpenTimeline& timeline = found->second;
  const bool milestone = event.by_engine && event.type != "log";
  try {
    if (timeline.trouble) std::rethrow_exception(timeline.trouble);
    timeline.file.add_line(event.line);
    if (milestone || event.us - timeline.flushed_us >= flush_every_us) {
      timeline.file.flush();
      timeline.flushed_us = event.us;
    }
  } catch (const WorldError&) {
    cut_short_[found->first] = timeline.file.lines();
    open_.erase(found);
    throw;
  }
}

void Recorder::end_attempt(const std::string& cell_id, int attempt) {
  const auto found = open_.find(AttemptView(cell_id, attempt));
  if (found == open_.end()) return;
  OpenTimeline& timeline = found->second;
  try {
    if (timeline.trouble) std::rethrow_exception(timeline.trouble);
    timeline.file.close();
  } catch (const WorldError&) {
    cut_short_[found->first] = timeline.file.lines();
    open_.erase(found);
    throw;
  }
  open_.erase(found);
}

void Recorder::flush() {
  for (auto& [key, timeline] : open_) {
    try {
      timeline.file.flush();
    } catch (const WorldError&) {
      timeline.trouble = std::current_exception();
    }
  }
}

void Recorder::end_run(const RunRecord& run) {
  open_.clear();  // nothing should be left here; what is gets flushed
  reserve_.release();
  if (cut_short_.empty()) {
    write_whole(folder_ / report_file, report_text(run));
  } else {
    RunRecord told = run;  // `events` counts what stands in the file
    for (CellRecord& cell : told.cells) {
      for (AttemptRecord& attempt : cell.attempts) {
        const auto cut = cut_short_.find(AttemptView(cell.cell.id, attempt.n));
        if (cut == cut_short_.end()) continue;
        attempt.events = cut->second;
        if (!fs::exists(folder_ / attempt.log)) attempt.log.clear();
      }
    }
    write_whole(folder_ / report_file, report_text(told));
  }
  ::unlink((folder_ / plan_file).c_str());
  point_latest_here();
}

// A convenience: where there can be no symbolic link there is none. Readers then take the newest folder.
void Recorder::point_latest_here() const {
  const fs::path temporary = reports_ / ("." + name_ + "." + std::to_string(::getpid()) + ".latest");
  ::unlink(temporary.c_str());
  if (::symlink(name_.c_str(), temporary.c_str()) != 0) return;
  if (::rename(temporary.c_str(), (reports_ / latest_link).c_str()) != 0) ::unlink(temporary.c_str());
}

}  // namespace interoper
