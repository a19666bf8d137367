#include "reporters/ctrf.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/timestamp.hpp"
#include "reporters/json_writer.hpp"
#include "reporters/rerun.hpp"
#include "reporters/told.hpp"

namespace interoper {
namespace {

constexpr auto one_line = JsonWriter::Layout::one_line;
// Of the schema that this follows.
constexpr std::string_view spec_version = "0.0.0";

// CTRF has no word for trouble of the world: it must not look green, so it failed. `rawStatus` keeps our word.
std::string_view status_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::passed: return "passed";
    case Verdict::failed:
    case Verdict::error: return "failed";
    case Verdict::unsupported:
    case Verdict::skipped: return "skipped";
    case Verdict::aborted: return "other";
  }
  return "other";
}

std::int64_t unix_ms(std::chrono::system_clock::time_point moment) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(moment.time_since_epoch()).count();
}

std::int64_t told_ms(std::int64_t ms) { return std::clamp<std::int64_t>(ms, 0, most_told_ms); }

// Texts must not be empty where the schema says so.
std::string named(std::string_view text) { return text.empty() ? "?" : cut(text); }

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines)
    text += (text.empty() ? "" : "\n") + line;
  return text;
}

class Ctrf {
 public:
  Ctrf(const Recording& recording, Evidence& evidence, const TextSink& out) : run_(recording.run), evidence_(evidence), out_(out) {}

  void write() {
    out_("{\"reportFormat\": \"CTRF\", \"specVersion\": \"" + std::string(spec_version) + "\",\n");
    if (!run_.id.empty()) out_(member("runId", run_.id) + ",\n");
    out_(member("timestamp", rfc3339(stop())) + ",\n" + member("generatedBy", "interoper") + ",\n\"results\": {\n");
    out_("\"tool\": " + tool() + ",\n\"summary\": " + summary() + ",\n\"environment\": " + environment() + ",\n\"tests\": [");
    for (std::size_t i = 0; i < run_.cells.size(); ++i)
      out_((i == 0 ? "\n" : ",\n") + test(run_.cells[i]));
    out_("\n],\n\"extra\": " + absent() + "}}\n");
  }

 private:
  static std::string member(std::string_view key, std::string_view value) {
    JsonWriter json(one_line);
    json.string(value);
    return "\"" + std::string(key) + "\": " + json.take();
  }

  std::chrono::system_clock::time_point stop() const {
    return run_.finished.value_or(run_.started + std::chrono::milliseconds(told_ms(run_.duration_ms)));
  }

  std::string tool() const {
    JsonWriter json(one_line);
    json.begin_object().key("name").string("interoper").key("version").string(run_.version).end_object();
    return json.take();
  }

  std::string summary() const {
    int passed = 0, failed = 0, skipped = 0, other = 0, flaky = 0;
    std::vector<std::string> suites;
    for (const CellRecord& cell : run_.cells) {
      const std::string_view status = status_of(cell.verdict);
      ++(status == "passed" ? passed : status == "failed" ? failed : status == "skipped" ? skipped : other);
      if (is_flaky(cell)) ++flaky;
      suites.push_back(cell.cell.test);
    }
    std::sort(suites.begin(), suites.end());
    suites.erase(std::unique(suites.begin(), suites.end()), suites.end());
    JsonWriter json(one_line);
    json.begin_object().key("tests").number(static_cast<std::uint64_t>(run_.cells.size())).key("passed").number(passed);
    json.key("failed").number(failed).key("skipped").number(skipped).key("pending").number(0).key("other").number(other);
    json.key("flaky").number(flaky).key("suites").number(static_cast<std::uint64_t>(suites.size()));
    json.key("start").number(unix_ms(run_.started)).key("stop").number(unix_ms(stop()));
    json.key("duration").number(told_ms(run_.duration_ms)).end_object();
    return json.take();
  }

  std::string environment() const {
    JsonWriter json(one_line);
    json.begin_object().key("reportName").string(run_.id);
    for (const auto& [key, fact] : {std::pair("osPlatform", "os"), {"osRelease", "kernel"}}) {
      if (const auto known = run_.host.find(fact); known != run_.host.end()) json.key(key).string(known->second);
    }
    if (run_.shard) json.key("shardId").string(std::to_string(run_.shard->index) + "/" + std::to_string(run_.shard->of));
    json.key("extra").begin_object().key("runtime").string(run_.runtime).key("suite").string(run_.suite.name);
    json.key("seed").string(std::to_string(run_.seed)).key("host").begin_object();
    for (const auto& [name, value] : run_.host)
      json.key(name).string(value);
    json.end_object().end_object().end_object();
    return json.take();
  }

  // CTRF calls flaky what passed in the end.
  static bool is_flaky(const CellRecord& cell) { return cell.flaky && cell.verdict == Verdict::passed; }

  void message_and_trace(JsonWriter& json, const AttemptRecord* attempt, std::string_view message) {
    if (!message.empty()) json.key("message").string(cut(message));
    if (attempt == nullptr) return;
    const std::string trace = joined(evidence_.around(*attempt));
    if (!trace.empty()) json.key("trace").string(trace);
  }

  static void put_attachments(JsonWriter& json, const AttemptRecord& attempt) {
    if (attempt.log.empty()) return;
    json.key("attachments").begin_array().begin_object().key("name").string("timeline of attempt " + std::to_string(attempt.n));
    json.key("contentType").string("application/jsonl").key("path").string(cut(attempt.log)).end_object().end_array();
  }

  void put_earlier_attempts(JsonWriter& json, const CellRecord& cell) {
    if (cell.attempts.size() < 2) return;
    json.key("retries").number(static_cast<std::uint64_t>(cell.attempts.size() - 1)).key("retryAttempts").begin_array();
    for (std::size_t i = 0; i + 1 < cell.attempts.size(); ++i) {
      const AttemptRecord& attempt = cell.attempts[i];
      json.begin_object().key("attempt").number(static_cast<std::uint64_t>(i + 1));
      json.key("status").string(status_of(attempt.judgement.verdict)).key("duration").number(told_ms(attempt.duration_ms));
      message_and_trace(json, &attempt, attempt.judgement.message);
      json.key("start").number(unix_ms(attempt.started)).key("stop").number(unix_ms(attempt.started) + told_ms(attempt.duration_ms));
      put_attachments(json, attempt);
      json.key("extra").begin_object().key("reason").string(cut(attempt.judgement.reason)).end_object().end_object();
    }
    json.end_array();
  }

  void put_extra(JsonWriter& json, const CellRecord& cell) const {
    json.key("extra").begin_object().key("reason").string(cut(cell.reason));
    if (cell.blame) {
      json.key("blame").begin_object().key("role").string(cell.blame->role).key("implementation").string(cell.blame->implementation);
      json.key("attempt").number(cell.blame->attempt).key("seq").number(cell.blame->seq).end_object();
    }
    const std::string again = is_failure(cell.verdict) ? rerun_command(run_, cell.cell) : "";
    if (!again.empty()) json.key("again").string(again);
    if (const AttemptRecord* attempt = counting_attempt(cell)) put_details(json, attempt->judgement);
    json.end_object();
  }

  static void put_details(JsonWriter& json, const Judgement& judgement) {
    if (!judgement.measurements.empty()) {
      json.key("measurements").begin_array();
      for (const Measurement& measurement : judgement.measurements) {
        json.begin_object().key("name").string(cut(measurement.name)).key("value").json(measurement.value, "null");
        json.key("unit").string(cut(measurement.unit)).key("role").string(cut(measurement.role)).end_object();
      }
      json.end_array();
    }
    if (!judgement.findings.empty()) {
      json.key("findings").begin_array();
      for (const Finding& finding : judgement.findings)
        json.string(cut((finding.role.empty() ? "" : finding.role + " ") + "(" + finding.kind + "): " + finding.message));
      json.end_array();
    }
  }

  std::string test(const CellRecord& cell) {
    JsonWriter json(one_line);
    json.begin_object().key("testId").string(named(cell.cell.id)).key("name").string(named(cell.cell.id));
    json.key("status").string(status_of(cell.verdict)).key("duration").number(told_ms(cell.duration_ms));
    if (!cell.attempts.empty()) {
      const AttemptRecord& last = cell.attempts.back();
      json.key("start").number(unix_ms(cell.attempts.front().started));
      json.key("stop").number(unix_ms(last.started) + told_ms(last.duration_ms));
    }
    json.key("suite").begin_array().string(run_.suite.name).string(cell.cell.test).end_array();
    message_and_trace(json, cell.verdict == Verdict::passed ? nullptr : counting_attempt(cell), cell.message);
    json.key("rawStatus").string(to_string(cell.verdict));
    put_pairs(json.key("labels"), cell.cell.labels);
    json.key("type").string("interoperability");
    const auto spec = run_.tests.find(cell.cell.test);
    if (spec != run_.tests.end() && !spec->second.file.empty()) json.key("filePath").string(spec->second.file);
    put_earlier_attempts(json, cell);
    if (is_flaky(cell)) json.key("flaky").boolean(true);
    if (!cell.attempts.empty()) put_attachments(json, cell.attempts.back());
    json.key("parameters").begin_object();
    for (const Casting& casting : cell.cell.cast)
      json.key(casting.role).string(casting.implementation);
    for (const auto& [name, value] : cell.cell.params)
      json.key("param." + name).string(value);
    json.end_object();
    put_steps(json, cell);
    put_extra(json, cell);
    json.end_object();
    return json.take();
  }

  static void put_steps(JsonWriter& json, const CellRecord& cell) {
    const AttemptRecord* attempt = counting_attempt(cell);
    if (attempt == nullptr || attempt->judgement.results.empty()) return;
    json.key("steps").begin_array();
    for (const NamedResult& result : attempt->judgement.results) {
      json.begin_object().key("name").string(cut(result.name)).key("status").string(status_of(result.verdict));
      json.key("extra").begin_object().key("reason").string(cut(result.reason)).key("message").string(cut(result.message));
      json.end_object().end_object();
    }
    json.end_array();
  }

  template <class Pairs>
  static void put_pairs(JsonWriter& json, const Pairs& pairs) {
    json.begin_object();
    for (const auto& [name, value] : pairs)
      json.key(name).string(value);
    json.end_object();
  }

  std::string absent() const {
    JsonWriter json(one_line);
    json.begin_object().key("absent").begin_array();
    for (const Absent& absent : run_.absent) {
      json.begin_object().key("test").string(absent.test).key("roles").string(cast_text(absent.cast)).key("reason").string(absent.reason);
      json.end_object();
    }
    json.end_array().end_object();
    return json.take();
  }

  const RunRecord& run_;
  Evidence& evidence_;
  const TextSink& out_;
};

}  // namespace

void write_ctrf(const Recording& recording, Evidence& evidence, const TextSink& out) { Ctrf(recording, evidence, out).write(); }

}  // namespace interoper
