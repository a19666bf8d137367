#include "suites/registry.hpp"

#include <catch2/catch.hpp>

#include "suites/test_folder.hpp"

using namespace interoper;

namespace {

Registry read(const std::string& text) { return read_registry(text, "_implementations.json", "/project/interop/tests", Rules{}); }

std::string brief(const std::string& text) {
  std::string out;
  for (const Problem& problem : read(text).problems) {
    const std::string whole = render(problem);
    out += whole.substr(0, whole.find('\n') + 1);
  }
  return out;
}

std::string help(const std::string& text) {
  const Registry registry = read(text);
  return registry.problems.empty() ? "" : registry.problems.front().help;
}

const std::string file = "_implementations.json:";

}  // namespace

TEST_CASE("the original's file is accepted unchanged") {
  const Registry registry = read("{\n  \"go\": { \"repo\": \"git://github.com/telehash/gogotelehash.git\" }\n}\n");
  CHECK(registry.problems.empty());
  REQUIRE(registry.implementations.size() == 1);
  const Implementation& go = registry.implementations[0];
  CHECK(go.name == "go");
  CHECK(std::get<RepoSource>(go.source.value()).url == "git://github.com/telehash/gogotelehash.git");
  REQUIRE(go.roles.size() == 2);
  CHECK(go.roles[0].role == "worker");
  CHECK(go.roles[1].role == "driver");
}

TEST_CASE("entries keep the file's order and all they say") {
  const Registry registry = read(R"({
    "z": {"repo": "https://example.org/z.git", "ref": "v1", "dockerfile": "docker/../docker/Dockerfile", "version": "1.0"},
    "a": {"build": "../../drivers/a/", "dockerfile": "D", "env": {"X": "1"}, "path": "./a"},
    "I.m-g_1": {"image": "ghcr.io/x/y:1@sha256:00", "roles": ["worker", "relay"]},
    "p": {"path": "/opt/p"},
    "P": {"path": "."},
    "parts": {"roles": {"relay": {"image": "r"}, "driver": {"build": "d", "dockerfile": "E"}}},
    "mixed": {"image": "m", "roles": {"worker": null, "driver": {"repo": "u", "ref": "b"}}}
  })");
  INFO(render(registry.problems));
  CHECK(registry.problems.empty());
  REQUIRE(registry.implementations.size() == 7);
  const auto& all = registry.implementations;
  const auto& z = std::get<RepoSource>(all[0].source.value());
  CHECK(z.ref == "v1");
  CHECK(z.dockerfile == "docker/Dockerfile");
  CHECK(all[0].version == "1.0");
  const auto& a = std::get<BuildSource>(all[1].source.value());
  CHECK(a.directory == "/project/drivers/a");
  CHECK(a.dockerfile == "D");
  CHECK(all[1].env.at("X") == "1");
  CHECK(all[1].path == "/project/interop/tests/a");
  CHECK(std::get<ImageSource>(all[2].source.value()).reference == "ghcr.io/x/y:1@sha256:00");
  REQUIRE(all[2].roles.size() == 2);
  CHECK(all[2].roles[1].role == "relay");
  CHECK_FALSE(all[3].source);
  CHECK(all[3].path == "/opt/p");
  CHECK(all[4].name == "P");
  CHECK(all[4].path == "/project/interop/tests");
  CHECK(std::get<ImageSource>(all[5].roles[0].source.value()).reference == "r");
  CHECK(std::get<BuildSource>(all[5].roles[1].source.value()).directory == "/project/interop/tests/d");
  CHECK_FALSE(all[6].roles[0].source);
  CHECK(std::get<RepoSource>(all[6].roles[1].source.value()).ref == "b");
}

TEST_CASE("paths stay relative when the file is") {
  const Registry registry = read_registry(R"({"a": {"build": "../../x"}, "b": {"path": "y"}})", "f", "interop/tests", Rules{});
  REQUIRE(registry.implementations.size() == 2);
  CHECK(std::get<BuildSource>(registry.implementations[0].source.value()).directory == "x");
  CHECK(registry.implementations[1].path == "interop/tests/y");
}

TEST_CASE("the whole file may be wrong") {
  CHECK(render(read(" [{\"repo\": \"x\"}]").problems) ==
        "_implementations.json:1:2: error: the implementations must be a JSON object, and are an array\n   [{\"repo\": \"x\"}]\n   ^\n"
        "  help: write {\"NAME\": {\"repo\": \"…\"}, …}\n");
  CHECK(brief("") == file + "1:1: error: the file is empty\n");
  CHECK(brief("{") == file + "1:2: error: the implementations file is no JSON: expected a key in double quotes\n");
  CHECK(brief("{\"a\": {\"image\": \"x\"},}") ==
        file + "1:22: error: the implementations file is no JSON: expected a key in double quotes\n");
  CHECK(brief("1") == file + "1:1: error: the implementations file must be a JSON object, and is a number\n");
  CHECK(brief("{} {}") == file + "1:4: error: the implementations file goes on after its JSON object\n");
  CHECK(brief("{\"a\": \"\xFF\"}") == file + "1:8: error: the implementations file is no JSON: a string is not UTF-8 here\n");
  CHECK(brief("{}").empty());
  CHECK(brief("\xEF\xBB\xBF{}\n").empty());
}

TEST_CASE("names have a grammar, and local is taken") {
  CHECK(render(read("{\"local\": {\"image\": \"x\"}}").problems) ==
        "_implementations.json:1:2: error: 'local' is the name of the project under test\n  {\"local\": {\"image\": \"x\"}}\n   ^\n"
        "  help: give this implementation another name\n");
  for (const char* bad : {"", "-a", ".a", "a b", "a/b", "\xC3\xA9"})
    CHECK(brief("{\"" + std::string(bad) + "\": {\"image\": \"x\"}}") ==
          file + "1:2: error: '" + std::string(bad) + "' is no name for an implementation\n");
  CHECK(brief(R"({"Local": {"image": "x"}, "LOCAL": {"image": "x"}, "0": {"image": "x"}})").empty());
}

TEST_CASE("an image has one source") {
  CHECK(brief(R"({"a": {"repo": "u", "image": "i"}})") == file + "1:21: error: 'a.image' stands beside 'repo': an image has one source\n");
  CHECK(brief(R"({"a": {"build": "u", "repo": "i"}})") == file + "1:22: error: 'a.repo' stands beside 'build': an image has one source\n");
  CHECK(brief(R"({"a": {}})") == file + "1:2: error: nothing says where 'a' comes from\n");
  CHECK(help(R"({"a": {}})") == R"(write one of "repo", "build", "image" or "path")");
  CHECK(brief(R"({"a": {"roles": {"x": {"image": "i"}, "y": null}}})") == file + "1:2: error: nothing says where 'a' comes from as y\n");
  CHECK(brief(R"({"a": {"roles": ["worker"]}})") == file + "1:2: error: nothing says where 'a' comes from as worker\n");
  CHECK(brief(R"({"a": {"image": "i", "ref": "x"}})") == file + "1:22: error: 'a.ref' goes only with 'repo'\n");
  CHECK(brief(R"({"a": {"build": "i", "ref": "x"}})") == file + "1:22: error: 'a.ref' goes only with 'repo'\n");
  CHECK(brief(R"({"a": {"path": "p", "dockerfile": "x"}})") == file + "1:21: error: 'a.dockerfile' goes only with 'repo' or 'build'\n");
  CHECK(brief(R"({"a": {"roles": {"x": {"image": "i", "ref": "r"}}}})") == file + "1:38: error: 'a.roles.x.ref' goes only with 'repo'\n");
  CHECK(brief(R"({"a": {"url": "https://x"}})") == file + "1:8: error: 'a.url': remote endpoints are not supported yet\n");
}

TEST_CASE("values that would be taken for something else are refused") {
  CHECK(brief(R"({"a": {"repo": "--upload-pack=x"}})") == file + "1:16: error: 'a.repo' begins with '-'\n");
  CHECK(brief(R"({"a": {"repo": "u", "ref": "-x"}})") == file + "1:28: error: 'a.ref' begins with '-'\n");
  CHECK(brief(R"({"a": {"repo": ""}})") == file + "1:16: error: 'a.repo' is empty\n");
  CHECK(brief(R"({"a": {"image": "a b"}})") == file + "1:17: error: 'a.image' holds a blank\n");
  CHECK(brief(R"({"a": {"build": ""}})") == file + "1:17: error: 'a.build' is empty\n");
  for (const char* bad : {"/etc/passwd", "../x", "a/../../x", ""})
    CHECK(brief("{\"a\": {\"build\": \"b\", \"dockerfile\": \"" + std::string(bad) + "\"}}") ==
          file + "1:36: error: 'a.dockerfile' must be a path inside the build's directory\n");
}

TEST_CASE("wrong types in an implementation are said with what to write") {
  CHECK(brief(R"({"a": "git://x"})") == file + "1:7: error: 'a' must be an object, and is a string\n");
  CHECK(help(R"({"a": "git://x"})") == R"(write {"repo": "git://x"})");
  CHECK(brief(R"({"a": {"image": 1}})") == file + "1:17: error: 'a.image' must be a string, and is a number\n");
  CHECK(brief(R"({"a": {"image": "i", "version": 1.0}})") == file + "1:33: error: 'a.version' must be a string, and is a number\n");
  CHECK(help(R"({"a": {"image": "i", "version": 1.0}})") == "write \"1.0\"");
  CHECK(brief(R"({"a": {"image": "i", "env": {"X": 1}}})") == file + "1:35: error: 'a.env.X' must be a string, and is a number\n");
  CHECK(brief(R"({"a": {"image": "i", "env": {"X=": "1"}}})") == file + "1:30: error: 'X=' cannot name an environment variable\n");
  CHECK(brief(R"({"a": {"image": "i", "roles": "worker"}})") ==
        file + "1:31: error: 'a.roles' must be an array of roles, and is a string\n");
  CHECK(brief(R"({"a": {"image": "i", "roles": []}})") == file + "1:31: error: 'a.roles' names no role\n");
  CHECK(brief(R"({"a": {"image": "i", "roles": {}}})") == file + "1:31: error: 'a.roles' names no role\n");
  CHECK(brief(R"({"a": {"image": "i", "roles": ["W"]}})") == file + "1:32: error: 'W' is no role name\n");
  CHECK(brief(R"({"a": {"image": "i", "roles": ["w", "w"]}})") == file + "1:37: error: the role 'w' stands there twice\n");
  CHECK(brief(R"({"a": {"image": "i", "roles": {"w": "x"}}})") == file + "1:37: error: 'a.roles.w' must be an object, and is a string\n");
}

TEST_CASE("unknown and double keys are warnings") {
  CHECK(brief(R"({"a": {"imge": "i", "image": "i"}})") == file + "1:8: warning: unknown key 'imge' in a\n");
  CHECK(help(R"({"a": {"imge": "i", "image": "i"}})") == "did you mean 'image'?");
  CHECK(brief(R"({"a": {"image": "i"}, "a": {"image": "j"}})") ==
        file + "1:23: warning: the key 'a' stands here twice; the last one counts\n");
  CHECK(read(R"({"a": {"image": "i"}, "a": {"image": "j"}})").implementations.size() == 1);
}

TEST_CASE("one error leaves no implementation") {
  const Registry registry = read(R"({"a": {"image": "i"}, "local": {"image": "j"}})");
  CHECK(registry.implementations.empty());
  CHECK(registry.problems.size() == 1);
}

TEST_CASE("the file is found in its folder, and may be absent") {
  const TestFolder folder;
  CHECK(load_registry(folder.string(), Rules{}).problems.empty());
  folder.write("_implementations.json", R"({"a": {"build": "d"}})");
  const Registry registry = load_registry(folder.string(), Rules{});
  REQUIRE(registry.implementations.size() == 1);
  CHECK(std::get<BuildSource>(registry.implementations[0].source.value()).directory == folder / "d");
  std::filesystem::remove(folder / "_implementations.json");
  std::filesystem::create_directory(folder / "_implementations.json");
  CHECK(has_errors(load_registry(folder.string(), Rules{}).problems));
}

TEST_CASE("without roles an entry plays those of its suite") {
  Rules rules;
  rules.role_order = {"server", "client"};
  const Registry registry = read_registry(R"({"a": {"image": "i"}})", "f", ".", rules);
  REQUIRE(registry.implementations.size() == 1);
  CHECK(registry.implementations[0].roles[0].role == "server");
  CHECK(registry.implementations[0].roles[1].role == "client");
}
