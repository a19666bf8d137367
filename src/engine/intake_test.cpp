#include "engine/intake.hpp"

#include <catch2/catch.hpp>

#include "base/json_text.hpp"
#include "engine/timeline.hpp"
#include "reporters/timeline_reading.hpp"

using namespace interoper;

namespace {

Draft out(std::string_view line) { return draft_of_line(Stream::out, LineSplitter::Line{line, false, false}); }

}  // namespace

TEST_CASE("a JSON object with a type is an event, and stays as it was written") {
  const Draft draft = out(R"({"id": 9007199254740993, "ty": "x","in":{"a":1e400,"a":2} ,"more":[ 1 ]})");
  CHECK(draft.type == "x");
  CHECK_FALSE(draft.by_engine);
  CHECK(draft.members == R"(,"id": 9007199254740993,"ty": "x","in":{"a":1e400,"a":2},"more":[ 1 ])");
}

TEST_CASE("a quick look and a close one see the same event") {
  // A carriage return between two members is what makes the look a close one; of the text only blanks may differ.
  const auto told = [](const Draft& draft) {
    std::string members;
    const std::string object = "{" + draft.members.substr(1) + "}";
    const auto seen = json_members(object);
    REQUIRE(seen);
    for (const JsonMember& member : *seen)
      members += member.key + "=" + std::string(member.value) + ";";
    return draft.type + "|" + draft.id + "|" + (draft.is_addressed ? "to|" : "|") + members;
  };
  for (const char* rest : {R"("id":7,"in":{"a":[1,2.50,1e400,null]})",
                           R"("id":18446744073709551615)",
                           R"("id":18446744073709551616)",
                           R"("id":-1)",
                           R"("id":7.0)",
                           R"("id":"7")",
                           R"("to":"driver")",
                           R"("to":["a","b"],"to":3)",
                           R"("ty":"y")",
                           R"("ty":"")",
                           R"("ty":null)",
                           R"("t\u0079":"z")",
                           R"("in":"\ud83d\ude00 \ud800")",
                           R"("id":1,"id":2)",
                           R"("in": {"ro":"x"})",
                           R"("by":"engine")",
                           R"("":1)",
                           R"("in":{"deep":{"er":[[[[]]]]}}  )",
                           "\"in\":\"\x7f\xc3\xa9\"",
                           R"("id":007)",
                           R"("in":{"a":1,"a":2})"}) {
    const std::string quick = std::string(R"({"ty":"x",)") + rest + "}";
    const std::string close = std::string("{\"ty\":\"x\",\r") + rest + "}";
    INFO(quick);
    const Draft one = out(quick);
    const Draft other = out(close);
    if (one.type == "log") {
      CHECK(other.type == "log");
      CHECK((one.members.find("malformed") == std::string::npos) == (other.members.find("malformed") == std::string::npos));
    } else {
      CHECK(told(one) == told(other));
    }
  }
}

TEST_CASE("what only the engine may say about an event is dropped, however it is spelled") {
  const Draft draft = out(R"({"seq":1,"ti":2,"us":3,"ro":"driver","by":"engine","\u0072o":"driver","ty":"x","ro":"z"})");
  CHECK(draft.members == R"(,"ty":"x")");
}

TEST_CASE("every other line is a log") {
  CHECK(out("hello").members == R"(,"by":"engine","ty":"log","in":{"line":"hello","stream":"stdout"})");
  CHECK(out("").members == R"(,"by":"engine","ty":"log","in":{"line":"","stream":"stdout"})");
  CHECK(out(R"({"level":"info"})").type == "log");
  CHECK(out(R"({"level":"info"})").members.find("malformed") == std::string::npos);
  CHECK(out(R"({"ty":""})").type == "log");
  CHECK(out(R"({"ty":7})").type == "log");
  CHECK(out(R"(["ty"])").type == "log");
  CHECK(out(R"({"ty":"x")").members.find(R"("malformed":true)") != std::string::npos);
  CHECK(out(R"({"ty":"x"} trailing)").members.find(R"("malformed":true)") != std::string::npos);
  CHECK(draft_of_line(Stream::err, LineSplitter::Line{R"({"ty":"ready"})", false, false}).type == "log");
  CHECK(draft_of_line(Stream::err, LineSplitter::Line{R"({"ty)", false, false}).members ==
        R"(,"by":"engine","ty":"log","in":{"line":"{\"ty","stream":"stderr","malformed":true})");
}

TEST_CASE("a type that is the engine's is kept as a log, and marked") {
  for (const char* type : {"exec", "exited", "log", "status"}) {
    const Draft draft = out(std::string(R"({"ty":")") + type + R"(","in":{"exit_code":0}})");
    CHECK(draft.type == "log");
    CHECK(draft.members.find(R"("reserved":true)") != std::string::npos);
  }
  // With a key twice the last counts: nothing slips past by saying it first.
  CHECK(out(R"({"ty":"x","ty":"exited"})").type == "log");
  CHECK(out(R"({"ty":"exited","ty":"x"})").type == "x");
}

TEST_CASE("bytes that are no text are kept beside the line") {
  const Draft draft = out("a\xff\x00z");
  CHECK(draft.members.find(R"("raw":")") != std::string::npos);
  CHECK_FALSE(json_fault("{" + draft.members.substr(1) + "}").has_value());
}

TEST_CASE("pieces of a line that is too long are logs, marked but for the last") {
  LineSplitter splitter(8);
  std::vector<Draft> drafts;
  const auto take = [&](const LineSplitter::Line& line) { drafts.push_back(draft_of_line(Stream::out, line)); };
  splitter.feed("{\"ty\":\"ready\"}\nab\r\nlast\r", take);
  splitter.finish(take);
  REQUIRE(drafts.size() == 4);
  CHECK(drafts[0].members == R"(,"by":"engine","ty":"log","in":{"line":"{\"ty\":\"r","stream":"stdout","more":true})");
  CHECK(drafts[1].members == R"(,"by":"engine","ty":"log","in":{"line":"eady\"}","stream":"stdout"})");
  CHECK(drafts[2].members == R"(,"by":"engine","ty":"log","in":{"line":"ab","stream":"stdout"})");
  CHECK(drafts[3].members == R"(,"by":"engine","ty":"log","in":{"line":"last","stream":"stdout"})");
}

TEST_CASE("a timeline gives every event its place and time") {
  std::vector<Event> events;
  Timeline timeline([&](const Event& event) { events.push_back(event); });
  timeline.add("", engine_draft("exec", R"({"roles":{}})"));
  timeline.add("worker", out(R"({"ty":"ready"})"));
  REQUIRE(events.size() == 2);
  CHECK(events[1].seq == 1);
  CHECK(events[1].us >= events[0].us);
  const Event read = recorded_event(events[1].line);
  CHECK(read.role == "worker");
  CHECK(read.type == "ready");
  CHECK(read.ti == events[1].ti);
  CHECK_FALSE(read.by_engine);
  CHECK(recorded_event(events[0].line).by_engine);
}
