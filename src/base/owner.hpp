// Who owns what a run leaves on a machine: a mark that names one process for good (a process ID alone is used again), and whether
// that process still lives. Written as a label on containers, networks and volumes, so that `clean` never touches a run that lives.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace interoper {

// "<boot ID>:<inode of the PID namespace>:<process ID>:<start time in ticks since boot>"; a part that cannot be read is "?".
std::string own_mark();

enum class Life {
  alive,
  dead,
  unknown,  // another machine, another PID namespace, a process that we may not see, or no mark at all
};

// A mark of another boot of this machine cannot be told from another machine's: unknown, not dead.
Life life_of(std::string_view mark);

// A directory of ours outside a report says in this file whose it is.
constexpr const char* owner_file = ".owner";
// Writes own_mark() into it. WorldError("disk-full", …) or ("temporary-failed", …) when it cannot.
void leave_mark(const std::filesystem::path& directory);

struct CleanedDirectory {
  std::filesystem::path path;
  bool removed = false;
  std::string trouble;  // why what should go could not; empty = none
};
// Of our directories right below `temporary` (their names begin with "interoper-", and our mark is in them) those whose owner is dead go;
// with `all` also those of whose owner nobody here can tell whether it lives. Sorted by path.
std::vector<CleanedDirectory> clean_directories(const std::filesystem::path& temporary, bool all);

// The same with what it looks at given; `proc` is a folder like /proc.
std::string mark_in(const std::string& proc, long pid);
Life life_in(const std::string& proc, std::string_view mark);

}  // namespace interoper
