#include "runtimes/sandbox/clean.hpp"

namespace interoper::sandbox {

std::vector<CleanedGroup> clean_groups(bool all) {
  std::vector<CleanedGroup> cleaned;
  for (LeftGroup& group : find_left_groups()) {
    CleanedGroup one{std::move(group)};
    const bool may_go = one.group.owner == Life::dead || (all && one.group.owner == Life::unknown);
    one.removed = may_go && remove_group(one.group.directory);
    one.busy = may_go && !one.removed;
    cleaned.push_back(std::move(one));
  }
  return cleaned;
}

}  // namespace interoper::sandbox
