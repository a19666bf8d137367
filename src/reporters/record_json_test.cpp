#include "reporters/record_json.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "reporters/sample_test.hpp"

using namespace interoper;
using nlohmann::ordered_json;

namespace {

std::vector<std::string> keys_of(const ordered_json& object) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : object.items())
    keys.push_back(key);
  return keys;
}

using Keys = std::vector<std::string>;

}  // namespace

TEST_CASE("a report has the keys that the interface promises, in its order") {
  const ordered_json report = ordered_json::parse(report_text(sample_run()));
  CHECK(keys_of(report) == Keys{"schema", "run", "implementations", "tests", "cells", "absent", "summary"});
  CHECK(report["schema"] == "interoper.report/1");
  CHECK(keys_of(report["run"]) ==
        Keys{"id", "started", "finished", "duration_ms", "command", "version", "runtime", "host", "seed", "exit_code", "suite"});
  CHECK(keys_of(report["run"]["suite"]) == Keys{"name", "source", "digest", "description"});
  CHECK(report["run"]["started"] == "2014-11-24T14:23:20.000Z");
  CHECK(report["run"]["suite"]["description"].is_object());
  CHECK(keys_of(report["implementations"]["local"]) == Keys{"version", "roles"});
  CHECK(keys_of(report["implementations"]["local"]["roles"]["worker"]) ==
        Keys{"kind", "image", "digest", "url", "source", "revision", "platform"});
  CHECK(keys_of(report["tests"]["net-link"]) == Keys{"title", "timeout_ms", "file", "header", "description"});
  CHECK(report["tests"]["net-link"]["header"]["timeout"] == "9s");

  const ordered_json& cell = report["cells"][1];
  CHECK(keys_of(cell) ==
        Keys{"id", "test", "roles", "params", "labels", "verdict", "reason", "message", "blame", "flaky", "duration_ms", "attempts"});
  CHECK(cell["id"] == "net-link~local~telehash-js~hold=5s");
  CHECK(keys_of(cell["roles"]) == Keys{"worker", "driver"});
  CHECK(cell["blame"] == ordered_json::parse(R"({"role":"driver","implementation":"telehash-js","attempt":1,"seq":15})"));
  const ordered_json& attempt = cell["attempts"][0];
  CHECK(keys_of(attempt) == Keys{"n", "repetition", "verdict", "reason", "message", "blame", "started", "duration_ms", "events", "log",
                                 "roles", "results", "measurements", "conditions", "findings"});
  CHECK(attempt["log"] == "cells/net-link~local~telehash-js~hold=5s/1.jsonl");
  CHECK(attempt["roles"]["driver"]["exit"] == ordered_json::parse(R"({"code":3,"signal":null,"oom":false})"));
  CHECK(report["cells"][2]["attempts"][0]["roles"]["worker"]["exit"].is_null());
  CHECK(report["cells"][2]["blame"].is_null());
  CHECK(keys_of(report["absent"][0]) == Keys{"test", "roles", "reason"});
  CHECK(report["summary"] ==
        ordered_json::parse(R"({"passed":2,"failed":1,"unsupported":1,"skipped":1,"error":1,"aborted":1,"flaky":1,"total":7})"));
}

TEST_CASE("a plan says that it has not finished") {
  const ordered_json plan = ordered_json::parse(report_text(sample_plan()));
  CHECK(plan["run"]["finished"].is_null());
  CHECK(plan["cells"].size() == 7);
  for (const auto& cell : plan["cells"])
    CHECK(cell["verdict"] == "aborted");
}

TEST_CASE("what is written is read back, to the letter") {
  const std::string text = report_text(sample_run());
  Problems problems;
  const auto run = read_report(text, "report.json", problems);
  REQUIRE(run);
  CHECK(problems.empty());
  CHECK(report_text(*run) == text);
  CHECK(run->tests.at("net-link").header == sample_run().tests.at("net-link").header);
  CHECK(run->cells[1].attempts[0].judgement == sample_run().cells[1].attempts[0].judgement);
  CHECK(run->cells[3].attempts[0].judgement.measurements[0].value == "9007199254740993");
  CHECK(run->started == sample_run().started);
}

TEST_CASE("odd values survive the way through a report") {
  RunRecord run = sample_plan();
  run.seed = 18446744073709551615ULL;
  run.command = {"a b", "\"", std::string("nul\0l", 5), "\xff"};
  run.tests["net-link"].header = R"({"a": 1e400, "b": [1.0, -0], "b": 2})";
  run.suite.description = "no json at all";
  CellRecord& cell = run.cells[0];
  cell.cell.params = {{"z", "1"}, {"a", "\n\t\\"}};
  AttemptRecord attempt;
  attempt.judgement.findings_left_out = 3;
  attempt.judgement.results = {{"sub", Verdict::failed, "r", "m", 12, 4}, {"other", Verdict::skipped, "", "", std::nullopt, 5}};
  attempt.judgement.measurements = {{"m", "1e400", "s", "worker", 1}, {"n", "broken", "s", "worker", 2}};
  cell.attempts = {attempt};

  Problems problems;
  const auto back = read_report(report_text(run), "f", problems);
  REQUIRE(back);
  CHECK(back->seed == run.seed);
  CHECK(back->command == std::vector<std::string>{"a b", "\"", std::string("nul\0l", 5), "\xef\xbf\xbd"});
  CHECK(back->tests.at("net-link").header == run.tests["net-link"].header);
  CHECK(back->suite.description == "{}");
  CHECK(back->cells[0].cell.params == cell.cell.params);
  CHECK(back->cells[0].attempts[0].judgement.findings_left_out == 3);
  CHECK(back->cells[0].attempts[0].judgement.results == attempt.judgement.results);
  CHECK(back->cells[0].attempts[0].judgement.measurements[0].value == "1e400");
  CHECK(back->cells[0].attempts[0].judgement.measurements[1].value == "null");
}

TEST_CASE("a part of a plan knows its place") {
  RunRecord run = sample_run();
  CHECK(report_text(run).find("\"shard\"") == std::string::npos);
  run.shard = ShardRecord{2, 4, 28, "sha256:00", {0, 5, 6, 7, 8, 9, 27}};
  const std::string text = report_text(run);
  CHECK(text.find("\"positions\": [0, 5, 6, 7, 8, 9, 27]") != std::string::npos);
  Problems problems;
  const auto back = read_report(text, "report.json", problems);
  REQUIRE(back);
  CHECK(back->shard == run.shard);
  std::string broken = text;
  broken.replace(broken.find("[0, 5,"), 6, "[0,-5,");
  CHECK_FALSE(read_report(broken, "report.json", problems));
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].what == "expected whole numbers that are not negative for \"positions\"");
}

TEST_CASE("parts of a report stand on one line") {
  RunRecord run = sample_run();
  for (const std::string& line :
       {cell_line(run.cells[1]), attempt_line(run.cells[1].attempts[0]), summary_line(run.summary), plan_line(run)}) {
    CHECK(line.find('\n') == std::string::npos);
    CHECK_NOTHROW(ordered_json::parse(line));
  }
  run.suite.description = "{\n \"a\":\r\n 1}";
  CHECK(plan_line(run).find('\n') == std::string::npos);
  CHECK(ordered_json::parse(cell_line(run.cells[1])) == ordered_json::parse(report_text(run))["cells"][1]);
}

namespace {

std::string problems_of(const std::string& text) {
  Problems problems;
  CHECK_FALSE(read_report(text, "report.json", problems).has_value());
  std::string all;
  for (const Problem& problem : problems)
    all += std::to_string(problem.line) + ":" + std::to_string(problem.column) + " " + problem.what +
           (problem.help.empty() ? "" : " | " + problem.help) + "\n";
  return all;
}

}  // namespace

TEST_CASE("a report that is none is refused with a reason") {
  CHECK(problems_of("[]") == "1:1 this is no report: expected an object with \"schema\": \"interoper.report/1\"\n");
  CHECK(problems_of("{\"a\": 1}") == "1:1 this is no report: expected an object with \"schema\": \"interoper.report/1\"\n");
  CHECK(problems_of("{\n \"schema\": \"interoper.report/2\"}") ==
        "2:12 this report has the schema \"interoper.report/2\"; this version reads \"interoper.report/1\" | open it with the version of "
        "interoper that wrote it, or a newer one\n");
  const std::string text = report_text(sample_run());
  const std::string cut = problems_of(text.substr(0, text.size() / 2));
  CHECK(cut.find("this is no JSON: ") != std::string::npos);
  CHECK(cut.find("| the file is damaged; without it the folder opens from its timelines alone") != std::string::npos);
  CHECK(problems_of("").starts_with("1:1 this is no JSON: "));
}

TEST_CASE("every value of the wrong kind is told, with its place") {
  CHECK(problems_of(
            "{\"schema\": \"interoper.report/1\",\n \"run\": {\"id\": 3, \"started\": \"yesterday\", \"seed\": -1, \"command\": [1]},\n"
            " \"tests\": [],\n \"cells\": [3, {\"verdict\": \"good\", \"flaky\": 1, \"attempts\": {}, \"roles\": {\"worker\": 1}, "
            "\"duration_ms\": 1.5}]}") ==
        "2:16 expected a string for \"id\"\n"
        "2:30 expected a time such as \"2026-11-20T22:19:21.123Z\" for \"started\"\n"
        "2:51 expected a whole number that is not negative for \"seed\"\n"
        "2:67 expected strings for \"command\"\n"
        "3:11 expected an object for \"tests\"\n"
        "4:12 expected an object for a cell\n"
        "4:27 expected passed, failed, unsupported, skipped, error or aborted for \"verdict\"\n"
        "4:44 expected true or false for \"flaky\"\n"
        "4:59 expected an array for \"attempts\"\n"
        "4:83 expected a string for \"worker\"\n"
        "4:102 expected a whole number for \"duration_ms\"\n");
  std::string many = "{\"schema\": \"interoper.report/1\", \"cells\": [1";
  for (int i = 0; i < 1000; ++i)
    many += ",1";
  const std::string told = problems_of(many + "]}");
  CHECK(std::count(told.begin(), told.end(), '\n') == 20);
}

TEST_CASE("unknown keys and missing ones are no problem") {
  Problems problems;
  const auto run = read_report(
      R"({"new": [1, {"x": null}], "schema": "interoper.report/1", "cells": [{"id": "a", "later": {}, "message": null}]})", "f", problems);
  REQUIRE(run);
  CHECK(problems.empty());
  CHECK(run->cells.size() == 1);
  CHECK(run->cells[0].cell.id == "a");
  CHECK(run->cells[0].verdict == Verdict::aborted);
}

TEST_CASE("a hostile report is refused, not obeyed") {
  const std::string deep = "{\"schema\": \"interoper.report/1\", \"cells\": " + std::string(200'000, '[') + std::string(200'000, ']') + "}";
  problems_of(deep);
  std::string wide = "{\"schema\": \"interoper.report/1\", \"cells\": [{\"roles\": {\"r\": \"x\"";
  for (int i = 0; i < 100'000; ++i)
    wide += ",\"r" + std::to_string(i) + "\": \"x\"";
  Problems problems;
  CHECK(read_report(wide + "}}]}", "f", problems).has_value());
}
