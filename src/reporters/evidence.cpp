#include "reporters/evidence.hpp"

#include "reporters/brief.hpp"
#include "reporters/timeline_reading.hpp"

namespace interoper {
namespace {

// Enough that what the blamed role said last stands among them, few enough that a timeline of a million events is read quickly.
constexpr std::uint64_t looked_back = 4096;

std::vector<std::string> read_around(const std::filesystem::path& file, const Blame& blame) {
  LastEvents last;
  std::uint64_t position = 0;  // a line's seq, in every timeline that interoper wrote
  read_timeline(file, [&](std::string_view line) {
    const std::uint64_t here = position++;
    if (here + looked_back >= blame.seq) last.add(recorded_event(line));
    return here < blame.seq || here - blame.seq < LastEvents::most_behind;
  });
  return last.around(blame, Style{});
}

}  // namespace

const std::vector<std::string>& Evidence::around(const AttemptRecord& attempt) {
  const auto [known, is_new] = known_.try_emplace(attempt.log);
  if (!is_new || !attempt.judgement.blame) return known->second;
  if (const auto file = timeline_file(recording_, attempt)) known->second = read_around(*file, *attempt.judgement.blame);
  return known->second;
}

}  // namespace interoper
