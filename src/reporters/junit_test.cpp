#include "reporters/junit.hpp"

#include <catch2/catch.hpp>

#include "reporters/sample_test.hpp"

using namespace interoper;

namespace {

// The document's lines that begin with `element`, without indentation.
std::vector<std::string> elements(const RunRecord& run, const std::string& element) {
  Recording recording;
  recording.run = run;
  Evidence evidence(recording);
  std::string text;
  write_junit(recording, evidence, [&](std::string_view piece) { text += piece; });
  std::vector<std::string> found;
  for (std::size_t at = text.find("<" + element + " "); at != std::string::npos; at = text.find("<" + element + " ", at + 1))
    found.push_back(text.substr(at, text.find('>', at) + 1 - at));
  return found;
}

}  // namespace

TEST_CASE("attempts besides the one that counts") {
  RunRecord run = sample_run();
  run.cells.resize(1);
  CellRecord& cell = run.cells[0];
  CHECK(elements(run, "flakyFailure").size() == 1);
  CHECK(elements(run, "rerunFailure").empty());
  CHECK(elements(run, "failure").empty());

  cell.attempts[1].judgement = cell.attempts[0].judgement;
  cell.attempts[1].judgement.message = "once more";
  cell.attempts[1].judgement.blame->attempt = 2;
  fold_attempts(cell);
  CHECK(elements(run, "flakyFailure").empty());
  CHECK(elements(run, "failure") == std::vector<std::string>{"<failure type=\"timeout\" message=\"once more\">"});
  CHECK(elements(run, "rerunFailure") ==
        std::vector<std::string>{
            "<rerunFailure type=\"timeout\" message=\"attempt 1: the time ran out after 9 s: driver (local) had not exited\">"});
}

TEST_CASE("a test's counts are those of its cells") {
  CHECK(elements(sample_run(), "testsuites") ==
        std::vector<std::string>{"<testsuites name=\"local-20141124-142320\" tests=\"7\" failures=\"1\" errors=\"2\" skipped=\"2\" "
                                 "time=\"20.300\" timestamp=\"2014-11-24T14:23:20\">"});
  CHECK(elements(sample_run(), "testcase").size() == 7);
}
