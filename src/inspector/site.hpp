// A recorded run as a web site: which bytes answer which address (docs/inspector.md). No sockets here: server.hpp serves it, and
// single_file.hpp writes it down. Reads the disk when asked; what stands there is not trusted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/spec.hpp"
#include "reporters/recording.hpp"
#include "reporters/timeline_facts.hpp"

namespace interoper {

struct Answer {
  int status = 200;
  std::string type = "application/json";  // the content's
  std::string body;
};

class Site {
 public:
  explicit Site(Recording recording);

  // `target` as it stands in the request line: "/facts?cell=…&attempt=1".
  Answer answer(std::string_view target);
  // Reads some more of the timeline that this answer needs, a few milliseconds' worth. False when all of it is read: answer() does not
  // keep others waiting then.
  bool prepare(std::string_view target);

  const Recording& recording() const { return recording_; }
  // What the page wants to know beside the report: {"folder", "origin", "problems", "descriptions": test -> HTML,
  // "again": cell -> the command that runs it again, "alike": cell that did not go well -> the number of its kind of failure, "left_out",
  // "goes_on": the run has not ended}.
  // `left_out`: what the page cannot show, a sentence; empty when everything is at hand.
  std::string about(std::string_view left_out) const;
  // The facts of an attempt of this test as bytes; empty when there is no timeline. Of a long one those of the first `most` events.
  std::string facts(const std::string& test, const AttemptRecord& attempt, std::uint64_t most = all_events);

 private:
  struct Timeline {
    std::filesystem::path file;
    std::uintmax_t size_bytes = 0;    // a run may still be writing
    const ViewRules* view = nullptr;  // what its test says of it
    bool operator==(const Timeline&) const = default;
  };
  // One that was read; the page asks for one of them many times.
  struct Opened {
    Timeline timeline;
    TimelineFacts facts;
  };
  // One that is being read.
  struct Opening {
    Timeline timeline;
    FactsReading reading;
  };
  struct Query;

  // Opens a run that goes on again, to have it as it is now.
  void look_again();
  std::optional<Timeline> find(const Query& query);
  std::optional<Timeline> timeline_of(const std::string& test, const AttemptRecord& attempt);
  std::string facts(const Timeline& timeline, std::uint64_t most);
  // With `events` of its events at least, or all that there are.
  const Opened& open(const Timeline& timeline, std::uint64_t events = all_events);
  // Does some of open()'s reading; false when it is done, and first in `opened_`.
  bool read_on(const Timeline& timeline, std::uint64_t events);
  void keep(const Timeline& timeline, TimelineFacts facts);
  Answer lines(const Query& query);
  Answer line(const Query& query);
  Answer search(const Query& query);

  Recording recording_;
  bool goes_on_ = false;                    // the run's own process lives, and has not written its report
  std::map<std::string, ViewRules> views_;  // by test; of those that were asked for
  std::list<Opened> opened_;                // the last used first
  std::list<Opening> opening_;
};

}  // namespace interoper
