// Words that all formats of a report share, so that they say the same thing in the same way.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/record.hpp"

namespace interoper {

// More than any run takes, few enough that sums of them are numbers: broken reports hold any.
constexpr std::int64_t most_told_ms = 4'000'000'000'000;

// At most about 4000 bytes of a message or name, cut between characters: a process may have written megabytes.
std::string cut(std::string_view text);

// "failed (exited)", "passed"
std::string verdict_words(Verdict verdict, std::string_view reason);

// "driver (telehash-js), event 15 of attempt 1"
std::string blame_words(const Blame& blame);

// "worker=local driver=mute"
std::string cast_text(const std::vector<Casting>& cast);

// The verdicts that cells have, and how many have each: in the order in which people are told.
std::vector<std::pair<Verdict, int>> counts_of(const Summary& summary);

// ", event 5"; empty when the end of the timeline decided.
std::string at_event(std::optional<std::uint64_t> seq);

// The attempt that gave the cell its verdict: the one that is blamed, else the last with this verdict, else the last. Null when none ran.
const AttemptRecord* counting_attempt(const CellRecord& cell);

// Of a cell that is a run of many tests, what each of them showed: one verdict for each name, in the order of their coming. A test that was
// reported more than once counts once, and has failed when one of its reports says so. Empty where the cell has no named results.
std::vector<Verdict> test_verdicts(const CellRecord& cell);

// "1 of 6 passed", of a cell that passed or failed and in which not all tests passed; else empty.
std::string tests_words(const CellRecord& cell);

bool is_failure(Verdict verdict);  // failed, error or aborted: what makes a run not green

}  // namespace interoper
