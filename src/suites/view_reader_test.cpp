#include "suites/view_reader.hpp"

#include <catch2/catch.hpp>

#include "suites/rules_reader.hpp"
#include "suites/spec_reader.hpp"

using namespace interoper;

namespace {

constexpr const char* suite_header = R"({
  "objects": {"link": {"id": "in.link_id", "name": "in.peer"}, "packet": {"id": "in.packet_id"}},
  "match": {"datagram": {"sent": {"ty": "sent"}, "received": {"ty": "got"}, "by": ["in.bytes"]},
            "stream": {"sent": {"ty": "wrote"}, "received": {"ty": "read"}, "by": ["in.at"]}} })";
constexpr const char* test_header = R"({
  "objects": {"packet": {"id": "in.number"}, "frame": {"id": "in.frame"}},
  "match": {"datagram": {"sent": {"ty": "put"}, "received": {"ty": "got"}, "by": ["link", "in.text"]},
            "frame": {"sent": {"ty": "framed"}, "received": {"ty": "unframed"}, "by": ["frame"]}} })";

std::string in_words(const ViewRules& view) {
  std::string words;
  for (const ObjectKind& kind : view.objects)
    words += kind.kind + " " + kind.id + "\n";
  for (const MatchRule& rule : view.match)
    words += rule.name + " " + rule.sent.front().keys.front().second + " " + rule.by.back() + "\n";
  return words;
}

constexpr const char* suites_words = "link in.link_id\npacket in.packet_id\ndatagram \"sent\" in.bytes\nstream \"wrote\" in.at\n";
constexpr const char* tests_words =
    "link in.link_id\npacket in.number\nframe in.frame\ndatagram \"put\" in.text\nstream \"wrote\" in.at\nframe \"framed\" frame\n";

std::string file_with(const std::string& header) { return "```json\n" + header + "\n```\n\n# A test\n"; }

}  // namespace

TEST_CASE("a test's header replaces and adds to what its suite says of timelines") {
  const Rules rules = read_rules(file_with(suite_header), "_suite.md").rules.value();
  const ReadSpec own = read_spec(file_with(test_header), "t.md", "t", rules);
  REQUIRE(own.spec);
  CHECK(own.problems.empty());
  CHECK(in_words(own.spec->view) == tests_words);
  CHECK(in_words(read_spec(file_with("{}"), "t.md", "t", rules).spec.value().view) == suites_words);
  const ReadSpec wrong = read_spec(file_with(R"({"match": {"x": {"sent": {"ty": "a"}, "received": {}}}})"), "t.md", "t", rules);
  CHECK_FALSE(wrong.spec);
  REQUIRE(wrong.problems.size() == 2);
  CHECK(render(wrong.problems[0]).starts_with("t.md:2:17: error: 'match.x' must say 'sent', 'received' and 'by'\n"));
  CHECK(render(wrong.problems[1]).starts_with("t.md:2:51: error: 'match.x.received' is empty: every event matches it\n"));
}

TEST_CASE("a recorded timeline is looked at as the test said when it ran") {
  RunRecord run;
  run.suite.description = suite_header;
  run.tests["own"].header = test_header;
  run.tests["broken"].header = R"({"match": 1})";
  CHECK(in_words(recorded_view(run, "own")) == tests_words);
  CHECK(in_words(recorded_view(run, "broken")) == suites_words);
  CHECK(in_words(recorded_view(run, "unknown")) == suites_words);
  run.suite.description = "nothing";
  CHECK(recorded_view(run, "unknown").match.empty());
}
