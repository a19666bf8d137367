// Events on a terminal: a column for each role, time downwards. Where there is no room for columns, or no terminal, a line an event with
// its role's name, which `grep` and a wide pager like better.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "model/event.hpp"
#include "reporters/terminal.hpp"

namespace interoper {

struct Lane {
  std::string role;
  std::string implementation;
};

class Lanes {
 public:
  // style.columns 0: no terminal.
  Lanes(const std::vector<Lane>& lanes, const Style& style);

  // What stands above the first event: who plays in which column. "" without columns.
  std::string head() const;

  // The event's lines, each with its newline. The one that decided is marked, and told at more length.
  std::string rows(const Event& event, bool decided) const;

  bool has_columns() const { return lane_columns_ != 0; }

 private:
  std::string listed(const Event& event, bool decided) const;
  std::string across(const Event& event, bool decided) const;
  std::string in_lane(const Event& event, std::size_t lane, bool decided) const;
  std::string text_of(const Event& event, bool decided) const;

  Style style_;
  std::vector<Lane> lanes_;
  std::map<std::string, std::size_t> places_;  // role -> lane
  std::size_t role_columns_ = 0;
  std::size_t lane_columns_ = 0;  // 0: a list
};

}  // namespace interoper
