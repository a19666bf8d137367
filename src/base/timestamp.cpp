#include "base/timestamp.hpp"

#include <cstdio>

namespace interoper {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::hh_mm_ss;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using std::chrono::system_clock;
using std::chrono::year_month_day;

struct Fields {
  int year, month, day, hour, minute, second, millisecond;
};

Fields fields_of(system_clock::time_point moment) {
  const auto day = floor<days>(moment);
  const year_month_day date(day);
  const hh_mm_ss<milliseconds> time(floor<milliseconds>(moment - day));
  return {static_cast<int>(date.year()),
          static_cast<int>(static_cast<unsigned>(date.month())),
          static_cast<int>(static_cast<unsigned>(date.day())),
          static_cast<int>(time.hours().count()),
          static_cast<int>(time.minutes().count()),
          static_cast<int>(time.seconds().count()),
          static_cast<int>(time.subseconds().count())};
}

// Takes exactly `width` digits off the front of `text`.
bool take_digits(std::string_view& text, std::size_t width, int& number) {
  if (text.size() < width) return false;
  number = 0;
  for (const char c : text.substr(0, width)) {
    if (c < '0' || c > '9') return false;
    number = number * 10 + (c - '0');
  }
  text.remove_prefix(width);
  return true;
}

bool take_one_of(std::string_view& text, std::string_view characters) {
  if (text.empty() || characters.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

// The digits behind the point, as nanoseconds; further digits are ignored.
bool take_fraction(std::string_view& text, nanoseconds& fraction) {
  if (!take_one_of(text, ".")) return true;
  std::int64_t unit = 100'000'000;
  std::size_t digits = 0;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    fraction += nanoseconds((text.front() - '0') * unit);
    unit /= 10;
    text.remove_prefix(1);
    ++digits;
  }
  return digits > 0;
}

bool take_offset(std::string_view& text, minutes& offset) {
  if (take_one_of(text, "Zz")) return text.empty();
  const bool behind = !text.empty() && text.front() == '-';
  int hour = 0;
  int minute = 0;
  if (!take_one_of(text, "+-") || !take_digits(text, 2, hour) || !take_one_of(text, ":") || !take_digits(text, 2, minute)) return false;
  if (hour > 23 || minute > 59) return false;
  offset = (hours(hour) + minutes(minute)) * (behind ? -1 : 1);
  return text.empty();
}

}  // namespace

std::string rfc3339(system_clock::time_point moment) {
  const Fields f = fields_of(moment);
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", f.year, f.month, f.day, f.hour, f.minute, f.second,
                f.millisecond);
  return text;
}

std::string name_stamp(system_clock::time_point moment) {
  const Fields f = fields_of(moment);
  char text[64];
  std::snprintf(text, sizeof text, "%04d%02d%02d-%02d%02d%02d", f.year, f.month, f.day, f.hour, f.minute, f.second);
  return text;
}

std::optional<system_clock::time_point> parse_rfc3339(std::string_view text) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  nanoseconds fraction{0};
  minutes offset{0};
  const bool read = take_digits(text, 4, year) && take_one_of(text, "-") && take_digits(text, 2, month) && take_one_of(text, "-") &&
                    take_digits(text, 2, day) && take_one_of(text, "Tt ") && take_digits(text, 2, hour) && take_one_of(text, ":") &&
                    take_digits(text, 2, minute) && take_one_of(text, ":") && take_digits(text, 2, second) &&
                    take_fraction(text, fraction) && take_offset(text, offset);
  const year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                            std::chrono::day(static_cast<unsigned>(day))};
  // A leap second (60) counts as the first of the next minute. system_clock holds the years 1678 to 2261.
  if (!read || !date.ok() || year < 1700 || year > 2200 || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const auto whole = std::chrono::sys_days(date) + hours(hour) + minutes(minute) + seconds(second) - offset;
  return std::chrono::time_point_cast<system_clock::duration>(whole + fraction);
}

}  // namespace interoper
