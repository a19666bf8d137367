#include "base/owner.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <vector>

#include "base/leavings.hpp"
#include "base/problem.hpp"

namespace interoper {

namespace {

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::string boot_id(const std::string& proc) {
  const std::string id = first_line(proc + "/sys/kernel/random/boot_id");
  return id.empty() ? "?" : id;
}

std::string pid_namespace(const std::string& proc) {
  struct stat facts{};
  if (::stat((proc + "/self/ns/pid").c_str(), &facts) != 0) return "?";
  return std::to_string(facts.st_ino);
}

// Field 22 of /proc/PID/stat; the second field is the program's name in parentheses and may hold anything, so count from its end.
std::string start_time(const std::string& proc, std::string_view pid) {
  const std::string line = first_line(proc + "/" + std::string(pid) + "/stat");
  const std::size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream fields(line.substr(name_end + 1));
  std::string field;
  for (int number = 3; number <= 22; ++number)
    fields >> field;
  return fields ? field : std::string();
}

// A zombie has ended; only nobody has asked how.
bool is_zombie(const std::string& proc, std::string_view pid) {
  const std::string line = first_line(proc + "/" + std::string(pid) + "/stat");
  const std::size_t name_end = line.rfind(')');
  return name_end != std::string::npos && line.size() > name_end + 2 && line[name_end + 2] == 'Z';
}

// A /proc that is mounted with `hidepid` does not show other users' processes; the kernel still knows them.
bool is_hidden(std::string_view mark) {
  const std::size_t end = mark.rfind(':');
  const std::size_t begin = mark.rfind(':', end - 1) + 1;
  const std::string pid(mark.substr(begin, end - begin));
  return start_time("/proc", pid).empty() && (::kill(std::atoi(pid.c_str()), 0) == 0 || errno == EPERM);
}

}  // namespace

std::string mark_in(const std::string& proc, long pid) {
  const std::string id = std::to_string(pid);
  std::string started = start_time(proc, id);
  if (started.empty()) started = "?";
  return boot_id(proc) + ":" + pid_namespace(proc) + ":" + id + ":" + started;
}

Life life_in(const std::string& proc, std::string_view mark) {
  std::vector<std::string> parts(1);
  for (const char c : mark) {
    if (c == ':') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  const bool is_whole =
      parts.size() == 4 && std::none_of(parts.begin(), parts.end(), [](const std::string& part) { return part.empty() || part == "?"; });
  if (!is_whole) return Life::unknown;
  const bool is_number = parts[2].find_first_not_of("0123456789") == std::string::npos;
  if (!is_number || parts[0] != boot_id(proc) || parts[1] != pid_namespace(proc)) return Life::unknown;
  return start_time(proc, parts[2]) == parts[3] && !is_zombie(proc, parts[2]) ? Life::alive : Life::dead;
}

std::string own_mark() { return mark_in("/proc", ::getpid()); }

void leave_mark(const std::filesystem::path& directory) {
  const std::filesystem::path path = directory / owner_file;
  std::ofstream file(path);
  file << own_mark() << "\n";
  file.close();
  if (!file) {
    throw WorldError(errno == ENOSPC ? "disk-full" : "temporary-failed",
                     "cannot write " + path.string() + ": " + std::strerror(errno) +
                         "; see that there is room, and that TMPDIR names a directory you may write to");
  }
}

std::vector<CleanedDirectory> clean_directories(const std::filesystem::path& temporary, bool all) {
  namespace fs = std::filesystem;
  std::vector<CleanedDirectory> cleaned;
  std::error_code error;
  for (fs::directory_iterator it(temporary, error), end; !error && it != end; it.increment(error)) {
    std::error_code failure;
    const fs::path marker = it->path() / owner_file;
    // Without our mark in it a directory is not ours, whatever its name.
    const bool is_ours =
        it->path().filename().string().starts_with("interoper-") && !it->is_symlink(failure) && fs::is_regular_file(marker, failure);
    if (!is_ours) continue;
    CleanedDirectory& one = cleaned.emplace_back();
    one.path = it->path();
    const Life owner = life_of(first_line(marker.string()));
    if (owner == Life::alive || (owner == Life::unknown && !all)) continue;
    const int why = remove_directory(one.path, owner_file);  // a role may have been in it
    one.removed = why == 0;
    if (!one.removed) one.trouble = std::strerror(why);
  }
  std::sort(cleaned.begin(), cleaned.end(), [](const CleanedDirectory& a, const CleanedDirectory& b) { return a.path < b.path; });
  return cleaned;
}

Life life_of(std::string_view mark) {
  const Life life = life_in("/proc", mark);
  return life == Life::dead && is_hidden(mark) ? Life::unknown : life;
}

}  // namespace interoper
