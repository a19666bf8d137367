#include "reporters/record_json.hpp"

#include "base/json_text.hpp"
#include "base/timestamp.hpp"
#include "reporters/json_writer.hpp"

namespace interoper {
namespace {

constexpr auto one_line = JsonWriter::Layout::one_line;

template <class Number>
void put(JsonWriter& out, const std::optional<Number>& value) {
  if (value)
    out.number(*value);
  else
    out.null();
}

void put(JsonWriter& out, const std::optional<Blame>& blame) {
  if (!blame) {
    out.null();
    return;
  }
  out.begin_object(one_line).key("role").string(blame->role).key("implementation").string(blame->implementation);
  out.key("attempt").number(blame->attempt).key("seq").number(blame->seq).end_object();
}

void put(JsonWriter& out, const std::vector<Casting>& cast) {
  out.begin_object(one_line);
  for (const Casting& casting : cast)
    out.key(casting.role).string(casting.implementation);
  out.end_object();
}

template <class Pairs>
void put_pairs(JsonWriter& out, const Pairs& pairs) {
  out.begin_object(one_line);
  for (const auto& [name, value] : pairs)
    out.key(name).string(value);
  out.end_object();
}

void put_identity(JsonWriter& out, const Cell& cell) {
  out.key("id").string(cell.id).key("test").string(cell.test).key("roles");
  put(out, cell.cast);
  put_pairs(out.key("params"), cell.params);
  put_pairs(out.key("labels"), cell.labels);
}

void put(JsonWriter& out, const std::map<std::string, RoleOutcome>& roles) {
  out.begin_object();
  for (const auto& [role, outcome] : roles) {
    out.key(role).begin_object(one_line).key("exit");
    if (outcome.exit) {
      out.begin_object().key("code").number(outcome.exit->code);
      put(out.key("signal"), outcome.exit->signal);
      out.key("oom").boolean(outcome.exit->oom).end_object();
    } else {
      out.null();
    }
    out.key("image").string(outcome.image).end_object();
  }
  out.end_object();
}

void put_details(JsonWriter& out, const Judgement& judgement) {
  out.key("results").begin_array();
  for (const NamedResult& result : judgement.results) {
    out.begin_object(one_line).key("name").string(result.name).key("verdict").string(to_string(result.verdict));
    out.key("reason").string(result.reason).key("message").string(result.message);
    put(out.key("duration_ms"), result.duration_ms);
    out.key("seq").number(result.seq).end_object();
  }
  out.end_array().key("measurements").begin_array();
  for (const Measurement& measurement : judgement.measurements) {
    out.begin_object(one_line).key("name").string(measurement.name).key("value").json(measurement.value, "null");
    out.key("unit").string(measurement.unit).key("role").string(measurement.role).key("seq").number(measurement.seq).end_object();
  }
  out.end_array().key("conditions").begin_array();
  for (const ConditionResult& condition : judgement.conditions) {
    out.begin_object(one_line).key("text").string(condition.text).key("held").boolean(condition.held);
    put(out.key("seq"), condition.seq);
    out.end_object();
  }
  out.end_array().key("findings").begin_array();
  for (const Finding& finding : judgement.findings) {
    out.begin_object(one_line).key("role").string(finding.role).key("kind").string(finding.kind);
    out.key("message").string(finding.message).key("seq").number(finding.seq).end_object();
  }
  out.end_array();
  if (judgement.findings_left_out != 0) out.key("findings_left_out").number(judgement.findings_left_out);
}

void put(JsonWriter& out, const AttemptRecord& attempt) {
  out.begin_object().key("n").number(attempt.n).key("repetition").number(attempt.repetition);
  out.key("verdict").string(to_string(attempt.judgement.verdict)).key("reason").string(attempt.judgement.reason);
  out.key("message").string(attempt.judgement.message);
  put(out.key("blame"), attempt.judgement.blame);
  out.key("started").string(rfc3339(attempt.started)).key("duration_ms").number(attempt.duration_ms);
  out.key("events").number(attempt.events).key("log").string(attempt.log).key("roles");
  put(out, attempt.roles);
  put_details(out, attempt.judgement);
  out.end_object();
}

void put(JsonWriter& out, const CellRecord& cell) {
  out.begin_object();
  put_identity(out, cell.cell);
  out.key("verdict").string(to_string(cell.verdict)).key("reason").string(cell.reason).key("message").string(cell.message);
  put(out.key("blame"), cell.blame);
  out.key("flaky").boolean(cell.flaky).key("duration_ms").number(cell.duration_ms).key("attempts").begin_array();
  for (const AttemptRecord& attempt : cell.attempts)
    put(out, attempt);
  out.end_array().end_object();
}

void put(JsonWriter& out, const ShardRecord& shard) {
  out.begin_object().key("index").number(shard.index).key("of").number(shard.of).key("plan_cells").number(shard.plan_cells);
  out.key("plan_digest").string(shard.plan_digest).key("positions").begin_array(one_line);
  for (const std::size_t position : shard.positions)
    out.number(position);
  out.end_array().end_object();
}

void put_run(JsonWriter& out, const RunRecord& run) {
  out.begin_object().key("id").string(run.id).key("started").string(rfc3339(run.started)).key("finished");
  if (run.finished)
    out.string(rfc3339(*run.finished));
  else
    out.null();
  out.key("duration_ms").number(run.duration_ms).key("command").begin_array(one_line);
  for (const std::string& word : run.command)
    out.string(word);
  out.end_array().key("version").string(run.version).key("runtime").string(run.runtime);
  put_pairs(out.key("host"), run.host);
  if (!run.finished && !run.owner.empty()) out.key("owner").string(run.owner);
  out.key("seed").number(run.seed).key("exit_code").number(run.exit_code);
  if (run.shard) put(out.key("shard"), *run.shard);
  out.key("suite").begin_object();
  out.key("name").string(run.suite.name).key("source").string(run.suite.source).key("digest").string(run.suite.digest);
  out.key("description").json(run.suite.description, "{}").end_object().end_object();
}

void put(JsonWriter& out, const std::map<std::string, ImplementationRecord>& implementations) {
  out.begin_object();
  for (const auto& [name, implementation] : implementations) {
    out.key(name).begin_object().key("version").string(implementation.version).key("roles").begin_object();
    for (const auto& [role, source] : implementation.roles) {
      out.key(role).begin_object(one_line).key("kind").string(source.kind).key("image").string(source.image);
      out.key("digest").string(source.digest).key("url").string(source.url).key("source").string(source.source);
      out.key("revision").string(source.revision).key("platform").string(source.platform).end_object();
    }
    out.end_object().end_object();
  }
  out.end_object();
}

void put(JsonWriter& out, const std::map<std::string, TestRecord>& tests) {
  out.begin_object();
  for (const auto& [name, test] : tests) {
    out.key(name).begin_object().key("title").string(test.title).key("timeout_ms").number(test.timeout_ms);
    out.key("file").string(test.file).key("header").json(test.header, "{}").key("description").string(test.description).end_object();
  }
  out.end_object();
}

void put(JsonWriter& out, const std::vector<Absent>& absent) {
  out.begin_array();
  for (const Absent& cell : absent) {
    out.begin_object(one_line).key("test").string(cell.test).key("roles");
    put(out, cell.cast);
    out.key("reason").string(cell.reason).end_object();
  }
  out.end_array();
}

void put(JsonWriter& out, const Summary& summary) {
  out.begin_object(one_line).key("passed").number(summary.passed).key("failed").number(summary.failed);
  out.key("unsupported").number(summary.unsupported).key("skipped").number(summary.skipped).key("error").number(summary.error);
  out.key("aborted").number(summary.aborted).key("flaky").number(summary.flaky).key("total").number(summary.total).end_object();
}

template <class Value>
std::string on_one_line(const Value& value) {
  JsonWriter out(one_line);
  put(out, value);
  return out.take();
}

}  // namespace

std::string report_text(const RunRecord& run) {
  JsonWriter out(JsonWriter::Layout::lines);
  out.begin_object().key("schema").string(report_schema);
  put_run(out.key("run"), run);
  put(out.key("implementations"), run.implementations);
  put(out.key("tests"), run.tests);
  out.key("cells").begin_array();
  for (const CellRecord& cell : run.cells)
    put(out, cell);
  out.end_array();
  put(out.key("absent"), run.absent);
  put(out.key("summary"), run.summary);
  out.end_object();
  return out.take() + "\n";
}

std::string cell_line(const CellRecord& cell) { return on_one_line(cell); }
std::string attempt_line(const AttemptRecord& attempt) { return on_one_line(attempt); }
std::string summary_line(const Summary& summary) { return on_one_line(summary); }

std::string plan_line(const RunRecord& run) {
  JsonWriter out(one_line);
  put_run(out.begin_object().key("run"), run);
  out.key("cells").begin_array();
  for (const CellRecord& cell : run.cells) {
    put_identity(out.begin_object(), cell.cell);
    out.end_object();
  }
  put(out.end_array().key("absent"), run.absent);
  out.end_object();
  return out.take();
}

}  // namespace interoper
