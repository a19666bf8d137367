// One thing that happened in one role at one time, as it stands on a timeline (interface §6).
#pragma once

#include <cstdint>
#include <string>

namespace interoper {

struct Event {
  std::uint64_t seq = 0;  // position in the timeline, from 0, no gaps
  std::int64_t ti = 0;    // Unix time, milliseconds
  std::int64_t us = 0;    // microseconds since the attempt began, monotonic
  std::string role;       // empty on events that concern no single role
  std::string type;       // the event's `ty`
  bool by_engine = false;
  bool is_addressed = false;  // it has a key `to`
  std::string id;             // its key `id` as JSON text; empty when it has none
  std::string line;           // the whole event as one line of JSON, without the newline: what a process sent is in it to the letter
};

}  // namespace interoper
