// What a role runs: the implementation's directory, the program and its surroundings, looked at before anything is started, so that a
// directory that is missing or a program that cannot run is told by its name.
#pragma once

#include <string>
#include <vector>

#include "base/problem.hpp"
#include "runtimes/runtime.hpp"
#include "runtimes/sandbox/parcel.hpp"

namespace interoper::sandbox {

// Program, arguments, environment, directory and user of the role that `player` plays. `privileged`: other users than our own are possible.
// WorldError("path-missing", "command-missing", "user-missing", …) with a sentence that says what to do.
RoleOrder role_order(const Player& player, bool privileged);

// The player's binds, for the slot and for its init. A target must be in the host's file system, in a directory of the role's own, or new
// at the top: nothing can be made between the host's files. WorldError("mount-failed") when the directory cannot be shown,
// ("mount-unsupported") when the target cannot be made.
void add_binds(const Player& player, AttemptOrder& attempt, RoleOrder& order);

// Where `directory` stands for the launcher when a private directory of the role covers it; empty when none does.
// WorldError("path-hidden") where nothing of the host can be shown.
std::string covered_place(const std::string& directory);

// Why the kernel would not run `program` (an absolute path), in words for the one who wrote it.
WorldError cannot_run(const std::string& role, const std::string& program, const std::string& step, int error);

}  // namespace interoper::sandbox
