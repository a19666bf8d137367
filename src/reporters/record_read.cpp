// The other half of record_json.hpp: the text of a report.json -> RunRecord.
#include <algorithm>
#include <charconv>
#include <type_traits>
#include <utility>

#include "base/json_text.hpp"
#include "base/timestamp.hpp"
#include "reporters/record_json.hpp"

namespace interoper {
namespace {

using Members = std::vector<JsonMember>;

// Who reads more than this wants to know that the file is broken, not where else.
constexpr std::size_t most_problems = 20;
// Longer lines are not shown beneath a problem: a report on one line would be shown whole.
constexpr std::size_t longest_source_line = 200;

class Reader {
 public:
  Reader(std::string_view text, const std::string& file, Problems& problems) : text_(text), file_(file), problems_(problems) {}

  std::optional<RunRecord> report();

 private:
  void wrong(std::size_t offset, std::string what, std::string help = "");
  void wrong(std::string_view at, std::string what, std::string help = "") {
    wrong(static_cast<std::size_t>(at.data() - text_.data()), std::move(what), std::move(help));
  }

  static const JsonMember* find(const Members& members, std::string_view key);
  Members object(std::string_view value, std::string_view what);
  Members object_in(const Members& members, std::string_view key);
  std::vector<std::string_view> array_in(const Members& members, std::string_view key);

  std::string string_of(const JsonMember& member);

  // Each reads the value of `key` when it is there; a value of the wrong kind is a problem, and leaves `target` as it was.
  void take(const Members& members, std::string_view key, std::string& target);
  void take(const Members& members, std::string_view key, bool& target);
  void take(const Members& members, std::string_view key, Verdict& target);
  void take(const Members& members, std::string_view key, std::chrono::system_clock::time_point& target);
  void take(const Members& members, std::string_view key, std::optional<Blame>& target);
  void take(const Members& members, std::string_view key, std::vector<Casting>& target);
  void take(const Members& members, std::string_view key, RoleOutcome::Exit& target);
  void take(const Members& members, std::string_view key, ShardRecord& target);
  template <class Number>
    requires std::is_integral_v<Number>
  void take(const Members& members, std::string_view key, Number& target);
  template <class Value>
  void take(const Members& members, std::string_view key, std::optional<Value>& target);

  void read_run(const Members& members, RunRecord& run);
  ImplementationRecord implementation(std::string_view value);
  TestRecord test(std::string_view value);
  CellRecord cell(std::string_view value);
  AttemptRecord attempt(std::string_view value);
  void read_details(const Members& members, Judgement& judgement);
  Absent absent(std::string_view value);

  std::string_view text_;
  const std::string& file_;
  Problems& problems_;
  std::size_t wrong_ = 0;
};

std::string expected(std::string_view what, std::string_view key) {
  return "expected " + std::string(what) + " for \"" + std::string(key) + "\"";
}

template <class Number>
std::optional<Number> whole_number(std::string_view text) {
  Number number{};
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const auto [stop, error] = std::from_chars(begin, end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

void Reader::wrong(std::size_t offset, std::string what, std::string help) {
  if (++wrong_ > most_problems) return;
  const Position position = position_at(text_, offset);
  Problem problem{Problem::Severity::error, file_, position.line, position.column, std::move(what), std::move(help), ""};
  if (position.text.size() <= longest_source_line) problem.source_line = position.text;
  problems_.push_back(std::move(problem));
}

// With duplicate keys the last counts, as in most readers.
const JsonMember* Reader::find(const Members& members, std::string_view key) {
  const JsonMember* found = nullptr;
  for (const JsonMember& member : members) {
    if (member.key == key) found = &member;
  }
  return found;
}

Members Reader::object(std::string_view value, std::string_view what) {
  auto members = json_members(value);
  if (!members) {
    wrong(value, "expected an object for " + std::string(what));
    return {};
  }
  return std::move(*members);
}

Members Reader::object_in(const Members& members, std::string_view key) {
  const JsonMember* member = find(members, key);
  return member == nullptr || member->value == "null" ? Members{} : object(member->value, "\"" + std::string(key) + "\"");
}

std::vector<std::string_view> Reader::array_in(const Members& members, std::string_view key) {
  const JsonMember* member = find(members, key);
  if (member == nullptr || member->value == "null") return {};
  auto elements = json_elements(member->value);
  if (elements) return std::move(*elements);
  wrong(member->value, expected("an array", key));
  return {};
}

std::string Reader::string_of(const JsonMember& member) {
  if (auto text = json_string(member.value)) return std::move(*text);
  wrong(member.value, expected("a string", member.key));
  return "";
}

void Reader::take(const Members& members, std::string_view key, std::string& target) {
  const JsonMember* member = find(members, key);
  if (member != nullptr && member->value != "null") target = string_of(*member);
}

void Reader::take(const Members& members, std::string_view key, bool& target) {
  const JsonMember* member = find(members, key);
  if (member == nullptr) return;
  if (member->value == "true" || member->value == "false")
    target = member->value == "true";
  else
    wrong(member->value, expected("true or false", key));
}

void Reader::take(const Members& members, std::string_view key, Verdict& target) {
  const JsonMember* member = find(members, key);
  if (member == nullptr) return;
  const auto verdict = verdict_from(json_string(member->value).value_or(""));
  if (verdict)
    target = *verdict;
  else
    wrong(member->value, expected("passed, failed, unsupported, skipped, error or aborted", key));
}

void Reader::take(const Members& members, std::string_view key, std::chrono::system_clock::time_point& target) {
  const JsonMember* member = find(members, key);
  if (member == nullptr) return;
  const auto moment = parse_rfc3339(json_string(member->value).value_or(""));
  if (moment)
    target = *moment;
  else
    wrong(member->value, expected("a time such as \"2026-11-20T22:19:21.123Z\"", key));
}

void Reader::take(const Members& members, std::string_view key, std::optional<Blame>& target) {
  const Members blame = object_in(members, key);
  if (blame.empty()) return;
  target.emplace();
  take(blame, "role", target->role);
  take(blame, "implementation", target->implementation);
  take(blame, "attempt", target->attempt);
  take(blame, "seq", target->seq);
}

void Reader::take(const Members& members, std::string_view key, std::vector<Casting>& target) {
  for (const JsonMember& role : object_in(members, key))
    target.push_back({role.key, string_of(role)});
}

void Reader::take(const Members& members, std::string_view key, RoleOutcome::Exit& target) {
  const Members exit = object_in(members, key);
  take(exit, "code", target.code);
  take(exit, "signal", target.signal);
  take(exit, "oom", target.oom);
}

void Reader::take(const Members& members, std::string_view key, ShardRecord& target) {
  const Members shard = object_in(members, key);
  take(shard, "index", target.index);
  take(shard, "of", target.of);
  take(shard, "plan_cells", target.plan_cells);
  take(shard, "plan_digest", target.plan_digest);
  for (const std::string_view element : array_in(shard, "positions")) {
    if (const auto position = whole_number<std::size_t>(element))
      target.positions.push_back(*position);
    else
      wrong(element, expected("whole numbers that are not negative", "positions"));
  }
}

template <class Number>
  requires std::is_integral_v<Number>
void Reader::take(const Members& members, std::string_view key, Number& target) {
  const JsonMember* member = find(members, key);
  if (member == nullptr) return;
  if (const auto number = whole_number<Number>(member->value))
    target = *number;
  else
    wrong(member->value, expected(std::is_signed_v<Number> ? "a whole number" : "a whole number that is not negative", key));
}

template <class Value>
void Reader::take(const Members& members, std::string_view key, std::optional<Value>& target) {
  const JsonMember* member = find(members, key);
  if (member == nullptr || member->value == "null") return;
  Value value{};
  take(members, key, value);
  target = std::move(value);
}

void Reader::read_run(const Members& members, RunRecord& run) {
  take(members, "id", run.id);
  take(members, "started", run.started);
  take(members, "finished", run.finished);
  take(members, "duration_ms", run.duration_ms);
  for (const std::string_view word : array_in(members, "command")) {
    if (auto text = json_string(word))
      run.command.push_back(std::move(*text));
    else
      wrong(word, expected("strings", "command"));
  }
  take(members, "version", run.version);
  take(members, "runtime", run.runtime);
  for (const JsonMember& fact : object_in(members, "host"))
    run.host[fact.key] = json_string(fact.value).value_or(std::string(fact.value));
  take(members, "owner", run.owner);
  take(members, "seed", run.seed);
  take(members, "exit_code", run.exit_code);
  take(members, "shard", run.shard);
  const Members suite = object_in(members, "suite");
  take(suite, "name", run.suite.name);
  take(suite, "source", run.suite.source);
  take(suite, "digest", run.suite.digest);
  run.suite.description = "{}";
  if (const JsonMember* description = find(suite, "description")) run.suite.description = description->value;
}

ImplementationRecord Reader::implementation(std::string_view value) {
  const Members members = object(value, "an implementation");
  ImplementationRecord implementation;
  take(members, "version", implementation.version);
  for (const JsonMember& role : object_in(members, "roles")) {
    const Members source = object(role.value, "a role of an implementation");
    RoleSourceRecord& record = implementation.roles[role.key];
    take(source, "kind", record.kind);
    take(source, "image", record.image);
    take(source, "digest", record.digest);
    take(source, "url", record.url);
    take(source, "source", record.source);
    take(source, "revision", record.revision);
    take(source, "platform", record.platform);
  }
  return implementation;
}

TestRecord Reader::test(std::string_view value) {
  const Members members = object(value, "a test");
  TestRecord test;
  take(members, "title", test.title);
  take(members, "timeout_ms", test.timeout_ms);
  take(members, "file", test.file);
  test.header = "{}";
  if (const JsonMember* header = find(members, "header")) test.header = header->value;
  take(members, "description", test.description);
  return test;
}

CellRecord Reader::cell(std::string_view value) {
  const Members members = object(value, "a cell");
  CellRecord cell;
  take(members, "id", cell.cell.id);
  take(members, "test", cell.cell.test);
  take(members, "roles", cell.cell.cast);
  for (const JsonMember& param : object_in(members, "params"))
    cell.cell.params.emplace_back(param.key, string_of(param));
  for (const JsonMember& label : object_in(members, "labels"))
    cell.cell.labels[label.key] = string_of(label);
  take(members, "verdict", cell.verdict);
  take(members, "reason", cell.reason);
  take(members, "message", cell.message);
  take(members, "blame", cell.blame);
  take(members, "flaky", cell.flaky);
  take(members, "duration_ms", cell.duration_ms);
  for (const std::string_view element : array_in(members, "attempts"))
    cell.attempts.push_back(attempt(element));
  return cell;
}

AttemptRecord Reader::attempt(std::string_view value) {
  const Members members = object(value, "an attempt");
  AttemptRecord attempt;
  take(members, "n", attempt.n);
  take(members, "repetition", attempt.repetition);
  take(members, "verdict", attempt.judgement.verdict);
  take(members, "reason", attempt.judgement.reason);
  take(members, "message", attempt.judgement.message);
  take(members, "blame", attempt.judgement.blame);
  take(members, "started", attempt.started);
  take(members, "duration_ms", attempt.duration_ms);
  take(members, "events", attempt.events);
  take(members, "log", attempt.log);
  for (const JsonMember& role : object_in(members, "roles")) {
    const Members outcome = object(role.value, "a role of an attempt");
    take(outcome, "exit", attempt.roles[role.key].exit);
    take(outcome, "image", attempt.roles[role.key].image);
  }
  read_details(members, attempt.judgement);
  return attempt;
}

void Reader::read_details(const Members& members, Judgement& judgement) {
  for (const std::string_view element : array_in(members, "results")) {
    const Members result = object(element, "a result");
    NamedResult& record = judgement.results.emplace_back();
    take(result, "name", record.name);
    take(result, "verdict", record.verdict);
    take(result, "reason", record.reason);
    take(result, "message", record.message);
    take(result, "duration_ms", record.duration_ms);
    take(result, "seq", record.seq);
  }
  for (const std::string_view element : array_in(members, "measurements")) {
    const Members measurement = object(element, "a measurement");
    Measurement& record = judgement.measurements.emplace_back();
    take(measurement, "name", record.name);
    if (const JsonMember* number = find(measurement, "value")) record.value = number->value;
    take(measurement, "unit", record.unit);
    take(measurement, "role", record.role);
    take(measurement, "seq", record.seq);
  }
  for (const std::string_view element : array_in(members, "conditions")) {
    const Members condition = object(element, "a condition");
    ConditionResult& record = judgement.conditions.emplace_back();
    take(condition, "text", record.text);
    take(condition, "held", record.held);
    take(condition, "seq", record.seq);
  }
  for (const std::string_view element : array_in(members, "findings")) {
    const Members finding = object(element, "a finding");
    Finding& record = judgement.findings.emplace_back();
    take(finding, "role", record.role);
    take(finding, "kind", record.kind);
    take(finding, "message", record.message);
    take(finding, "seq", record.seq);
  }
  take(members, "findings_left_out", judgement.findings_left_out);
}

Absent Reader::absent(std::string_view value) {
  const Members members = object(value, "an absent cell");
  Absent absent;
  take(members, "test", absent.test);
  take(members, "roles", absent.cast);
  take(members, "reason", absent.reason);
  return absent;
}

std::optional<RunRecord> Reader::report() {
  if (const auto fault = json_fault(text_)) {
    wrong(fault->offset, "this is no JSON: " + fault->what, "the file is damaged; without it the folder opens from its timelines alone");
    return std::nullopt;
  }
  const auto members = json_members(text_);
  const JsonMember* schema = members ? find(*members, "schema") : nullptr;
  const std::string form = schema != nullptr ? json_string(schema->value).value_or("") : "";
  if (form != report_schema) {
    const std::string wanted = "this version reads \"" + std::string(report_schema) + "\"";
    if (!form.starts_with("interoper.report/"))
      wrong(0, "this is no report: expected an object with \"schema\": \"" + std::string(report_schema) + "\"");
    else
      wrong(schema->value, "this report has the schema \"" + form + "\"; " + wanted,
            "open it with the version of interoper that wrote it, or a newer one");
    return std::nullopt;
  }

  RunRecord run;
  read_run(object_in(*members, "run"), run);
  for (const JsonMember& member : object_in(*members, "implementations"))
    run.implementations[member.key] = implementation(member.value);
  for (const JsonMember& member : object_in(*members, "tests"))
    run.tests[member.key] = test(member.value);
  for (const std::string_view element : array_in(*members, "cells"))
    run.cells.push_back(cell(element));
  for (const std::string_view element : array_in(*members, "absent"))
    run.absent.push_back(absent(element));
  const Members summary = object_in(*members, "summary");
  take(summary, "passed", run.summary.passed);
  take(summary, "failed", run.summary.failed);
  take(summary, "unsupported", run.summary.unsupported);
  take(summary, "skipped", run.summary.skipped);
  take(summary, "error", run.summary.error);
  take(summary, "aborted", run.summary.aborted);
  take(summary, "flaky", run.summary.flaky);
  take(summary, "total", run.summary.total);
  if (wrong_ != 0) return std::nullopt;
  return run;
}

}  // namespace

std::optional<RunRecord> read_report(std::string_view text, const std::string& file, Problems& problems) {
  Problems found;
  auto run = Reader(text, file, found).report();
  std::sort(found.begin(), found.end(),
            [](const Problem& a, const Problem& b) { return std::pair(a.line, a.column) < std::pair(b.line, b.column); });
  problems.insert(problems.end(), found.begin(), found.end());
  return run;
}

}  // namespace interoper
