#include "model/verdict.hpp"

#include <array>
#include <utility>

namespace interoper {
namespace {

constexpr std::array<std::pair<Verdict, std::string_view>, 6> words{{
    {Verdict::passed, "passed"},
    {Verdict::failed, "failed"},
    {Verdict::unsupported, "unsupported"},
    {Verdict::skipped, "skipped"},
    {Verdict::error, "error"},
    {Verdict::aborted, "aborted"},
}};

}  // namespace

std::string_view to_string(Verdict verdict) {
  for (const auto& [value, word] : words) {
    if (value == verdict) return word;
  }
  return "error";
}

std::optional<Verdict> verdict_from(std::string_view word) {
  for (const auto& [value, text] : words) {
    if (text == word) return value;
  }
  return std::nullopt;
}

int badness(Verdict verdict) {
  switch (verdict) {
    case Verdict::passed: return 0;
    case Verdict::unsupported: return 1;
    case Verdict::skipped: return 2;
    case Verdict::aborted: return 3;
    case Verdict::error: return 4;
    case Verdict::failed: return 5;
  }
  return 5;
}

}  // namespace interoper
