#include "reporters/json_lines.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "reporters/record_json.hpp"
#include "reporters/sample_test.hpp"

using namespace interoper;
using nlohmann::ordered_json;

namespace {

std::vector<std::string> lines_of_sample() {
  std::string out;
  JsonLines lines("interop/reports/r", [&](std::string_view text) { out += text; });
  tell_sample(lines);
  std::vector<std::string> all;
  std::istringstream stream(out);
  for (std::string line; std::getline(stream, line);)
    all.push_back(line);
  return all;
}

}  // namespace

TEST_CASE("every line of the event stream is an object that says what it is") {
  const std::vector<std::string> lines = lines_of_sample();
  std::map<std::string, int> counts;
  for (const std::string& line : lines) {
    if (line.find("1e400") != std::string::npos) continue;  // which this JSON library cannot hold
    counts[ordered_json::parse(line).at("what")] += 1;
  }
  CHECK(counts == std::map<std::string, int>{
                      {"run-began", 1}, {"attempt-began", 7}, {"event", 72}, {"attempt-ended", 7}, {"cell-ended", 7}, {"run-ended", 1}});
}

TEST_CASE("the stream begins with the plan and ends with the summary") {
  const std::vector<std::string> lines = lines_of_sample();
  const ordered_json began = ordered_json::parse(lines.front());
  CHECK(began["report"] == "interop/reports/r");
  CHECK(began["run"]["id"] == "local-20141124-142320");
  CHECK(began["cells"].size() == 7);
  CHECK(
      began["cells"][0].dump() ==
      R"({"id":"net-link~local~local~hold=5s","test":"net-link","roles":{"worker":"local","driver":"local"},"params":{"hold":"5s"},"labels":{"kind":"link"}})");
  CHECK(began["absent"][0]["reason"] == "role not offered");
  CHECK(lines[1] == R"({"what": "attempt-began", "cell": "net-link~local~local~hold=5s", "attempt": 1})");
  CHECK(lines.back() ==
        R"({"what": "run-ended", "report": "interop/reports/r", "run": "local-20141124-142320", "duration_ms": 20300, "exit_code": 1, )"
        R"("summary": {"passed": 2, "failed": 1, "unsupported": 1, "skipped": 1, "error": 1, "aborted": 1, "flaky": 1, "total": 7}})");
}

TEST_CASE("events stand in the stream to the letter, and cells as in the report") {
  const RunRecord run = sample_run();
  const std::vector<std::string> lines = lines_of_sample();
  const Event event = sample_events(run.cells[1], 1)[8];
  const auto has = [&](const std::string& line) { return std::find(lines.begin(), lines.end(), line) != lines.end(); };
  CHECK(has(R"({"what": "event", "cell": "net-link~local~telehash-js~hold=5s", "attempt": 1, "event": )" + event.line + "}"));
  CHECK(has(R"({"what": "cell-ended", "cell": )" + cell_line(run.cells[1]) + "}"));
  CHECK(has(R"({"what": "attempt-ended", "cell": "net-link~local~local~hold=5s", "attempt": 1, "again": true, "result": )" +
            attempt_line(run.cells[0].attempts[0]) + "}"));
}
