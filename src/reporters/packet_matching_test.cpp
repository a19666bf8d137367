#include "reporters/packet_matching.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <set>

using namespace interoper;

namespace {

constexpr std::uint32_t driver = 0, worker = 1, relay = 2;

// "d1 w1 d2": the driver (d), the worker (w) or the relay (r) tells of packet 1: a capital letter sends it, a small one receives it.
std::vector<Sighting> sightings(const std::string& story) {
  std::vector<Sighting> all;
  for (std::size_t i = 0; i + 1 < story.size(); i += 3) {
    const char who = static_cast<char>(story[i] | 0x20);
    const std::uint32_t role = who == 'd' ? driver : who == 'w' ? worker : relay;
    all.push_back({all.size(), 0, role, {static_cast<std::uint64_t>(story[i + 1]), 7}, story[i] < 'a'});
  }
  return all;
}

// "0>1 2>3 duplicate; lost 4; unknown 5"
std::string told(const std::string& story) {
  const Packets packets = match_packets(sightings(story));
  std::string out;
  for (const Arrow& arrow : packets.arrows) {
    out += (out.empty() ? "" : " ") + std::to_string(arrow.sent) + ">" + std::to_string(arrow.received);
    if (arrow.duplicate) out += "d";
    if (arrow.reordered) out += "r";
  }
  for (const Sighting& lost : packets.lost)
    out += "; lost " + std::to_string(lost.seq);
  for (const Sighting& unknown : packets.unknown)
    out += "; unknown " + std::to_string(unknown.seq);
  return out;
}

}  // namespace

TEST_CASE("packets are found again by content") {
  CHECK(told("").empty());
  CHECK(told("D1 w1 D2 w2") == "0>1 2>3");
  CHECK(told("D1 W2 w1 d2") == "0>2 1>3");
  CHECK(told("D1 D2 w2") == "1>2; lost 0");
  CHECK(told("w1") == "; unknown 0");
  CHECK(told("D1 d1") == "; lost 0; unknown 1");  // nobody receives what he sent himself
}

TEST_CASE("a second receipt of what was sent once is a duplicate") {
  CHECK(told("D1 w1 w1 w1") == "0>1 0>2d 0>3d");
  CHECK(told("D1 w1 w1 D1 w1") == "0>1 0>2d 3>4");
}

TEST_CASE("what was sent again and came once is the last sending before it") {
  CHECK(told("D1 D1 w1") == "1>2; lost 0");
  CHECK(told("D1 D1 D1 w1 w1") == "1>3 2>4; lost 0");
  CHECK(told("D1 w1 D1") == "0>1; lost 2");
  CHECK(told("D1 D1 w1 w1") == "0>2 1>3");
}

TEST_CASE("a packet is reordered when one that was sent after it came before it") {
  CHECK(told("D1 D2 D3 w2 w1 w3") == "0>4r 1>3 2>5");
  CHECK(told("D1 D2 D3 w3 w1 w2") == "0>4r 1>5r 2>3");
  CHECK(told("D1 W2 d2 w1") == "0>3 1>2");  // the other direction has an order of its own
}

TEST_CASE("a receipt can be told before its sending") { CHECK(told("w1 D1") == "1>0"); }

TEST_CASE("a relay that passes on what it received stands between") {
  CHECK(told("D1 r1 R1 w1") == "0>1 2>3");
  CHECK(told("D1 r1 R1") == "0>1; lost 2");
}

TEST_CASE("counts say the same in words") {
  const Packets packets = match_packets(sightings("D1 D2 D3 D4 w2 w1 w1 w4 W9"));
  REQUIRE(packets.counts.size() == 2);
  CHECK(packet_words(packets.counts[0], "datagram", "driver") ==
        "datagram: 4 sent by driver, 3 arrived, 1 lost, 1 duplicated, 1 reordered");
  CHECK(packet_words(packets.counts[1], "datagram", "worker") == "datagram: 1 sent by worker, 0 arrived, 1 lost");
  CHECK(packet_words({0, driver, 5, 5, 0, 0, 0, 0}, "datagram", "driver") == "datagram: 5 sent by driver, all arrived");
  CHECK(packet_words({0, worker, 0, 0, 0, 0, 0, 2}, "datagram", "worker") == "datagram: worker received 2 that nobody told of sending");
}

// A hop that loses, duplicates and reorders packets of which each is another: exactly what it did is found.
TEST_CASE("what a hop does to numbered packets is found exactly") {
  std::mt19937 random(41);  // any seed
  const auto one_in = [&random](unsigned n) { return random() % n == 0; };
  for (int round = 0; round < 200; ++round) {
    std::vector<Sighting> all;
    std::vector<std::uint64_t> held;
    std::set<std::uint64_t> lost, duplicated, reordered;
    std::uint64_t latest = 0;
    const auto arrive = [&](std::uint64_t number) {
      all.push_back({all.size(), 0, worker, {number, 0}, false});
      if (number < latest) reordered.insert(number);
      latest = std::max(latest, number);
      if (one_in(8)) {
        all.push_back({all.size(), 0, worker, {number, 0}, false});
        duplicated.insert(number);
      }
    };
    for (std::uint64_t number = 1; number <= 60; ++number) {
      all.push_back({all.size(), 0, driver, {number, 0}, true});
      if (one_in(6)) {
        lost.insert(number);
      } else if (one_in(5)) {
        held.push_back(number);
      } else {
        arrive(number);
        for (const std::uint64_t late : held)
          arrive(late);
        held.clear();
      }
    }
    for (const std::uint64_t late : held)
      arrive(late);

    const Packets packets = match_packets(all);
    const auto number_of = [&](std::uint64_t seq) { return all[seq].key.first; };
    std::set<std::uint64_t> found_lost, found_duplicated, found_reordered;
    for (const Sighting& one : packets.lost)
      found_lost.insert(one.key.first);
    for (const Arrow& arrow : packets.arrows) {
      CHECK(number_of(arrow.sent) == number_of(arrow.received));
      if (arrow.duplicate) found_duplicated.insert(number_of(arrow.sent));
      if (arrow.reordered) found_reordered.insert(number_of(arrow.sent));
    }
    CHECK(found_lost == lost);
    CHECK(found_duplicated == duplicated);
    CHECK(found_reordered == reordered);
  }
}
