#include "reporters/compat_results.hpp"

#include <algorithm>

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
  switch (cell.verdict) {
    case Verdict::passed: return {"pass", 0, ""};
    case Verdict::failed:
      if (cell.reason == "timeout") return {"timeout", timed_out_exit, ""};
      return {"fail", client_exit == 0 ? failed_exit : client_exit, ""};
    case Verdict::unsupported: return {"fail", client_exit == 0 ? failed_exit : client_exit, ""};
    case Verdict::skipped:
    case Verdict::error:
    case Verdict::aborted: break;
  }
  return {"skip", 0, cell.reason + (cell.message.empty() ? "" : ": " + cell.message)};
}

std::string log_name(const Recording& recording, const Cell& cell, const std::string& run_of_all) {
  std::string name =
      std::string(cast_in(cell.cast, "client")) + "_to_" + std::string(cast_in(cell.cast, "relay")) + "_" + endpoint_of(cell);
  if (cell.test != run_of_all) name += "_" + cell.test;
  const auto is_it = [&](const CellRecord& other) {
    return other.cell.id != cell.id && other.cell.test == cell.test && other.cell.cast == cell.cast &&
           endpoint_of(other.cell) == endpoint_of(cell);
  };
  const bool is_shared = std::any_of(recording.run.cells.begin(), recording.run.cells.end(), is_it);
  return name + (is_shared ? "_" + short_hash(cell.id) : "") + ".log";
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

}  // namespace

bool has_compat_results(const Recording& recording) { return json_at(recording.run.suite.description, "registry") == "\"moq\""; }

void write_compat_results(const Recording& recording, const fs::path& directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) throw WorldError("write-failed", "cannot make the directory " + directory.string() + ": " + error.message());
  const auto together = json_at(recording.run.suite.description, "together");
  const std::string run_of_all = together ? json_string(*together).value_or("") : "";
  std::string target;
  JsonWriter json(JsonWriter::Layout::lines);
  json.begin_object().key("runs").begin_array();
  for (const CellRecord& cell : recording.run.cells) {
    const Labels& labels = cell.cell.labels;
    if (text_of(labels, "class") == "at") target = text_of(labels, "draft");
    const std::string relay(cast_in(cell.cell.cast, "relay"));
    const auto known = recording.run.implementations.find(relay);
    std::string image;
    if (known != recording.run.implementations.end()) {
      const auto source = known->second.roles.find("relay");
      if (source != known->second.roles.end()) image = source->second.image;
    }
    const Outcome outcome = outcome_of(cell);
    json.begin_object();
    json.key("client").string(cast_in(cell.cell.cast, "client")).key("relay").string(relay);
    json.key("version").string(text_of(labels, "draft")).key("classification").string(text_of(labels, "class"));
    json.key("mode").string(mode_of(cell.cell)).key("target").string(is_remote(cell.cell, "relay") ? text_of(labels, "relay.url") : image);
    json.key("status").string(outcome.status).key("exit_code").number(outcome.exit_code);
    if (!outcome.skip_reason.empty()) json.key("skip_reason").string(outcome.skip_reason);
    write_results(json, cell);
    json.end_object();
    if (outcome.status != "skip") write_log(recording, cell, directory / log_name(recording, cell.cell, run_of_all));
  }
  json.end_array();
  json.key("target_version").string(target).key("timestamp").string(rfc3339(recording.run.started));
  json.end_object();
  write_whole(directory / "summary.json", json.take() + "\n");
}

}  // namespace interoper
