// Moments as text, always UTC: RFC 3339 with milliseconds in reports, and a form that sorts and fits into file names.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace interoper {

// "2026-11-20T22:19:21.123Z"; parts of a millisecond are cut off. Years 0000 to 9999.
std::string rfc3339(std::chrono::system_clock::time_point moment);

// Also with more or fewer digits of a second, with `+01:00` instead of `Z`, and with a small `t` or `z`. Nothing for other texts.
std::optional<std::chrono::system_clock::time_point> parse_rfc3339(std::string_view text);

// "20261120-221921", for the names of runs.
std::string name_stamp(std::chrono::system_clock::time_point moment);

}  // namespace interoper
