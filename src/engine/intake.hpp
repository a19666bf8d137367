// What a process wrote -> what stands on the timeline (interface §5, §6). A line that is a JSON object with a `ty` is an event; every
// other line is a `log`. Nothing that a process writes is lost, believed about itself (who, when), or able to break the run.
#pragma once

#include <string>
#include <string_view>

#include "base/lines.hpp"
#include "runtimes/runtime.hpp"

namespace interoper {

// An event that has not got its place in the timeline yet.
struct Draft {
  std::string type;
  std::string members;  // the other members as JSON text, each with a comma before it: `,"id": 7,"ty": "ready"`
  bool by_engine = false;
  bool is_addressed = false;  // as in Event
  std::string id;
};

// A line of a process. Keys that only the engine may set (seq, ti, us, ro, by) are dropped; all else stays as written.
Draft draft_of_line(Stream stream, const LineSplitter::Line& line);

// The same of a role whose lines are no events: always a `log`.
Draft log_of_line(Stream stream, const LineSplitter::Line& line);

// One of the engine's own events; `in` is a JSON object's text, or empty for none.
Draft engine_draft(std::string_view type, std::string_view in = {});

// Types that a process must not send: such an event is kept as a `log`, marked `"reserved": true`.
bool is_reserved_type(std::string_view type);

}  // namespace interoper
