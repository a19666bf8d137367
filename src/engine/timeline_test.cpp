#include "engine/timeline.hpp"

#include <catch2/catch.hpp>
#include <vector>

using namespace interoper;
using namespace std::chrono_literals;

TEST_CASE("what was read at once was received at once, and time never goes back") {
  std::vector<Event> events;
  Timeline timeline([&](const Event& event) { events.push_back(event); });
  Timeline::Moment later;
  later.monotonic += 5s;
  later.civil += 5s;
  Timeline::Moment earlier = later;
  earlier.monotonic -= 2s;
  earlier.civil -= 2s;
  timeline.add("worker", engine_draft("log"), later);
  timeline.add("worker", engine_draft("log"), later);
  timeline.add("driver", engine_draft("log"), earlier);  // read before, added behind
  REQUIRE(events.size() == 3);
  CHECK(events[0].us >= 4'900'000);
  CHECK(events[1].us == events[0].us);
  CHECK(events[1].ti == events[0].ti);
  CHECK(events[2].us == events[0].us);
  CHECK(events[2].seq == 2);
}
