#include "suites/suite_loader.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "suites/digest.hpp"
#include "suites/registry.hpp"
#include "suites/test_folder.hpp"

using namespace interoper;

namespace {

constexpr std::string_view empty_test = "    {}\n";

std::string names(const LoadedSuite& loaded) {
  std::string out;
  if (loaded.suite) {
    for (const Spec& spec : loaded.suite->specs)
      out += spec.name + " ";
  }
  return out;
}

// What is said, with the folder called F.
std::string said(const LoadedSuite& loaded, const TestFolder& folder) { return replaced(render(loaded.problems), folder.string(), "F"); }

}  // namespace

TEST_CASE("SHA-256 is what sha256sum prints") {
  CHECK(sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("the tests of a folder are its Markdown files, sorted by name") {
  const TestFolder folder;
  folder.write("b.md", empty_test);
  folder.write("a.b.md", "    {\"timeout\": \"3s\"}\n");
  folder.write("Z.md", empty_test);
  folder.write("_draft.md", "no test");
  folder.write(".hidden.md", "no test");
  folder.write("README.txt", "no test");
  folder.write("sub/c.md", "no test");
  folder.write("folder.md/c.md", "no test");
  folder.write("elsewhere/real", empty_test);
  std::filesystem::create_symlink("elsewhere/real", folder / "link.md");
  REQUIRE(::mkfifo((folder / "pipe.md").c_str(), 0600) == 0);
  const LoadedSuite loaded = load_suite({folder.string()});
  CHECK(said(loaded, folder).empty());
  CHECK(names(loaded) == "Z a.b b link ");
  REQUIRE(loaded.suite);
  CHECK(loaded.suite->specs[1].file == folder / "a.b.md");
  CHECK(loaded.suite->source == folder.string());
  CHECK(loaded.suite->description == "{}");
  CHECK(loaded.suite->name == folder.path().filename());
}

TEST_CASE("a suite's name is its own, or that of its project") {
  const TestFolder folder;
  folder.write("project/interop/tests/a.md", empty_test);
  CHECK(load_suite({folder / "project/interop/tests"}).suite.value().name == "project");
  CHECK(load_suite({folder / "project/interop/tests/"}).suite.value().name == "project");
  folder.write("project/interop/tests/_suite.md", "    {\"suite\": \"mine\", \"unsupported\": {\"exit\": 77}}\n");
  const LoadedSuite loaded = load_suite({folder / "project/interop/tests"});
  REQUIRE(loaded.suite);
  CHECK(loaded.suite->name == "mine");
  CHECK(loaded.suite->rules.unsupported_exit == 77);
  CHECK(loaded.suite->description == "{\"suite\": \"mine\", \"unsupported\": {\"exit\": 77}}");
  CHECK(names(loaded) == "a ");
}

TEST_CASE("the digest is that of the content, wherever it stands") {
  const TestFolder folder;
  folder.write("x/a.md", empty_test);
  folder.write("y/a.md", empty_test);
  const std::string digest = load_suite({folder / "x"}).suite.value().digest;
  CHECK(digest == "sha256:" + sha256(sha256(empty_test) + "  a.md\n"));
  CHECK(load_suite({folder / "y"}).suite.value().digest == digest);
  folder.write("y/a.md", "    {} \n");
  CHECK(load_suite({folder / "y"}).suite.value().digest != digest);
  folder.write("x/_suite.md", empty_test);
  CHECK(load_suite({folder / "x"}).suite.value().digest != digest);
}

TEST_CASE("a folder without tests is told how to get some") {
  const TestFolder folder;
  const std::string help = "  help: run \"interoper tests update\" to fetch the test descriptions\n";
  CHECK(said(load_suite({folder / "none"}), folder) == "F/none: error: there is no such folder of tests\n" + help);
  std::filesystem::create_directory(folder / "empty");
  CHECK(said(load_suite({folder / "empty"}), folder) == "F/empty: error: the folder holds no tests (*.md)\n" + help);
  folder.write("only/_suite.md", empty_test);
  CHECK(said(load_suite({folder / "only"}), folder) == "F/only: error: the folder holds no tests (*.md)\n" + help);
  folder.write("file", "");
  CHECK(said(load_suite({folder / "file"}), folder) ==
        "F/file: error: it is no folder of tests\n  help: name a folder that holds *.md files\n");
  CHECK_FALSE(load_suite({folder / "none"}).suite);
}

TEST_CASE("all bad files are said in one go") {
  const TestFolder folder;
  folder.write("a.md", "    {\"timeout\": 3}\n");
  folder.write("b.md", "# no header\n");
  folder.write("c.md", empty_test);
  folder.write("_suite.md", "    {\"decides\": \"nobody\"}\n");
  std::filesystem::create_symlink("nowhere", folder / "d.md");
  folder.write("e.md", std::string(std::size_t{4} * 1024 * 1024 + 1, ' '));
  const LoadedSuite loaded = load_suite({folder.string()});
  CHECK_FALSE(loaded.suite);
  const std::string text = said(loaded, folder);
  CHECK(text.find("F/_suite.md:1:17: error: 'decides' names 'nobody'") != std::string::npos);
  CHECK(text.find("F/a.md:1:17: error: 'timeout' must be a string, and is a number\n") != std::string::npos);
  CHECK(text.find("F/b.md:1:1: error: expected the header") != std::string::npos);
  CHECK(text.find("error: cannot read F/d.md: ") != std::string::npos);
  CHECK(text.find("error: cannot read F/e.md: it is larger than 4194304 bytes") != std::string::npos);
}

TEST_CASE("a file that may not be read is an error") {
  if (::geteuid() == 0) {
    std::cout << "skipped: root reads every file\n";
    return;
  }
  const TestFolder folder;
  folder.write("a.md", empty_test);
  std::filesystem::permissions(folder / "a.md", std::filesystem::perms::none);
  CHECK(said(load_suite({folder.string()}), folder).find("error: cannot read F/a.md: ") == 0);
}

TEST_CASE("file names that cannot be shown are refused") {
  const TestFolder folder;
  folder.write("a\x1b[31m.md", empty_test);
  folder.write("b\xFF.md", empty_test);
  const std::string text = said(load_suite({folder.string()}), folder);
  CHECK(text ==
        "error: the file name F/a\\e[31m.md holds characters that cannot be shown\n  help: rename the file\n"
        "error: the file name F/b\\xff.md holds characters that cannot be shown\n  help: rename the file\n");
}

TEST_CASE("two folders make one suite, unless they say the same test twice") {
  const TestFolder folder;
  folder.write("x/b.md", empty_test);
  folder.write("y/a.md", empty_test);
  const LoadedSuite both = load_suite({folder / "x", folder / "y"});
  CHECK(names(both) == "a b ");
  CHECK(both.suite.value().source == (folder / "x") + ", " + (folder / "y"));
  folder.write("y/b.md", empty_test);
  const LoadedSuite twice = load_suite({folder / "x", folder / "y"});
  CHECK_FALSE(twice.suite);
  CHECK(
      said(twice, folder) ==
      "F/y/b.md: error: the same test in two suites: 'b' is also in F/x/b.md\n  help: rename one of them, or load one folder at a time\n");
}

TEST_CASE("a suite whose programs run all tests at once has a test of all of them, last") {
  const TestFolder folder;
  folder.write("_suite.md", R"(    {"suite": "s", "together": "all", "roles": {"a": {"env": {"X": "1"}}, "b": {"decides": true}}})");
  folder.write("zeta.md", R"(    {"aliases": ["z"], "tags": ["more"]})");
  folder.write("beta.md", "    {}");
  const LoadedSuite loaded = load_suite({folder.string()});
  INFO(render(loaded.problems));
  CHECK(names(loaded) == "beta zeta all ");
  const Spec& all = loaded.suite->specs.back();
  CHECK(all.header == R"({"parts": {"beta": [], "zeta": ["z"]}})");
  CHECK(all.parts == std::vector<TestPart>{{"beta", {}}, {"zeta", {"z"}}});
  CHECK(all.roles.at(0).env.at("X") == "1");
  folder.write("all.md", "    {}");
  CHECK(load_suite({folder.string()}).problems.at(0).what == "the suite calls the run of all its tests 'all' too");
}

TEST_CASE("two folders must agree on the rules") {
  const TestFolder folder;
  folder.write("x/a.md", empty_test);
  folder.write("y/b.md", empty_test);
  folder.write("x/_suite.md", "    {\"suite\": \"s\", \"unsupported\": {\"exit\": 1}}\n");
  folder.write("y/_suite.md", "    {\"unsupported\": {\"exit\": 1.0}, \"suite\": \"s\"}\n");
  CHECK(load_suite({folder / "x", folder / "y"}).suite);
  folder.write("y/_suite.md", "    {\"suite\": \"other\"}\n");
  CHECK(said(load_suite({folder / "x", folder / "y"}), folder) ==
        "F/y/_suite.md: error: it says other things than F/x/_suite.md\n  help: run the two suites one after the other\n");
}

TEST_CASE("warnings do not keep a suite from loading") {
  const TestFolder folder;
  folder.write("a.md", "    {\"timout\": \"3s\"}\n");
  const LoadedSuite loaded = load_suite({folder.string()});
  CHECK(loaded.suite);
  CHECK(loaded.problems.size() == 1);
}

TEST_CASE("the suites that ship load without a word") {
  const std::filesystem::path root = std::filesystem::path(INTEROPER_SOURCE_DIR) / "tests-specs";
  if (!std::filesystem::exists(root)) {
    std::cout << "skipped: " << root << " is not there\n";
    return;
  }
  for (const auto& entry : std::filesystem::directory_iterator(root)) {
    if (!entry.is_directory()) continue;
    const LoadedSuite loaded = load_suite({entry.path().string()});
    CHECK(render(loaded.problems).empty());
    REQUIRE(loaded.suite);
    CHECK(loaded.suite->name == entry.path().filename());
    CHECK(render(load_registry(entry.path().string(), loaded.suite->rules).problems).empty());
  }
}

TEST_CASE("the upstream folder loads unchanged") {
  const char* given = std::getenv("INTEROPER_SHARED");
  const std::filesystem::path shared = given != nullptr ? given : INTEROPER_SOURCE_DIR "/../shared";
  const std::filesystem::path folder = shared / "data/telehash/tests";
  if (!std::filesystem::exists(folder)) {
    std::cout << "skipped: the upstream files are not there (" << folder.string() << "; INTEROPER_SHARED names another place)\n";
    return;
  }
  const LoadedSuite loaded = load_suite({folder.string()});
  CHECK(render(loaded.problems).empty());
  CHECK(names(loaded) == "channel-reliable channel-unreliable net-link sanity ");
  const Registry registry = load_registry(folder.string(), Rules{});
  CHECK(render(registry.problems).empty());
  REQUIRE(registry.implementations.size() == 1);
  CHECK(describe_source(registry.implementations[0]) == "repo git://github.com/telehash/gogotelehash.git");
}
