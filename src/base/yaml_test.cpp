#include "base/yaml.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "base/json_text.hpp"
#include "base/problem.hpp"

using namespace interoper;

namespace {

std::string json_of(std::string_view yaml) {
  const YamlAsJson read = yaml_to_json(yaml);
  if (read.fault) return "fault: " + read.fault->what;
  CHECK_FALSE(json_fault(read.json));
  return read.json;
}

std::string fault_of(std::string_view yaml, const YamlLimits& limits = {}) {
  const YamlAsJson read = yaml_to_json(yaml, limits);
  if (!read.fault) return read.json;
  CHECK(read.json.empty());
  const Position at = position_at(yaml, read.fault->offset);
  return std::to_string(at.line) + ":" + std::to_string(at.column) + ": " + read.fault->what;
}

}  // namespace

TEST_CASE("collections and scalars become JSON") {
  CHECK(json_of("message: no\ndata:\n  - 1\n  - [a, 'b c', \"d\\n\"]\n  - {x: ~, y: true}\n") ==
        R"({"message":"no","data":[1,["a","b c","d\n"],{"x":null,"y":true}]})");
  CHECK(json_of("text: |\n  two\n  lines\nfolded: >\n  one\n\n  line\n") == R"({"text":"two\nlines\n","folded":"one\nline\n"})");
  CHECK(json_of("") == "null");
  CHECK(json_of("# nothing\n") == "null");
  CHECK(json_of("plain") == "\"plain\"");
  CHECK(json_of("---\na: 1\n...\n") == R"({"a":1})");
  CHECK(json_of("{\"a\":1}") == R"({"a":1})");
  CHECK(json_of("a:\nb: []\nc: {}\n") == R"({"a":null,"b":[],"c":{}})");
  CHECK(json_of("\xEF\xBB\xBF"
                "a: \xC3\xA9\r\nb: 2\r\n") == "{\"a\":\"\xC3\xA9\",\"b\":2}");
}

TEST_CASE("scalars follow the core schema of YAML 1.2, and numbers keep their digits") {
  CHECK(json_of("[12345678901234567890123, +7, -0, 007, 0x1F, 0o17, 0xFFFFFFFFFFFFFFFFFF]") ==
        R"([12345678901234567890123,7,-0,7,31,15,"0xFFFFFFFFFFFFFFFFFF"])");
  CHECK(json_of("[1.50, .5, 1., 1e400, -1.5E-3, .inf, -.INF, .nan, 1.2.3, 1e, '.']") ==
        R"([1.50,0.5,1.0,1e400,-1.5e-3,".inf","-.INF",".nan","1.2.3","1e","."])");
  CHECK(json_of("[null, Null, NULL, ~, nuLL, true, TRUE, yes, on, 'true', \"1\"]") ==
        R"([null,null,null,null,"nuLL",true,true,"yes","on","true","1"])");
  CHECK(json_of("[!!str 1, !!int '2', !mine 3, ! 4]") == R"(["1",2,"3","4"])");
}

TEST_CASE("keys become strings") {
  CHECK(json_of("1: a\n~: b\ntrue: c\n? [x, y]\n: d\n") == R"({"1":"a","null":"b","true":"c","[\"x\",\"y\"]":"d"})");
  CHECK(fault_of("a: 1\nb: 2\n\"a\": 3\n") == "3:1: the key \"a\" stands twice in this mapping");
}

TEST_CASE("aliases are written out, within limits") {
  CHECK(json_of("a: &x [1, {b: 2}]\nc: *x\nd: &y e\nf: *y\n") == R"({"a":[1,{"b":2}],"c":[1,{"b":2}],"d":"e","f":"e"})");
  CHECK(json_of("&x : *x") == R"({"null":null})");
  CHECK(json_of("? &k [&one 1, x]\n: [*k, *one]\n") == R"({"[1,\"x\"]":[[1,"x"],1]})");
  CHECK(fault_of("&a [*a]") == "1:5: an alias stands inside what it names");
  CHECK(fault_of("*nobody").starts_with("1:"));
  std::string bomb = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n";
  for (int i = 1; i < 30; ++i) {
    const std::string one = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + one + ", " + one + ", " + one + ", " + one + "]\n";
  }
  CHECK(fault_of(bomb).find("with its aliases written out this is more than 4194304 bytes") != std::string::npos);
  // Each level names the one before: the depth adds up as well.
  std::string chain = "a0: &a0 [[[[1]]]]\n";
  for (int i = 1; i < 30; ++i)
    chain += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [[[*a" + std::to_string(i - 1) + "]]]\n";
  CHECK(fault_of(chain).find("more than 64 mappings and sequences inside each other") != std::string::npos);
}

TEST_CASE("hostile YAML is a fault with a place") {
  CHECK(fault_of("error: dial: refused\n").starts_with("1:12: "));
  CHECK(fault_of("a: 'open\n") == "1:4: the quote that begins here is not closed");
  CHECK(fault_of("- &x \"open\n") == "1:3: the quote that begins here is not closed");
  CHECK(fault_of("['a', 'it''s").starts_with("1:"));
  CHECK(json_of("- 'it''s'\n- \"\\\"\"\n") == R"(["it's","\""])");
  CHECK(fault_of("a: [1, 2\n").find("end of sequence") != std::string::npos);
  CHECK(fault_of("a: 1\n---\nb: 2\n") == "3:1: a second document begins here: there must be one");
  CHECK(fault_of("a: \xFF\n") == "1:1: these bytes are no UTF-8");
  CHECK(fault_of("a: \x01\n") == "1:4: YAML may not hold control characters");
  CHECK(fault_of(std::string(100'000, '[')).find("more than 64") != std::string::npos);
  CHECK(json_of(std::string(64, '[') + std::string(64, ']')).size() == 128);
  CHECK(fault_of(std::string(65, '[') + std::string(65, ']')) == "1:65: more than 64 mappings and sequences inside each other");
  CHECK(fault_of("a: 1", {.bytes = 3}) == "1:4: this is more than 3 bytes of YAML");
  std::string dashes;
  for (int i = 0; i < 50'000; ++i)
    dashes += "- ";
  CHECK(fault_of(dashes).find("more than 64") != std::string::npos);
}

TEST_CASE("every key and value knows its place in the YAML") {
  const std::string yaml = "first: 1\nsecond:\n  - x\n  - \xC3\xA9: why\n";
  const YamlAsJson read = yaml_to_json(yaml);
  REQUIRE(read.json == "{\"first\":1,\"second\":[\"x\",{\"\xC3\xA9\":\"why\"}]}");
  const auto place = [&](std::string_view json) {
    const Position at = position_at(yaml, read.place_of(read.json.find(json)));
    return std::to_string(at.line) + ":" + std::to_string(at.column);
  };
  CHECK(place("\"first\"") == "1:1");
  CHECK(place("1,") == "1:8");
  CHECK(place("\"second\"") == "2:1");
  CHECK(place("\"x\"") == "3:5");
  CHECK(place("\"why\"") == "4:8");
}
