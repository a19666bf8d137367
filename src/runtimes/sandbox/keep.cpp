#include "runtimes/sandbox/keep.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <vector>

#include "base/descriptor.hpp"
#include "base/files.hpp"
#include "base/problem.hpp"

namespace interoper::sandbox {

namespace fs = std::filesystem;

namespace {

// Deeper than any test needs; a role may have made it endless.
constexpr int deepest = 64;
constexpr std::size_t piece_bytes = std::size_t{256} * 1024;

[[noreturn]] void give_up(const fs::path& path, int error) {
  throw WorldError(disk_reason(error, "write-failed"), disk_sentence("keep what was in /shared, write", path, error));
}

std::vector<std::string> names_in(int directory) {
  std::vector<std::string> names;
  DIR* listing = ::fdopendir(::fcntl(directory, F_DUPFD_CLOEXEC, 0));
  if (listing == nullptr) return names;
  ::rewinddir(listing);
  while (const dirent* entry = ::readdir(listing)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  ::closedir(listing);
  return names;
}

void copy_file(int directory, const std::string& name, const fs::path& to) {
  const Descriptor from(::openat(directory, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  if (!from) return;  // a role may keep others from reading its file
  const Descriptor into(::open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666));
  if (!into) give_up(to, errno);
  std::vector<char> piece(piece_bytes);
  while (true) {
    const ssize_t count = ::read(from.get(), piece.data(), piece.size());
    if (count <= 0) return;
    if (::write(into.get(), piece.data(), static_cast<std::size_t>(count)) != count) give_up(to, errno);
  }
}

void copy_directory(int directory, const fs::path& to, int depth) {
  std::error_code error;
  fs::create_directories(to, error);
  if (error) give_up(to, error.value());
  for (const std::string& name : names_in(directory)) {
    struct stat facts{};
    if (::fstatat(directory, name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (S_ISREG(facts.st_mode)) copy_file(directory, name, to / name);
    if (S_ISLNK(facts.st_mode)) {
      std::string target(static_cast<std::size_t>(facts.st_size) + 1, '\0');
      const ssize_t length = ::readlinkat(directory, name.c_str(), target.data(), target.size());
      if (length <= 0) continue;
      target.resize(static_cast<std::size_t>(length));
      fs::create_symlink(target, to / name, error);
    }
    if (S_ISDIR(facts.st_mode) && depth < deepest) {
      const Descriptor inner(::openat(directory, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (inner) copy_directory(inner.get(), to / name, depth + 1);
    }
  }
}

}  // namespace

void keep_files(int shared, const fs::path& to) { copy_directory(shared, to, 0); }

}  // namespace interoper::sandbox
