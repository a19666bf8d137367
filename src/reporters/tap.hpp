// TAP version 14 (https://testanything.org/tap-version-14-specification.html), one point a cell, an attempt's named results as its
// subtest. While a run goes on: in the order in which cells end. From its recording: in plan order.
#pragma once

#include <set>
#include <string>

#include "reporters/recording.hpp"
#include "reporters/reporter.hpp"
#include "reporters/terminal.hpp"

namespace interoper {

class Tap : public Reporter {
 public:
  explicit Tap(TextSink out) : out_(std::move(out)) {}
  void hear(const Tiding& tiding) override;

 private:
  void point(const CellRecord& cell);

  TextSink out_;
  RunRecord run_;  // without its cells: what the command that runs a cell again is made of
  int points_ = 0;
  std::set<std::string> told_;  // cell ids that have a point
};

// Same recording, same bytes.
void write_tap(const Recording& recording, const TextSink& out);

}  // namespace interoper
