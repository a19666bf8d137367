#include "suites/moq_registry.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <iostream>

#include "base/files.hpp"

using namespace interoper;

namespace {

ForeignRegistry read(const std::string& text, bool strict = false, const std::string& target = "") {
  RegistryWishes wishes{"/repo", target, strict};
  return read_moq_registry(text, "implementations.json", wishes);
}

// An otherwise faultless registry.
std::string with(const std::string& entries, const std::string& top = R"("version": "1.1", "current_target": "draft-16")") {
  return "{" + top + ", \"implementations\": {\n" + entries + "\n}}";
}

std::string entry(const std::string& name, const std::string& drafts, const std::string& roles) {
  return "\"" + name + "\": {\"name\": \"x\", \"draft_versions\": [" + drafts + "], \"roles\": {" + roles + "}}";
}

const std::string client = R"("client": {"docker": {"image": "c:1"}})";
const std::string relay = R"("relay": {"docker": {"image": "r:1"}})";

// "r1<c1 docker draft-16 at webtransport"
std::vector<std::string> matches(const ForeignRegistry& registry) {
  std::vector<std::string> all;
  for (const Match& match : registry.matching.matches) {
    const auto& labels = match.labels;
    all.push_back(std::string(cast_in(match.cast, "relay")) + "<" + std::string(cast_in(match.cast, "client")) + " " +
                  match.params.at(0).second + " " + labels.at("draft") + " " + labels.at("class") + " " + labels.at("transport"));
  }
  return all;
}

std::vector<std::string> reasons(const ForeignRegistry& registry) {
  std::vector<std::string> all;
  for (const Absent& absent : registry.matching.absent)
    all.push_back(std::string(cast_in(absent.cast, "relay")) + "<" + std::string(cast_in(absent.cast, "client")) + ": " + absent.reason);
  return all;
}

// "LINE:COLUMN: error: …" of each problem, without the line it stands in.
std::vector<std::string> brief(const ForeignRegistry& registry) {
  std::vector<std::string> all;
  for (const Problem& problem : registry.problems) {
    const std::string whole = render(problem);
    const std::size_t colon = problem.file.empty() ? 0 : problem.file.size() + 1;
    all.push_back(whole.substr(colon, whole.find('\n') - colon));
  }
  return all;
}

using Strings = std::vector<std::string>;

}  // namespace

TEST_CASE("a MoQ registry: clients meet relays that share a draft, at every endpoint, classed by the target") {
  const ForeignRegistry registry = read(with(entry("c1", R"("draft-14", "draft-18", "draft-16")", client) + ",\n" +
                                             entry("old", R"("draft-14")", client + ", " + relay) + ",\n" +
                                             entry("r1", R"("draft-9", "draft-16")",
                                                   R"("relay": {"docker": {"image": "r1:1", "url": "moqt://relay:4443"},
                         "remote": [{"url": "https://a.example", "transport": "webtransport", "tls_disable_verify": true},
                                    {"url": "moqt://a.example:4", "transport": "quic", "status": "inactive"},
                                    {"url": "moqt://b.example:4", "transport": "quic", "status": "untested"}]})") +
                                             ",\n" + entry("new", R"("draft-18")", relay)));
  CHECK(brief(registry).empty());
  CHECK(matches(registry) == Strings{"r1<c1 docker draft-16 at quic", "r1<c1 remote-webtransport draft-16 at webtransport",
                                     "r1<c1 remote-quic-2 draft-16 at quic", "new<c1 docker draft-18 ahead webtransport",
                                     "old<c1 docker draft-14 behind webtransport", "old<old docker draft-14 behind webtransport"});
  const Labels& here = registry.matching.matches[0].labels;
  CHECK(here == Labels{{"draft", "draft-16"}, {"class", "at"}, {"transport", "quic"}, {"relay.url", "moqt://relay:4443"}});
  const Labels& there = registry.matching.matches[1].labels;
  CHECK(there == Labels{{"draft", "draft-16"},
                        {"class", "at"},
                        {"transport", "webtransport"},
                        {"relay.at", "remote"},
                        {"relay.url", "https://a.example"},
                        {"relay.tls_disable_verify", "1"}});
  CHECK(registry.matching.matches[2].labels.at("relay.tls_disable_verify") == "false");
  CHECK(registry.matching.matches[3].labels.count("relay.url") == 0);
  CHECK(reasons(registry) ==
        Strings{"c1<c1: role not offered: c1 does not play relay", "r1<c1: endpoint inactive: remote-quic of r1",
                "c1<old: role not offered: c1 does not play relay",
                "r1<old: no shared version: client has draft-14, relay has draft-9 draft-16",
                "new<old: no shared version: client has draft-14, relay has draft-18", "c1<r1: role not offered: c1 does not play relay",
                "old<r1: role not offered: r1 does not play client", "r1<r1: role not offered: r1 does not play client",
                "new<r1: role not offered: r1 does not play client", "c1<new: role not offered: c1 does not play relay",
                "old<new: role not offered: new does not play client", "r1<new: role not offered: new does not play client",
                "new<new: role not offered: new does not play client"});
}

TEST_CASE("the target is the file's, else draft-16, else what is asked for") {
  const std::string entries = entry("a", R"("draft-17")", client + ", " + relay);
  const auto first_class = [](const ForeignRegistry& registry) { return registry.matching.matches.at(0).labels.at("class"); };
  CHECK(first_class(read(with(entries, R"("version": "1.1", "current_target": "draft-17")"))) == "at");
  CHECK(first_class(read(with(entries, R"("version": "1.1")"))) == "ahead");
  CHECK(first_class(read(with(entries), false, "draft-18")) == "behind");
  CHECK(brief(read(with(entries), false, "18")) == Strings{"error: \"18\" is no draft"});
}

TEST_CASE("a draft's number decides, not its spelling") {
  const ForeignRegistry registry = read(with(entry("a", R"("draft-9", "draft-10")", client + ", " + relay)));
  CHECK(matches(registry) == Strings{"a<a docker draft-10 behind webtransport"});
}

TEST_CASE("who names no image or no endpoint is absent with its reason") {
  const ForeignRegistry registry = read(with(entry("a", R"("draft-16")", R"("client": {}, "relay": {})") + ",\n" +
                                             entry("b", R"("draft-16")", client + R"(, "relay": null)") + ",\n" + entry("c", "", relay)));
  CHECK(matches(registry).empty());
  CHECK(reasons(registry) ==
        Strings{"a<a: no image: a names none as client", "b<a: role not offered: b does not play relay",
                "c<a: no shared version: client has draft-16, relay has none",
                "a<b: no endpoint: a names neither an image nor a remote endpoint as relay", "b<b: role not offered: b does not play relay",
                "c<b: no shared version: client has draft-16, relay has none", "a<c: role not offered: c does not play client",
                "b<c: role not offered: b does not play relay", "c<c: role not offered: c does not play client"});
}

TEST_CASE("implementations keep what the registry says of their images") {
  const ForeignRegistry registry = read(with(entry("a", R"("draft-16", "draft-18")", R"(
      "relay": {"docker": {"image": "a-relay:latest-amd64", "env": {"X": "1"},
                           "build": {"dockerfile": "adapters/a/Dockerfile.relay", "context": "adapters/a"}}},
      "client": {"docker": {"image": "ghcr.io/x/a:1", "build": {"dockerfile": ".sources/a/Dockerfile", "context": "builds/a/.sources/a"}}},
      "publisher": {"remote": []}, "subscriber": {"docker": {"image": "s:1", "build": {"dockerfile": "docker/s/Dockerfile"}}})")));
  CHECK(brief(registry).empty());
  const Implementation& a = registry.implementations.at(0);
  CHECK(a.version == "draft-16, draft-18");
  REQUIRE(a.roles.size() == 4);
  CHECK(a.roles[0].env.at("X") == "1");
  const auto& built = std::get<BuildSource>(a.roles[0].source.value());
  CHECK(built.directory == "/repo/adapters/a");
  CHECK(built.dockerfile == "Dockerfile.relay");
  CHECK(built.tag == "a-relay:latest-amd64");
  CHECK(image_reference(a, "relay") == "a-relay:latest-amd64");
  // A checkout that the user's own build script makes is not ours to build.
  CHECK(std::get<ImageSource>(a.roles[1].source.value()).reference == "ghcr.io/x/a:1");
  CHECK(!a.roles[2].source);
  const auto& whole = std::get<BuildSource>(a.roles[3].source.value());
  CHECK(whole.directory == "/repo");
  CHECK(whole.dockerfile == "docker/s/Dockerfile");
}

TEST_CASE("what the runner itself rejects is an error with its place") {
  CHECK(brief(read("{\n  \"implementations\": {,}\n}")) ==
        Strings{"2:23: error: the registry is no JSON: expected a key in double quotes"});
  CHECK(brief(read("{\"version\": \"1.1\"}")) == Strings{"1:1: error: 'implementations' is missing"});
  CHECK(brief(read(with("\"a\": {\"name\": \"a\", \"roles\": {}, \"draft_versions\": [\"draft-16\",\n \"16\"]}"))) ==
        Strings{"3:2: error: \"16\" is no draft"});
  CHECK(brief(read(with("", R"("version": "1.1", "current_target": "latest")"))) ==
        Strings{"1:38: error: 'current_target' must be a draft, and is \"latest\""});
  CHECK(brief(read(with(entry("local", R"("draft-16")", relay)))) == Strings{"2:1: error: 'local' is the name of the project under test"});
  CHECK(read(with(entry("a", "\"16\"", relay))).implementations.empty());
}

TEST_CASE("what only the schema forbids is a warning, and an error when the schema is to hold") {
  const std::string text = with(
      R"("A_1": {"draft_versions": [], "role": 1,
 "roles": {"relay": {"docker": {"url": "http://x"}, "remotes": []}, "proxy": {}, "client": {"remote": [
  {"transport": "tcp", "status": "down", "url": "moqt://ok:1/x"}, {}]}}})",
      R"("version": 1)");
  const Strings tolerant = brief(read(text));
  const Strings strict = brief(read(text, true));
  for (const std::string what :
       {"'version' must be two numbers, as in \"1.1\"", "the name 'A_1' is not as the schema wants it", "'A_1.name' is missing",
        "'A_1.draft_versions' is empty: it can meet nobody", "unknown key 'role' in A_1", "unknown key 'proxy' in A_1.roles",
        "unknown key 'remotes' in A_1.roles.relay", "'A_1.roles.relay.docker.image' is missing: nothing can be started",
        "'A_1.roles.relay.docker.url' is no address of a relay: \"http://x\"", "'A_1.roles.client.remote[0].transport' is \"tcp\"",
        "'A_1.roles.client.remote[0].status' is \"down\"", "'A_1.roles.client.remote[1].url' is missing: it cannot be reached",
        "'A_1.roles.client.remote[1].transport' is missing"}) {
    INFO(what);
    const auto is_it = [&](const std::string& severity) {
      return [what, severity](const std::string& line) { return line.ends_with(": " + severity + ": " + what); };
    };
    CHECK(std::any_of(tolerant.begin(), tolerant.end(), is_it("warning")));
    CHECK(std::any_of(strict.begin(), strict.end(), is_it("error")));
  }
  CHECK(tolerant.size() == 13);
  CHECK(!has_errors(read(text).problems));
}

TEST_CASE("addresses are held against the schema's pattern") {
  const auto accepts = [](const std::string& url) {
    return read(with(entry("a", R"("draft-16")", R"("relay": {"docker": {"image": "i:1", "url": ")" + url + R"("}})"))).problems.empty();
  };
  for (const char* good : {"https://relay:4443", "moqt://relay", "https://a.b-c.D/x?y#z", "https://0:1/", "moqt://h:65535/moq"})
    CHECK(accepts(good));
  for (const char* bad : {"http://relay", "https://", "https://-a", "https://.a", "https://a:", "https://a:b", "https://a_b", "relay:4443",
                          "", "https://a?x", "https:///x", "MOQT://a"})
    CHECK_FALSE(accepts(bad));
}

TEST_CASE("a registry that is to be checked is looked at for what hardly anybody means") {
  const auto suspicions = [](const std::string& entries) { return brief(read(with(entries), true)); };
  CHECK(suspicions(entry("a", R"("draft-16")", client + ", " + relay)).empty());
  CHECK(suspicions(entry("a", R"("draft-16")", R"("relay": {"docker": {"image": "x/a-draft-14:1"}})")) ==
        Strings{"2:72: warning: a as relay runs an image named after draft-14, which is not among its draft_versions: x/a-draft-14:1"});
  CHECK(suspicions(entry("a", R"("draft-16")", R"("relay": {"docker": {"image": "i:1", "url": "https://relay:4443"}})") + ",\n" +
                   entry("b", R"("draft-16")", R"("relay": {"docker": {"image": "i:1", "url": "moqt://relay:4443/path"}})")) ==
        Strings{"3:72: warning: b as relay and a as relay share the image i:1 and have different urls"});
  for (const char* url : {"https://relay:443/path", "moqt://relay", "moqt://server:4443"}) {
    CHECK(suspicions(entry("a", R"("draft-16")", R"("relay": {"docker": {"image": "i:1", "url": ")" + std::string(url) + R"("}})")) ==
          Strings{"2:72: warning: a as relay sends clients to " + std::string(url) + ", and relays are to listen at relay:4443"});
  }
  CHECK(suspicions(entry("a", R"("draft-16")", R"("relay": {"remote": [{"url": "https://a", "transport": "quic"}]})")) ==
        Strings{"2:83: warning: a as relay: transport quic with the address https://a"});
  CHECK(suspicions(entry("a", R"("draft-16")", R"("relay": {"remote": [{"url": "moqt://a", "transport": "quic"},
{"url": "moqt://a", "transport": "quic"}]})")) == Strings{"3:1: warning: a as relay names the endpoint moqt://a twice"});
  CHECK(suspicions(entry("a", R"("draft-15", "draft-15")",
                         R"("client": {"remote": []}, "relay": {"docker": {"image": "i", "env": {"A": "b"}}})")) ==
        Strings{"1:20: warning: nobody has the target draft-16", "2:51: warning: a names draft-15 twice",
                "2:74: warning: a as client names neither an image nor a remote endpoint: it meets nobody",
                "2:110: warning: a as relay has an `env`, which the original runner does not give to anybody: results may differ there",
                "2:110: warning: a as relay names an image without a tag: i"});
}

TEST_CASE("a registry is known by its text, also when it is broken") {
  CHECK(looks_like_moq_registry("\xEF\xBB\xBF\n {\"implementations\": {\"a\": {\"roles\": {}}}}"));
  CHECK(looks_like_moq_registry("{\"current_target\": \"draft-16\", \"implementations\": {"));
  CHECK_FALSE(looks_like_moq_registry(R"({"go": {"repo": "x"}})"));
  CHECK_FALSE(looks_like_moq_registry("[\"implementations\", \"roles\"]"));
  CHECK_FALSE(looks_like_moq_registry(""));
}

TEST_CASE("the real registry is read without a word, and gives the original's runs") {
  const char* given = std::getenv("INTEROPER_SHARED");
  const std::filesystem::path shared = given != nullptr ? given : INTEROPER_SOURCE_DIR "/../shared";
  const std::filesystem::path file = shared / "data/moq/implementations.json";
  if (!std::filesystem::exists(file)) {
    std::cout << "skipped: the registry is not there (" << file.string() << "; INTEROPER_SHARED names another place)\n";
    return;
  }
  const std::string text = read_whole(file, 1U << 20U);
  const ForeignRegistry registry = read(text);
  CHECK(brief(registry).empty());
  CHECK(registry.implementations.size() == 22);
  CHECK(registry.matching.matches.size() == 350);
  const auto at = [&](const std::string& endpoint) {
    return std::count_if(registry.matching.matches.begin(), registry.matching.matches.end(),
                         [&](const Match& match) { return match.params.at(0).second == endpoint; });
  };
  CHECK(at("docker") == 155);
  CHECK(at("remote-webtransport") == 114);
  CHECK(at("remote-quic") == 81);
}

TEST_CASE("the registry of our own drivers is read without a word, and what it builds is there") {
  const std::filesystem::path drivers = INTEROPER_SOURCE_DIR "/drivers";
  const std::string text = read_whole(drivers / "moq/implementations.json", 1U << 20U);
  const RegistryWishes wishes{(drivers / "moq").string(), "", true};
  const ForeignRegistry registry = read_moq_registry(text, "implementations.json", wishes);
  CHECK(brief(registry).empty());
  for (const Implementation& implementation : registry.implementations) {
    for (const RoleOffer& offer : implementation.roles) {
      CAPTURE(implementation.name, offer.role);
      REQUIRE(offer.source);
      const auto& built = std::get<BuildSource>(*offer.source);
      CHECK(std::filesystem::exists(std::filesystem::path(built.directory) / built.dockerfile));
    }
  }
  // Three clients at three relays, each reached in two ways.
  CHECK(registry.matching.matches.size() == 18);
}
