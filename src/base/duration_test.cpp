#include "base/duration.hpp"

#include <catch2/catch.hpp>
#include <cstdint>
#include <limits>

using namespace interoper;

namespace {

// Nanoseconds as text, or the fault.
std::string parsed(std::string_view text) {
  const auto result = parse_go_duration(text);
  if (const auto* fault = std::get_if<std::string>(&result)) return *fault;
  return std::to_string(std::get<std::chrono::nanoseconds>(result).count());
}

std::string human(std::int64_t nanoseconds) { return human_duration(std::chrono::nanoseconds(nanoseconds)); }

}  // namespace

TEST_CASE("the contract's table of durations") {
  CHECK(parsed("1h2m3.5s") == "3723500000000");
  CHECK(parsed("250ms") == "250000000");
  CHECK(parsed("1.5h") == "5400000000000");
  CHECK(parsed(".5s") == "500000000");
  CHECK(parsed("5.s") == "5000000000");
  CHECK(parsed("1s1h") == "3601000000000");
  CHECK(parsed("+3s") == "3000000000");
  CHECK(parsed("-3s") == "-3000000000");
  CHECK(parsed("0") == "0");
  CHECK(parsed("") == "'' is no duration");
  CHECK(parsed("3") == "'3' lacks a unit");
  CHECK(parsed("3 s") == "'3 s' has an unknown unit ' s'");
  CHECK(parsed(" 3s") == "' 3s' is no duration");
  CHECK(parsed("3s ") == "'3s ' has an unknown unit 's '");
  CHECK(parsed("3S") == "'3S' has an unknown unit 'S'");
  CHECK(parsed("1d") == "'1d' has an unknown unit 'd'");
  CHECK(parsed("1e3s") == "'1e3s' has an unknown unit 'e'");
  CHECK(parsed(".s") == "'.s' is no duration");
  CHECK(parsed("1.2.3s") == "'1.2.3s' lacks a unit");
  CHECK(parsed("9223372037s") == "'9223372037s' is more than 292 years");
}

TEST_CASE("every unit of the interface") {
  CHECK(parsed("3ns") == "3");
  CHECK(parsed("250us") == "250000");
  CHECK(parsed("3\xC2\xB5s") == "3000");
  CHECK(parsed("3\xCE\xBCs") == "3000");
  CHECK(parsed("3ms") == "3000000");
  CHECK(parsed("3s") == "3000000000");
  CHECK(parsed("3m") == "180000000000");
  CHECK(parsed("3h") == "10800000000000");
}

TEST_CASE("the corners of Go's parser") {
  CHECK(parsed("-0") == "0");
  CHECK(parsed("+0") == "0");
  CHECK(parsed("0s") == "0");
  CHECK(parsed("00s") == "0");
  CHECK(parsed("-") == "'-' is no duration");
  CHECK(parsed("+") == "'+' is no duration");
  CHECK(parsed("--3s") == "'--3s' is no duration");
  CHECK(parsed("s") == "'s' is no duration");
  CHECK(parsed(".") == "'.' is no duration");
  CHECK(parsed("1s2") == "'1s2' lacks a unit");
  CHECK(parsed("1s-2s") == "'1s-2s' has an unknown unit 's-'");
  CHECK(parsed("1ms1ms") == "2000000");
  CHECK(parsed("0.3333333333333333333h") == "1200000000000");
  CHECK(parsed("0.9223372036854775807h") == "3320413933267");
  CHECK(parsed("0.1234567890123456789012345678901234567890s") == "123456789");
  CHECK(parsed("0.9ns") == "0");
  CHECK(parsed("9223372036854775807ns") == "9223372036854775807");
  CHECK(parsed("9223372036854775808ns") == "'9223372036854775808ns' is more than 292 years");
  CHECK(parsed("-9223372036854775808ns") == "-9223372036854775808");
  CHECK(parsed("9223372036s854775807ns") == "9223372036854775807");
  CHECK(parsed("9223372036s854775808ns") == "'9223372036s854775808ns' is more than 292 years");
  CHECK(parsed("99999999999999999999s") == "'99999999999999999999s' is more than 292 years");
  CHECK(parsed("2562048h") == "'2562048h' is more than 292 years");
  CHECK(parsed(std::string("3s\0", 3)) == std::string("'3s\0' has an unknown unit 's\0'", 30));
}

TEST_CASE("durations for people") {
  CHECK(human(0) == "0 ms");
  CHECK(human(7) == "7 ns");
  CHECK(human(250'000) == "250 \xC2\xB5s");
  CHECK(human(999'499) == "999 \xC2\xB5s");
  CHECK(human(999'500) == "1 ms");
  CHECK(human(850'000'000) == "850 ms");
  CHECK(human(999'600'000) == "1 s");
  CHECK(human(1'000'000'000) == "1 s");
  CHECK(human(5'200'000'000) == "5.2 s");
  CHECK(human(59'940'000'000) == "59.9 s");
  CHECK(human(59'950'000'000) == "1 m");
  CHECK(human(150'000'000'000) == "2 m 30 s");
  CHECK(human(3'599'600'000'000) == "1 h");
  CHECK(human(3'900'000'000'000) == "1 h 5 m");
  CHECK(human(-5'200'000'000) == "-5.2 s");
  CHECK(human(std::numeric_limits<std::int64_t>::max()) == "2562047 h 47 m");
  CHECK(human(std::numeric_limits<std::int64_t>::min()) == "-2562047 h 47 m");
}
