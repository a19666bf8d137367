#include "reporters/trace.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "base/files.hpp"
#include "reporters/sample_test.hpp"

using namespace interoper;
using nlohmann::json;

namespace {

json parsed(const std::function<void(const TextSink&)>& write) {
  std::string text;
  write([&](std::string_view piece) { text += piece; });
  return json::parse(text)["traceEvents"];
}

json of_phase(const json& events, const std::string& phase) {
  json found = json::array();
  for (const json& event : events) {
    if (event["ph"] == phase) found.push_back(event);
  }
  return found;
}

// One cell with the given lines as the timeline of its only attempt.
Recording recorded(const TestFolder& folder, const std::vector<std::string>& lines) {
  Recording recording;
  recording.folder = folder.path();
  CellRecord& cell = recording.run.cells.emplace_back();
  cell.cell.id = "a";
  cell.attempts.emplace_back().log = "1.jsonl";
  std::string text;
  for (const std::string& line : lines)
    text += line + "\n";
  write_whole(folder / "1.jsonl", text);
  return recording;
}

}  // namespace

TEST_CASE("attempts that overlap stand in different lanes") {
  Recording recording;
  recording.run.started = std::chrono::system_clock::time_point{};
  const auto add = [&](int from_ms, int length_ms) {
    AttemptRecord& attempt = recording.run.cells.emplace_back().attempts.emplace_back();
    attempt.started = recording.run.started + std::chrono::milliseconds(from_ms);
    attempt.duration_ms = length_ms;
  };
  add(0, 10);
  add(5, 10);
  add(10, 10);
  add(12, 1);
  const json events = parsed([&](const TextSink& out) { write_run_trace(recording, out); });
  std::vector<int> lanes;
  for (const json& slice : of_phase(events, "X"))
    lanes.push_back(slice["tid"]);
  CHECK(lanes == std::vector<int>{1, 2, 1, 3});
  std::vector<int> running;
  for (const json& counter : of_phase(events, "C"))
    running.push_back(counter["args"]["cells"]);
  CHECK(running == std::vector<int>{1, 2, 2, 3, 2, 1, 0});
}

TEST_CASE("packets are flows between the slices of their events") {
  const TestFolder folder;
  const Recording recording = recorded(
      folder, {R"({"seq":0,"us":0,"ro":"a","by":"engine","ty":"started"})", R"({"seq":1,"us":5,"ro":"b","by":"engine","ty":"started"})",
               R"({"seq":2,"us":9,"ro":"a","ty":"ready"})", R"({"seq":3,"us":10,"ro":"a","ty":"send","in":{"p":"1"}})",
               R"({"seq":4,"us":11,"ro":"a","ty":"send","in":{"p":"2"}})", R"({"seq":5,"us":20,"ro":"b","ty":"take","in":{"p":"1"}})",
               R"({"seq":6,"us":30,"ro":"b","by":"engine","ty":"exited","in":{"exit_code":0}})"});
  const std::vector<MatchRule> match = {{"ping", {{{{"ty", "\"send\""}}}}, {{{{"ty", "\"take\""}}}}, {"in.p"}}};
  const json events = parsed([&](const TextSink& out) { write_cell_trace(recording, recording.run.cells[0], {}, match, out); });
  const json sent = of_phase(events, "s");
  const json received = of_phase(events, "f");
  REQUIRE(sent.size() == 1);
  REQUIRE(received.size() == 1);
  CHECK(sent[0]["id"] == received[0]["id"]);
  CHECK(sent[0]["ts"] == 10);
  CHECK(sent[0]["tid"] == 1001);
  CHECK(received[0]["ts"] == 20);
  CHECK(received[0]["tid"] == 1002);
  CHECK(sent[0]["name"] == "ping");
  std::map<std::string, json> slices;
  for (const json& slice : of_phase(events, "X")) {
    if (slice["cat"] == "life") slices[slice["name"]] = {slice["tid"], slice["ts"], slice["dur"]};
    if (slice.contains("args") && slice["args"]["seq"] == 4) CHECK(slice["args"]["packet"] == "lost: nobody received it");
  }
  CHECK(slices == std::map<std::string, json>{{"role a (not seen to end)", {1001, 0, 31}},
                                              {"role b (exit status 0)", {1002, 5, 26}},
                                              {"until ready", {1001, 0, 9}}});
}

TEST_CASE("a trace of a timeline that is broken, or not there, is a trace") {
  const TestFolder folder;
  const Recording broken = recorded(folder, {"no event", R"({"us":-5,"ro":["x"],"ty":{},"in":[[]]})", "{\"cut",
                                             R"({"us":1e99,"ro":"b","ty":"log","in":{"line":"\u0000"}})"});
  CHECK(of_phase(parsed([&](const TextSink& out) { write_cell_trace(broken, broken.run.cells[0], {}, {}, out); }), "X").size() == 2);
  Recording without = broken;
  without.folder = folder.path() / "nowhere";
  CHECK(of_phase(parsed([&](const TextSink& out) { write_cell_trace(without, without.run.cells[0], {}, {}, out); }), "X").empty());
}
