#include "reporters/show.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>

#include "reporters/record_json.hpp"
#include "reporters/recorder.hpp"
#include "reporters/sample_test.hpp"

using namespace interoper;
namespace fs = std::filesystem;

namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool is_sanitized = true;
#elif defined(__has_feature)
constexpr bool is_sanitized = __has_feature(address_sanitizer);
#else
constexpr bool is_sanitized = false;
#endif

Recording sample_recording(const TestFolder& folder, std::size_t stop_after = static_cast<std::size_t>(-1)) {
  Recorder recorder(folder.path(), claim_run_folder(folder.path(), "run"));
  tell_sample(recorder, stop_after);
  return open_recording(recorder.folder());
}

std::string cells(const Recording& recording, const Style& style = {}) {
  std::string out;
  show_cells(recording, {}, style, [&](std::string_view text) { out += text; });
  return out;
}

std::string timeline(const Recording& recording, const CellRecord& cell, int attempt = 0, const Style& style = {}) {
  std::string out;
  show_timeline(recording, cell, TimelineView{attempt, {}}, style, [&](std::string_view text) { out += text; });
  return out;
}

}  // namespace

TEST_CASE("the cells of a report are a table") {
  const TestFolder folder;
  CHECK(cells(sample_recording(folder)) == R"(run local-20141124-142320, 2014-11-24T14:23:20.000Z
✔ passed       net-link~local~local~hold=5s              15.1 s  flaky
✘ failed       net-link~local~telehash-js~hold=5s         2.3 s  exited  driver: telehash-js
! error        net-link~local~telehash-js~hold=2m30s      40 ms  image-missing
✔ passed       sanity~local~local                         1.2 s
○ unsupported  sanity~local~telehash-js                  300 ms  exit-127
– skipped      sanity~local~other                                budget
■ aborted      sanity~local~late                         500 ms  interrupted
7 cells in 20.3 s: 2 passed, 1 failed, 1 unsupported, 1 skipped, 1 error, 1 aborted; 1 absent
)");
}

TEST_CASE("a run that was killed says so") {
  const TestFolder folder;
  const std::string out = cells(sample_recording(folder, 28));
  CHECK(out.starts_with(
      "run local-20141124-142320, 2014-11-24T14:23:20.000Z; it ended before it wrote its report, and this is what its timelines tell\n"));
  CHECK(out.find("■ aborted      net-link~local~telehash-js~hold=5s") != std::string::npos);
}

TEST_CASE("cells are found by id, glob or beginning") {
  const RunRecord run = sample_run();
  const auto found = [&](std::string_view name) {
    std::vector<std::string> ids;
    for (const CellRecord* cell : find_cells(run, name))
      ids.push_back(cell->cell.id);
    return ids;
  };
  using Ids = std::vector<std::string>;
  CHECK(found("sanity~local~local") == Ids{"sanity~local~local"});
  CHECK(found("sanity~local~l") == Ids{"sanity~local~local", "sanity~local~late"});
  CHECK(found("*telehash-js*5s") == Ids{"net-link~local~telehash-js~hold=5s"});
  CHECK(found("net-link~local~l") == Ids{"net-link~local~local~hold=5s"});
  CHECK(found("net") == Ids{"net-link~local~local~hold=5s", "net-link~local~telehash-js~hold=5s", "net-link~local~telehash-js~hold=2m30s"});
  CHECK(found("nothing").empty());
  CHECK(found("[").empty());
}

TEST_CASE("a cell's timeline: what became of it, then event by event") {
  const TestFolder folder;
  const Recording recording = sample_recording(folder);
  const std::string expected = R"(✘ failed       net-link~local~telehash-js~hold=5s  exited
  driver (telehash-js) exited with status 3 before it said done
  blamed    driver: telehash-js, event 15
  finding   driver: the id 7 stands on two events  event 8

     +0.000000          exec                      {"worker":"local","driver":"telehash-js","roles":{"worker":"local","driver":"telehash-js"}}
     +0.121052  worker  started
     +0.242105  worker  ready
     +0.363157  driver  started
     +0.484210  driver  ready
     +0.605263  worker  │ listening
     +0.726315  driver  assert                    {"assert_id":1,"value":"0f3c"}
     +0.847368  driver  │ \e[31mred\e[0m and a bell \x07 and <script>alert(1)</script>
     +0.968421  driver  x.unknown                 {"number":1e400,"big":9007199254740993,"text":"grüße"}
     +1.089473  driver  │     at step 1 (link.js:41)
     +1.210526  driver  │     at step 2 (link.js:42)
     +1.331578  driver  │     at step 3 (link.js:43)
     +1.452631  driver  │     at step 4 (link.js:44)
     +1.573684  driver  │     at step 5 (link.js:45)
     +1.694736  driver  │     at step 6 (link.js:46)
>    +1.815789  driver  exited                    {"exit_code":3}
     +1.936842  worker  stopping                  {"signal":"SIGTERM"}
     +2.057894  worker  exited                    {"exit_code":143,"signal":15}
     +2.300000          status                    {"success":false,"verdict":"failed","reason":"exited"}
)";
  CHECK(timeline(recording, recording.run.cells[1]) == expected);
}

TEST_CASE("one attempt of several, cut to a narrow ASCII terminal") {
  const TestFolder folder;
  const Recording recording = sample_recording(folder);
  CHECK(timeline(recording, recording.run.cells[0], 1, Style{false, false, 60}) == R"(+ passed       net-link~local~local~hold=5s
  attempt 1 of 2: failed
  the time ran out after 9 s: driver (local) had not exited
  blamed    driver: local, event 5
  expect    NOT HELD  {"event": {"ty": "exchange.started"}}

            | worker: local         | driver: local
     +0.000 + exec {"worker":"local","driver":"local","ro...
     +0.750 | o started             |
     +1.500 | * ready               |
     +2.250 |                       | o started
     +3.000 |                       | * ready
>    +3.750 + timeout {"timeout_ms":9000}
     +4.500 | o stopping {"signa... |
     +5.250 |                       | o stopping {"signa...
     +6.000 | o exited {"exit_co... |
     +6.750 |                       | o stopping {"signa...
     +7.500 |                       | o exited {"exit_co...
     +9.000 + status {"success":false,"verdict":"failed",...
)");
  CHECK(timeline(recording, recording.run.cells[0], 7) ==
        "✔ passed       net-link~local~local~hold=5s\n  there is no attempt 7; there are 2\n");
  CHECK(timeline(recording, recording.run.cells[5]) ==
        "– skipped      sanity~local~other  budget\n  not run: the budget of 20 s was used up\n  there is no timeline: the cell did not "
        "run\n");
}

TEST_CASE("on a terminal every role has a lane, and the event that decided is told whole") {
  const TestFolder folder;
  const Recording recording = sample_recording(folder);
  const std::string out = timeline(recording, recording.run.cells[1], 0, Style{false, true, 80});
  CHECK(out.find(R"(            │ worker: local                   │ driver: telehash-js
     +0.000 ├ exec {"worker":"local","driver":"telehash-js","roles":{"worker":"…
     +0.121 │ ○ started                       │
     +0.242 │ ● ready                         │
)") != std::string::npos);
  CHECK(out.find(R"(
     +0.726 │                                 │ ● assert {"assert_id":1,"value…
     +0.847 │                                 │   \e[31mred\e[0m and a bell \x…
)") != std::string::npos);
  CHECK(out.find("\n>    +1.815 │                                 │ ○ exited {\"exit_code\":3}\n") != std::string::npos);

  CellRecord log = recording.run.cells[1];
  log.blame->seq = log.attempts[0].judgement.blame->seq = 7;
  CHECK(timeline(recording, log, 0, Style{false, true, 80}).find(R"(
>    +0.847 │                                 │   \e[31mred\e[0m and a bell \x0
            │                                 │ 7 and <script>alert(1)</script>
)") != std::string::npos);
}

TEST_CASE("only some of the events, or of the cells") {
  const TestFolder folder;
  const Recording recording = sample_recording(folder);
  const auto count = [&](const EventFilter& filter) {
    std::string out;
    show_timeline(recording, recording.run.cells[1], TimelineView{0, filter}, {}, [&](std::string_view text) { out += text; });
    return std::count(out.begin() + static_cast<std::ptrdiff_t>(out.find("\n\n") + 2), out.end(), '\n');
  };
  EventFilter filter;
  CHECK(count(filter) == 19);
  filter.roles = {"worker"};
  CHECK(count(filter) == 5 + 1);  // and a line that says how many are left out
  filter.types = {"st*"};
  CHECK(count(filter) == 2 + 1);
  filter = {};
  filter.types = {"!log"};
  CHECK(count(filter) == 11 + 1);
  filter = {};
  filter.since_us = 1'000'000;
  filter.until_us = 1'400'000;
  CHECK(count(filter) == 3 + 1);
  filter = {};
  filter.grep = "^log .*step [2-4]";
  CHECK(count(filter) == 3 + 1);
  filter.grep = "exit_code\":143";
  CHECK(count(filter) == 1 + 1);
  CHECK(EventSieve(filter).fault().empty());
  filter.grep = "(";
  CHECK_FALSE(EventSieve(filter).fault().empty());
  CHECK(count(filter) == 1);

  std::string out;
  show_cells(recording, {Verdict::failed, Verdict::error}, {}, [&](std::string_view text) { out += text; });
  CHECK(out.find("✘ failed") != std::string::npos);
  CHECK(out.find("! error") != std::string::npos);
  CHECK(out.find("✔ passed") == std::string::npos);
  CHECK(out.find("\n(5 other cells)\n") != std::string::npos);
}

TEST_CASE("a timeline is followed as it grows") {
  const TestFolder folder;
  const Recording recording = sample_recording(folder);
  const CellRecord& cell = recording.run.cells[1];
  const fs::path file = recording.folder / timeline_path(cell.cell.id, 7);
  std::string out;
  const TextSink sink = [&](std::string_view text) { out += text; };
  TimelineFollower follower(recording, cell, TimelineView{7, {}}, Style{false, true, 80}, sink);
  CHECK_FALSE(follower.show_more());
  std::ofstream growing(file);
  growing << R"({"seq":0,"us":1000,"ro":"worker","by":"engine","ty":"started"})" << '\n' << R"({"seq":1,"us":2000,"ro":"wor)" << std::flush;
  CHECK(follower.show_more());
  CHECK(out == "            │ worker: local                   │ driver: telehash-js\n     +0.001 │ ○ started                       │\n");
  out.clear();
  growing << R"(ker","ty":"ready"})" << '\n' << std::flush;
  CHECK(follower.show_more());
  CHECK(out == "     +0.002 │ ● ready                         │\n");
  CHECK_FALSE(follower.is_over());
  out.clear();
  growing << R"({"seq":2,"us":3000,"by":"engine","ty":"status","in":{"verdict":"failed","reason":"exited","message":"it left"}})" << '\n'
          << std::flush;
  CHECK(follower.show_more());
  CHECK(follower.is_over());
  CHECK(out.ends_with("\n✘ failed       exited: it left\n"));
}

TEST_CASE("what is wrong with a timeline is said where it ends") {
  const TestFolder folder;
  const Recording recording = sample_recording(folder);
  const CellRecord& cell = recording.run.cells[3];
  std::ofstream(recording.folder / cell.attempts[0].log)
      << "{\"seq\":0,\"us\":1,\"ty\":\"x\x1b\"}\nbroken\n{\"seq\":0,\"us\":1,\"ty\":\"\\u001b[2J\"}\n{\"cut";
  const std::string out = timeline(recording, cell);
  CHECK(out.find("+0.000001          \\e[2J\n") != std::string::npos);
  CHECK(out.find('\x1b') == std::string::npos);
  CHECK(
      out.ends_with("  (2 lines are no JSON object and left out; the first is line 1)\n  (the last line is cut: the run was killed while "
                    "it wrote it)\n"));
  fs::remove(recording.folder / cell.attempts[0].log);
  CHECK(timeline(recording, cell)
            .find("  cannot read " + (recording.folder / cell.attempts[0].log).string() + ": no such file or directory") !=
        std::string::npos);
  CellRecord elsewhere = cell;
  elsewhere.attempts[0].log = "../../etc/passwd";
  CHECK(timeline(recording, elsewhere).ends_with("  there is no timeline: none was written\n"));
}

TEST_CASE("a long timeline streams by without growing memory") {
  const TestFolder folder;
  const Recording recording = sample_recording(folder);
  const CellRecord& cell = recording.run.cells[3];
  constexpr int events = 200'000;  // some 20 MB
  {
    std::ofstream file(recording.folder / cell.attempts[0].log);
    for (int i = 0; i < events; ++i)
      file << R"({"seq":)" << i << R"(,"ti":1,"us":)" << i
           << R"(,"ro":"worker","by":"engine","ty":"log","in":{"line":"some line of text","stream":"stdout"}})" << '\n';
  }
  const auto peak_kib = [] {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
  };
  const long before = peak_kib();
  std::size_t lines = 0;
  std::size_t largest = 0;
  show_timeline(recording, cell, {}, {}, [&](std::string_view text) {
    lines += static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    largest = std::max(largest, text.size());
  });
  CHECK(lines == events + 3);
  CHECK(largest < 100'000);
  if (!is_sanitized) CHECK(peak_kib() - before < 8 * 1024);  // AddressSanitizer keeps what was freed
}
