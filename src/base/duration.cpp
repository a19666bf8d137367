#include "base/duration.hpp"

#include <array>
#include <cstdint>
#include <limits>
#include <utility>

namespace interoper {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t nanoseconds;
};

// Longer names first: "ms" begins with "m".
constexpr std::array<Unit, 8> units{{
    {"ns", 1},
    {"us", 1'000},
    {"\xC2\xB5s", 1'000},  // U+00B5, the micro sign
    {"\xCE\xBCs", 1'000},  // U+03BC, the Greek letter mu
    {"ms", 1'000'000},
    {"s", 1'000'000'000},
    {"m", 60'000'000'000},
    {"h", 3'600'000'000'000},
}};

constexpr std::uint64_t longest = std::uint64_t{1} << 63;  // nanoseconds; Go lets exactly this through for negative durations

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool ends_unit(char c) { return is_digit(c) || c == '.'; }

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

std::string too_long(std::string_view text) { return quoted(text) + " is more than 292 years"; }

std::string no_duration(std::string_view text) { return quoted(text) + " is no duration"; }

// Go's parser, piece by piece: number, unit, number, unit, …
class Parser {
 public:
  explicit Parser(std::string_view text) : whole_(text), rest_(text) {}

  std::variant<std::chrono::nanoseconds, std::string> parse() {
    bool negative = false;
    if (!rest_.empty() && (rest_.front() == '-' || rest_.front() == '+')) {
      negative = rest_.front() == '-';
      rest_.remove_prefix(1);
    }
    if (rest_ == "0") return std::chrono::nanoseconds(0);
    if (rest_.empty()) return no_duration(whole_);
    std::uint64_t total = 0;
    while (!rest_.empty()) {
      std::string fault = piece(total);
      if (!fault.empty()) return fault;
    }
    if (negative) return std::chrono::nanoseconds(static_cast<std::int64_t>(std::uint64_t{0} - total));
    if (total >= longest) return too_long(whole_);
    return std::chrono::nanoseconds(static_cast<std::int64_t>(total));
  }

 private:
  // Adds one number with its unit to `total`; returns what is wrong, or nothing.
  std::string piece(std::uint64_t& total) {
    std::uint64_t number = 0;
    bool digits = false;
    while (!rest_.empty() && is_digit(rest_.front())) {
      digits = true;
      if (number > longest / 10) return too_long(whole_);
      number = number * 10 + static_cast<std::uint64_t>(rest_.front() - '0');
      if (number > longest) return too_long(whole_);
      rest_.remove_prefix(1);
    }
    const std::string_view fraction = take_fraction(digits);
    if (!digits) return no_duration(whole_);

    std::size_t length = 0;
    while (length < rest_.size() && !ends_unit(rest_[length]))
      ++length;
    const std::string_view name = rest_.substr(0, length);
    rest_.remove_prefix(length);
    if (name.empty()) return quoted(whole_) + " lacks a unit";
    for (const Unit& unit : units) {
      if (unit.name != name) continue;
      if (number > longest / unit.nanoseconds) return too_long(whole_);
      const std::uint64_t amount = number * unit.nanoseconds + fraction_of(fraction, unit.nanoseconds);
      if (amount > longest || total > longest - amount) return too_long(whole_);
      total += amount;
      return {};
    }
    return quoted(whole_) + " has an unknown unit " + quoted(name);
  }

  // The digits behind a dot; the dot alone is fine when a digit stands before it.
  std::string_view take_fraction(bool& digits) {
    if (rest_.empty() || rest_.front() != '.') return {};
    rest_.remove_prefix(1);
    std::size_t length = 0;
    while (length < rest_.size() && is_digit(rest_[length]))
      ++length;
    const std::string_view fraction = rest_.substr(0, length);
    rest_.remove_prefix(length);
    digits = digits || length != 0;
    return fraction;
  }

  // 0.FRACTION × unit, cut to nanoseconds. Digits that do not fit any more change nothing, as in Go.
  static std::uint64_t fraction_of(std::string_view fraction, std::uint64_t unit) {
    std::uint64_t number = 0;
    double scale = 1;
    for (const char c : fraction) {
      const std::uint64_t digit = static_cast<std::uint64_t>(c - '0');
      if (number > (longest - 1) / 10 || number * 10 + digit > longest) break;
      number = number * 10 + digit;
      scale *= 10;
    }
    return static_cast<std::uint64_t>(static_cast<double>(number) * (static_cast<double>(unit) / scale));
  }

  std::string_view whole_;
  std::string_view rest_;
};

// "5.2 s" from tenths.
std::string with_tenths(std::int64_t tenths, std::string_view unit) {
  std::string out = std::to_string(tenths / 10);
  if (tenths % 10 != 0) out += "." + std::to_string(tenths % 10);
  return out + " " + std::string(unit);
}

}  // namespace

std::variant<std::chrono::nanoseconds, std::string> parse_go_duration(std::string_view text) { return Parser(text).parse(); }

std::string human_duration(std::chrono::nanoseconds duration) {
  const std::int64_t nanoseconds = duration.count();
  if (nanoseconds < 0) {
    if (nanoseconds == std::numeric_limits<std::int64_t>::min()) duration += std::chrono::nanoseconds(1);
    return "-" + human_duration(-duration);
  }
  const auto rounded = [nanoseconds](std::int64_t unit) { return nanoseconds / unit + (nanoseconds % unit >= unit / 2 ? 1 : 0); };
  if (nanoseconds == 0) return "0 ms";
  if (nanoseconds < 1'000) return std::to_string(nanoseconds) + " ns";
  if (rounded(1'000) < 1'000) return std::to_string(rounded(1'000)) + " \xC2\xB5s";
  if (rounded(1'000'000) < 1'000) return std::to_string(rounded(1'000'000)) + " ms";
  if (rounded(100'000'000) < 600) return with_tenths(rounded(100'000'000), "s");
  const std::int64_t seconds = rounded(1'000'000'000);
  if (seconds < 3600) return std::to_string(seconds / 60) + " m" + (seconds % 60 == 0 ? "" : " " + std::to_string(seconds % 60) + " s");
  const std::int64_t minutes = rounded(60'000'000'000);
  return std::to_string(minutes / 60) + " h" + (minutes % 60 == 0 ? "" : " " + std::to_string(minutes % 60) + " m");
}

}  // namespace interoper
