#include "suites/rules_reader.hpp"

#include <catch2/catch.hpp>

using namespace interoper;

namespace {

using Words = std::vector<std::string>;

ReadRules read(const std::string& json) { return read_rules_header(json, "_suite.md"); }

std::string brief(const std::string& json) {
  std::string out;
  for (const Problem& problem : read(json).problems) {
    const std::string whole = render(problem);
    out += whole.substr(0, whole.find('\n') + 1);
  }
  return out;
}

std::string help(const std::string& json) {
  const ReadRules result = read(json);
  return result.problems.empty() ? "" : result.problems.front().help;
}

Rules rules_of(const std::string& json) {
  const ReadRules result = read(json);
  INFO(render(result.problems));
  REQUIRE(result.rules);
  return *result.rules;
}

}  // namespace

TEST_CASE("without keys the rules are the native contract's") {
  const Rules rules = rules_of("{}");
  CHECK(rules.role_order == Words{"worker", "driver"});
  CHECK(rules.decides == "driver");
  CHECK(rules.tested == "worker");
  CHECK(rules.command == Words{"th-test", "{test}", "{role}"});
  CHECK(rules.unsupported_exit == 127);
}

TEST_CASE("a suite says its own rules") {
  const ReadRules result = read_rules(R"(```json
{ "suite": "chat",
  "roles": ["server", "client"], "decides": "client", "tested": "server",
  "command": "run '{test}' --as {role}",
  "ready": {"event": "listening"}, "done": {"event": "finished"},
  "unsupported": {"exit": 77},
  "assert": {"event": "same", "id": ["in.key", "key"], "value": "in.data"},
  "events": {"joined": {"who": "string", "age": "uint?", "tags": "array", "x": "any", "n": "number", "ok": "boolean?", "o": "object"}, "left": {}} }
```
# Chat
)",
                                      "f");
  INFO(render(result.problems));
  REQUIRE(result.rules);
  CHECK(result.problems.empty());
  CHECK(result.suite == "chat");
  CHECK(result.header.substr(0, 10) == "{ \"suite\":");
  const Rules& rules = *result.rules;
  CHECK(rules.role_order == Words{"server", "client"});
  CHECK(rules.decides == "client");
  CHECK(rules.tested == "server");
  CHECK(rules.command == Words{"run", "{test}", "--as", "{role}"});
  CHECK(rules.ready_event == "listening");
  CHECK(rules.done_event == "finished");
  CHECK(rules.unsupported_exit == 77);
  CHECK(rules.assert_event == "same");
  CHECK(rules.assert_ids == Words{"in.key", "key"});
  CHECK(rules.assert_value == "in.data");
  REQUIRE(rules.events.size() == 2);
  CHECK(rules.events[0].type == "joined");
  REQUIRE(rules.events[0].fields.size() == 7);
  CHECK(rules.events[0].fields[0].path == "who");
  CHECK(rules.events[0].fields[0].kind == EventShape::Kind::string);
  CHECK(rules.events[0].fields[0].required);
  CHECK(rules.events[0].fields[1].kind == EventShape::Kind::uint);
  CHECK_FALSE(rules.events[0].fields[1].required);
  CHECK(rules.events[1].fields.empty());
}

TEST_CASE("roles may be an object that says more of each") {
  const Rules rules =
      rules_of(R"({"decides": "client", "command": null, "roles": {"relay": {"tested": true}, "client": {"decides": false}}})");
  CHECK(rules.role_order == Words{"relay", "client"});
  CHECK(rules.decides == "client");
  CHECK(rules.tested == "relay");
  CHECK(rules.command.empty());
  CHECK(rules_of(R"({"roles": {"relay": {}, "client": {"decides": true}}})").decides == "client");
  CHECK(rules_of(R"({"roles": {"relay": {}, "client": {"decides": true}}})").tested == "relay");
}

TEST_CASE("what the design has and nothing reads yet is named") {
  CHECK(brief(R"({"registry": "moq", "roles": {"relay": {"memory": "1g"}, "client": {"decides": true}}, "pass": []})") ==
        "_suite.md:1:2: warning: 'registry' is not supported yet, and does nothing\n"
        "_suite.md:1:41: warning: 'roles.relay.memory' is not supported yet, and does nothing\n"
        "_suite.md:1:88: warning: 'pass' is not supported yet, and does nothing\n");
  CHECK(brief(R"({"ready": {"event": "ready", "within": "3s"}})") ==
        "_suite.md:1:30: warning: 'ready.within' is not supported yet, and does nothing\n");
}

TEST_CASE("faults in rules are said with their place") {
  CHECK(brief(R"({"sute": "x"})") == "_suite.md:1:2: warning: unknown key 'sute'\n");
  CHECK(help(R"({"sute": "x"})") == "did you mean 'suite'?");
  CHECK(brief(R"({"suite": ""})") == "_suite.md:1:11: error: 'suite' is empty\n");
  CHECK(brief(R"({"roles": []})") == "_suite.md:1:11: error: 'roles' names no role\n");
  CHECK(brief(R"({"roles": "worker"})") == "_suite.md:1:11: error: 'roles' must be an object, and is a string\n");
  CHECK(brief(R"({"roles": ["worker", "Driver"]})").find("1:22: error: 'Driver' is no role name") != std::string::npos);
  CHECK(brief(R"({"roles": ["driver", "driver"]})") == "_suite.md:1:22: error: the role 'driver' stands there twice\n");
  CHECK(brief(R"({"roles": ["server", "client"]})") == "_suite.md:1:1: error: nothing says which role decides\n");
  CHECK(help(R"({"roles": ["server", "client"]})") == "write \"decides\": \"client\"");
  CHECK(brief(R"({"decides": "drivr"})") == "_suite.md:1:13: error: 'decides' names 'drivr', which is no role of this suite\n");
  CHECK(help(R"({"decides": "drivr"})") == "did you mean 'driver'?");
  CHECK(brief(R"({"command": "a {rol}"})") == "_suite.md:1:16: error: {rol} stands for nothing here\n");
  CHECK(brief(R"({"command": "a 'b"})") == "_suite.md:1:16: error: 'command': a single quote (') is never closed\n");
  CHECK(brief(R"({"ready": "ready"})") == "_suite.md:1:11: error: 'ready' must be an object, and is a string\n");
  CHECK(help(R"({"ready": "ready"})") == "write {\"event\": \"ready\"}");
  CHECK(brief(R"({"done": {}})") == "_suite.md:1:10: error: 'done' names no event\n");
  for (const char* bad : {"0", "256", "-1", "1.5"})
    CHECK(brief("{\"unsupported\": {\"exit\": " + std::string(bad) + "}}") ==
          "_suite.md:1:26: error: 'unsupported.exit' must be an exit status from 1 to 255, and is " + std::string(bad) + "\n");
  CHECK(brief(R"({"assert": {"id": []}})") == "_suite.md:1:19: error: 'assert.id' is empty\n");
  CHECK(brief(R"({"events": {"a": {"b": "unit"}}})") == "_suite.md:1:24: error: 'events.a.b': 'unit' is no kind of value\n");
  CHECK(help(R"({"events": {"a": {"b": "unit"}}})") == "did you mean 'uint'?");
  CHECK(brief(R"({"events": {"a": {"b": 1}}})") == "_suite.md:1:24: error: 'events.a.b' must be a string, and is a number\n");
  CHECK(brief("[]") == "_suite.md:1:1: error: the header must be a JSON object, and is an array\n");
  CHECK(render(read_rules("# x\n", "f").problems).substr(0, 30) == "f:1:1: error: expected the hea");
  CHECK(render(read_rules("\xFF", "f").problems).substr(0, 41) == "f:1:1: error: the file is not UTF-8 here\n");
  CHECK_FALSE(read(R"({"roles": []})").rules);
}

TEST_CASE("a suite says what its processes number, and how packets are found again") {
  const Rules rules = rules_of(R"({
    "objects": {"link": {"id": "in.link_id", "name": "in.peer"}, "packet": {"id": "in.packet_id"}},
    "match": {"datagram": {"sent": {"ty": "sent"}, "received": [{"ty": "got"}, {"ty": "dropped", "in.late": true}], "by": ["link", "in.bytes"]}} })");
  REQUIRE(rules.objects.size() == 2);
  CHECK(rules.objects[0].kind == "link");
  CHECK(rules.objects[0].id == "in.link_id");
  CHECK(rules.objects[0].name == "in.peer");
  CHECK(rules.objects[1].name.empty());
  REQUIRE(rules.match.size() == 1);
  CHECK(rules.match[0].name == "datagram");
  REQUIRE(rules.match[0].sent.size() == 1);
  REQUIRE(rules.match[0].received.size() == 2);
  CHECK(rules.match[0].received[1].keys[1].first == "in.late");
  CHECK(rules.match[0].received[1].keys[1].second == "true");
  CHECK(rules.match[0].by == Words{"link", "in.bytes"});
}

TEST_CASE("objects and match rules that say too little are errors") {
  CHECK(brief(R"({"objects": {"link": {"name": "in.peer"}}})") ==
        "_suite.md:1:22: error: 'objects.link' does not say where its number stands\n");
  CHECK(brief(R"({"match": {"datagram": {"sent": {"ty": "s"}, "by": ["in.x"]}}})") ==
        "_suite.md:1:24: error: 'match.datagram' must say 'sent', 'received' and 'by'\n");
  CHECK(brief(R"({"match": {"d": {"sent": {}, "received": {"ty": "r"}, "by": ["in.x"]}}})") ==
        "_suite.md:1:26: error: 'match.d.sent' is empty: every event matches it\n");
}
