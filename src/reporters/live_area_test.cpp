#include "reporters/live_area.hpp"

#include <catch2/catch.hpp>

using namespace interoper;

TEST_CASE("an area is drawn, drawn over, and taken away") {
  LiveArea area;
  CHECK(area.draw("", {{"one", 3}, {"two", 3}}, 80) == "one\x1b[K\ntwo\x1b[K");
  CHECK(area.is_drawn());
  CHECK(area.draw("", {{"one", 3}, {"two", 3}}, 80).empty());
  CHECK(area.draw("", {{"three", 5}}, 80) == "\r\x1b[1Athree\x1b[K\x1b[J");
  CHECK(area.draw("", {}, 80) == "\r\x1b[J");
  CHECK_FALSE(area.is_drawn());
  CHECK(area.draw("", {}, 80).empty());
}

TEST_CASE("text goes above the area") {
  LiveArea area;
  CHECK(area.draw("first\n", {}, 80) == "first\n");
  area.draw("", {{"one", 3}, {"two", 3}}, 80);
  CHECK(area.draw("text\n", {{"one", 3}}, 80) == "\r\x1b[1A\x1b[Jtext\none\x1b[K\x1b[J");
  CHECK(area.draw("last\n", {}, 80) == "\r\x1b[Jlast\n");
}

TEST_CASE("lines that a narrower terminal has broken are taken away whole") {
  LiveArea area;
  area.draw("", {{std::string(70, 'x'), 70}, {"two", 3}}, 80);
  CHECK(area.draw("", {}, 30) == "\r\x1b[3A\x1b[J");  // 70 columns are three rows of 30, and the second line is one
}
