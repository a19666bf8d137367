#include "reporters/evidence.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>

#include "reporters/sample_test.hpp"

using namespace interoper;

namespace {

// What is shown of a timeline in which the event `decided` is followed by so many of the same role.
std::vector<std::string> shown(std::uint64_t decided, std::uint64_t followed_by) {
  const TestFolder folder;
  {
    std::ofstream timeline(folder / "1.jsonl");
    for (std::uint64_t seq = 0; seq <= decided + followed_by; ++seq)
      timeline << sample_event(seq, static_cast<std::int64_t>(seq), "worker", R"("ty":"e)" + std::to_string(seq) + "\"").line << "\n";
  }
  Recording recording;
  recording.folder = folder.path();
  AttemptRecord attempt;
  attempt.log = "1.jsonl";
  attempt.judgement.blame = Blame{"worker", "x", 1, decided};
  Evidence evidence(recording);
  std::vector<std::string> types;
  for (const std::string& line : evidence.around(attempt))
    types.push_back(line.substr(0, 1) + line.substr(line.rfind('e')));
  return types;
}

}  // namespace

TEST_CASE("what led to the deciding event is shown, however much the role says behind it") {
  const std::vector<std::string> seven_before = {" e93", " e94", " e95", " e96", " e97", " e98", " e99", ">e100"};
  CHECK(shown(100, 0) == seven_before);
  std::vector<std::string> and_three_behind = seven_before;
  and_three_behind.insert(and_three_behind.end(), {" e101", " e102", " e103"});
  for (const std::uint64_t followed_by : {3, 32, 33, 40, 1000})
    CHECK(shown(100, followed_by) == and_three_behind);
}
