// What roles find in their file systems beside what their implementation brings (RoleSpec::mounts): files that are made once for a run,
// and for each role a directory for what it wants to leave behind.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/leavings.hpp"
#include "base/task.hpp"
#include "model/spec.hpp"
#include "runtimes/runtime.hpp"

namespace interoper {

// Something that a role left behind and that is not in the report, or not gone from this machine.
struct LeftOut {
  std::string role;       // empty: it was left in /shared, which all have
  std::string directory;  // as the role sees it
  std::string what;       // a sentence
  std::size_t count = 0;
  std::vector<Leavings::LeftOut> entries;  // some of them
};

class Props {
 public:
  // Makes nothing yet. `report` is the run's folder; without one (empty) what roles leave behind goes with the run.
  Props(const Rules& rules, const std::string& run, std::filesystem::path report);
  Props(const Props&) = delete;
  Props& operator=(const Props&) = delete;
  ~Props();  // removes what is not in the report

  // Before the first attempt: the files of Rules::files, in a directory of the run below the system's temporary directory; `clean` finds
  // it by its owner's mark. WorldError("certificate-failed", "temporary-failed", "disk-full", …).
  void make();

  // The directories that the role is shown in this attempt; those that it may write to are made: empty, for every user, and not in the
  // report, whose reader need not expect what a role can make there. WorldError("temporary-failed", "disk-full", …).
  std::vector<Player::Bind> binds(const RoleSpec& role, const std::string& cell, int attempt);
  // Where the attempt's /shared is to be, so that it can be kept. WorldError as above.
  std::filesystem::path kept_shared(const std::string& cell, int attempt);

  // After the attempt, when nothing of it runs any more: what is worth keeping (base/leavings.hpp) goes to
  // <report>/cells/<cell>/<attempt>-<target, with - for />/<role>, that of /shared to …/<attempt>-shared; where all that was is removed,
  // until `hurried`. WorldError("disk-full", "write-failed") of the report.
  Task<std::vector<LeftOut>> collect(const std::vector<RoleSpec>& roles, std::string cell, int attempt, const Predicate& hurried);

 private:
  void claim_directory();
  // "cells/<cell>/<attempt>-<directory, with - for />": below the report, and below the run's own directory.
  static std::filesystem::path place_of(const std::string& directory, const std::string& cell, int attempt);
  std::filesystem::path make_writable(const std::filesystem::path& place);
  Task<> collect_one(LeftOut of, std::filesystem::path place, const Predicate& hurried, std::vector<LeftOut>& left_out) const;

  const Rules& rules_;
  std::filesystem::path directory_;  // of the run, outside of the report
  bool is_claimed_ = false;
  std::filesystem::path report_;
};

}  // namespace interoper
