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

TEST_CASE("a suite says what its roles are given, how they show that they are ready, and what a pass needs") {
  const Rules rules = rules_of(R"({
    "registry": "moq", "together": "all", "command": null, "timeout": {"from": "client", "within": "2m"},
    "roles": { "relay":  { "tested": true, "env": {"PORT": "4443"}, "mount": {"/certs": "certs", "/mlog": "out"}, "user": "1000:65534",
                           "memory": "512m", "cpus": 1, "ready": {"udp": 4443, "within": "25s"}, "stdin": "closed", "stdout": "text" },
               "client": { "decides": true, "after": ["relay"], "aliases": ["test-client"], "env": {"URL": "{relay.url|https://relay}"},
                           "mount": {}, "ready": {"started": true}, "stdout": "tap" } },
    "files": {"certs": {"x509": {"key": "P-384", "days": 14, "names": ["localhost", "::1"], "certificate": "c.pem", "private": "k.pem"}}},
    "pass": [{"exits": {"client": 3}}, {"alive": "relay", "until": "exited"}, {"tap": "client"}],
    "negotiated": {"draft": {"tap": ["draft", "version"], "predicted": "{label.draft|}"}} })");
  CHECK(rules.registry == "moq");
  CHECK(rules.together == "all");
  CHECK(rules.timeout == "2m");
  CHECK(rules.clock_starts_with_deciding);
  REQUIRE(rules.roles.size() == 2);
  const RoleSpec& relay = rules.roles[0];
  CHECK(relay.name == "relay");
  CHECK(relay.env.at("PORT") == "4443");
  CHECK(relay.mounts == std::vector<Mount>{{"/certs", "certs"}, {"/mlog", "out"}});
  CHECK(relay.user == "1000:65534");
  CHECK(relay.limits.memory_bytes == std::uint64_t{512} << 20);
  CHECK(relay.ready.sign == Readiness::Sign::udp);
  CHECK(relay.ready.port == 4443);
  CHECK(relay.ready.within == std::chrono::seconds(25));
  CHECK_FALSE(relay.hears);
  CHECK(relay.speaks == Dialect::text);
  const RoleSpec& client = rules.roles[1];
  CHECK(client.aliases == Words{"test-client"});
  CHECK(client.mounts.empty());
  CHECK(client.ready.sign == Readiness::Sign::started);
  CHECK(client.hears);
  CHECK(client.speaks == Dialect::tap);
  REQUIRE(rules.files.size() == 1);
  CHECK(rules.files[0].certificate.key == "P-384");
  CHECK(rules.files[0].certificate.days == 14);
  CHECK(rules.files[0].certificate.names == Words{"localhost", "::1"});
  CHECK(rules.files[0].certificate.certificate_file == "c.pem");
  CHECK_FALSE(rules.pass.needs_done);
  CHECK_FALSE(rules.pass.asserts_agree);
  CHECK(rules.pass.exit_status == 3);
  CHECK(rules.pass.others_stay == Success::Until::exited);
  CHECK(rules.pass.tap == "client");
  REQUIRE(rules.negotiated.size() == 1);
  CHECK(rules.negotiated[0].keys == Words{"draft", "version"});
  CHECK(rules.negotiated[0].predicted == "{label.draft|}");
}

TEST_CASE("what a pass needs of the native contract can be said too") {
  const Rules rules =
      rules_of(R"({"pass": [{"done": "driver"}, {"exits": {"driver": 0}}, {"alive": "worker", "until": "done"}, {"asserts": "agree"}]})");
  const Success native;
  CHECK(rules.pass.needs_done == native.needs_done);
  CHECK(rules.pass.exit_status == native.exit_status);
  CHECK(rules.pass.others_stay == native.others_stay);
  CHECK(rules.pass.asserts_agree == native.asserts_agree);
  CHECK(rules.pass.tap == native.tap);
}

TEST_CASE("a suite that would let silence pass, or that nobody can follow, is refused") {
  const auto last_line = [](const std::string& json) {
    const std::string all = brief(json);
    return all.empty() ? all : all.substr(all.find(' ') + 1);
  };
  CHECK(last_line(R"({"pass": []})") ==
        "error: 'pass' asks for no evidence: a driver that does nothing would pass\n"
        "_suite.md:1:10: error: 'pass' does not say with which status driver exits\n");
  CHECK(last_line(R"({"pass": [{"exits": {"driver": 0}}]})") ==
        "error: 'pass' asks for no evidence: a driver that does nothing would pass\n");
  for (const char* bad : {"256", "-1", "1.5", "1e300"})
    CHECK(last_line(R"({"pass": [{"exits": {"driver": )" + std::string(bad) + R"(}}, {"done": "driver"}]})") ==
          "error: 'pass[0].exits.driver' must be an exit status from 0 to 255, and is " + std::string(bad) + "\n");
  CHECK(last_line(R"({"pass": [{"exits": {"driver": 0}}, {"done": "worker"}, {"tap": "driver"}]})") ==
        "error: 'pass[1].done' names 'worker', but driver decides\n");
  CHECK(last_line(R"({"pass": [{"exits": {"driver": 0}}, {"done": "driver"}, {"alive": "relay"}]})") ==
        "error: 'pass[2].alive' names 'relay', which is no role of this suite\n");
  CHECK(last_line(R"({"roles": {"a": {"mount": {"/x": "keys"}}, "b": {"decides": true}}})") ==
        "error: '/x' is to hold 'keys', which nothing makes\n");
  CHECK(last_line(R"({"roles": {"a": {"mount": {"x": "out"}}, "b": {"decides": true}}})") == "error: 'x' is no place for a mount\n");
  CHECK(last_line(R"({"roles": {"a": {"mount": {"/x": "shared"}}, "b": {"decides": true}}})") ==
        "error: the attempt's shared directory stands at /shared, and nothing else does\n");
  CHECK(last_line(R"({"roles": {"a": {"after": ["b"]}, "b": {"decides": true}}})") ==
        "error: 'roles.a.after': roles start in the order in which they stand, and 'b' stands later\n");
  CHECK(last_line(R"({"roles": {"a": {"ready": {"udp": 70000}}, "b": {"decides": true}}})") ==
        "error: 'roles.a.ready.udp' must be a whole number from 1 to 65535, and is 70000\n");
  CHECK(last_line(R"({"roles": {"a": {"ready": {"within": "3s"}}, "b": {"decides": true}}})") ==
        "error: 'roles.a.ready' must name one sign\n");
  CHECK(last_line(R"({"roles": {"a": {"stdout": "xml"}, "b": {"decides": true}}})") == "error: 'roles.a.stdout': there is no \"xml\"\n");
  CHECK(last_line(R"({"files": {"out": {"x509": {"names": ["a"]}}}})") == "error: 'out' cannot name files\n");
  CHECK(last_line(R"({"files": {"c": {"x509": {"key": "P-255"}}}})") ==
        "error: 'files.c.x509' names nobody\n"
        "_suite.md:1:34: error: 'files.c.x509.key': 'P-255' is no kind of key\n");
  CHECK(last_line(R"({"timeout": {"from": "judge", "within": "3s"}})") ==
        "error: 'timeout.from' names 'judge': the clock starts with worker or driver\n");
  CHECK(last_line(R"({"negotiated": {"draft": {}}})") == "error: 'negotiated.draft' does not say where it is told\n");
  CHECK(last_line(R"({"ready": {"udp": 3}})") == "error: 'ready' names no event\n_suite.md:1:12: warning: unknown key 'udp' in ready\n");
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
  REQUIRE(rules.view.objects.size() == 2);
  CHECK(rules.view.objects[0].kind == "link");
  CHECK(rules.view.objects[0].id == "in.link_id");
  CHECK(rules.view.objects[0].name == "in.peer");
  CHECK(rules.view.objects[1].name.empty());
  REQUIRE(rules.view.match.size() == 1);
  CHECK(rules.view.match[0].name == "datagram");
  REQUIRE(rules.view.match[0].sent.size() == 1);
  REQUIRE(rules.view.match[0].received.size() == 2);
  CHECK(rules.view.match[0].received[1].keys[1].first == "in.late");
  CHECK(rules.view.match[0].received[1].keys[1].second == "true");
  CHECK(rules.view.match[0].by == Words{"link", "in.bytes"});
}

TEST_CASE("objects and match rules that say too little are errors") {
  CHECK(brief(R"({"objects": {"link": {"name": "in.peer"}}})") ==
        "_suite.md:1:22: error: 'objects.link' does not say where its number stands\n");
  CHECK(brief(R"({"match": {"datagram": {"sent": {"ty": "s"}, "by": ["in.x"]}}})") ==
        "_suite.md:1:24: error: 'match.datagram' must say 'sent', 'received' and 'by'\n");
  CHECK(brief(R"({"match": {"d": {"sent": {}, "received": {"ty": "r"}, "by": ["in.x"]}}})") ==
        "_suite.md:1:26: error: 'match.d.sent' is empty: every event matches it\n");
}
