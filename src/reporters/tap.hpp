// TAP version 14 (https://testanything.org/tap-version-14-specification.html), one point a cell, in the order in which cells end.
#pragma once

#include <set>
#include <string>

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
  int points_ = 0;
  std::set<std::string> told_;  // cell ids that have a point
};

}  // namespace interoper
