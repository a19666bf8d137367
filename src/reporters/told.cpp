#include "reporters/told.hpp"

#include <algorithm>
#include <map>

#include "base/sentence.hpp"

namespace interoper {
namespace {

constexpr std::size_t longest_bytes = 4000;

}  // namespace

std::string cut(std::string_view text) { return shortened(text, longest_bytes); }

std::string verdict_words(Verdict verdict, std::string_view reason) {
  return std::string(to_string(verdict)) + (reason.empty() ? "" : " (" + std::string(reason) + ")");
}

std::string blame_words(const Blame& blame) {
  return blame.role + " (" + blame.implementation + "), event " + std::to_string(blame.seq) + " of attempt " +
         std::to_string(blame.attempt);
}

std::string cast_text(const std::vector<Casting>& cast) {
  std::string text;
  for (const Casting& casting : cast)
    text += (text.empty() ? "" : " ") + casting.role + "=" + casting.implementation;
  return text;
}

std::vector<std::pair<Verdict, int>> counts_of(const Summary& summary) {
  std::vector<std::pair<Verdict, int>> counts = {
      {Verdict::passed, summary.passed},   {Verdict::failed, summary.failed}, {Verdict::unsupported, summary.unsupported},
      {Verdict::skipped, summary.skipped}, {Verdict::error, summary.error},   {Verdict::aborted, summary.aborted}};
  std::erase_if(counts, [](const auto& one) { return one.second == 0; });
  return counts;
}

std::string at_event(std::optional<std::uint64_t> seq) { return seq ? ", event " + std::to_string(*seq) : ""; }

const AttemptRecord* counting_attempt(const CellRecord& cell) {
  const AttemptRecord* counting = nullptr;
  for (const AttemptRecord& attempt : cell.attempts) {
    if (cell.blame && attempt.n == cell.blame->attempt) return &attempt;
    if (counting == nullptr || attempt.judgement.verdict == cell.verdict || counting->judgement.verdict != cell.verdict)
      counting = &attempt;
  }
  return counting;
}

std::vector<Verdict> test_verdicts(const CellRecord& cell) {
  std::vector<Verdict> verdicts;
  const AttemptRecord* attempt = counting_attempt(cell);
  if (attempt == nullptr) return verdicts;
  std::map<std::string_view, std::size_t> places;
  for (const NamedResult& result : attempt->judgement.results) {
    const auto [known, is_new] = places.emplace(result.name, verdicts.size());
    if (is_new) verdicts.push_back(result.verdict);
    if (result.verdict == Verdict::failed) verdicts[known->second] = Verdict::failed;
  }
  return verdicts;
}

std::string tests_words(const CellRecord& cell) {
  if (cell.verdict != Verdict::passed && cell.verdict != Verdict::failed) return "";
  const std::vector<Verdict> tests = test_verdicts(cell);
  const auto passed = static_cast<std::size_t>(std::count(tests.begin(), tests.end(), Verdict::passed));
  return passed == tests.size() ? "" : std::to_string(passed) + " of " + std::to_string(tests.size()) + " passed";
}

bool is_failure(Verdict verdict) { return verdict == Verdict::failed || verdict == Verdict::error || verdict == Verdict::aborted; }

}  // namespace interoper
