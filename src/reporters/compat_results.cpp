#include "reporters/compat_results.hpp"

#include <map>
#include <vector>

#include "base/files.hpp"
#include "base/json_text.hpp"
#include "base/problem.hpp"
#include "base/timestamp.hpp"
#include "reporters/json_writer.hpp"
#include "reporters/timeline_reading.hpp"

namespace interoper {
namespace {

namespace fs = std::filesystem;

constexpr int timed_out_exit = 124;  // of timeout(1), which the original runs everything under
constexpr int failed_exit = 2;       // of make(1), where a run failed although its client exited with 0

std::string text_of(const std::map<std::string, std::string>& all, const std::string& name) {
  const auto found = all.find(name);
  return found == all.end() ? "" : found->second;
}

std::string endpoint_of(const Cell& cell) {
  for (const auto& [name, value] : cell.params) {
    if (name == "endpoint") return value;
  }
  return "docker";
}

// "remote-quic-2" is a "remote-quic" too.
std::string mode_of(const Cell& cell) {
  std::string endpoint = endpoint_of(cell);
  const std::size_t dash = endpoint.rfind('-');
  const bool is_numbered = dash != std::string::npos && endpoint.find_first_not_of("0123456789", dash + 1) == std::string::npos;
  if (is_numbered && dash + 1 < endpoint.size()) endpoint.resize(dash);
  return endpoint;
}

struct Outcome {
  std::string status;
  int exit_code = 0;
  std::string skip_reason;
};

// The runner knows pass, fail, timeout and skip.
Outcome outcome_of(const CellRecord& cell) {
  int client_exit = 0;
  if (!cell.attempts.empty()) {
    const auto client = cell.attempts.back().roles.find("client");
    if (client != cell.attempts.back().roles.end() && client->second.exit) client_exit = client->second.exit->code;
  }
  Outcome fail{"fail", client_exit == 0 ? failed_exit : client_exit, ""};
  switch (cell.verdict) {
    case Verdict::passed: return {"pass", 0, ""};
    case Verdict::failed:
      if (cell.reason == "timeout") return {"timeout", timed_out_exit, ""};
      return fail;
    case Verdict::unsupported: return fail;
    case Verdict::error:
      // It ran, and the original cannot tell why it ended.
      if (cell.reason == "oom") return fail;
      break;
    case Verdict::skipped:
    case Verdict::aborted: break;
  }
  return {"skip", 0, cell.reason + (cell.message.empty() ? "" : ": " + cell.message)};
}

// As the original calls a run's log, without its ending. The names may be anybody's: a report is not trusted, and nothing of it leads out
// of the directory.
std::string log_name(const Cell& cell, const std::string& run_of_all) {
  constexpr std::size_t longest_bytes = 200;  // file systems take 255
  std::string name =
      std::string(cast_in(cell.cast, "client")) + "_to_" + std::string(cast_in(cell.cast, "relay")) + "_" + endpoint_of(cell);
  if (cell.test != run_of_all) name += "_" + cell.test;
  for (char& c : name) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
    if (!is_plain) c = '_';
  }
  if (name.front() == '.') name.front() = '_';
  return name.substr(0, longest_bytes);
}

// A file name for the log of each cell; those that would have the same get their cell's hash too.
std::vector<std::string> log_names(const RunRecord& run, const std::string& run_of_all) {
  std::vector<std::string> names;
  std::map<std::string, int> uses;
  for (const CellRecord& cell : run.cells) {
    names.push_back(log_name(cell.cell, run_of_all));
    ++uses[names.back()];
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (uses[names[i]] > 1) names[i] += "_" + short_hash(run.cells[i].cell.id);
    names[i] += ".log";
  }
  return names;
}

// What every role wrote, in the order of the timeline, as `docker compose` shows it; of a run without a relay of its own the client's
// alone.
void write_log(const Recording& recording, const CellRecord& cell, const fs::path& path) {
  WholeFile file(path);
  const bool alone = is_remote(cell.cell, "relay");
  if (!cell.attempts.empty()) {
    const auto timeline = timeline_file(recording, cell.attempts.back());
    const auto take = [&](const Event& event) {
      if (event.type != "log" || !event.by_engine) return true;
      const std::string line = json_string(json_at(event.line, "in.line").value_or("\"\"")).value_or("");
      const std::string who = event.role == "client" ? "test-client-1  | " : event.role + "-1        | ";
      file.write((alone ? "" : who) + line + "\n");
      return true;
    };
    if (timeline) read_events(*timeline, take);
  }
  file.commit();
}

void write_results(JsonWriter& json, const CellRecord& cell) {
  json.key("interoper").begin_object();
  json.key("cell").string(cell.cell.id).key("verdict").string(to_string(cell.verdict)).key("reason").string(cell.reason);
  json.key("message").string(cell.message).key("flaky").boolean(cell.flaky).key("duration_ms").number(cell.duration_ms);
  if (!cell.attempts.empty()) {
    const Judgement& judgement = cell.attempts.back().judgement;
    json.key("results").begin_array();
    for (const NamedResult& result : judgement.results) {
      json.begin_object(JsonWriter::Layout::one_line).key("name").string(result.name).key("verdict").string(to_string(result.verdict));
      if (!result.reason.empty()) json.key("reason").string(result.reason);
      if (result.duration_ms) json.key("duration_ms").number(*result.duration_ms);
      json.end_object();
    }
    json.end_array();
    for (const Measurement& measurement : judgement.measurements) {
      if (measurement.name == "draft") json.key("negotiated").json(measurement.value, "null");
    }
  }
  json.end_object();
}

// The image that plays the cell's relay, or where it is found.
std::string target_of(const RunRecord& run, const Cell& cell) {
  if (is_remote(cell, "relay")) return text_of(cell.labels, "relay.url");
  const auto known = run.implementations.find(std::string(cast_in(cell.cast, "relay")));
  if (known == run.implementations.end()) return "";
  const auto source = known->second.roles.find("relay");
  return source == known->second.roles.end() ? "" : source->second.image;
}

void write_run(JsonWriter& json, const RunRecord& run, const CellRecord& cell, const Outcome& outcome) {
  const Labels& labels = cell.cell.labels;
  json.begin_object();
  json.key("client").string(cast_in(cell.cell.cast, "client")).key("relay").string(cast_in(cell.cell.cast, "relay"));
  json.key("version").string(text_of(labels, "draft")).key("classification").string(text_of(labels, "class"));
  json.key("mode").string(mode_of(cell.cell)).key("target").string(target_of(run, cell.cell));
  json.key("status").string(outcome.status).key("exit_code").number(outcome.exit_code);
  if (!outcome.skip_reason.empty()) json.key("skip_reason").string(outcome.skip_reason);
  write_results(json, cell);
  json.end_object();
}

}  // namespace

bool has_compat_results(std::string_view suite_description) { return json_at(suite_description, "registry") == "\"moq\""; }

void write_compat_results(const Recording& recording, const fs::path& directory) {
  const RunRecord& run = recording.run;
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) throw WorldError("write-failed", "cannot make the directory " + directory.string() + ": " + error.message());
  const std::vector<std::string> logs = log_names(run, json_text_at(run.suite.description, "together"));
  std::string target;
  JsonWriter json(JsonWriter::Layout::lines);
  json.begin_object().key("runs").begin_array();
  for (std::size_t i = 0; i < run.cells.size(); ++i) {
    const CellRecord& cell = run.cells[i];
    if (text_of(cell.cell.labels, "class") == "at") target = text_of(cell.cell.labels, "draft");
    const Outcome outcome = outcome_of(cell);
    write_run(json, run, cell, outcome);
    if (outcome.status != "skip") write_log(recording, cell, directory / logs[i]);
  }
  json.end_array();
  json.key("target_version").string(target).key("timestamp").string(rfc3339(run.started));
  json.end_object();
  write_whole(directory / "summary.json", json.take() + "\n");
}

}  // namespace interoper
