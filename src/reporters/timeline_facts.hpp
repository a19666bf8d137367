// What can be known of a recorded timeline without showing it: when each event happened, in which role, of which type, which objects it
// speaks of, and which packets went from role to role. One pass over the file; some forty bytes an event are kept, the lines stay on disk.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "model/spec.hpp"
#include "reporters/packet_matching.hpp"

namespace interoper {

// An endpoint, an exchange, a channel, a packet …: what one role calls by one number.
struct TimelineObject {
  static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();
  std::uint32_t kind = 0;  // index into ObjectKinds
  std::uint32_t role = 0;
  std::uint64_t id = 0;
  std::uint32_t parent = none;  // the object around it, of the innermost kind that was told together with it
};

struct TimelineFacts {
  std::vector<std::string> roles;  // in the order in which they are first seen; "" stands for events of no role
  std::vector<std::string> types;

  // One entry an event. `Packets` and all that follows speak of events by their position here, which in a timeline as interoper
  // writes it is their `seq`.
  std::vector<std::int64_t> us;           // never decreases
  std::vector<std::uint32_t> role;        // index into `roles`
  std::vector<std::uint32_t> type;        // index into `types`
  std::vector<std::uint64_t> seq;         // empty when every event's seq is its position
  std::vector<std::uint64_t> offset;      // where its line begins in the file; one more than there are events: the end of the last
  std::vector<std::uint32_t> refs_begin;  // where its objects begin in `refs`; one more than there are events
  std::vector<std::uint32_t> refs;        // indices into `objects`
  std::vector<TimelineObject> objects;    // in the order in which they are first spoken of
  std::vector<std::string> names;         // of the objects; empty when nobody told one

  Packets packets;

  bool part = false;  // more events stand in the file than were asked for; `packets` is empty, because who sees a part knows no fates
  std::uint64_t faulty = 0;  // lines that are no JSON object, and are left out
  std::string trouble;       // the file could not be read, or not to its end: a sentence
  std::size_t size() const { return us.size(); }
};

constexpr std::uint64_t all_events = std::numeric_limits<std::uint64_t>::max();

// Of the first `most` events. Nothing throws: what stands in the file is what an untrusted process said.
TimelineFacts read_facts(const std::filesystem::path& timeline, const std::vector<ObjectKind>& objects, const std::vector<MatchRule>& match,
                         std::uint64_t most = all_events);

// The same piece by piece, for who has others to serve meanwhile. `objects` and `match` must outlive it.
class FactsReading {
 public:
  FactsReading(const std::filesystem::path& timeline, const std::vector<ObjectKind>& objects, const std::vector<MatchRule>& match,
               std::uint64_t most = all_events);
  ~FactsReading();
  FactsReading(FactsReading&&) noexcept;

  // Reads a megabyte more. False when there is nothing more to read.
  bool step();
  // What was read, once.
  TimelineFacts take();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace interoper
