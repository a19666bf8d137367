// What led to a verdict, for the formats that tell it: the lines of a timeline around the event that decided.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "reporters/recording.hpp"

namespace interoper {

// Reads a timeline when it is first asked for, and only up to the deciding event; several formats of one report share what was read.
class Evidence {
 public:
  explicit Evidence(const Recording& recording) : recording_(recording) {}

  // Some ten lines of the blamed role, the deciding one marked with "> ": oldest first, visible, without newlines. None when nobody is
  // blamed, or when the timeline cannot be read. Valid as long as this lives.
  const std::vector<std::string>& around(const AttemptRecord& attempt);

 private:
  const Recording& recording_;
  std::map<std::string, std::vector<std::string>> known_;  // by the attempt's `log`
};

}  // namespace interoper
