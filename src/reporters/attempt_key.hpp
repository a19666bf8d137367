// What reporters keep for each running attempt is found by cell id and attempt, for every event: looked up without copying the id.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace interoper {

using AttemptKey = std::pair<std::string, int>;        // cell id, attempt
using AttemptView = std::pair<std::string_view, int>;  // the same, to look up with

struct AttemptLess {
  using is_transparent = void;
  template <class Left, class Right>
  bool operator()(const Left& left, const Right& right) const {
    const int compared = std::string_view(left.first).compare(right.first);
    return compared != 0 ? compared < 0 : left.second < right.second;
  }
};

template <class T>
using ByAttempt = std::map<AttemptKey, T, AttemptLess>;

}  // namespace interoper
