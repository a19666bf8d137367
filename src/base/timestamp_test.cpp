#include "base/timestamp.hpp"

#include <catch2/catch.hpp>

using namespace interoper;
using std::chrono::milliseconds;
using std::chrono::system_clock;

namespace {
system_clock::time_point at(std::int64_t unix_ms) { return system_clock::time_point(milliseconds(unix_ms)); }
}  // namespace

TEST_CASE("moments are RFC 3339, UTC, with milliseconds") {
  CHECK(rfc3339(at(0)) == "1970-01-01T00:00:00.000Z");
  CHECK(rfc3339(at(1416839000123)) == "2014-11-24T14:23:20.123Z");
  CHECK(rfc3339(at(-1)) == "1969-12-31T23:59:59.999Z");
  CHECK(rfc3339(at(951782400000)) == "2000-02-29T00:00:00.000Z");
  CHECK(name_stamp(at(1416839000999)) == "20141124-142320");
}

TEST_CASE("moments are read back") {
  for (const std::int64_t ms : {0LL, 1416839000123LL, -1LL, 4102444799999LL})
    CHECK(parse_rfc3339(rfc3339(at(ms))) == at(ms));
  CHECK(parse_rfc3339("2014-11-24T14:23:20Z") == at(1416839000000));
  CHECK(parse_rfc3339("2014-11-24t15:23:20.1234567+01:00") == at(1416839000123) + std::chrono::nanoseconds(456700));
  CHECK(parse_rfc3339("2014-11-24T12:53:20.5-01:30") == at(1416839000500));
  CHECK(parse_rfc3339("2016-12-31T23:59:60Z") == parse_rfc3339("2017-01-01T00:00:00Z"));
}

TEST_CASE("texts that are no moment are refused") {
  for (const char* text :
       {"", "2014", "2014-11-24", "2014-11-24T14:23:20", "2014-02-30T00:00:00Z", "2014-11-24T24:00:00Z", "2014-11-24T14:23:20.Z",
        "2014-11-24T14:23:20Zx", "2014-11-24T14:23:20+1:00", "9999-12-31T00:00:00Z", "0000-00-00T00:00:00Z"})
    CHECK_FALSE(parse_rfc3339(text).has_value());
}
