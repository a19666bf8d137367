// The lines of a role that speaks TAP -> events of the engine's, as the lines come. The lines themselves are on the timeline as `log`.
//
//   tap.plan         {"first": 1, "last": 6, "reason"?}         last < first: all is skipped
//   tap.point        {"n": 2, "ok": true, "name": "…", "directive"?: "skip"|"todo", "reason"?, "depth"?}
//   tap.diagnostics  {"n": 2, "data": {…}, "depth"?}            of the point with that number; or {"n", "raw", "fault"}: no YAML
//   tap.comment      {"key": "draft", "value": "draft-18"}      of comments that look so
//   tap.bail-out     {"reason"}
//   tap.anomaly      {"kind", "what", "fails": false}           what TAP does not allow; with `fails` the document cannot be believed
//   tap.end          {"points": 6, "complete": true}            the last of them, behind the role's `exited`
//
// `depth` is there in subtests only; a point decides for the subtests before it.
#pragma once

#include <functional>

#include "base/lines.hpp"
#include "base/tap.hpp"
#include "engine/intake.hpp"

namespace interoper {

class TapIntake {
 public:
  using Add = std::function<void(const Draft&)>;

  // `add` is called with each event.
  explicit TapIntake(Add add);
  TapIntake(const TapIntake&) = delete;
  TapIntake& operator=(const TapIntake&) = delete;

  void read(const LineSplitter::Line& line);
  // The role writes nothing more.
  void finish() { parser_.finish(); }
  // `tap.end`, after finish().
  Draft end() const;

 private:
  void tell(const TapToken& token) const;

  Add add_;
  TapParser parser_;
};

}  // namespace interoper
