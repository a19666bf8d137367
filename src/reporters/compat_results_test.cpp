#include "reporters/compat_results.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <set>

#include "base/files.hpp"
#include "reporters/sample_test.hpp"

using namespace interoper;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

CellRecord& add_cell(Recording& recording, const std::string& id, const std::string& client, const std::string& endpoint) {
  CellRecord& cell = recording.run.cells.emplace_back();
  cell.cell.id = id;
  cell.cell.test = "all";
  cell.cell.cast = {{"relay", "r"}, {"client", client}};
  cell.cell.params = {{"endpoint", endpoint}};
  cell.cell.labels = {{"class", "at"}, {"draft", "draft-18"}};
  cell.verdict = Verdict::passed;
  return cell;
}

Recording empty_recording(const TestFolder& folder) {
  Recording recording;
  recording.folder = folder.path();
  recording.run.suite.description = R"({"registry": "moq", "together": "all"})";
  return recording;
}

std::set<std::string> names_in(const fs::path& directory) {
  std::set<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory))
    names.insert(entry.path().filename().string());
  return names;
}

}  // namespace

TEST_CASE("a run has a summary, and a log for each cell under the original's name") {
  const TestFolder folder;
  Recording recording = empty_recording(folder);
  recording.run.implementations["r"].roles["relay"].image = "relay:1";
  CellRecord& cell = add_cell(recording, "one", "c", "docker");
  cell.attempts.emplace_back().log = "1.jsonl";
  write_whole(folder / "1.jsonl", R"({"seq":0,"ti":0,"us":0,"ro":"client","by":"engine","ty":"log","in":{"stream":"out","line":"ok 1"}})"
                                  "\n");
  add_cell(recording, "two", "c", "remote-quic-2").cell.test = "setup-only";
  write_compat_results(recording, folder / "out");
  CHECK(names_in(folder / "out") == std::set<std::string>{"summary.json", "c_to_r_docker.log", "c_to_r_remote-quic-2_setup-only.log"});
  CHECK(read_whole(folder / "out" / "c_to_r_docker.log", 1000) == "test-client-1  | ok 1\n");
  const json summary = json::parse(read_whole(folder / "out" / "summary.json", 10'000));
  CHECK(summary["target_version"] == "draft-18");
  CHECK(summary["runs"][0]["target"] == "relay:1");
  CHECK(summary["runs"][0]["status"] == "pass");
  CHECK(summary["runs"][1]["mode"] == "remote-quic");
}

TEST_CASE("logs that would have one name are kept apart") {
  const TestFolder folder;
  Recording recording = empty_recording(folder);
  add_cell(recording, "one", "c", "docker");
  add_cell(recording, "two", "c", "docker");
  write_compat_results(recording, folder / "out");
  CHECK(names_in(folder / "out") == std::set<std::string>{"summary.json", "c_to_r_docker_" + short_hash("one") + ".log",
                                                          "c_to_r_docker_" + short_hash("two") + ".log"});
}

TEST_CASE("a client that took too much memory has failed, and is not one that did not run") {
  const TestFolder folder;
  Recording recording = empty_recording(folder);
  CellRecord& cell = add_cell(recording, "one", "c", "docker");
  cell.verdict = Verdict::error;
  cell.reason = "oom";
  cell.attempts.emplace_back();
  cell.attempts.back().roles["client"].exit = RoleOutcome::Exit{137, 9, true};
  CellRecord& missing = add_cell(recording, "two", "d", "docker");
  missing.verdict = Verdict::error;
  missing.reason = "image-missing";
  write_compat_results(recording, folder / "out");
  const json runs = json::parse(read_whole(folder / "out" / "summary.json", 1U << 20U)).at("runs");
  CHECK(runs[0].at("status") == "fail");
  CHECK(runs[0].at("exit_code") == 137);
  CHECK(runs[1].at("status") == "skip");
  CHECK(runs[1].at("skip_reason") == "image-missing");
}

TEST_CASE("no name of a foreign report leads out of the directory") {
  const TestFolder folder;
  Recording recording = empty_recording(folder);
  add_cell(recording, "one", "../../outside", "docker");
  add_cell(recording, "two", std::string(5000, 'x'), "docker");
  add_cell(recording, "three", std::string("a\0b\n", 4), "docker");
  write_compat_results(recording, folder / "deep" / "out");
  CHECK(names_in(folder / "deep") == std::set<std::string>{"out"});
  CHECK(names_in(folder / "deep" / "out") ==
        std::set<std::string>{"summary.json", "_._.._outside_to_r_docker.log", std::string(200, 'x') + ".log", "a_b__to_r_docker.log"});
}

TEST_CASE("only suites of such a registry have results in its shape") {
  CHECK(has_compat_results(R"({"registry": "moq"})"));
  CHECK_FALSE(has_compat_results(R"({"registry": "other"})"));
  CHECK_FALSE(has_compat_results("{}"));
  CHECK_FALSE(has_compat_results(""));
}
