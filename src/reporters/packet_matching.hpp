// Packets: what one role sent and another received, found again by content (docs/writing-specs.md, `match`). Pure: from sightings to
// packets, so that the page, the traces and whoever else tells of packets name the same ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace interoper {

// An event that tells of a packet. Equal content has equal keys; the key is a hash of 128 bits.
struct Sighting {
  std::uint64_t seq = 0;  // of the event
  std::uint32_t rule = 0;
  std::uint32_t role = 0;
  std::pair<std::uint64_t, std::uint64_t> key;
  bool sent = false;  // else received
};

// Two events of one packet: an arrow from one role to another.
struct Arrow {
  std::uint64_t sent = 0, received = 0;  // seq
  std::uint32_t rule = 0;
  std::uint32_t from = 0, to = 0;  // roles
  bool duplicate = false;          // it had arrived there before
  bool reordered = false;          // one that was sent after it had arrived there before
  bool operator==(const Arrow&) const = default;
};

struct Packets {
  std::vector<Arrow> arrows;      // by `sent`, then `received`
  std::vector<Sighting> lost;     // sendings that nobody received, by seq
  std::vector<Sighting> unknown;  // receipts of what nobody told of having sent, by seq

  // How many of each, for one rule and one direction.
  struct Count {
    std::uint32_t rule = 0;
    std::uint32_t from = 0;
    std::uint64_t sent = 0, arrived = 0, lost = 0, duplicated = 0, reordered = 0, unknown = 0;
  };
  std::vector<Count> counts;  // by rule, then role; `from` is the sender, but the receiver of what is unknown
};

// `sightings` in the order of their seq.
//
// For each content and each receiving role, receipts are given to the sendings of other roles. As many or more receipts than sendings:
// in order, and what is over is a duplicate of the last sending before it. Fewer: each to the last sending before it that is still free,
// because a packet is sent again when the first was lost. Two roles' clocks are one here, but a receipt can be told before its sending.
Packets match_packets(const std::vector<Sighting>& sightings);

// "datagram: 40 sent by driver, 38 arrived, 2 lost, 1 duplicated, 3 reordered". `rule` and `from` are names.
std::string packet_words(const Packets::Count& count, const std::string& rule, const std::string& from);

}  // namespace interoper
