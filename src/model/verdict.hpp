// The six verdicts. They are a closed set (interface §7): a new one must break the build wherever it is not handled.
#pragma once

#include <optional>
#include <string_view>

namespace interoper {

enum class Verdict { passed, failed, unsupported, skipped, error, aborted };

// The word for a verdict as it stands in reports, on the console and in the docs.
std::string_view to_string(Verdict verdict);

// The verdict that `word` names; nothing for any other word.
std::optional<Verdict> verdict_from(std::string_view word);

// How bad a verdict is when several repetitions of one cell are folded into one: the worst counts.
// failed > error > aborted > skipped > unsupported > passed.
int badness(Verdict verdict);

}  // namespace interoper
