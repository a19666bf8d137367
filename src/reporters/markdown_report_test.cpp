#include "reporters/markdown_report.hpp"

#include <catch2/catch.hpp>

#include "reporters/sample_test.hpp"

using namespace interoper;

namespace {

std::string rendered(const RunRecord& run, std::size_t limit_bytes) {
  Recording recording;
  recording.run = run;
  Evidence evidence(recording);
  std::string text;
  write_markdown(recording, evidence, limit_bytes, [&](std::string_view piece) { text += piece; });
  return text;
}

}  // namespace

TEST_CASE("a Markdown report keeps its limit, and says what it leaves out") {
  RunRecord run = sample_run();
  for (int i = 0; i < 3000; ++i) {
    CellRecord cell = run.cells[1];
    cell.cell.test = "t" + std::to_string(i);
    cell.cell.id += std::to_string(i);
    run.cells.push_back(cell);
  }
  run.summary = summarise(run.cells);
  for (const std::size_t limit : {std::size_t{2000}, std::size_t{10'000}, comment_bytes}) {
    const std::string text = rendered(run, limit);
    CHECK(text.size() <= limit);
    CHECK(text.size() > limit * 3 / 4);
    CHECK(text.find("left out here") != std::string::npos);
  }
  const std::string whole = rendered(sample_run(), comment_bytes);
  CHECK(whole.find("left out") == std::string::npos);
}

TEST_CASE("hostile names in Markdown stay in code") {
  RunRecord run;
  CellRecord& cell = run.cells.emplace_back();
  cell.cell.test = "``` | @team #1";
  cell.cell.id = "`a` | <b> @team";
  cell.cell.cast = {{"worker", "a|b`"}, {"driver", "</code>\n# x"}};
  cell.verdict = Verdict::failed;
  cell.message = "````\n</details> @team";
  run.summary = summarise(run.cells);
  const std::string text = rendered(run, comment_bytes);
  CHECK(text.find("| `` a\\|b` `` | ✘ 0/1 |") != std::string::npos);
  CHECK(text.find("| `</code>\\n# x` |") != std::string::npos);
  CHECK(text.find("<code>`a` | &lt;b&gt; @team</code>") != std::string::npos);
  CHECK(text.find("`````text\n````\\n</details> @team\n`````\n") != std::string::npos);
}
