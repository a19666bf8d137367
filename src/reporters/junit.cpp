#include "reporters/junit.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "base/timestamp.hpp"
#include "base/visible.hpp"
#include "reporters/brief.hpp"
#include "reporters/rerun.hpp"
#include "reporters/told.hpp"
#include "reporters/xml_writer.hpp"

namespace interoper {
namespace {

struct Group {
  std::string test;
  std::vector<const CellRecord*> cells;
  std::vector<const Absent*> absent;
};

// By test, in the order of the plan.
std::vector<Group> groups_of(const RunRecord& run) {
  std::vector<Group> groups;
  std::map<std::string, std::size_t> places;
  const auto group = [&](const std::string& test) -> Group& {
    const auto [place, is_new] = places.try_emplace(test, groups.size());
    if (is_new) groups.push_back({test, {}, {}});
    return groups[place->second];
  };
  for (const CellRecord& cell : run.cells)
    group(cell.cell.test).cells.push_back(&cell);
  for (const Absent& absent : run.absent)
    group(absent.test).absent.push_back(&absent);
  return groups;
}

struct Counts {
  int tests = 0, failures = 0, errors = 0, skipped = 0;
  std::int64_t duration_ms = 0;
  void add(const CellRecord& cell) {
    ++tests;
    duration_ms += cell.duration_ms;
    switch (cell.verdict) {
      case Verdict::passed: return;
      case Verdict::failed: ++failures; return;
      case Verdict::error:
      case Verdict::aborted: ++errors; return;
      case Verdict::unsupported:
      case Verdict::skipped: ++skipped; return;
    }
  }
};

// Readers take a time zone for rubbish; it is UTC.
std::string timestamp(std::chrono::system_clock::time_point moment) {
  constexpr std::size_t to_the_second = 19;
  return rfc3339(moment).substr(0, to_the_second);
}

std::string seconds(std::int64_t ms) { return seconds_text(std::clamp<std::int64_t>(ms, 0, most_told_ms) * 1000, 3); }

// Of a process, in a text whose lines are ours: nobody adds lines to it.
std::string shown(std::string_view text) {
  constexpr std::size_t longest_bytes = 4000;
  return visible(text, false, longest_bytes);
}

class JUnit {
 public:
  JUnit(const Recording& recording, Evidence& evidence, const TextSink& out) : run_(recording.run), evidence_(evidence), xml_(out) {}

  void write() {
    Counts all;
    for (const CellRecord& cell : run_.cells)
      all.add(cell);
    xml_.begin("testsuites").attribute("name", run_.id);
    counts(all, run_.duration_ms);
    for (const Group& group : groups_of(run_))
      write(group);
    xml_.end();
  }

 private:
  void counts(const Counts& counts, std::int64_t duration_ms) {
    xml_.attribute("tests", std::to_string(counts.tests)).attribute("failures", std::to_string(counts.failures));
    xml_.attribute("errors", std::to_string(counts.errors)).attribute("skipped", std::to_string(counts.skipped));
    xml_.attribute("time", seconds(duration_ms)).attribute("timestamp", timestamp(run_.started));
  }

  void property(std::string_view name, std::string_view value) {
    xml_.begin("property").attribute("name", shown(name)).attribute("value", shown(value)).end();
  }

  void write(const Group& group) {
    Counts here;
    for (const CellRecord* cell : group.cells)
      here.add(*cell);
    xml_.begin("testsuite").attribute("name", group.test);
    counts(here, here.duration_ms);
    const auto test = run_.tests.find(group.test);
    const bool is_known = test != run_.tests.end();
    if (is_known) xml_.attribute("file", test->second.file);
    xml_.begin("properties");
    property("run", run_.id);
    property("suite", run_.suite.name);
    if (is_known) property("title", test->second.title);
    property("runtime", run_.runtime);
    property("interoper", run_.version);
    for (const Absent* absent : group.absent)
      property("absent: " + cast_text(absent->cast), absent->reason);
    xml_.end();
    for (const CellRecord* cell : group.cells)
      write(*cell, is_known ? test->second.file : "");
    xml_.end();
  }

  void write(const CellRecord& cell, const std::string& file) {
    xml_.begin("testcase")
        .attribute("classname", (run_.suite.name.empty() ? "" : run_.suite.name + ".") + cell.cell.test)
        .attribute("name", cell.cell.id);
    xml_.attribute("time", seconds(cell.duration_ms));
    if (!file.empty()) xml_.attribute("file", file);
    properties(cell);
    outcome(cell);
    attempts_besides(cell);
    const std::string out = output(cell);
    if (!out.empty()) xml_.begin("system-out").text(out).end();
    xml_.end();
  }

  void properties(const CellRecord& cell) {
    xml_.begin("properties");
    property("verdict", to_string(cell.verdict));
    if (cell.flaky) property("flaky", "true");
    for (const Casting& casting : cell.cell.cast)
      property(casting.role, casting.implementation);
    for (const auto& [name, value] : cell.cell.params)
      property("param." + name, value);
    for (const auto& [name, value] : cell.cell.labels)
      property("label." + name, value);
    if (cell.blame) property("blame", blame_words(*cell.blame));
    if (const AttemptRecord* attempt = counting_attempt(cell)) {
      for (const NamedResult& result : attempt->judgement.results)
        property("result." + result.name, verdict_words(result.verdict, result.reason));
      for (const Measurement& measurement : attempt->judgement.measurements)
        property("measurement." + measurement.name, measurement.value + (measurement.unit.empty() ? "" : " " + measurement.unit));
    }
    xml_.end();
  }

  // What one did that did not pass, and where to look.
  void fault(std::string_view element, const std::string& reason, const std::string& message) {
    xml_.begin(element).attribute("type", shown(reason)).attribute("message", shown(message));
  }

  void outcome(const CellRecord& cell) {
    switch (cell.verdict) {
      case Verdict::passed: return;
      case Verdict::unsupported:
      case Verdict::skipped:
        xml_.begin("skipped").attribute("message", shown(verdict_words(cell.verdict, cell.reason) + ": " + cell.message)).end();
        return;
      case Verdict::failed:
      case Verdict::error:
      case Verdict::aborted: fault(cell.verdict == Verdict::failed ? "failure" : "error", cell.reason, cell.message);
    }
    std::string text = shown(cell.message);
    if (cell.blame) text += "\nblamed: " + shown(blame_words(*cell.blame));
    if (const AttemptRecord* attempt = counting_attempt(cell)) {
      for (const std::string& line : evidence_.around(*attempt))
        text += "\n" + line;
    }
    const std::string again = rerun_command(run_, cell.cell);
    if (!again.empty()) text += "\nagain: " + visible(again);
    xml_.text(text).end();
  }

  // Of a cell that passed: what makes it flaky. Of one that did not: the other attempts that did not.
  void attempts_besides(const CellRecord& cell) {
    const bool passed = cell.verdict == Verdict::passed;
    const AttemptRecord* counts = passed ? nullptr : counting_attempt(cell);
    for (const AttemptRecord& attempt : cell.attempts) {
      const Judgement& judgement = attempt.judgement;
      const bool skipped = judgement.verdict == Verdict::skipped || judgement.verdict == Verdict::unsupported;
      if (&attempt == counts || judgement.verdict == Verdict::passed || skipped) continue;
      const std::string kind = judgement.verdict == Verdict::failed ? "Failure" : "Error";
      fault((passed ? "flaky" : "rerun") + kind, judgement.reason, "attempt " + std::to_string(attempt.n) + ": " + judgement.message);
      std::string trace = shown(judgement.message);
      if (judgement.blame) trace += "\nblamed: " + shown(blame_words(*judgement.blame));
      for (const std::string& line : evidence_.around(attempt))
        trace += "\n" + line;
      xml_.begin("stackTrace").text(trace).end().end();
    }
  }

  // Everything else that is known of the attempts, as text; empty when that is nothing.
  std::string output(const CellRecord& cell) {
    std::string text;
    const auto line = [&](const std::string& words) { text += (text.empty() ? "" : "\n") + words; };
    for (const AttemptRecord& attempt : cell.attempts) {
      const Judgement& judgement = attempt.judgement;
      line("attempt " + std::to_string(attempt.n) + ": " + verdict_words(judgement.verdict, shown(judgement.reason)) + ", " +
           duration_text(attempt.duration_ms) + (attempt.log.empty() ? "" : ", timeline " + shown(attempt.log)));
      for (const ConditionResult& condition : judgement.conditions)
        line("  expect " + std::string(condition.held ? "held: " : "NOT held: ") + shown(condition.text) + at_event(condition.seq));
      for (const NamedResult& result : judgement.results)
        line("  result " + shown(result.name) + ": " + verdict_words(result.verdict, shown(result.reason)) +
             (result.message.empty() ? "" : ": " + shown(result.message)));
      for (const Finding& finding : judgement.findings)
        line("  finding" + (finding.role.empty() ? "" : " in " + shown(finding.role)) + " (" + shown(finding.kind) +
             "): " + shown(finding.message) + at_event(finding.seq));
      if (judgement.findings_left_out != 0) line("  and " + std::to_string(judgement.findings_left_out) + " more findings");
    }
    return text;
  }

  const RunRecord& run_;
  Evidence& evidence_;
  XmlWriter xml_;
};

}  // namespace

void write_junit(const Recording& recording, Evidence& evidence, const TextSink& out) { JUnit(recording, evidence, out).write(); }

}  // namespace interoper
