// System calls that the C library of Debian 12 has no good words for.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "runtimes/sandbox/launcher/fault.hpp"

namespace interoper::sandbox {

// fork, into new namespaces (CLONE_NEW…). Negative and errno when it fails. `pidfd` may be null.
pid_t fork_into(std::uint64_t namespaces, int* pidfd);

Fault mount_at(const char* kind, const std::string& at, unsigned long flags, const std::string& options);
// Everything below `from` appears at `at` too.
Fault bind(const std::string& from, const std::string& at);
// Switches what is mounted at `at` (and `below` it) to read-only, or only back to writable.
enum class Below : std::uint8_t { no, yes };
Fault make_read_only(const std::string& at, Below below);
Fault make_writable(const std::string& at);

// A directory with its parents; one that is there is fine.
Fault make_directory(const std::string& path, unsigned mode = 0755);
Fault write_file(const std::string& path, std::string_view text);
// Into an existing file below `directory` (a descriptor): /proc, mostly.
Fault write_at(int directory, const char* path, std::string_view text);

// SIGKILL when the parent ends. Before it could be asked for, `parent` may have ended: then it ends here.
void die_with_parent(pid_t parent);

}  // namespace interoper::sandbox
