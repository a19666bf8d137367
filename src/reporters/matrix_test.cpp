#include "reporters/matrix.hpp"

#include <catch2/catch.hpp>

#include "reporters/told.hpp"

using namespace interoper;

namespace {

void add(RunRecord& run, const std::string& row, const std::string& column, Verdict verdict) {
  CellRecord& cell = run.cells.emplace_back();
  cell.cell.cast = {{"server", row}, {"client", column}, {"relay", "r"}};
  cell.verdict = verdict;
}

}  // namespace

TEST_CASE("a matrix of who understands whom") {
  RunRecord run;
  add(run, "openssl", "openssl", Verdict::passed);
  add(run, "openssl", "openssl", Verdict::passed);
  add(run, "openssl", "openssl", Verdict::unsupported);
  add(run, "openssl", "go", Verdict::passed);
  add(run, "openssl", "go", Verdict::failed);
  add(run, "go", "openssl", Verdict::unsupported);
  add(run, "\x1b[31m", "go", Verdict::error);
  CHECK(matrix_text(run, Style{}) ==
        "server \\ client  openssl  go\n"
        "openssl          ✔ 2      ✘ 1/2\n"
        "go               ○\n"
        "\\e[31m                    ! 0/1\n");
  CHECK(matrix_text(run, Style{false, false, 0}).find("ok") == std::string::npos);
  CHECK(matrix_text(run, Style{true, true, 0}).find("\x1b[36m✔ 2\x1b[0m      ") != std::string::npos);
  CHECK_FALSE(matrix_text(run, Style{false, true, 32}).empty());
  CHECK(matrix_text(run, Style{false, true, 20}).empty());
}

TEST_CASE("a pair has the sign of its worst verdict") {
  RunRecord run;
  add(run, "a", "c", Verdict::aborted);
  add(run, "a", "c", Verdict::passed);
  add(run, "a", "d", Verdict::skipped);
  add(run, "b", "c", Verdict::aborted);
  add(run, "b", "c", Verdict::error);
  add(run, "b", "d", Verdict::error);
  add(run, "b", "d", Verdict::failed);
  CHECK(matrix_text(run, Style{}) ==
        "server \\ client  c      d\n"
        "a                ■ 1/2  – 0/1\n"
        "b                ! 0/2  ✘ 0/2\n");
}

TEST_CASE("a list is no matrix") {
  RunRecord run;
  CHECK(matrix_text(run, Style{}).empty());
  add(run, "local", "go", Verdict::passed);
  add(run, "local", "js", Verdict::passed);
  CHECK(matrix_text(run, Style{}).empty());
  run.cells.emplace_back();
  CHECK(matrix_text(run, Style{}).empty());
}

TEST_CASE("of cells that are runs of many tests the tests are counted, and a run that failed is never green") {
  RunRecord run;
  const auto add = [&](const char* relay, const char* client, Verdict verdict, const std::vector<Verdict>& results) {
    CellRecord& cell = run.cells.emplace_back();
    cell.cell.cast = {{"relay", relay}, {"client", client}};
    cell.verdict = verdict;
    cell.attempts.emplace_back();
    for (const Verdict result : results) {
      cell.attempts.back().judgement.results.emplace_back();
      cell.attempts.back().judgement.results.back().name = std::to_string(cell.attempts.back().judgement.results.size());
      cell.attempts.back().judgement.results.back().verdict = result;
    }
  };
  using enum Verdict;
  add("a", "c", passed, {passed, passed, unsupported});
  add("a", "d", failed, {passed, failed, skipped});
  add("b", "c", failed, {passed, passed});  // it was killed after the last point
  add("b", "d", unsupported, {skipped, skipped});
  add("b", "e", error, {});
  Style style;
  style.utf8 = true;
  CHECK(matrix_text(run, style) ==
        "relay \\ client  c      d      e\n"
        "a               ✔ 2    ✘ 1/3\n"
        "b               ✘ 2/2  ○      ! 0/1\n");
}

TEST_CASE("what a run of many tests showed is told in numbers, and a test that was reported six times is one") {
  CellRecord cell;
  CHECK(tests_words(cell).empty());
  cell.verdict = Verdict::passed;
  const auto report = [&](const std::string& name, Verdict verdict) {
    if (cell.attempts.empty()) cell.attempts.emplace_back();
    NamedResult& result = cell.attempts.back().judgement.results.emplace_back();
    result.name = name;
    result.verdict = verdict;
  };
  report("one", Verdict::passed);
  CHECK(tests_words(cell).empty());
  report("one", Verdict::passed);
  report("two", Verdict::unsupported);
  report("three", Verdict::skipped);
  CHECK(tests_words(cell) == "1 of 3 passed");
  CHECK(matrix_field({&cell}, Style{true, true, 0}).ends_with(" 1/2"));
  report("one", Verdict::failed);
  CHECK(tests_words(cell) == "0 of 3 passed");
  cell.verdict = Verdict::unsupported;
  CHECK(tests_words(cell).empty());
}
