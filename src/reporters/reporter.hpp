// The port to whoever tells a run to people or machines. One method: what happened. Called synchronously, so that a slow disk slows
// the processes whose events it writes (back-pressure). References are valid during the call only.
#pragma once

#include <string>
#include <variant>

#include "model/event.hpp"
#include "model/record.hpp"

namespace interoper {

struct RunBegan {
  const RunRecord& run;
};  // planned: every cell is there, `aborted` until it has ended
struct AttemptBegan {
  const CellRecord& cell;
  int attempt;
};
struct AttemptWaits {
  const CellRecord& cell;
  int attempt;
  const std::string& what;  // what must happen next: "worker ready"; empty: nothing more
};  // told when it changes, and not recorded: the timeline says the same, to those who know the suite's rules
struct EventSeen {
  const CellRecord& cell;
  int attempt;
  const Event& event;
};
struct AttemptEnded {
  const CellRecord& cell;
  const AttemptRecord& attempt;
  bool again;
};  // again: another attempt of this cell follows
struct CellEnded {
  const CellRecord& cell;
};
struct RunEnded {
  const RunRecord& run;
};

using Tiding = std::variant<RunBegan, AttemptBegan, AttemptWaits, EventSeen, AttemptEnded, CellEnded, RunEnded>;

class Reporter {
 public:
  virtual ~Reporter() = default;

  // WorldError when what happened cannot be kept (disk full); the attempt it concerns then ends in `error`.
  virtual void hear(const Tiding& tiding) = 0;
};

// Where an attempt's timeline stands, relative to the report folder: cells/<cell-id>/<attempt>.jsonl
std::string timeline_path(const std::string& cell_id, int attempt);

// Where the files that an attempt left in /shared are kept, relative to the report folder: cells/<cell-id>/<attempt>-shared
std::string kept_shared_path(const std::string& cell_id, int attempt);

}  // namespace interoper
