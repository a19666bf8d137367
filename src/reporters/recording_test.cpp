#include "reporters/recording.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "base/files.hpp"
#include "reporters/record_json.hpp"
#include "reporters/recorder.hpp"
#include "reporters/sample_test.hpp"
#include "reporters/timeline_reading.hpp"

using namespace interoper;
namespace fs = std::filesystem;

namespace {

fs::path record_sample(const fs::path& reports, const std::string& name, std::size_t stop_after = static_cast<std::size_t>(-1)) {
  Recorder recorder(reports, claim_run_folder(reports, name));
  tell_sample(recorder, stop_after);
  return recorder.folder();
}

void put(const fs::path& path, const std::string& bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

std::string all(const Problems& problems) {
  std::string text;
  for (const Problem& problem : problems)
    text += std::string(problem.severity == Problem::Severity::error ? "error: " : "warning: ") + problem.what + "\n";
  return text;
}

std::string resolved(const fs::path& reports, const std::string& name) {
  const auto found = resolve_report(reports, name);
  if (const auto* problem = std::get_if<Problem>(&found)) return "problem: " + problem->what + " | " + problem->help;
  return fs::relative(std::get<fs::path>(found), reports).string();
}

}  // namespace

TEST_CASE("a finished run opens from its report") {
  const TestFolder folder;
  const fs::path run = record_sample(folder.path(), "run");
  for (const fs::path& path : {run, run / "report.json", folder / "latest"}) {
    const Recording recording = open_recording(path);
    CHECK(all(recording.problems).empty());
    CHECK(recording.origin == Recording::Origin::report);
    CHECK(report_text(recording.run) == report_text(sample_run()));
  }
}

TEST_CASE("a run that was killed opens from its plan and its timelines") {
  const TestFolder folder;
  const RunRecord whole = sample_run();
  // The first cell's two attempts (12 events each) have ended, the second cell's is in the middle.
  const fs::path run = record_sample(folder.path(), "run", 28);
  const Recording recording = open_recording(run);
  CHECK(all(recording.problems).empty());
  CHECK(recording.origin == Recording::Origin::plan);
  CHECK_FALSE(recording.run.finished.has_value());
  REQUIRE(recording.run.cells.size() == 7);

  const CellRecord& first = recording.run.cells[0];
  CHECK(first.verdict == Verdict::passed);
  CHECK(first.flaky);
  REQUIRE(first.attempts.size() == 2);
  CHECK(first.attempts[0].judgement.verdict == Verdict::failed);
  CHECK(first.attempts[0].judgement.reason == "timeout");
  CHECK(first.attempts[0].events == 12);
  CHECK(first.attempts[0].duration_ms == 9000);
  CHECK(first.attempts[1].events == 12);
  CHECK(first.attempts[1].log == whole.cells[0].attempts[1].log);
  CHECK(first.attempts[1].roles.at("driver").exit->code == 0);
  CHECK(first.attempts[0].roles.at("driver").exit->signal == 9);
  CHECK(first.duration_ms == 15100);

  const CellRecord& second = recording.run.cells[1];
  CHECK(second.verdict == Verdict::aborted);
  CHECK(second.reason == "unfinished");
  CHECK(second.message == "the run ended before this attempt did");
  CHECK(second.attempts.at(0).events == 4);
  CHECK_FALSE(second.attempts.at(0).roles.at("worker").exit.has_value());

  CHECK(recording.run.cells[2].verdict == Verdict::aborted);
  CHECK(recording.run.cells[2].message == "the run ended before this cell did");
  CHECK(recording.run.summary.passed == 1);
  CHECK(recording.run.summary.aborted == 6);
  CHECK(recording.run.duration_ms == 9000);
}

TEST_CASE("a folder that has only timelines opens as well") {
  const TestFolder folder;
  const fs::path run = record_sample(folder.path(), "run");
  fs::remove(run / "report.json");
  put(run / "cells/empty/notes.txt", "x");
  put(run / "cells/odd/01.jsonl", "{}\n");
  const Recording recording = open_recording(run);
  CHECK(all(recording.problems).empty());
  CHECK(recording.origin == Recording::Origin::timelines);
  CHECK(recording.run.id == "run");
  CHECK(recording.run.started == sample_run().started);
  REQUIRE(recording.run.cells.size() == 6);  // the skipped one never ran
  const CellRecord& cell = recording.run.cells[2];
  CHECK(cell.cell.id == "net-link~local~telehash-js~hold=5s");
  CHECK(cell.cell.test == "net-link");
  CHECK(cell.cell.cast == std::vector<Casting>{{"worker", "local"}, {"driver", "telehash-js"}});
  CHECK(cell.verdict == Verdict::failed);
  CHECK(cell.attempts[0].roles.at("driver").exit->code == 3);
}

TEST_CASE("what is no report is said") {
  const TestFolder folder;
  fs::create_directories(folder / "empty");
  CHECK(all(open_recording(folder / "none").problems) == "error: there is no report here: it is no folder\n");
  CHECK(all(open_recording(folder / "empty").problems) ==
        "error: there is no report here: neither report.json nor timelines under cells/\n");
  put(folder / "broken/report.json", "{");
  CHECK(all(open_recording(folder / "broken").problems).starts_with("error: this is no JSON: "));
  put(folder / "newer/report.json", R"({"schema": "interoper.report/2"})");
  CHECK(all(open_recording(folder / "newer").problems) ==
        "error: this report has the schema \"interoper.report/2\"; this version reads \"interoper.report/1\"\n");
  put(folder / "plan/plan.json", "{");
  put(folder / "plan/cells/a~b~c/1.jsonl", "");
  CHECK(all(open_recording(folder / "plan").problems).starts_with("warning: this is no JSON: "));
  CHECK(open_recording(folder / "plan").run.cells.size() == 1);
  fs::create_directories(folder / "fifo");
  REQUIRE(::mkfifo((folder / "fifo/report.json").c_str(), 0600) == 0);
  CHECK(all(open_recording(folder / "fifo").problems).find("it is no regular file") != std::string::npos);
}

TEST_CASE("a timeline is read line by line, broken ones left out, a cut last one tolerated") {
  const TestFolder folder;
  const fs::path file = folder / "1.jsonl";
  const auto read = [&](const std::string& bytes, std::vector<std::string>& lines) {
    put(file, bytes);
    return read_timeline(file, [&](std::string_view line) {
      lines.emplace_back(line);
      return lines.size() < 1000;
    });
  };
  std::vector<std::string> lines;
  TimelineReading reading = read("{\"a\":1}\nbroken\n\n[1]\n{\"b\":\"\xff\"}\n{\"c\":3}\r\n{\"d\":", lines);
  CHECK(lines == std::vector<std::string>{"{\"a\":1}", "{\"c\":3}"});
  CHECK(reading.lines == 2);
  CHECK(reading.faulty == 4);
  CHECK(reading.first_faulty == 2);
  CHECK(reading.cut);

  lines.clear();
  reading = read("{\"a\":1}", lines);  // whole, without its newline
  CHECK(reading.lines == 1);
  CHECK_FALSE(reading.cut);

  lines.clear();
  reading = read(std::string("\0\0\n{}\n", 6) + std::string(100'000, '[') + "\n{\"deep\":" + std::string(100'000, '[') +
                     std::string(100'000, ']') + "}\n",
                 lines);
  CHECK(reading.lines == 2);
  CHECK(reading.faulty == 2);

  lines.clear();
  std::string huge = "{\"x\":\"" + std::string(std::size_t{40} * 1024 * 1024, 'x') + "\"}\n";
  reading = read(huge + "{\"after\":1}\n" + huge + "{}\n", lines);
  CHECK(lines == std::vector<std::string>{"{\"after\":1}", "{}"});
  CHECK(reading.faulty == 2);
  CHECK(reading.first_faulty == 1);
  lines.clear();
  reading = read("{}\nx\n" + huge.substr(0, huge.size() - 1), lines);
  CHECK(lines.size() == 1);

  lines.clear();
  std::string many;
  for (int i = 0; i < 3000; ++i)
    many += "{}\n";
  reading = read(many, lines);
  CHECK(reading.stopped);
  CHECK(lines.size() == 1000);

  CHECK(read_timeline(folder / "none", [](std::string_view) {
          return true;
        }).trouble.starts_with("cannot read " + (folder / "none").string()));
  CHECK_FALSE(read_timeline(folder.path(), [](std::string_view) { return true; }).trouble.empty());
}

TEST_CASE("events are read whatever their members are") {
  const Event whole = recorded_event(R"({"seq":7,"ti":8,"us":9,"ro":"worker","by":"engine","ty":"log","in":{"line":"x"}})");
  CHECK(whole.seq == 7);
  CHECK(whole.ti == 8);
  CHECK(whole.us == 9);
  CHECK(whole.role == "worker");
  CHECK(whole.by_engine);
  CHECK(whole.type == "log");
  const Event odd = recorded_event(R"({"seq":-1,"ti":1e400,"us":"x","ro":3,"by":null,"ty":[]})");
  CHECK(odd.seq == 0);
  CHECK(odd.ti == 0);
  CHECK(odd.us == 0);
  CHECK(odd.role.empty());
  CHECK(odd.type.empty());
  CHECK(recorded_event("no json").line == "no json");
}

TEST_CASE("a hostile timeline neither crashes nor deceives") {
  const TestFolder folder;
  put(folder / "run/plan.json", report_text(sample_plan()));
  const std::string log = timeline_path(sample_plan().cells[0].cell.id, 1);
  std::string roles;
  for (int i = 0; i < 5000; ++i)
    roles += R"({"seq":1,"ro":"r)" + std::to_string(i) + "\",\"ty\":\"x\"}\n";
  put(folder / "run" / log, R"({"seq":9,"ti":-9223372036854775808,"us":9223372036854775807,"by":"engine","ty":"exec","in":{"roles":[1]}})"
                            "\n"
                            R"({"seq":1,"ro":"worker","ty":"exited","in":{"exit_code":5}})"
                            "\n"
                            R"({"seq":1,"ro":"worker","by":"engine","ty":"exited","in":7})"
                            "\n"
                            R"({"seq":1,"by":"engine","ty":"exited","in":{"exit_code":99999999999999999999}})"
                            "\nnonsense\n" +
                                roles +
                                R"({"by":"engine","ty":"status","in":{"verdict":"splendid","reason":3}})"
                                "\n"
                                R"({"ty":"status","in":{"verdict":"passed"}})"
                                "\n");
  const Recording recording = open_recording(folder / "run");
  CHECK(all(recording.problems) == "warning: 1 line is no JSON object and left out; the first is line 5\n");
  const CellRecord& cell = recording.run.cells[0];
  CHECK(cell.verdict == Verdict::aborted);  // the engine's status was not the last
  CHECK(cell.attempts[0].roles.size() == 1000);
  CHECK(cell.attempts[0].roles.at("worker").exit->code == 0);  // what a process says of itself does not count
  CHECK(cell.attempts[0].events == 5006);
}

TEST_CASE("paths in a report do not lead out of its folder") {
  const TestFolder folder;
  const fs::path run = record_sample(folder.path(), "run");
  put(folder / "secret", "x");
  fs::create_symlink(folder / "secret", run / "cells/link");
  Recording recording = open_recording(run);
  AttemptRecord attempt = recording.run.cells[1].attempts[0];
  CHECK(timeline_file(recording, attempt) == run / attempt.log);
  for (const std::string& log : {std::string(), std::string("../secret"), (folder / "secret").string(), std::string("cells/link"),
                                 std::string("cells/../../secret"), std::string("a\0b", 3)}) {
    attempt.log = log;
    CHECK_FALSE(timeline_file(recording, attempt).has_value());
  }
  attempt.log = "cells/nothing/1.jsonl";
  CHECK(timeline_file(recording, attempt).has_value());

  // A plan whose cell ids are paths.
  RunRecord plan = sample_plan();
  plan.cells[0].cell.id = "../../elsewhere";
  plan.cells[1].cell.id = "..";
  put(folder / "hostile/plan.json", report_text(plan));
  put(folder / "elsewhere/1.jsonl", "{}\n");
  CHECK(open_recording(folder / "hostile").run.cells[0].attempts.empty());
}

TEST_CASE("reports are found by what the user calls them") {
  const TestFolder folder;
  const fs::path reports = folder / "reports";
  CHECK(resolved(reports, "latest") == "problem: there are no reports here | run `interoper test`, or name another folder with --reports");
  record_sample(reports, "local-20141124-142320");
  record_sample(reports, "local-20141124-150000");
  CHECK(resolved(reports, "latest") == "local-20141124-150000");
  CHECK(resolved(reports, "") == "local-20141124-150000");
  CHECK(resolved(reports, "local-20141124-142320") == "local-20141124-142320");
  CHECK(resolved(reports, (reports / "local-20141124-142320").string()) == "local-20141124-142320");
  CHECK(resolved(reports, (reports / "local-20141124-142320/report.json").string()) == "local-20141124-142320/report.json");
  CHECK(resolved(reports, "local-20141124-142321")
            .starts_with("problem: there is no report \"local-20141124-142321\": neither a run in " + reports.string() +
                         " nor a report folder | did you mean local-20141124-142320? the newest runs are "));
  CHECK(resolved(reports, "x") == "problem: there is no report \"x\": neither a run in " + reports.string() +
                                      " nor a report folder | the newest runs are local-20141124-150000, local-20141124-142320");
  fs::remove(reports / "latest");
  CHECK(resolved(reports, "latest") == "local-20141124-150000");
  fs::create_symlink("gone", reports / "latest");
  CHECK(resolved(reports, "latest") == "local-20141124-150000");
}
