#include "reporters/failure_kinds.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace interoper;

namespace {

CellRecord failed(const std::string& test, const std::string& blamed, const std::string& message) {
  CellRecord cell;
  cell.cell.test = test;
  cell.verdict = Verdict::failed;
  cell.reason = "assert";
  cell.message = message;
  if (!blamed.empty()) cell.blame = Blame{"worker", blamed, 1, 7};
  return cell;
}

std::vector<std::size_t> sizes(const std::vector<CellRecord>& cells, Across across) {
  std::vector<const CellRecord*> places;
  for (const CellRecord& cell : cells)
    places.push_back(&cell);
  std::vector<std::size_t> sizes;
  for (const FailureKind& kind : failure_kinds(places, across))
    sizes.push_back(kind.cells);
  return sizes;
}

using Sizes = std::vector<std::size_t>;

}  // namespace

TEST_CASE("one fault in many cells is one kind, whatever values it shows") {
  const std::vector<CellRecord> cells = {
      failed("a", "go", "assert 1 differs: driver has \"x\" (event 25), worker has 'X'"),
      failed("a", "go", "assert 2 differs: driver has \"y z\" (event 117), worker has ''"),
      failed("b", "go", "assert 1 differs: driver has \"\" (event 3), worker has 'Y'"),
  };
  CHECK(sizes(cells, Across::tests) == Sizes{3});
  CHECK(sizes(cells, Across::one_test) == Sizes{2, 1});
}

TEST_CASE("another verdict, reason, blame or sentence is another kind") {
  std::vector<CellRecord> cells(4, failed("a", "go", "worker exited with 1"));
  cells[1].verdict = Verdict::error;
  cells[2].reason = "exited";
  cells.push_back(failed("a", "js", "worker exited with 1"));
  cells.push_back(failed("a", "", "worker exited with 1"));
  cells.push_back(failed("a", "go", "worker ended with 1"));
  CHECK(sizes(cells, Across::tests) == Sizes{2, 1, 1, 1, 1, 1});
}

TEST_CASE("a flaky cell says what went wrong before it passed") {
  const auto flaky = [](const std::string& before) {
    CellRecord cell;
    cell.verdict = Verdict::passed;
    cell.flaky = true;
    cell.attempts.resize(2);
    cell.attempts[0].judgement.verdict = Verdict::failed;
    cell.attempts[0].judgement.message = before;
    cell.attempts[1].judgement.verdict = Verdict::passed;
    return cell;
  };
  const std::vector<CellRecord> cells = {flaky("exited with 1"), flaky("ran out of time"), flaky("exited with 3")};
  CHECK(sizes(cells, Across::tests) == Sizes{2, 1});
  CHECK(kind_indices({&cells[0], &cells[1], &cells[2]}, Across::tests) == std::vector<std::size_t>{0, 1, 0});
}

TEST_CASE("a quote that nothing closes leaves the sentence as it is") {
  CHECK(sizes({failed("a", "", "cannot find it's file"), failed("a", "", "cannot find it's place")}, Across::tests) == Sizes{1, 1});
  CHECK(sizes({}, Across::tests).empty());
}
