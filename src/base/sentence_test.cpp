#include "base/sentence.hpp"

#include <catch2/catch.hpp>

using namespace interoper;

TEST_CASE("a number comes with its noun") {
  CHECK(counted(0, "point") == "0 points");
  CHECK(counted(1, "point") == "1 point");
  CHECK(counted(2, "point") == "2 points");
  CHECK(counted(1, "entry", "entries") == "1 entry");
  CHECK(counted(2, "entry", "entries") == "2 entries");
}

TEST_CASE("a text that is too long is cut between characters") {
  CHECK(shortened("short", 5) == "short");
  CHECK(shortened("longer", 5) == "longe…");
  CHECK(shortened("aé€𝄞", 1) == "a…");
  CHECK(shortened("aé€𝄞", 2) == "a…");
  CHECK(shortened("aé€𝄞", 3) == "aé…");
  CHECK(shortened("aé€𝄞", 5) == "aé…");
  CHECK(shortened("aé€𝄞", 9) == "aé€…");
  CHECK(shortened("aé€𝄞", 10) == "aé€𝄞");
  CHECK(shortened("é", 0) == "…");
}

TEST_CASE("what is no UTF-8 is cut all the same") { CHECK(whole_characters("\x80\x80\x80\x80\x80\x80", 5) == 2); }
