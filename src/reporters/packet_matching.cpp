#include "reporters/packet_matching.hpp"

#include <algorithm>
#include <map>
#include <span>
#include <tuple>

namespace interoper {
namespace {

constexpr std::size_t none = static_cast<std::size_t>(-1);

// Gives the receipts of one content in one role to sendings: for each receipt the index of its sending, and whether it is a duplicate.
struct Given {
  std::size_t sending = none;
  bool duplicate = false;
};

// As many receipts as sendings, or more: in order.
std::vector<Given> give_in_order(const std::vector<const Sighting*>& sent, const std::vector<const Sighting*>& received) {
  std::vector<Given> given(received.size());
  std::size_t next = 0;
  for (std::size_t i = 0; i < received.size(); ++i) {
    const std::size_t left = received.size() - i;
    const bool must_wait = next < sent.size() && sent[next]->seq > received[i]->seq && next > 0 && left > sent.size() - next;
    if (next < sent.size() && !must_wait) {
      given[i].sending = next++;
    } else {
      given[i] = {next - 1, true};
    }
  }
  return given;
}

// Fewer receipts than sendings: from the last backwards, each to the last free sending before it; what then has none takes a later one.
std::vector<Given> give_to_the_last(const std::vector<const Sighting*>& sent, const std::vector<const Sighting*>& received) {
  std::vector<Given> given(received.size());
  std::size_t free = sent.size();  // sendings before this one are free
  for (std::size_t i = received.size(); i-- > 0;) {
    std::size_t sending = free;
    while (sending > 0 && sent[sending - 1]->seq > received[i]->seq)
      --sending;
    sending = std::max(sending, i + 1);  // leave one for each receipt before this
    given[i].sending = sending - 1;
    free = sending - 1;
  }
  return given;
}

bool same_content(const Sighting& a, const Sighting& b) { return a.rule == b.rule && a.key == b.key; }

// All sightings of one content.
void match_content(std::span<const Sighting* const> group, Packets& packets) {
  if (group.size() == 2 && group[0]->sent != group[1]->sent && group[0]->role != group[1]->role) {  // nearly all of them
    const Sighting& sending = *group[group[0]->sent ? 0 : 1];
    const Sighting& receipt = *group[group[0]->sent ? 1 : 0];
    packets.arrows.push_back({sending.seq, receipt.seq, sending.rule, sending.role, receipt.role, false, false});
    return;
  }
  std::vector<const Sighting*> arrived_of;  // sendings that arrived somewhere
  std::vector<std::uint32_t> receivers;
  for (const Sighting* sighting : group) {
    if (!sighting->sent && std::find(receivers.begin(), receivers.end(), sighting->role) == receivers.end())
      receivers.push_back(sighting->role);
  }
  for (const std::uint32_t role : receivers) {
    std::vector<const Sighting*> sent, received;
    for (const Sighting* sighting : group) {
      if (sighting->sent && sighting->role != role) sent.push_back(sighting);
      if (!sighting->sent && sighting->role == role) received.push_back(sighting);
    }
    if (sent.empty()) {
      for (const Sighting* sighting : received)
        packets.unknown.push_back(*sighting);
      continue;
    }
    const std::vector<Given> given = received.size() >= sent.size() ? give_in_order(sent, received) : give_to_the_last(sent, received);
    for (std::size_t i = 0; i < received.size(); ++i) {
      const Sighting& sending = *sent[given[i].sending];
      packets.arrows.push_back({sending.seq, received[i]->seq, sending.rule, sending.role, role, given[i].duplicate, false});
      if (!given[i].duplicate) arrived_of.push_back(&sending);
    }
  }
  std::sort(arrived_of.begin(), arrived_of.end());
  for (const Sighting* sighting : group) {
    if (sighting->sent && !std::binary_search(arrived_of.begin(), arrived_of.end(), sighting)) packets.lost.push_back(*sighting);
  }
}

// RFC 4737's definition: a packet is reordered when one that was sent after it had arrived before it.
void find_reordered(std::vector<Arrow>& arrows) {
  std::vector<std::pair<std::uint64_t, Arrow*>> arrivals;
  arrivals.reserve(arrows.size());
  for (Arrow& arrow : arrows) {
    if (!arrow.duplicate) arrivals.emplace_back(arrow.received, &arrow);
  }
  std::sort(arrivals.begin(), arrivals.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::map<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>, std::uint64_t> last_sent;
  for (const auto& [_, arrow] : arrivals) {
    std::uint64_t& last = last_sent[{arrow->rule, arrow->from, arrow->to}];
    arrow->reordered = arrow->sent < last;
    last = std::max(last, arrow->sent);
  }
}

void count(const std::vector<Sighting>& sightings, Packets& packets) {
  std::map<std::pair<std::uint32_t, std::uint32_t>, Packets::Count> counts;
  const auto of = [&](std::uint32_t rule, std::uint32_t role) -> Packets::Count& {
    Packets::Count& found = counts[{rule, role}];
    found.rule = rule;
    found.from = role;
    return found;
  };
  for (const Sighting& sighting : sightings) {
    if (sighting.sent) ++of(sighting.rule, sighting.role).sent;
  }
  for (const Arrow& arrow : packets.arrows) {
    Packets::Count& found = of(arrow.rule, arrow.from);
    found.duplicated += arrow.duplicate ? 1 : 0;
    found.reordered += arrow.reordered ? 1 : 0;
  }
  for (const Sighting& sighting : packets.lost)
    ++of(sighting.rule, sighting.role).lost;
  for (const Sighting& sighting : packets.unknown)
    ++of(sighting.rule, sighting.role).unknown;
  for (auto& [_, found] : counts) {
    found.arrived = found.sent - found.lost;
    packets.counts.push_back(found);
  }
}

}  // namespace

Packets match_packets(const std::vector<Sighting>& sightings) {
  // What is sorted by is kept beside the pointer: following it for each comparison would miss the cache a million times.
  struct Keyed {
    std::uint64_t key;
    const Sighting* sighting;
  };
  std::vector<Keyed> keyed;
  keyed.reserve(sightings.size());
  for (const Sighting& sighting : sightings)
    keyed.push_back({sighting.key.first, &sighting});
  std::sort(keyed.begin(), keyed.end(), [](const Keyed& a, const Keyed& b) {
    if (a.key != b.key) return a.key < b.key;
    const Sighting& left = *a.sighting;
    const Sighting& right = *b.sighting;
    return std::tie(left.rule, left.key, left.seq) < std::tie(right.rule, right.key, right.seq);
  });
  std::vector<const Sighting*> by_content;
  by_content.reserve(keyed.size());
  for (const Keyed& one : keyed)
    by_content.push_back(one.sighting);
  Packets packets;
  for (auto begin = by_content.begin(); begin != by_content.end();) {
    const auto end = std::find_if(begin, by_content.end(), [&](const Sighting* other) { return !same_content(**begin, *other); });
    match_content({begin, end}, packets);
    begin = end;
  }
  const auto by_seq = [](const Sighting& a, const Sighting& b) { return a.seq < b.seq; };
  std::sort(packets.lost.begin(), packets.lost.end(), by_seq);
  std::sort(packets.unknown.begin(), packets.unknown.end(), by_seq);
  std::sort(packets.arrows.begin(), packets.arrows.end(),
            [](const Arrow& a, const Arrow& b) { return std::tie(a.sent, a.received) < std::tie(b.sent, b.received); });
  find_reordered(packets.arrows);
  count(sightings, packets);
  return packets;
}

std::string packet_words(const Packets::Count& count, const std::string& rule, const std::string& from) {
  if (count.sent == 0) return rule + ": " + from + " received " + std::to_string(count.unknown) + " that nobody told of sending";
  std::string words = rule + ": " + std::to_string(count.sent) + " sent by " + from + ", ";
  words += count.lost == 0 ? "all arrived" : std::to_string(count.arrived) + " arrived, " + std::to_string(count.lost) + " lost";
  if (count.duplicated > 0) words += ", " + std::to_string(count.duplicated) + " duplicated";
  if (count.reordered > 0) words += ", " + std::to_string(count.reordered) + " reordered";
  if (count.unknown > 0) words += "; " + from + " received " + std::to_string(count.unknown) + " that nobody told of sending";
  return words;
}

}  // namespace interoper
