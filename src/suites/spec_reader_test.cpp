#include "suites/spec_reader.hpp"

#include <catch2/catch.hpp>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

using namespace interoper;

namespace {

ReadSpec read(const std::string& file_text) { return read_spec(file_text, "tests/t.md", "t", Rules{}); }

ReadSpec header(const std::string& json) { return read("```json\n" + json + "\n```\n"); }

// What is said about a header that stands from line 2 on.
std::string said(const std::string& json) { return render(header(json).problems); }

// Only the first lines: FILE:LINE:COLUMN, severity and what.
std::string brief(const ReadSpec& result) {
  std::string out;
  for (const Problem& problem : result.problems) {
    const std::string whole = render(problem);
    out += whole.substr(0, whole.find('\n') + 1);
  }
  return out;
}

Spec spec_of(const std::string& json) {
  const ReadSpec result = header(json);
  INFO(render(result.problems));
  REQUIRE(result.spec);
  return *result.spec;
}

const RoleSpec& role(const Spec& spec, const std::string& name) {
  for (const RoleSpec& candidate : spec.roles) {
    if (candidate.name == name) return candidate;
  }
  FAIL("no role " << name);
  return spec.roles.front();
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("a whole test is read") {
  const ReadSpec result = read(R"(
    {
      "timeout": "1m30s",
      "containers": {
        "relay": {"image": "relay:1", "command": "serve --on '{param.port}'", "env": {"A": "1", "B": "{role} of {test}"},
                  "user": "1000:1000", "memory": "512m", "cpus": 0.5, "pids": 64, "grace": "500ms"},
        "driver": {"command": "th-test {test} driver --hold {param.hold}"}
      },
      "params": {"hold": ["2s", "150s"], "port": ["1"]},
      "tags": ["slow", "udp"],
      "weight": 2.5,
      "exclusive": true,
      "expect": [
        {"event": {"ro": "worker", "ty": "exchange.started"}, "within": "{param.hold}", "count": ">=1", "from": {"ty": "ready"}},
        {"never": {"ty": "exchange.error"}, "until": {"ty": "done"}},
        {"order": [{"ty": "a", "in.n": 1}, {"ty": "b"}]}
      ],
      "network": {"outside": true}
    }

# `net-link`: *links* [are](http://example.org) ~~lost~~ made

## Scenario

Text.
)");
  INFO(render(result.problems));
  CHECK(result.problems.empty());
  REQUIRE(result.spec);
  const Spec& spec = *result.spec;
  CHECK(spec.name == "t");
  CHECK(spec.file == "tests/t.md");
  CHECK(spec.title == "net-link: links are lost made");
  CHECK(spec.description.substr(0, 10) == "# `net-lin");
  CHECK(spec.description.substr(spec.description.size() - 5) == "Text.");
  CHECK(spec.header.front() == '{');
  CHECK(spec.header.back() == '}');
  CHECK(spec.timeout == "1m30s");
  CHECK(spec.tags == Words{"slow", "udp"});
  CHECK(spec.weight == 2.5);
  CHECK(spec.exclusive);
  CHECK(spec.network.outside);
  REQUIRE(spec.params.size() == 2);
  CHECK(spec.params[0].name == "hold");
  CHECK(spec.params[0].values == Words{"2s", "150s"});

  REQUIRE(spec.roles.size() == 3);
  CHECK(spec.roles[0].name == "relay");
  CHECK(spec.roles[1].name == "worker");
  CHECK(spec.roles[2].name == "driver");
  const RoleSpec& relay = spec.roles[0];
  CHECK(relay.image == "relay:1");
  CHECK(relay.command == Words{"serve", "--on", "{param.port}"});
  CHECK(relay.env == std::map<std::string, std::string>{{"A", "1"}, {"B", "{role} of {test}"}});
  CHECK(relay.user == "1000:1000");
  CHECK(relay.limits.memory_bytes == std::uint64_t{512} * 1024 * 1024);
  CHECK(relay.limits.cpus == 0.5);
  CHECK(relay.limits.pids == 64);
  CHECK(relay.grace == std::chrono::milliseconds(500));
  CHECK(spec.roles[1].command == Words{"th-test", "{test}", "{role}"});
  CHECK(spec.roles[1].grace == default_grace);
  CHECK_FALSE(spec.roles[1].limits.memory_bytes);
  CHECK(spec.roles[2].command == Words{"th-test", "{test}", "driver", "--hold", "{param.hold}"});

  REQUIRE(spec.expect.size() == 3);
  const auto& occurs = std::get<Occurs>(spec.expect[0].rule);
  CHECK(occurs.event.keys == std::vector<std::pair<std::string, std::string>>{{"ro", "\"worker\""}, {"ty", "\"exchange.started\""}});
  CHECK(occurs.within == "{param.hold}");
  CHECK(occurs.count.comparison == Count::Comparison::at_least);
  CHECK(occurs.count.number == 1);
  CHECK(occurs.from.value().keys.size() == 1);
  const auto& never = std::get<Never>(spec.expect[1].rule);
  CHECK(never.event.keys.size() == 1);
  CHECK(never.until.value().keys.front().second == "\"done\"");
  const auto& order = std::get<Order>(spec.expect[2].rule);
  REQUIRE(order.steps.size() == 2);
  CHECK(order.steps[0].keys[1] == std::pair<std::string, std::string>{"in.n", "1"});
  CHECK(spec.expect[2].text == R"({"order": [{"ty": "a", "in.n": 1}, {"ty": "b"}]})");
}

TEST_CASE("an empty header has every default") {
  const Spec spec = spec_of("{}");
  CHECK(spec.title == "t");
  CHECK(spec.description.empty());
  CHECK(spec.timeout.empty());
  CHECK(spec.weight == 1);
  CHECK_FALSE(spec.exclusive);
  CHECK_FALSE(spec.network.outside);
  REQUIRE(spec.roles.size() == 2);
  CHECK(spec.roles[0].name == "worker");
  CHECK(spec.roles[1].name == "driver");
}

TEST_CASE("the header may be indented or fenced") {
  const auto title_of = [](const std::string& text) {
    const ReadSpec result = read(text);
    INFO(render(result.problems));
    REQUIRE(result.spec);
    return result.spec->timeout + "|" + result.spec->title + "|" + result.spec->description;
  };
  CHECK(title_of("    {\"timeout\": \"3s\"}\n# T\ntext\n") == "3s|T|# T\ntext");
  CHECK(title_of("\t{\"timeout\": \"3s\"}\n\nT\n===\n") == "3s|T|T\n===");
  CHECK(title_of("\n \n\n    {\n\n    \"timeout\": \"3s\"\n    }\n\n# T") == "3s|T|# T");
  CHECK(title_of("```json\n{\"timeout\": \"3s\"}\n```\n# T") == "3s|T|# T");
  CHECK(title_of("~~~~ JSON title=x\n{\"timeout\":\n\n \"3s\"}\n~~~~~\n\n\n    code\n\n# T #\n") == "3s|T|    code\n\n# T #");
  CHECK(title_of("  ```json\n  {\"timeout\": \"3s\"}\n  ```\n") == "3s|t|");
  CHECK(title_of("\xEF\xBB\xBF    {\"timeout\": \"3s\"}\r\n\r\n# T\r\n") == "3s|T|# T");
  CHECK(title_of("\xEF\xBB\xBF```json\r\n{\r\n\"timeout\": \"3s\"}\r\n```\r\n# T\r\ntext\r\n") == "3s|T|# T\r\ntext");
  CHECK(title_of("    {\"timeout\": \"3s\"}\r\r# T\r") == "3s|T|# T");
  CHECK(title_of("    {\"timeout\": \"3s\"}") == "3s|t|");
  CHECK(title_of("```json\n{\"timeout\": \"3s\"}\n```") == "3s|t|");
  CHECK(title_of("    {\"timeout\": \"3s\"}\n\n> # quoted\n\n## `a` <b>\\*c\\*</b> &amp; d\n\n# later") ==
        "3s|a *c* & d|> # quoted\n\n## `a` <b>\\*c\\*</b> &amp; d\n\n# later");
}

TEST_CASE("a file without a header is told how to begin") {
  const std::string begin =
      "  help: begin the file with a JSON object, in a block that is indented by four spaces or fenced by ```json and ```\n";
  const std::string expected = "expected the header: an indented code block or a fenced json block that holds one JSON object\n";
  const auto shown = [](const std::string& text) { return render(read(text).problems); };
  CHECK(shown("") == "tests/t.md:1:1: error: the file is empty\n" + begin);
  CHECK(shown("\xEF\xBB\xBF\n \n") == "tests/t.md:1:1: error: the file is empty\n" + begin);
  CHECK(shown("\n# T\n\n    {}\n") == "tests/t.md:2:1: error: " + expected + "  # T\n  ^\n" + begin);
  CHECK(shown("{\"timeout\": \"3s\"}\n") ==
        "tests/t.md:1:1: error: " + expected +
            "  {\"timeout\": \"3s\"}\n  ^\n  help: indent it by four spaces, or put it between ```json and ```\n");
  CHECK(shown("<!-- c -->\n\n    {}\n") == "tests/t.md:1:1: error: " + expected + "  <!-- c -->\n  ^\n" + begin);
  CHECK(shown("[a]: /b\n\n    {}\n") == "tests/t.md:1:1: error: " + expected + "  [a]: /b\n  ^\n" + begin);
  CHECK(shown("```yaml\na: 1\n```\n") ==
        "tests/t.md:1:1: error: the header is fenced as 'yaml', expected 'json'\n  ```yaml\n  ^\n  help: write ```json\n");
  CHECK(shown("```\n{}\n```\n") == "tests/t.md:1:1: error: the header's fence lacks the word 'json'\n  ```\n  ^\n  help: write ```json\n");
  CHECK(shown("```json\n{}\n\n# T\n") ==
        "tests/t.md:1:1: error: the header's fence is never closed\n  ```json\n  ^\n  help: write ``` below the JSON object\n");
  CHECK(shown("    {}\n\n# a\xFFz\n") ==
        "tests/t.md:3:4: error: the file is not UTF-8 here\n  # a\\xffz\n     ^\n  help: save it as UTF-8\n");
}

TEST_CASE("a header that is no JSON is shown where it stops being JSON") {
  CHECK(said("{\"timeout\": \"3s\",}") ==
        "tests/t.md:2:18: error: the header is no JSON: expected a key in double quotes\n"
        "  {\"timeout\": \"3s\",}\n                   ^\n  help: remove the comma before it\n");
  CHECK(said("{\n  // slow\n  \"timeout\": \"3s\"}") ==
        "tests/t.md:3:3: error: the header is no JSON: expected a key in double quotes\n"
        "    // slow\n    ^\n  help: JSON has no comments: write them below, in the description\n");
  CHECK(said("{'timeout': '3s'}") ==
        "tests/t.md:2:2: error: the header is no JSON: expected a key in double quotes\n"
        "  {'timeout': '3s'}\n   ^\n  help: use double quotes\n");
  CHECK(said("{\"timeout\": \"3s\"") == "tests/t.md:3:1: error: the header is no JSON: expected ',' or '}'\n  ```\n  ^\n");
  CHECK(said("timeout: 3") == "tests/t.md:2:1: error: the header is no JSON: expected a value\n  timeout: 3\n  ^\n");
  CHECK(said("") == "tests/t.md:3:1: error: the header is no JSON: expected a value\n  ```\n  ^\n");
  CHECK(said("[]") == "tests/t.md:2:1: error: the header must be a JSON object, and is an array\n  []\n  ^\n");
  CHECK(said("null") == "tests/t.md:2:1: error: the header must be a JSON object, and is null\n  null\n  ^\n");
  CHECK(said("{} {}") ==
        "tests/t.md:2:4: error: the header goes on after its JSON object\n  {} {}\n     ^\n"
        "  help: leave one JSON object there and nothing else\n");
  CHECK(brief(read("    {}\n\n    more code\n")) == "tests/t.md:3:5: error: the header goes on after its JSON object\n");
  CHECK(brief(read("\xEF\xBB\xBF\n\n\t{\"\xC3\xA9\": \xC3\xA9}\n")) == "tests/t.md:3:8: error: the header is no JSON: expected a value\n");
  CHECK_FALSE(header("[]").spec);
}

TEST_CASE("a timeout is a Go duration in a string") {
  CHECK(said("{\"timeout\": 3}") ==
        "tests/t.md:2:13: error: 'timeout' must be a string, and is a number\n  {\"timeout\": 3}\n              ^\n  help: write \"3s\"\n");
  CHECK(said("{\"timeout\": \"3 s\"}") ==
        "tests/t.md:2:13: error: 'timeout': '3 s' has an unknown unit ' s'\n  {\"timeout\": \"3 s\"}\n              ^\n"
        "  help: write a Go duration: \"250ms\", \"3s\", \"1m30s\", \"1h\"\n");
  CHECK(brief(header("{\"timeout\": [\"3s\"]}")) == "tests/t.md:2:13: error: 'timeout' must be a string, and is an array\n");
  CHECK(brief(header("{\"timeout\": true}")) == "tests/t.md:2:13: error: 'timeout' must be a string, and is true or false\n");
  for (const char* fine : {"\"\"", "\"0\"", "\"-3s\"", "null", "\"250us\"", "\"1h2m3.5s\""})
    CHECK(said("{\"timeout\": " + std::string(fine) + "}").empty());
  CHECK(spec_of("{\"timeout\": \"-3s\"}").timeout == "-3s");
}

TEST_CASE("a timeout with a parameter is checked with each of its values") {
  CHECK(said(R"({"timeout": "{param.t}", "params": {"t": ["3s", "1m"]}})").empty());
  CHECK(said(R"({"timeout": "{param.t}s", "params": {"t": ["3", "60"]}})").empty());
  CHECK(brief(header(R"({"timeout": "{param.t}", "params": {"t": ["3"]}})")) == "tests/t.md:2:13: error: 'timeout': '3' lacks a unit\n");
  CHECK(brief(header(R"({"timeout": "{param.t}", "params": {"t": ["3s", "soon"]}})")) ==
        "tests/t.md:2:13: error: 'timeout': 'soon' is no duration, when t is 'soon'\n");
  CHECK(said(R"({"timeout": "{param.other|3s}"})").empty());
}

TEST_CASE("placeholders must stand for something") {
  CHECK(said(R"({"timeout": "{param.hodl}", "params": {"hold": ["3s"]}})") ==
        "tests/t.md:2:14: error: {param.hodl} stands for nothing here\n"
        "  {\"timeout\": \"{param.hodl}\", \"params\": {\"hold\": [\"3s\"]}}\n               ^\n"
        "  help: did you mean '{param.hold}'?\n");
  CHECK(said(R"({"containers": {"worker": {"command": "a \"{tets}\" {role}"}}})") ==
        "tests/t.md:2:44: error: {tets} stands for nothing here\n"
        "  {\"containers\": {\"worker\": {\"command\": \"a \\\"{tets}\\\" {role}\"}}}\n" +
            std::string(45, ' ') + "^\n  help: did you mean '{test}'?\n");
  CHECK(said(R"({"containers": {"worker": {"env": {"A": "\u00e9\ud83d\ude00{param.x}"}}}})") ==
        "tests/t.md:2:60: error: {param.x} stands for nothing here\n"
        "  {\"containers\": {\"worker\": {\"env\": {\"A\": \"\\u00e9\\ud83d\\ude00{param.x}\"}}}}\n" +
            std::string(61, ' ') + "^\n  help: name it under 'params', or give a default: {param.x|…}\n");
  CHECK(brief(header(R"({"timeout": "{role}"})")) == "tests/t.md:2:14: error: {role} stands for nothing here\n");
  CHECK(brief(header(R"({"expect": [{"event": {"in.x": "{rol}"}}]})")) == "tests/t.md:2:33: error: {rol} stands for nothing here\n");
  CHECK(said(R"({"containers": {"worker": {"env": {"A": "{driver.url}"}}}})") ==
        "tests/t.md:2:42: error: {driver.url} stands for nothing here\n"
        "  {\"containers\": {\"worker\": {\"env\": {\"A\": \"{driver.url}\"}}}}\n" +
            std::string(43, ' ') + "^\n  help: not every cell has it: write a default, {driver.url|…}\n");
  CHECK(said(R"({"containers": {"worker": {"env": {"A": "{driver.url|http://driver}"}}}})").empty());
  CHECK(brief(header(R"({"containers": {"worker": {"env": {"A": "{nobody.url|x}"}}}})")) ==
        "tests/t.md:2:42: error: {nobody.url} stands for nothing here\n");
}

TEST_CASE("braces that are no placeholder stay as they are") {
  const Spec spec =
      spec_of(R"j({"containers": {"worker": {"command": "run '{\"a\": 1}' {} '{ x }' {1} {a,b}", "env": {"J": "{\"a\":{\"b\":1}}"}}}})j");
  CHECK(role(spec, "worker").command == Words{"run", "{\"a\": 1}", "{}", "{ x }", "{1}", "{a,b}"});
  CHECK(role(spec, "worker").env.at("J") == R"({"a":{"b":1}})");
}

TEST_CASE("a command is split as a shell splits words") {
  CHECK(said(R"({"containers": {"worker": {"command": "th-test 'a"}}})") ==
        "tests/t.md:2:48: error: 'containers.worker.command': a single quote (') is never closed\n"
        "  {\"containers\": {\"worker\": {\"command\": \"th-test 'a\"}}}\n" +
            std::string(49, ' ') + "^\n  help: close it, or write \\\\ in front of it to mean the character itself\n");
  CHECK(brief(header(R"({"containers": {"worker": {"command": "a \\\\ \"b"}}})")) ==
        "tests/t.md:2:47: error: 'containers.worker.command': a double quote (\") is never closed\n");
  CHECK(said(R"({"containers": {"worker": {"command": ["th-test", "a b"]}}})") ==
        "tests/t.md:2:39: error: 'containers.worker.command' must be a string, and is an array\n"
        "  {\"containers\": {\"worker\": {\"command\": [\"th-test\", \"a b\"]}}}\n" +
            std::string(40, ' ') + "^\n  help: write \"th-test 'a b'\"\n");
  CHECK(brief(header(R"({"containers": {"worker": {"command": "a\u0000b"}}})")) ==
        "tests/t.md:2:41: error: 'containers.worker.command' holds a NUL character, which no process can be given\n");
  CHECK(brief(header(R"({"containers": {"worker": {"command": "{param.x|a b}"}}})")) ==
        "tests/t.md:2:39: error: 'containers.worker.command': splitting it into words breaks a {…} placeholder\n");
  CHECK(role(spec_of(R"({"containers": {"worker": {"command": "'{param.x|a b}'"}}})"), "worker").command == Words{"{param.x|a b}"});
}

TEST_CASE("commands have defaults") {
  const Spec spec =
      spec_of(R"({"containers": {"relay": null, "worker": {"command": ""}, "driver": {"command": null}, "dns": {"image": "dns:1"}}})");
  REQUIRE(spec.roles.size() == 4);
  CHECK(spec.roles[0].name == "relay");
  CHECK(spec.roles[0].command == Words{"th-test", "{test}", "{role}"});
  CHECK(spec.roles[1].name == "dns");
  CHECK(spec.roles[1].command.empty());
  CHECK(spec.roles[2].command == Words{"th-test", "{test}", "{role}"});
  CHECK(spec.roles[3].command == Words{"th-test", "{test}", "{role}"});
  CHECK(spec_of(R"({"containers": null})").roles.size() == 2);
}

TEST_CASE("a suite's rules say which roles there are and what they run") {
  Rules rules;
  rules.role_order = {"server", "client"};
  rules.command.clear();
  const ReadSpec result = read_spec("    {\"containers\": {\"client\": null, \"helper\": null}}\n", "f", "t", rules);
  REQUIRE(result.spec);
  REQUIRE(result.spec->roles.size() == 3);
  CHECK(result.spec->roles[0].name == "helper");
  CHECK(result.spec->roles[1].name == "server");
  CHECK(result.spec->roles[2].name == "client");
  CHECK(result.spec->roles[1].command.empty());
}

TEST_CASE("a role's name is a host name") {
  CHECK(said(R"({"containers": {"Worker_1": {}}})") ==
        "tests/t.md:2:17: error: 'Worker_1' is no role name\n  {\"containers\": {\"Worker_1\": {}}}\n                  ^\n"
        "  help: a role is a host name too: lower-case letters, digits and '-', first a letter, at most 63 characters\n");
  for (const std::string& bad : {std::string(""), std::string("1a"), std::string("a.b"), std::string("a b"), std::string(64, 'a')})
    CHECK(has_errors(header("{\"containers\": {\"" + bad + "\": {}}}").problems));
  CHECK(said("{\"containers\": {\"" + std::string(63, 'a') + "\": {}, \"r2-d2\": {}}}").empty());
}

TEST_CASE("wrong types are said with what to write") {
  const auto in_worker = [](const std::string& member) { return header("{\"containers\": {\"worker\": {" + member + "}}}"); };
  for (const char* setting : {R"("env": {"A": "\u0000"})", R"("user": "a\u0000")", R"("image": "\u0000")"})
    CHECK(brief(in_worker(setting)).find("holds a NUL character") != std::string::npos);
  const auto help = [](const ReadSpec& result) { return result.problems.empty() ? "" : result.problems.front().help; };
  CHECK(brief(in_worker("\"env\": {\"A\": 1}")) == "tests/t.md:2:41: error: 'containers.worker.env.A' must be a string, and is a number\n");
  CHECK(help(in_worker("\"env\": {\"A\": 1}")) == "write \"1\"");
  CHECK(help(in_worker("\"env\": {\"A\": true}")) == "write \"true\"");
  CHECK(brief(in_worker("\"env\": [\"A=1\"]")) == "tests/t.md:2:35: error: 'containers.worker.env' must be an object, and is an array\n");
  CHECK(help(in_worker("\"env\": [\"A=1\"]")) == "write {\"NAME\": \"value\"}");
  CHECK(brief(in_worker("\"env\": {\"A=B\": \"1\"}")) == "tests/t.md:2:36: error: 'A=B' cannot name an environment variable\n");
  CHECK(brief(in_worker("\"env\": {\"\": \"1\"}")) == "tests/t.md:2:36: error: '' cannot name an environment variable\n");
  CHECK(help(in_worker("\"user\": 1000")) == "write \"1000\"");
  CHECK(brief(in_worker("\"image\": {}")) == "tests/t.md:2:37: error: 'containers.worker.image' must be a string, and is an object\n");
  CHECK(brief(in_worker("\"memory\": \"512x\"")) == "tests/t.md:2:38: error: 'containers.worker.memory': \"512x\" is no size\n");
  CHECK(help(in_worker("\"memory\": \"512x\"")) == "write \"512m\", \"1g\", or a number of bytes");
  CHECK(brief(in_worker("\"memory\": true")) ==
        "tests/t.md:2:38: error: 'containers.worker.memory' must be a size, and is true or false\n");
  for (const char* bad : {"0", "-1", "1.5", "1e400", "1e19", "\"\"", "\"0\"", "\"-1m\"", "\"m\"", "\"1mm\"", "\"1e3\"", "\"9999999999g\"",
                          "\"inf\"", "\"1 m\""})
    CHECK(has_errors(in_worker("\"memory\": " + std::string(bad)).problems));
  CHECK(brief(in_worker("\"cpus\": \"0.5\"")) == "tests/t.md:2:36: error: 'containers.worker.cpus' must be a number, and is a string\n");
  CHECK(help(in_worker("\"cpus\": \"0.5\"")) == "write it without quotes: 0.5");
  CHECK(brief(in_worker("\"cpus\": 0")) == "tests/t.md:2:36: error: 'containers.worker.cpus' must be above zero, and is 0\n");
  CHECK(brief(in_worker("\"cpus\": 1e999")) == "tests/t.md:2:36: error: 'containers.worker.cpus' is out of range\n");
  CHECK(brief(in_worker("\"pids\": 1.5")) ==
        "tests/t.md:2:36: error: 'containers.worker.pids' must be a whole number from 1, and is 1.5\n");
  CHECK(has_errors(in_worker("\"pids\": 0").problems));
  CHECK(has_errors(in_worker("\"pids\": 3e9").problems));
  CHECK(help(in_worker("\"grace\": 2")) == "write \"2s\"");
  CHECK(brief(in_worker("\"grace\": \"2\"")) == "tests/t.md:2:37: error: 'containers.worker.grace': '2' lacks a unit\n");
  CHECK(brief(in_worker("\"grace\": \"\"")) == "tests/t.md:2:37: error: 'containers.worker.grace': '' is no duration\n");
  CHECK(brief(in_worker("\"grace\": \"-2s\"")) == "tests/t.md:2:37: error: 'containers.worker.grace': '-2s' is below zero\n");
  CHECK(brief(header("{\"containers\": {\"worker\": []}}")) ==
        "tests/t.md:2:27: error: 'containers.worker' must be an object, and is an array\n");
  CHECK(brief(header("{\"containers\": []}")) == "tests/t.md:2:16: error: 'containers' must be an object, and is an array\n");
  CHECK(brief(header("{\"weight\": 0}")) == "tests/t.md:2:12: error: 'weight' must be above zero, and is 0\n");
  CHECK(brief(header("{\"weight\": -1}")) == "tests/t.md:2:12: error: 'weight' must be above zero, and is -1\n");
  CHECK(brief(header("{\"weight\": \"1\"}")) == "tests/t.md:2:12: error: 'weight' must be a number, and is a string\n");
  CHECK(brief(header("{\"exclusive\": 1}")) == "tests/t.md:2:15: error: 'exclusive' must be true or false, and is a number\n");
  CHECK(help(header("{\"exclusive\": \"true\"}")) == "write it without quotes");
  CHECK(brief(header("{\"tags\": \"slow\"}")) == "tests/t.md:2:10: error: 'tags' must be an array, and is a string\n");
  CHECK(help(header("{\"tags\": \"slow\"}")) == "write [\"slow\"]");
  CHECK(brief(header("{\"tags\": [\"a\", 1, \"\"]}")) ==
        "tests/t.md:2:16: error: 'tags[1]' must be a string, and is a number\ntests/t.md:2:19: error: 'tags[2]' is empty\n");
}

TEST_CASE("sizes are counted in powers of 1024") {
  const auto memory = [](const std::string& value) {
    return role(spec_of("{\"containers\": {\"worker\": {\"memory\": " + value + "}}}"), "worker").limits.memory_bytes.value_or(0);
  };
  CHECK(memory("1048576") == 1048576);
  CHECK(memory("1e9") == 1000000000);
  CHECK(memory("\"1048576\"") == 1048576);
  CHECK(memory("\"100b\"") == 100);
  CHECK(memory("\"1k\"") == 1024);
  CHECK(memory("\"512M\"") == std::uint64_t{512} << 20);
  CHECK(memory("\"512mb\"") == std::uint64_t{512} << 20);
  CHECK(memory("\"512MiB\"") == std::uint64_t{512} << 20);
  CHECK(memory("\"1.5g\"") == std::uint64_t{1536} << 20);
  CHECK(memory("\"1t\"") == std::uint64_t{1} << 40);
}

TEST_CASE("graces are rounded up to milliseconds") {
  const auto grace = [](const std::string& value) {
    return role(spec_of("{\"containers\": {\"worker\": {\"grace\": \"" + value + "\"}}}"), "worker").grace.count();
  };
  CHECK(grace("0s") == 0);
  CHECK(grace("1us") == 1);
  CHECK(grace("2m") == 120000);
}

TEST_CASE("parameters are lists of strings, the default first") {
  const auto help = [](const ReadSpec& result) { return result.problems.empty() ? "" : result.problems.front().help; };
  CHECK(brief(header(R"({"params": {"n": "3"}})")) == "tests/t.md:2:18: error: 'params.n' must be an array, and is a string\n");
  CHECK(help(header(R"({"params": {"n": "3"}})")) == "write [\"3\"]");
  CHECK(help(header(R"({"params": {"n": 3}})")) == "write [\"3\"]");
  CHECK(help(header(R"({"params": {"n": null}})")) == "write [\"default\", \"other\"]");
  CHECK(brief(header(R"({"params": {"n": []}})")) == "tests/t.md:2:18: error: 'params.n' is empty\n");
  CHECK(brief(header(R"({"params": {"n": [3, "4"]}})")) == "tests/t.md:2:19: error: 'params.n[0]' must be a string, and is a number\n");
  CHECK(help(header(R"({"params": {"n": [3, "4"]}})")) == "write \"3\"");
  CHECK(brief(header(R"({"params": {"n": ["3", "3"]}})")) == "tests/t.md:2:24: error: 'params.n[1]': the value '3' stands there twice\n");
  CHECK(brief(header(R"({"params": {"1n": ["3"]}})")) == "tests/t.md:2:13: error: '1n' is no parameter name\n");
  CHECK(brief(header(R"({"params": {"a.b": ["3"]}})")) == "tests/t.md:2:13: error: 'a.b' is no parameter name\n");
  CHECK(brief(header(R"({"params": ["n"]})")) == "tests/t.md:2:12: error: 'params' must be an object, and is an array\n");
  CHECK(spec_of(R"({"params": {"z": ["", "2"], "a-b_1": ["x"]}})").params.front().name == "z");
}

TEST_CASE("unknown keys are warnings with the nearest known key") {
  CHECK(said("{\"timout\": \"3s\"}") ==
        "tests/t.md:2:2: warning: unknown key 'timout'\n  {\"timout\": \"3s\"}\n   ^\n  help: did you mean 'timeout'?\n");
  CHECK(header("{\"timout\": \"3s\"}").spec);
  CHECK(said("{\"colour\": 1}") ==
        "tests/t.md:2:2: warning: unknown key 'colour'\n  {\"colour\": 1}\n   ^\n"
        "  help: known are: timeout, containers, params, tags, weight, exclusive, expect, network, aliases, parts, objects, match\n");
  CHECK(said("{\"TIMEOUT\": 3}").find("did you mean 'timeout'?") != std::string::npos);
  CHECK(said("{\"containers\": {\"worker\": {\"comand\": \"a\"}}}") ==
        "tests/t.md:2:28: warning: unknown key 'comand' in containers.worker\n"
        "  {\"containers\": {\"worker\": {\"comand\": \"a\"}}}\n                             ^\n  help: did you mean 'command'?\n");
  CHECK(brief(header(R"({"expect": [{"event": {"ty": "a"}, "wihtin": "3s"}]})")) ==
        "tests/t.md:2:36: warning: unknown key 'wihtin' in expect[0]\n");
  CHECK(brief(header("{\"network\": {\"outsite\": true}}")) == "tests/t.md:2:14: warning: unknown key 'outsite' in network\n");
  CHECK(said("{\"network\": {\"delay\": \"10ms\"}}") ==
        "tests/t.md:2:14: warning: 'network.delay' is not supported yet, and does nothing\n"
        "  {\"network\": {\"delay\": \"10ms\"}}\n               ^\n");
  CHECK(brief(header("{\"network\": {\"outside\": \"yes\"}}")) ==
        "tests/t.md:2:25: error: 'network.outside' must be true or false, and is a string\n");
  CHECK(brief(header("{\"network\": true}")) == "tests/t.md:2:13: error: 'network' must be an object, and is true or false\n");
}

TEST_CASE("of a key that stands twice the last one counts, and that is said") {
  const ReadSpec result = header("{\"timeout\": \"3s\",\n \"timeout\": \"4s\"}");
  CHECK(render(result.problems) ==
        "tests/t.md:3:2: warning: the key 'timeout' stands here twice; the last one counts\n   \"timeout\": \"4s\"}\n   ^\n"
        "  help: remove one of them\n");
  REQUIRE(result.spec);
  CHECK(result.spec->timeout == "4s");
  CHECK(brief(header("{\"containers\": {\"worker\": {\"user\": \"a\", \"user\": \"b\"}}}")) ==
        "tests/t.md:2:41: warning: the key 'user' stands here twice in containers.worker; the last one counts\n");
}

TEST_CASE("conditions are checked") {
  const auto expect = [](const std::string& conditions) { return header("{\"expect\": " + conditions + "}"); };
  const auto help = [](const ReadSpec& result) { return result.problems.empty() ? "" : result.problems.front().help; };
  CHECK(brief(expect("{}")) == "tests/t.md:2:12: error: 'expect' must be an array, and is an object\n");
  CHECK(brief(expect("[1]")) == "tests/t.md:2:13: error: 'expect[0]' must be an object, and is a number\n");
  CHECK(brief(expect("[{}]")) == "tests/t.md:2:13: error: expect[0] says neither 'event' nor 'never' nor 'order'\n");
  CHECK(help(expect("[{}]")) == R"(write {"event": {…}}, {"never": {…}} or {"order": [{…}, {…}]})");
  CHECK(brief(expect(R"([{"event": {"a": 1}, "never": {"a": 1}}])")) ==
        "tests/t.md:2:33: error: 'never' and 'event' stand in one condition\n");
  CHECK(brief(expect(R"([{"event": {}}])")) == "tests/t.md:2:23: error: 'expect[0].event' is empty: every event matches it\n");
  CHECK(brief(expect(R"([{"event": "ready"}])")) == "tests/t.md:2:23: error: 'expect[0].event' must be an object, and is a string\n");
  CHECK(help(expect(R"([{"event": "ready"}])")) == R"(write a pattern: {"ty": "ready", "ro": "worker"})");
  CHECK(brief(expect(R"([{"event": {"": 1}}])")) ==
        "tests/t.md:2:24: error: an empty key in 'expect[0].event' names nothing of an event\n");
  CHECK(brief(expect(R"([{"never": {"a": 1}, "within": "3s"}])")) == "tests/t.md:2:33: error: 'within' goes only with 'event'\n");
  CHECK(brief(expect(R"([{"never": {"a": 1}, "from": {"a": 1}}])")) == "tests/t.md:2:33: error: 'from' goes only with 'event'\n");
  CHECK(brief(expect(R"([{"order": [{"a": 1}, {"a": 2}], "count": "==1"}])")) ==
        "tests/t.md:2:45: error: 'count' goes only with 'event'\n");
  CHECK(brief(expect(R"([{"event": {"a": 1}, "until": {"a": 1}}])")) == "tests/t.md:2:33: error: 'until' goes only with 'never'\n");
  CHECK(brief(expect(R"([{"order": [{"a": 1}]}])")) == "tests/t.md:2:23: error: 'expect[0].order' must hold two patterns or more\n");
  CHECK(brief(expect(R"([{"order": [{"a": 1}, {}]}])")) ==
        "tests/t.md:2:34: error: 'expect[0].order[1]' is empty: every event matches it\n");
  CHECK(brief(expect(R"([{"order": {"a": 1}}])")) == "tests/t.md:2:23: error: 'expect[0].order' must be an array, and is an object\n");
  CHECK(brief(expect(R"([{"event": {"a": 1}, "count": 3}])")) ==
        "tests/t.md:2:42: error: 'expect[0].count' must be a string, and is a number\n");
  CHECK(help(expect(R"([{"event": {"a": 1}, "count": 3}])")) == "write \"==3\"");
  for (const char* bad : {"3", "=3", "== ", "==-1", "==1.5", ">3", "<=99999999999999999999", "==3x", "", "=>3", "=={param.n}"}) {
    const ReadSpec result = expect(R"([{"event": {"a": 1}, "count": ")" + std::string(bad) + "\"}]");
    CHECK(brief(result) == "tests/t.md:2:42: error: 'expect[0].count': '" + std::string(bad) + "' is no count\n");
    CHECK(help(result) == R"(write "==3", ">=3" or "<=3")");
  }
  CHECK(brief(expect(R"([{"event": {"a": 1}, "within": "soon"}])")) ==
        "tests/t.md:2:43: error: 'expect[0].within': 'soon' is no duration\n");
  CHECK(brief(expect(R"([{"event": {"a": 1}, "within": ""}])")) == "tests/t.md:2:43: error: 'expect[0].within' is empty\n");
  CHECK(brief(expect(R"([{"event": {"a": 1}, "within": "0s"}])")) ==
        "tests/t.md:2:43: error: 'expect[0].within': '0s' is not above zero\n");
  CHECK(brief(expect(R"([{"event": {"a": 1}, "within": 3}])")) ==
        "tests/t.md:2:43: error: 'expect[0].within' must be a string, and is a number\n");
  const ReadSpec from = expect(R"([{"event": {"a": 1}, "from": {"b": 1}}])");
  CHECK(brief(from) == "tests/t.md:2:33: warning: 'from' does nothing without 'within'\n");
  CHECK(from.spec);
}

TEST_CASE("counts and patterns are kept as they are") {
  const Spec spec = spec_of(
      "{\"expect\": [{\"event\": {\"in.n\": 9007199254740993, \"x\": {\"y\": [1]}, \"z\": null},\n     \"count\": \"<= 2\"},\n"
      " {\"event\": {\"a\": \"}\\\" \\n  {\"}, \"count\": \"==0\"}]}");
  const auto& first = std::get<Occurs>(spec.expect[0].rule);
  CHECK(first.event.keys ==
        std::vector<std::pair<std::string, std::string>>{{"in.n", "9007199254740993"}, {"x", "{\"y\": [1]}"}, {"z", "null"}});
  CHECK(first.count.comparison == Count::Comparison::at_most);
  CHECK(first.count.number == 2);
  CHECK(spec.expect[0].text == R"({"event": {"in.n": 9007199254740993, "x": {"y": [1]}, "z": null}, "count": "<= 2"})");
  CHECK(spec.expect[1].text == R"({"event": {"a": "}\" \n  {"}, "count": "==0"})");
  CHECK(std::get<Occurs>(spec.expect[1].rule).count.comparison == Count::Comparison::equal);
}

TEST_CASE("all problems of a file are said in one go, in its order") {
  CHECK(brief(header("{\"weight\": 0,\n\"timeout\": 3,\n\"zeit\": 1,\n\"containers\": {\"A\": {}, \"worker\": {\"pids\": 0}}}")) ==
        "tests/t.md:2:12: error: 'weight' must be above zero, and is 0\n"
        "tests/t.md:3:12: error: 'timeout' must be a string, and is a number\n"
        "tests/t.md:4:1: warning: unknown key 'zeit'\n"
        "tests/t.md:5:16: error: 'A' is no role name\n"
        "tests/t.md:5:44: error: 'containers.worker.pids' must be a whole number from 1, and is 0\n");
}

TEST_CASE("a header that was kept is read again") {
  const Spec spec = spec_of(R"({"timeout": "3s", "expect": [{"never": {"ty": "x"}}]})");
  const ReadSpec again = read_header(spec.header, "t", "Title", "text", "report.json", Rules{});
  REQUIRE(again.spec);
  CHECK(again.spec->timeout == "3s");
  CHECK(again.spec->title == "Title");
  CHECK(again.spec->description == "text");
  CHECK(again.spec->expect.size() == 1);
  CHECK(again.spec->header == spec.header);
  CHECK(render(read_header("{\"timeout\": 3}", "t", "", "", "report.json (test t)", Rules{}).problems) ==
        "report.json (test t):1:13: error: 'timeout' must be a string, and is a number\n  {\"timeout\": 3}\n              ^\n  help: write "
        "\"3s\"\n");
}

TEST_CASE("hostile headers are met without damage") {
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  CHECK(brief(header("{\"timeout\": " + deep + "}")) == "tests/t.md:2:13: error: 'timeout' must be a string, and is an array\n");
  CHECK(has_errors(header(std::string(100'000, '{')).problems));
  CHECK(has_errors(read(std::string(1'000'000, '`')).problems));
  CHECK(has_errors(read(std::string(1'000, '\0')).problems));
  CHECK(has_errors(read("    {\"timeout\": \"" + std::string(1, '\0') + "\"}").problems));
}

TEST_CASE("the end of UTF-8 is found") {
  for (const std::string& good : {std::string(), std::string("abc"), std::string("\xC3\xA9\xF0\x9F\x98\x80")})
    CHECK(utf8_end(good) == good.size());
  const std::string wide = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80";
  for (const std::string& bad : {std::string("\xFF"), std::string("\xC3"), std::string("\xE2\x82"), std::string("\xF0\x9F\x98"),
                                 std::string("\x80"), std::string("\xED\xA0\x80")}) {
    std::string text = wide + bad;
    CHECK(utf8_end(text) == wide.size());
    text.append(wide).append(wide);
    CHECK(utf8_end(text) == wide.size());
    CHECK(utf8_end(bad + wide) == 0);
  }
}

TEST_CASE("the upstream test descriptions load unchanged") {
  const char* given = std::getenv("INTEROPER_SHARED");
  const std::filesystem::path shared = given != nullptr ? given : INTEROPER_SOURCE_DIR "/../shared";
  const std::filesystem::path folder = shared / "data/telehash/tests";
  if (!std::filesystem::exists(folder)) {
    std::cout << "skipped: the upstream files are not there (" << folder.string() << "; INTEROPER_SHARED names another place)\n";
    return;
  }
  const std::vector<std::pair<std::string, std::string>> timeouts{
      {"sanity", "10s"}, {"net-link", "3m"}, {"channel-unreliable", "3s"}, {"channel-reliable", "3s"}};
  for (const auto& [name, timeout] : timeouts) {
    std::ifstream file(folder / (name + ".md"), std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    const ReadSpec result = read_spec(text.str(), name + ".md", name, Rules{});
    CHECK(render(result.problems).empty());
    REQUIRE(result.spec);
    CHECK(result.spec->timeout == timeout);
    CHECK(result.spec->roles.size() == 2);
    CHECK(result.spec->title.substr(0, name.size() + 1) == name + " ");
  }
}
