#include "reporters/merge.hpp"

#include <catch2/catch.hpp>

#include "reporters/record_json.hpp"

using namespace interoper;

namespace {

using std::chrono::seconds;

// What one machine would have left.
RunRecord whole_run(std::size_t cells) {
  RunRecord run;
  run.id = "tournament-1";
  run.started = std::chrono::system_clock::time_point(seconds(1'000'000));
  run.finished = run.started + seconds(10);
  run.duration_ms = 10'000;
  run.command = {"interoper", "tournament", "--seed", "7"};
  run.version = "1";
  run.runtime = "docker";
  run.host = {{"cores", "2"}};
  run.seed = 7;
  run.suite.name = "suite";
  run.suite.digest = "sha256:aa";
  run.suite.description = "{}";
  run.tests["t"] = TestRecord{"T", 1000, "t.md", "{}", ""};
  RoleSourceRecord source;
  source.kind = "image";
  source.source = "build x";
  source.digest = "sha256:11";
  run.implementations["x"].roles["worker"] = source;
  for (std::size_t i = 0; i < cells; ++i) {
    CellRecord& cell = run.cells.emplace_back();
    cell.cell.id = "t~x~n=" + std::to_string(i);
    cell.cell.test = "t";
    cell.verdict = i % 3 == 0 ? Verdict::failed : Verdict::passed;
    cell.attempts.emplace_back();
  }
  run.absent = {{"u", {}, "filtered"}};
  run.summary = summarise(run.cells);
  return run;
}

// Cells go round: 0, 3, 6 … to the first of three.
std::vector<Part> parts_of(const RunRecord& whole, int of) {
  std::vector<Part> parts;
  for (int index = 1; index <= of; ++index) {
    Part part{"part-" + std::to_string(index), whole};
    part.run.cells.clear();
    part.run.command.insert(part.run.command.end(), {"--shard", std::to_string(index) + "/" + std::to_string(of)});
    part.run.shard = ShardRecord{index, of, whole.cells.size(), "sha256:plan", {}};
    for (std::size_t i = static_cast<std::size_t>(index) - 1; i < whole.cells.size(); i += static_cast<std::size_t>(of)) {
      part.run.shard->positions.push_back(i);
      part.run.cells.push_back(whole.cells[i]);
    }
    part.run.summary = summarise(part.run.cells);
    parts.push_back(std::move(part));
  }
  return parts;
}

std::string refusal(std::vector<Part> parts) {
  const auto merged = merge_parts(std::move(parts));
  const auto* problems = std::get_if<Problems>(&merged);
  std::string text;
  for (const Problem& problem : problems == nullptr ? Problems{} : *problems)
    text += problem.file + ": " + problem.what + "\n";
  return text;
}

}  // namespace

TEST_CASE("the shards of a run make the run, in whatever order they come") {
  const RunRecord whole = whole_run(10);
  std::vector<Part> parts = parts_of(whole, 3);
  std::swap(parts[0], parts[2]);
  const auto joined = merge_parts(parts);
  REQUIRE(std::holds_alternative<Merged>(joined));
  const Merged& merged = std::get<Merged>(joined);
  CHECK(report_text(merged.run) == report_text(whole));
  CHECK(merged.from == std::vector<std::size_t>{2, 1, 0, 2, 1, 0, 2, 1, 0, 2});
  CHECK(merged.warnings.empty());
}

TEST_CASE("a shard may have no cells") {
  const RunRecord whole = whole_run(1);
  const auto joined = merge_parts(parts_of(whole, 3));
  REQUIRE(std::holds_alternative<Merged>(joined));
  CHECK(std::get<Merged>(joined).run.cells.size() == 1);
}

TEST_CASE("machines may differ, and images that are built on each") {
  std::vector<Part> parts = parts_of(whole_run(4), 2);
  parts[1].run.host["cores"] = "8";
  parts[1].run.runtime = "docker, sandbox";
  parts[1].run.started += seconds(5);
  parts[1].run.finished = parts[1].run.started + seconds(20);
  parts[1].run.implementations["x"].roles["worker"].digest = "sha256:22";
  const auto joined = merge_parts(parts);
  REQUIRE(std::holds_alternative<Merged>(joined));
  const Merged& merged = std::get<Merged>(joined);
  CHECK(merged.run.host.at("cores") == "2, 8");
  CHECK(merged.run.runtime == "docker, sandbox");
  CHECK(merged.run.duration_ms == 25'000);
  CHECK(merged.run.implementations.at("x").roles.at("worker").digest.empty());
  REQUIRE(merged.warnings.size() == 1);
  CHECK(merged.warnings[0].what == "x was built once more for this shard: its image is another than in part-1");
}

TEST_CASE("a shard that was killed is merged with what it has") {
  std::vector<Part> parts = parts_of(whole_run(4), 2);
  parts[1].run.finished.reset();
  const auto joined = merge_parts(parts);
  REQUIRE(std::holds_alternative<Merged>(joined));
  CHECK_FALSE(std::get<Merged>(joined).run.finished);
  CHECK(std::get<Merged>(joined).warnings.at(0).what == "this run did not come to its end: cells of it are aborted");
}

TEST_CASE("what does not belong together is refused with every reason") {
  const RunRecord whole = whole_run(8);
  std::vector<Part> parts = parts_of(whole, 4);
  SECTION("missing") {
    parts.erase(parts.begin() + 2);
    CHECK(refusal(parts) == ": shard 3/4 is missing\n");
    parts.erase(parts.begin());
    CHECK(refusal(parts) == ": shards 1/4, 3/4 are missing\n");
  }
  SECTION("twice") {
    parts.push_back(parts[1]);
    parts.back().name = "copy";
    CHECK(refusal(parts) == "copy: this is shard 2/4, and so is part-2\n");
  }
  SECTION("a whole run") {
    parts[1].run.shard.reset();
    CHECK(refusal(parts) == "part-2: this is the report of a whole run\n");
  }
  SECTION("suite") {
    parts[1].run.suite.name = "other";
    parts[2].run.suite.digest = "sha256:bb";
    CHECK(refusal(parts) ==
          "part-2: its suite is other, and part-1's is suite\n"
          "part-3: its suite's content is sha256:bb, and part-1's is sha256:aa\n");
  }
  SECTION("seed, version, number") {
    parts[1].run.seed = 8;
    parts[1].run.version = "2";
    parts[3].run.shard->of = 5;
    CHECK(refusal(parts) ==
          "part-2: its seed is 8, and part-1's is 7\n"
          "part-2: its version of interoper is 2, and part-1's is 1\n"
          "part-4: its number of shards is 5, and part-1's is 4\n");
  }
  SECTION("sources") {
    parts[1].run.implementations["x"].roles["worker"].source = "build y";
    parts[2].run.implementations["x"].version = "3";
    CHECK(refusal(parts) ==
          "part-2: x's source is \"build y\", and in part-1 \"build x\"\n"
          "part-3: x's version is \"3\", and in part-1 \"\"\n");
  }
  SECTION("ready images") {
    for (Part& part : parts)
      part.run.implementations["x"].roles["worker"].source = "image x:1";
    parts[3].run.implementations["x"].roles["worker"].digest = "sha256:22";
    CHECK(refusal(parts) == "part-4: x's digest is \"sha256:22\", and in part-1 \"sha256:11\"\n");
  }
  SECTION("plan") {
    parts[1].run.shard->plan_digest = "sha256:other";
    CHECK(refusal(parts) == "part-2: it is part of another plan (of 8 cells) than part-1 (of 8)\n");
  }
  SECTION("overlap") {
    parts[1].run.cells[0] = parts[0].run.cells[0];
    CHECK(refusal(parts) == "part-2: the cell t~x~n=0 is in two shards, also in part-1\n");
    parts = parts_of(whole, 4);
    parts[1].run.shard->positions[0] = 0;
    CHECK(refusal(parts) == "part-2: the cell t~x~n=1 is in the place of another\n");
  }
  SECTION("cells that nobody has") {
    parts[1].run.shard->positions.pop_back();
    parts[1].run.cells.pop_back();
    CHECK(refusal(parts) == "part-1: all shards together have 7 of the plan's 8 cells\n");
  }
  SECTION("nonsense") {
    parts[0].run.shard->index = 0;
    parts[1].run.shard->positions = {5, 1};
    parts[2].run.shard->positions = {2, 800};
    parts[3].run.cells.pop_back();
    const std::string text = refusal(parts);
    for (const char* label : {"part-1: what it says of its shard 0/4", "part-2: what", "part-3: what", "part-4: what"})
      CHECK(text.find(label) != std::string::npos);
  }
}
