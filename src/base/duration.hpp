// Go's duration syntax ("1h2m3.5s"), as test headers write it. Source: Go's time.ParseDuration; facts in the telehash contract.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <variant>

namespace interoper {

// The duration, or what is wrong with the text (lower case). "" is an error here: headers give it a meaning of its own.
// More than about 292 years (2^63 ns) is an error; fractions are cut to nanoseconds.
std::variant<std::chrono::nanoseconds, std::string> parse_go_duration(std::string_view text);

// For people: "850 ms", "5.2 s", "2 m 30 s", "1 h 5 m".
std::string human_duration(std::chrono::nanoseconds duration);

}  // namespace interoper
