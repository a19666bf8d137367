#include "reporters/dump.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <random>

#include "base/files.hpp"
#include "reporters/record_json.hpp"
#include "reporters/sample_test.hpp"
#include "reporters/timeline_facts.hpp"

using namespace interoper;

namespace {

constexpr const char* small =
    R"({"sut":"go","tests":{"chat":{"desc":{"name":"chat","timeout":"3s","containers":{},"description":"# Chat"},"runs":{
 "js":{"driver":"js","log":[
  {"id":0,"ty":"exec","ti":1417988331000,"ro":"","in":{"driver":"js","sut":"go"}},
  {"id":2,"ty":"ready","ti":1417988331010,"ro":"sut"},
  {"id":3,"ty":"channel.new","ti":1417988331011,"ro":"driver","in":{"channel_id":6,"channel":{"type":"t"}}},
  {"id":4,"ty":"channel.write","ti":1417988331012,"ro":"driver","in":{"channel_id":6,"packet":{"body":"","header":{"at":1.417982386e+09,"seq":1}}}},
  {"id":3,"ty":"channel.new","ti":1417988331013,"ro":"sut","in":{"channel_id":9,"channel":{"type":"t"}}},
  {"id":4,"ty":"channel.rcv.packet","ti":1417988331009,"ro":"sut","in":{"channel_id":9,"packet":{"header":{"seq":1,"at":1417982386},"body":""}}},
  {"id":0,"ty":"exited","ti":1417988331020,"ro":"driver","in":{"exit_code":3}},
  {"id":0,"ty":"status","ti":1417988331021,"ro":"","in":{"success":false}}]}}}}})";

struct Opened {
  explicit Opened(const std::string& text) {
    std::ofstream(folder.path() / "go-1.dump", std::ios::binary) << text;
    recording = open_recording(folder.path() / "go-1.dump");
  }
  TestFolder folder;
  Recording recording;
};

// What any reader does with a recording.
void use(const Recording& recording) {
  CHECK_FALSE(report_text(recording.run).empty());
  for (const CellRecord& cell : recording.run.cells) {
    for (const AttemptRecord& attempt : cell.attempts) {
      const auto file = timeline_file(recording, attempt);
      REQUIRE(file);
      CHECK(read_facts(*file, {}, {}).faulty == 0);
    }
  }
}

}  // namespace

TEST_CASE("a report of the original tool opens as a run") {
  const Opened opened(small);
  CHECK(opened.recording.problems.empty());
  const RunRecord& run = opened.recording.run;
  CHECK(run.id == "go-1");
  REQUIRE(run.cells.size() == 1);
  const CellRecord& cell = run.cells.front();
  CHECK(cell.cell.cast == std::vector<Casting>{{"sut", "go"}, {"driver", "js"}});
  CHECK(cell.verdict == Verdict::failed);
  REQUIRE(cell.blame);
  CHECK(cell.blame->role == "driver");
  CHECK(cell.blame->seq == 6);
  CHECK(run.tests.at("chat").timeout_ms == 3000);
  use(opened.recording);

  const std::vector<ObjectKind> kinds{{"channel", "in.channel_id", "in.channel.type"}};
  const std::vector<MatchRule> match{
      {"packet", {{{{"ty", "\"channel.write\""}}}}, {{{{"ty", "\"channel.rcv.packet\""}}}}, {"channel", "in.packet.header"}}};
  const TimelineFacts facts = read_facts(*timeline_file(opened.recording, cell.attempts.front()), kinds, match);
  REQUIRE(facts.packets.arrows.size() == 1);  // a number of 2014 is the number it is
  CHECK(facts.packets.arrows.front().sent == 3);
  CHECK(facts.us == std::vector<std::int64_t>{0, 10000, 11000, 12000, 13000, 13000, 20000, 21000});
}

TEST_CASE("what is no dump is an error that says where") {
  for (const char* text : {"", "x", "{\"tests\":{}", "[]", "null", "{}", "{\"tests\":[]}", "7"}) {
    const Opened opened(text);
    INFO(text);
    REQUIRE(has_errors(opened.recording.problems));
    CHECK(opened.recording.problems.front().file.find("go-1.dump") != std::string::npos);
  }
}

TEST_CASE("a malformed part of a dump is left out, and said") {
  for (const char* text : {R"({"tests":{"a":null}})", R"({"tests":{"a":{"runs":7}}})", R"({"tests":{"a":{"runs":{"x":null}}}})",
                           R"({"tests":{"a":{"runs":{"x":{"log":null}}}}})",
                           R"({"tests":{"a":{"runs":{"x":{"log":[null,1,"s",[],{"ti":"x","ty":7,"in":null}]}}}}})"}) {
    const Opened opened(text);
    INFO(text);
    CHECK_FALSE(has_errors(opened.recording.problems));
    CHECK_FALSE(opened.recording.problems.empty());
    use(opened.recording);
  }
  const Opened names(R"({"sut":"../..","tests":{"__proto__":{"runs":{"/etc/passwd":{"log":[{"ty":"status","in":{"success":true}}]}}}}})");
  use(names.recording);
}

// Any damage: some bytes changed, taken out or doubled. It opens or says why not, and never crashes (the sanitizers watch).
TEST_CASE("a damaged dump never breaks the reader") {
  std::mt19937 random(7);  // any seed
  const auto below = [&random](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  const std::string pieces[] = {"{", "}", "[", "]", "null", "\"", ",", ":", "-1", "1e999", "\\u0000", "\xff", "\"log\":", "{\"a\":"};
  for (int round = 0; round < 1500; ++round) {
    std::string text = small;
    for (std::size_t changes = 1 + below(4); changes > 0; --changes) {
      const std::size_t at = below(text.size());
      switch (below(4)) {
        case 0: text[at] = static_cast<char>(random()); break;
        case 1: text.erase(at, below(20)); break;
        case 2: text.insert(at, pieces[below(std::size(pieces))]); break;
        default: text.insert(at, text.substr(below(text.size()), below(60)));
      }
    }
    const Opened opened(text);
    if (!has_errors(opened.recording.problems)) use(opened.recording);
  }
}
