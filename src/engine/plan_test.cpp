#include "engine/plan.hpp"

#include <catch2/catch.hpp>

#include "engine/bind.hpp"

using namespace interoper;

namespace {

Implementation image(const std::string& name, const std::vector<std::string>& roles = {"worker", "driver"}) {
  Implementation implementation;
  implementation.name = name;
  for (const std::string& role : roles)
    implementation.roles.push_back(RoleOffer{role, std::nullopt});
  implementation.source = ImageSource{name + ":1"};
  return implementation;
}

Suite suite_of(const std::vector<std::string>& tests) {
  Suite suite;
  for (const std::string& test : tests) {
    Spec spec;
    spec.name = test;
    for (const char* role : {"worker", "driver"}) {
      spec.roles.emplace_back();
      spec.roles.back().name = role;
    }
    suite.specs.push_back(spec);
  }
  return suite;
}

std::vector<std::string> ids(const Plan& plan) {
  std::vector<std::string> found;
  for (const Cell& cell : plan.cells)
    found.push_back(cell.id);
  return found;
}

std::vector<std::string> reasons(const Plan& plan) {
  std::vector<std::string> found;
  for (const Absent& absent : plan.absent) {
    std::string text = absent.test;
    for (const Casting& casting : absent.cast)
      text += "~" + casting.implementation;
    found.push_back(text + ": " + absent.reason);
  }
  return found;
}

using Strings = std::vector<std::string>;

}  // namespace

TEST_CASE("`test` pairs what is under test with every driver, `tournament` everyone with everyone") {
  const Suite suite = suite_of({"a"});
  const std::vector<Implementation> all = {image("local"), image("go"), image("js")};
  PlanOrder order;
  order.matches = Matches::local_as_tested;
  CHECK(ids(plan(suite, all, order)) == Strings{"a~local~local", "a~local~go", "a~local~js"});
  order.matches = Matches::local_both_ways;
  CHECK(ids(plan(suite, all, order)) == Strings{"a~local~local", "a~local~go", "a~local~js", "a~go~local", "a~js~local"});
  order.matches = Matches::everyone;
  CHECK(plan(suite, all, order).cells.size() == 9);
}

TEST_CASE("what cannot be is absent with its reason") {
  const Suite suite = suite_of({"a"});
  Implementation only_path = image("p");
  only_path.source.reset();
  only_path.path = "/p";
  const Plan planned = plan(suite, {image("local"), image("w", {"worker"}), only_path}, PlanOrder{});
  CHECK(ids(planned) == Strings{"a~local~local", "a~w~local"});
  CHECK(reasons(planned) ==
        Strings{"*~local~w: role not offered: w does not play driver", "*~local~p: mixed runtimes: one side is an image, the other a path",
                "*~w~w: role not offered: w does not play driver", "*~w~p: mixed runtimes: one side is an image, the other a path",
                "*~p~local: mixed runtimes: one side is an image, the other a path", "*~p~w: role not offered: w does not play driver",
                "*~p~p: no image: it runs only from a path"});
}

TEST_CASE("where both are possible a cell is of images when all have one, else of paths, and never mixed") {
  Suite suite = suite_of({"a"});
  Implementation both = image("both");
  both.path = "/both";
  Implementation only_path = image("p");
  only_path.source.reset();
  only_path.path = "/p";
  const std::vector<Implementation> all = {image("i"), both, only_path};
  PlanOrder order;
  order.means = Means::either;
  const Plan planned = plan(suite, all, order);
  CHECK(ids(planned) == Strings{"a~i~i", "a~i~both", "a~both~i", "a~both~both", "a~both~p", "a~p~both", "a~p~p"});
  CHECK(reasons(planned) == Strings{"*~i~p: mixed runtimes: one side is an image, the other a path",
                                    "*~p~i: mixed runtimes: one side is an image, the other a path"});
  CHECK(means_of(Cell{"", "", {{"worker", "both"}, {"driver", "i"}}}, all) == Means::image);
  CHECK(means_of(Cell{"", "", {{"worker", "both"}, {"driver", "p"}}}, all) == Means::path);

  order.means = Means::path;
  CHECK(ids(plan(suite, all, order)) == Strings{"a~both~both", "a~both~p", "a~p~both", "a~p~p"});
}

TEST_CASE("a role that a test gives to an image cannot stand beside paths") {
  Suite suite = suite_of({"a"});
  RoleSpec relay;
  relay.name = "relay";
  relay.image = "some/relay";
  suite.specs[0].roles.push_back(relay);
  Implementation only_path = image("p");
  only_path.source.reset();
  only_path.path = "/p";
  PlanOrder order;
  order.means = Means::either;
  const Plan planned = plan(suite, {image("i"), only_path}, order);
  CHECK(ids(planned) == Strings{"a~i~i~some_relay-" + short_hash("a~i~i~some/relay")});
  CHECK(reasons(planned).back() == "a~p~p~some/relay: mixed runtimes: the test gives relay to an image, the others are paths");
}

TEST_CASE("selections narrow, and say what they left out") {
  Suite suite = suite_of({"link", "sanity"});
  suite.specs[0].tags = {"slow"};
  const std::vector<Implementation> all = {image("go"), image("js")};
  PlanOrder order;
  SECTION("by test") {
    order.selection.tests = {"s*"};
    const Plan planned = plan(suite, all, order);
    CHECK(planned.cells.size() == 4);
    CHECK(reasons(planned) == Strings{"link: filtered"});
  }
  SECTION("by exclusion") {
    order.selection.tests = {"!s*"};
    CHECK(plan(suite, all, order).cells.front().test == "link");
  }
  SECTION("by tag") {
    order.selection.tags = {"slow"};
    CHECK(plan(suite, all, order).cells.size() == 4);
    order.selection.tags = {"!slow"};
    CHECK(plan(suite, all, order).cells.front().test == "sanity");
  }
  SECTION("by role") {
    order.selection.roles["worker"] = {"go"};
    CHECK(ids(plan(suite, all, order)) == Strings{"link~go~go", "link~go~js", "sanity~go~go", "sanity~go~js"});
  }
  SECTION("by implementation in any role") {
    order.selection.implementations = {"js"};
    CHECK(plan(suite, all, order).cells.size() == 6);
    order.selection.implementations = {"!js"};
    CHECK(plan(suite, all, order).cells.size() == 2);
  }
}

TEST_CASE("parameters: the default, more when asked, any when set") {
  Suite suite = suite_of({"a"});
  suite.specs[0].params = {Param{"hold", {"5s", "1m", "2m"}}, Param{"n", {"1", "2"}}};
  const std::vector<Implementation> all = {image("go")};
  PlanOrder order;
  CHECK(ids(plan(suite, all, order)) == Strings{"a~go~go~hold=5s~n=1"});
  order.selection.params["hold"] = {"2*"};
  CHECK(ids(plan(suite, all, order)) == Strings{"a~go~go~hold=5s~n=1", "a~go~go~hold=2m~n=1"});
  order.selection.params["hold"] = {"2*", "!5s"};
  CHECK(ids(plan(suite, all, order)) == Strings{"a~go~go~hold=2m~n=1"});
  order.selection.params.clear();
  order.selection.all_params = true;
  CHECK(plan(suite, all, order).cells.size() == 6);
  order.selection.set["hold"] = "9h";
  CHECK(ids(plan(suite, all, order)) == Strings{"a~go~go~hold=9h~n=1", "a~go~go~hold=9h~n=2"});
  order.selection.set["hodl"] = "9h";
  CHECK(unknown_params(suite, order.selection) == Strings{"hodl"});
}

namespace {

// A suite that runs its tests together, and two relays that meet one client at three places.
Suite suite_with_all() {
  Suite suite = suite_of({"one", "two", "all"});
  suite.rules.role_order = {"relay", "client"};
  suite.rules.decides = "client";
  suite.rules.tested = "relay";
  suite.rules.together = "all";
  for (Spec& spec : suite.specs) {
    spec.roles = {RoleSpec{"relay"}, RoleSpec{"client"}};
  }
  suite.specs[1].tags = {"slow"};
  return suite;
}

const std::vector<Implementation> movers = {image("a", {"relay", "client"}), image("b", {"relay"}), [] {
                                              Implementation far = image("far", {"relay"});
                                              far.source.reset();
                                              return far;
                                            }()};

Matching matching_of_movers() {
  const auto cast = [](const std::string& relay) { return std::vector<Casting>{{"relay", relay}, {"client", "a"}}; };
  Matching matching;
  matching.matches = {Match{cast("far"), {{"endpoint", "remote-fast"}}, {{"transport", "fast"}, {"relay.at", "remote"}, {"draft", "2"}}},
                      Match{cast("a"), {{"endpoint", "here"}}, {{"transport", "fast"}, {"draft", "2"}}},
                      Match{cast("a"), {{"endpoint", "remote-slow"}}, {{"transport", "slow"}, {"relay.at", "remote"}, {"draft", "1"}}}};
  matching.absent = {Absent{"*", cast("b"), "no shared version"}};
  return matching;
}

}  // namespace

TEST_CASE("a matching says who meets whom, in its order, with its labels") {
  const Plan planned = plan(suite_with_all(), movers, PlanOrder{}, matching_of_movers());
  CHECK(ids(planned) == Strings{"all~far~a~endpoint=remote-fast", "all~a~a~endpoint=here", "all~a~a~endpoint=remote-slow"});
  CHECK(planned.cells[0].labels.at("draft") == "2");
  CHECK(planned.cells[0].params == Params{{"endpoint", "remote-fast"}});
  CHECK(reasons(planned) == Strings{"*~b~a: no shared version"});
}

TEST_CASE("who runs somewhere else needs no image, and no path either") {
  PlanOrder order;
  order.means = Means::either;
  const Plan planned = plan(suite_with_all(), movers, order, matching_of_movers());
  REQUIRE(planned.cells.size() == 3);
  for (const Cell& cell : planned.cells)
    CHECK(means_of(cell, movers) == Means::image);
  order.means = Means::path;
  const Plan on_paths = plan(suite_with_all(), movers, order, matching_of_movers());
  CHECK(on_paths.cells.empty());
  CHECK(reasons(on_paths) == Strings{"*~far~a: no path: it runs only from an image", "*~a~a: no path: it runs only from an image",
                                     "*~a~a: no path: it runs only from an image", "*~b~a: no shared version"});
}

TEST_CASE("tests that run together run alone when they are asked for") {
  PlanOrder order;
  order.selection.roles["relay"] = {"far"};
  const auto planned = [&] { return ids(plan(suite_with_all(), movers, order, matching_of_movers())); };
  const std::string where = "~far~a~endpoint=remote-fast";
  CHECK(planned() == Strings{"all" + where});
  order.selection.per_test = true;
  CHECK(planned() == Strings{"one" + where, "two" + where});
  order.selection.per_test = false;
  order.selection.tests = {"t*"};
  CHECK(planned() == Strings{"two" + where});
  order.selection.tests = {"*"};
  CHECK(planned() == Strings{"one" + where, "two" + where});
  order.selection.tests = {"all"};
  CHECK(planned() == Strings{"all" + where});
  order.selection.tests = {"all", "one"};
  CHECK(planned() == Strings{"one" + where, "all" + where});
  order.selection.tests.clear();
  order.selection.tags = {"slow"};
  CHECK(planned() == Strings{"two" + where});
}

TEST_CASE("selections narrow a matching, and say what they left out") {
  PlanOrder order;
  Selection& selection = order.selection;
  const auto planned = [&] { return plan(suite_with_all(), movers, order, matching_of_movers()); };
  SECTION("by what a match says of itself") {
    selection.params["transport"] = {"slow"};
    CHECK(ids(planned()) == Strings{"all~a~a~endpoint=remote-slow"});
    CHECK(reasons(planned()) ==
          Strings{"*~far~a: filtered: endpoint=remote-fast", "*~a~a: filtered: endpoint=here", "*~b~a: no shared version"});
    selection.params["transport"] = {"!slow"};
    selection.params["endpoint"] = {"remote-*"};
    CHECK(ids(planned()) == Strings{"all~far~a~endpoint=remote-fast"});
    CHECK(unknown_params(suite_with_all(), selection, matching_of_movers()).empty());
    selection.params["trans"] = {"slow"};
    CHECK(unknown_params(suite_with_all(), selection, matching_of_movers()) == Strings{"trans"});
    selection.params.clear();
    selection.set["endpoint"] = "here";
    CHECK(ids(planned()) == Strings{"all~a~a~endpoint=here"});
    CHECK(unknown_params(suite_with_all(), selection, matching_of_movers()).empty());
  }
  SECTION("by where roles run") {
    selection.remote = Selection::Remote::no;
    CHECK(ids(planned()) == Strings{"all~a~a~endpoint=here"});
    selection.remote = Selection::Remote::only;
    CHECK(ids(planned()) == Strings{"all~far~a~endpoint=remote-fast", "all~a~a~endpoint=remote-slow"});
  }
  SECTION("by implementation: a cast is told once") {
    selection.roles["relay"] = {"!a"};
    CHECK(ids(planned()) == Strings{"all~far~a~endpoint=remote-fast"});
    CHECK(reasons(planned()) == Strings{"*~a~a: filtered", "*~b~a: no shared version"});
  }
}

TEST_CASE("other roles are played by the driver's implementation, or by the image they name") {
  Suite suite = suite_of({"a"});
  RoleSpec relay;
  relay.name = "relay";
  suite.specs[0].roles.insert(suite.specs[0].roles.begin(), relay);
  const Plan planned = plan(suite, {image("go"), image("js")}, PlanOrder{});
  CHECK(planned.cells[1].id == "a~go~js~js");
  CHECK(cast_in(planned.cells[1].cast, "relay") == "js");
  suite.specs[0].roles[0].image = "debian:12";
  const Plan with_image = plan(suite, {image("go")}, PlanOrder{});
  CHECK(cast_in(with_image.cells[0].cast, "relay") == "debian:12");
}

TEST_CASE("cell ids are stable, short and safe as file names") {
  CHECK(cell_id("a", {{"worker", "x"}, {"driver", "y"}}, {{"k", "v"}}) == "a~x~y~k=v");
  const std::string odd = cell_id("a", {{"worker", "x"}}, {{"k", "1/2"}});
  CHECK(odd.substr(0, 10) == "a~x~k=1_2-");
  CHECK(odd != cell_id("a", {{"worker", "x"}}, {{"k", "1_2"}}));
  const std::string long_id = cell_id(std::string(500, 'a'), {}, {});
  CHECK(long_id.size() == 120);
  CHECK(long_id != cell_id(std::string(501, 'a'), {}, {}));
}

TEST_CASE("binding fills in what a cell says") {
  Suite suite = suite_of({"link"});
  Spec& spec = suite.specs[0];
  spec.params = {Param{"hold", {"5s"}}};
  spec.timeout = "{param.hold}";
  spec.roles[0].command = {"th-test", "{test}", "{role}", "{param.hold}", "{\"a\": 1}"};
  spec.roles[0].env["HOLD"] = "for {param.hold}";
  Occurs occurs;
  occurs.event.keys = {{"ro", "\"worker\""}, {"in.hold", "\"{param.hold}\""}, {"in.n", "3"}};
  occurs.within = "{param.hold}";
  spec.expect.push_back(Condition{occurs, "text"});
  const auto bound = bind_script(spec, Cell{"", "t", {}, {{"hold", "2m 30s"}}, {}}, suite.rules);
  CHECK(std::get<BindFault>(bound).what.find("timeout \"2m 30s\": ") == 0);

  const auto script = std::get<Script>(bind_script(spec, Cell{"", "t", {}, {{"hold", "2m30s"}}, {}}, suite.rules, 2));
  CHECK(script.timeout == std::chrono::minutes(5));
  CHECK(script.roles[0].command == Strings{"th-test", "link", "worker", "2m30s", "{\"a\": 1}"});
  CHECK(script.roles[0].env.at("HOLD") == "for 2m30s");
  const auto& rule = std::get<Occurs>(script.expect[0].condition.rule);
  CHECK(rule.event.keys[1].second == "\"2m30s\"");
  CHECK(rule.event.keys[2].second == "3");
  CHECK(script.expect[0].within == std::chrono::seconds(150));
}

TEST_CASE("a timeout that says nothing is ten minutes, one of microseconds is still one") {
  Suite suite = suite_of({"a"});
  const auto timeout = [&](const std::string& text) {
    suite.specs[0].timeout = text;
    return std::get<Script>(bind_script(suite.specs[0], Cell(), suite.rules)).timeout;
  };
  CHECK(timeout("") == std::chrono::minutes(10));
  CHECK(timeout("0") == std::chrono::minutes(10));
  CHECK(timeout("-3s") == std::chrono::minutes(10));
  CHECK(timeout("250us") == std::chrono::milliseconds(1));
  CHECK(timeout("1h2m3.5s") == std::chrono::milliseconds(3'723'500));
}

TEST_CASE("labels of a cell fill templates in; a variable that stands for nothing is not set") {
  Suite suite;
  suite.rules.role_order = {"relay", "client"};
  suite.rules.negotiated = {Negotiated{"draft", {"draft"}, "{label.draft|}"}};
  Spec spec;
  spec.name = "setup";
  for (const char* role : {"relay", "client"}) {
    spec.roles.emplace_back();
    spec.roles.back().name = role;
  }
  spec.roles[1].env = {
      {"URL", "{relay.url|https://relay:4443}"}, {"TEST", "{testcase}"}, {"DRAFT", "{label.draft|}"}, {"TEXT", "{label.none|} "}};
  const auto bound = [&](const Labels& labels) {
    return std::get<Script>(bind_script(spec, Cell{"", "setup", {}, {}, labels}, suite.rules));
  };
  using Env = std::map<std::string, std::string>;

  CHECK(bound({}).roles.at(1).env == Env{{"URL", "https://relay:4443"}, {"TEST", "setup"}, {"TEXT", " "}});
  CHECK(bound({}).parts == std::vector<TestPart>{{"setup", {}}});
  const Script remote = bound({{"relay.url", "moqt://far"}, {"relay.at", "remote"}, {"draft", "draft-18"}});
  REQUIRE(remote.roles.size() == 1);
  CHECK(remote.roles[0].env == Env{{"URL", "moqt://far"}, {"TEST", "setup"}, {"DRAFT", "draft-18"}, {"TEXT", " "}});
  CHECK(remote.rules.negotiated[0].predicted == "draft-18");
  spec.parts = {{"setup", {}}, {"more", {}}};
  CHECK(bound({}).roles.at(1).env.count("TEST") == 0);
  CHECK(bound({}).parts == spec.parts);
}
