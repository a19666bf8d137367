// What roles find in their file systems beside what their implementation brings (RoleSpec::mounts): files that are made once for a run,
// and for each role a directory for what it wants to leave behind.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "model/spec.hpp"
#include "runtimes/runtime.hpp"

namespace interoper {

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

  // The directories that the role is shown in this attempt; those that it may write to are made: empty, for every user, and
  // <report>/cells/<cell>/<attempt>-<target, with - for />/<role>. WorldError("temporary-failed", "disk-full", …).
  std::vector<Player::Bind> binds(const RoleSpec& role, const std::string& cell, int attempt);
  // After the attempt: removes those in which nothing was left.
  void tidy(const RoleSpec& role, const std::string& cell, int attempt) const;

 private:
  void claim_directory();
  std::filesystem::path place_for(const Mount& mount, const RoleSpec& role, const std::string& cell, int attempt) const;

  const Rules& rules_;
  std::filesystem::path directory_;  // of the run, outside of the report
  bool is_claimed_ = false;
  std::filesystem::path report_;
};

}  // namespace interoper
