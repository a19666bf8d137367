#include "inspector/site.hpp"

#include <catch2/catch.hpp>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "inspector/markdown.hpp"
#include "inspector/page.hpp"
#include "reporters/recorder.hpp"
#include "reporters/sample_test.hpp"

using namespace interoper;
using Json = nlohmann::json;
namespace fs = std::filesystem;

namespace {

// The sample run, recorded; a site over it.
struct Recorded {
  Recorded() : recorder(folder.path(), claim_run_folder(folder.path(), "run")) {
    tell_sample(recorder);
    site.emplace(open_recording(recorder.folder()));
  }
  const CellRecord& cell() const { return site->recording().run.cells.front(); }
  std::string where() const { return "cell=" + cell().cell.id + "&attempt=1"; }
  std::vector<std::string> timeline() const {
    std::ifstream file(recorder.folder() / cell().attempts.front().log);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);)
      lines.push_back(line);
    return lines;
  }
  TestFolder folder;
  Recorder recorder;
  std::optional<Site> site;
};

}  // namespace

TEST_CASE("the site serves the report and what the page wants beside it") {
  Recorded recorded;
  const Json report = Json::parse(recorded.site->answer("/report.json").body);
  CHECK(report["schema"] == "interoper.report/1");
  const Json about = Json::parse(recorded.site->answer("/about.json").body);
  CHECK(about["origin"] == "report");
  CHECK(about["problems"].empty());
  CHECK(about["descriptions"].size() == report["tests"].size());
  for (const Json& cell : report["cells"]) {
    const bool troubled =
        cell["flaky"] == true || cell["verdict"] == "failed" || cell["verdict"] == "error" || cell["verdict"] == "aborted";
    CHECK(about["alike"].contains(cell["id"].get<std::string>()) == troubled);
  }
  CHECK(recorded.site->answer("/").body.find("<!doctype html>") == 0);
  for (const char* target : {"/nothing", "/../report.json", "/facts", "/facts?cell=x&attempt=1", "/lines?cell=..&attempt=1",
                             "/line?attempt=-1", "", "/search?%"})
    CHECK(recorded.site->answer(target).status == 404);
}

TEST_CASE("packets are found again as the test says, and not only its suite") {
  Recorded recorded;
  Recording recording = recorded.site->recording();
  recording.run.tests[recorded.cell().cell.test].header =
      R"({"match": {"of its own": {"sent": {"ty": "a"}, "received": {"ty": "b"}, "by": ["in.x"]}}})";
  Site site(recording);
  CHECK(site.answer("/facts?" + recorded.where()).body.find("\"of its own\"") != std::string::npos);
  CHECK(recorded.site->answer("/facts?" + recorded.where()).body.find("\"of its own\"") == std::string::npos);
}

TEST_CASE("lines are served as they stand in the file, by pieces") {
  Recorded recorded;
  const std::vector<std::string> lines = recorded.timeline();
  const Json all = Json::parse(recorded.site->answer("/lines?" + recorded.where()).body);
  REQUIRE(all["lines"].size() == lines.size());
  for (std::size_t i = 0; i < lines.size(); ++i)
    CHECK(all["lines"][i] == lines[i]);
  const Json piece = Json::parse(recorded.site->answer("/lines?" + recorded.where() + "&from=2&to=4").body);
  CHECK(piece["from"] == 2);
  CHECK(piece["lines"].size() == 2);
  CHECK(recorded.site->answer("/line?" + recorded.where() + "&at=3").body == lines[3]);
  CHECK(recorded.site->answer("/line?" + recorded.where() + "&at=999").status == 404);
}

TEST_CASE("a long line is served by its head, and whole when asked for") {
  Recorded recorded;
  const fs::path file = recorded.recorder.folder() / recorded.cell().attempts.front().log;
  const std::size_t before = recorded.timeline().size();
  const std::string longest = R"({"ty":"log","in":{"line":")" + std::string(std::size_t{4} << 20U, 'x') + "\"}}";
  std::ofstream(file, std::ios::app) << longest << '\n';
  const Json lines = Json::parse(recorded.site->answer("/lines?" + recorded.where() + "&from=" + std::to_string(before)).body)["lines"];
  REQUIRE(lines.size() == 1);
  CHECK(lines[0]["bytes"].get<std::size_t>() >= longest.size());
  CHECK(lines[0]["head"].get<std::string>().size() == 4096);
  CHECK(recorded.site->answer("/line?" + recorded.where() + "&at=" + std::to_string(before)).body == longest);
}

TEST_CASE("search finds the events whose line holds the words") {
  Recorded recorded;
  const std::vector<std::string> lines = recorded.timeline();
  std::vector<std::size_t> expected;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].find("\"ready\"") != std::string::npos) expected.push_back(i);
  }
  REQUIRE_FALSE(expected.empty());
  CHECK(Json::parse(recorded.site->answer("/search?" + recorded.where() + "&q=READY").body)["found"].size() >= expected.size());
  CHECK(Json::parse(recorded.site->answer("/search?" + recorded.where() + "&q=no+such+words").body)["found"].empty());
  CHECK(Json::parse(recorded.site->answer("/search?" + recorded.where() + "&q=").body)["found"].empty());
}

TEST_CASE("facts are a header and columns that begin where it says") {
  Recorded recorded;
  const std::string bytes = recorded.site->answer("/facts?" + recorded.where()).body;
  REQUIRE(bytes.substr(0, 4) == "IOF1");
  std::uint32_t length = 0;
  std::memcpy(&length, bytes.data() + 4, sizeof length);
  CHECK(length % 8 == 0);
  const Json header = Json::parse(bytes.substr(8, length));
  const std::size_t events = recorded.timeline().size();
  CHECK(header["events"] == events);
  CHECK(header["columns"]["us"]["length"] == events);
  for (const auto& [name, column] : header["columns"].items()) {
    const std::size_t width = column["type"] == "f64" ? 8 : column["type"] == "u32" ? 4 : column["type"] == "u16" ? 2 : 1;
    CHECK(column["at"].get<std::size_t>() % 8 == 0);
    CHECK(8 + length + column["at"].get<std::size_t>() + column["length"].get<std::size_t>() * width <= bytes.size());
  }
}

TEST_CASE("of a long timeline the first events are served before all are read, and others are answered between its pieces") {
  Recorded recorded;
  const fs::path file = recorded.recorder.folder() / recorded.cell().attempts.front().log;
  {
    std::ofstream more(file, std::ios::app);
    const std::string log = R"({"ro":"worker","ty":"log","in":{"line":")" + std::string(1000, 'x') + "\"}}\n";
    for (int i = 0; i < 6000; ++i)
      more << log;
  }
  const std::size_t events = recorded.timeline().size();
  const auto header = [&](const std::string& target) {
    const std::string bytes = recorded.site->answer(target).body;
    std::uint32_t length = 0;
    std::memcpy(&length, bytes.data() + 4, sizeof length);
    return Json::parse(bytes.substr(8, length));
  };
  const std::string facts = "/facts?" + recorded.where();
  CHECK_FALSE(recorded.site->prepare(facts + "&first=100"));
  Json first = header(facts + "&first=100");
  CHECK(first["part"] == true);
  CHECK(first["events"] == 100);
  CHECK(recorded.site->prepare(facts));
  CHECK_FALSE(recorded.site->prepare("/lines?" + recorded.where() + "&from=0&to=10"));  // the part has them
  int pieces = 1;
  while (recorded.site->prepare(facts))
    ++pieces;
  CHECK(pieces > 3);
  Json all = header(facts);
  CHECK(all["part"] == false);
  CHECK(all["events"] == events);
  CHECK(header(facts + "&first=100")["part"] == true);  // sooner there than all, again
  CHECK(header(facts + "&first=100000")["part"] == false);
  CHECK_FALSE(recorded.site->prepare("/line?" + recorded.where() + "&at=" + std::to_string(events - 1)));
  CHECK_FALSE(recorded.site->prepare("/facts?cell=x&attempt=1"));
}

TEST_CASE("Markdown cannot bring scripts into the page") {
  const std::string html = html_of_markdown(
      "# T\n<script>alert(1)</script>\n\n<img src=x onerror=alert(1)> [a](javascript:alert(1)) ![b](data:text/html,x) `<i>`\n");
  CHECK(html.find("<script") == std::string::npos);
  CHECK(html.find("onerror") == std::string::npos);
  CHECK(html.find("javascript:") == std::string::npos);
  CHECK(html.find("data:text") == std::string::npos);
  CHECK(html.find("&lt;i&gt;") != std::string::npos);
  CHECK(html_escape("<a b=\"c\" d='e'>&") == "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;");
}
