#include "base/leavings.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>

#include "base/descriptor.hpp"
#include "base/files.hpp"
#include "base/problem.hpp"

namespace interoper {
namespace {

namespace fs = std::filesystem;

// What is done between two turns of the others: some milliseconds.
constexpr std::size_t entries_a_turn = 1000;
constexpr std::size_t bytes_a_turn = std::size_t{1024} * 1024;
// PATH_MAX, with room for names of temporary files.
constexpr std::size_t longest_path = 4000;
constexpr mode_t for_us = 0700;

bool is_dots(const char* name) { return std::strcmp(name, ".") == 0 || std::strcmp(name, "..") == 0; }

// Whatever stands there, not opened and not followed.
Descriptor sight_of(int directory, const char* name) { return Descriptor(::openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC)); }

// Another way to the same inode, whatever its name means by now.
std::string path_of(const Descriptor& sight) { return "/proc/self/fd/" + std::to_string(sight.get()); }

// The directory for reading; what its owner has forbidden us is allowed first, where we may.
Descriptor open_directory(const Descriptor& sight) {
  struct stat facts{};
  if (::fstat(sight.get(), &facts) == 0 && (facts.st_mode & for_us) != for_us) ::chmod(path_of(sight).c_str(), for_us);
  return Descriptor(::openat(sight.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

Descriptor open_file(const Descriptor& sight) {
  const std::string path = path_of(sight);
  Descriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (file || errno != EACCES || ::chmod(path.c_str(), for_us) != 0) return file;
  return Descriptor(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
}

// A program may use names that only its own file system takes.
bool is_about_the_name(int error) { return error == ENAMETOOLONG || error == EINVAL || error == EILSEQ; }

std::string in_words(int error) { return std::strerror(error); }

std::string bytes_in_words(std::uint64_t bytes) {
  constexpr std::uint64_t mebibyte = std::uint64_t{1024} * 1024;
  return bytes >= mebibyte && bytes % mebibyte == 0 ? std::to_string(bytes / mebibyte) + " MiB" : std::to_string(bytes) + " bytes";
}

const char* kind_of(mode_t mode) {
  if (S_ISLNK(mode)) return "a symbolic link";
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

class Keeper {
 public:
  Keeper(fs::path to, LeavingsLimits limits) : to_(std::move(to)), limits_(limits) {}

  Task<> keep(const Descriptor& from, const std::string& path, int level) {
    const std::vector<std::string> names = co_await first_names(from, path);
    for (const std::string& name : names) {
      const std::string inside = path.empty() ? name : path + "/" + name;
      co_await keep_entry(from, name, inside, level);
    }
  }

  Leavings take() { return std::move(found_); }

 private:
  [[noreturn]] void give_up(const std::string& path, int error) const {
    throw WorldError(disk_reason(error, "write-failed"), disk_sentence("keep what a role left behind, write", to_ / path, error));
  }

  void leave_out(const std::string& path, std::string why) {
    ++found_.left_out_count;
    if (found_.left_out.size() < most_named_left_out) found_.left_out.push_back({path, std::move(why)});
  }

  // As many as there can be room for, in order; with more of them than memory they would still be no more.
  Task<std::vector<std::string>> first_names(const Descriptor& directory, const std::string& path) {
    std::set<std::string> names;
    const std::size_t room = limits_.entries - entries_;
    Descriptor copy(::fcntl(directory.get(), F_DUPFD_CLOEXEC, 0));
    DIR* const listing = copy ? ::fdopendir(copy.get()) : nullptr;
    if (listing == nullptr) {
      leave_out(path, "cannot be read: " + in_words(errno));
      co_return std::vector<std::string>();
    }
    copy.release();  // it is the listing's now
    std::size_t seen = 0;
    while (const dirent* entry = ::readdir(listing)) {
      if (is_dots(entry->d_name)) continue;
      names.insert(entry->d_name);
      if (names.size() > room) {
        const auto last = std::prev(names.end());
        leave_out(path.empty() ? *last : path + "/" + *last, too_many());
        names.erase(last);
      }
      if (++seen % entries_a_turn == 0) co_await yield_turn();
    }
    ::closedir(listing);
    co_return std::vector<std::string>(names.begin(), names.end());
  }

  std::string too_many() const { return "beyond the " + std::to_string(limits_.entries) + " files and directories that are kept"; }

  Task<> keep_entry(const Descriptor& directory, const std::string& name, const std::string& path, int level) {
    if (entries_ >= limits_.entries) {
      leave_out(path, too_many());
      co_return;
    }
    const Descriptor sight = sight_of(directory.get(), name.c_str());
    struct stat facts{};
    if (!sight || ::fstat(sight.get(), &facts) != 0) {
      leave_out(path, "cannot be read: " + in_words(errno));
    } else if (to_.native().size() + path.size() >= longest_path) {
      leave_out(path, "its path is too long");
    } else if (S_ISREG(facts.st_mode)) {
      co_await keep_file(sight, path, static_cast<std::uint64_t>(facts.st_size));
    } else if (!S_ISDIR(facts.st_mode)) {
      leave_out(path, kind_of(facts.st_mode));
    } else if (level >= limits_.levels) {
      leave_out(path, "more than " + std::to_string(limits_.levels) + " directories deep");
    } else {
      const Descriptor inner = open_directory(sight);
      if (!inner) {
        leave_out(path, "cannot be read: " + in_words(errno));
        co_return;
      }
      std::error_code error;
      fs::create_directories(to_ / path, error);
      if (error && is_about_the_name(error.value())) {
        leave_out(path, "its name cannot be kept here");
        co_return;
      }
      if (error) give_up(path, error.value());
      ++entries_;
      co_await keep(inner, path, level + 1);
    }
  }

  Task<> keep_file(const Descriptor& sight, const std::string& path, std::uint64_t size) {
    if (size > limits_.bytes - found_.bytes) {
      leave_out(path, "beyond the " + bytes_in_words(limits_.bytes) + " that are kept");
      co_return;
    }
    const Descriptor from = open_file(sight);
    if (!from) {
      leave_out(path, "cannot be read: " + in_words(errno));
      co_return;
    }
    const fs::path target = to_ / path;
    std::error_code error;
    fs::create_directories(target.parent_path(), error);
    const Descriptor into(::open(target.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
    if (!into && is_about_the_name(errno)) {
      leave_out(path, "its name cannot be kept here");
      co_return;
    }
    if (!into) give_up(path, errno);
    ++entries_;
    ++found_.files;
    std::uint64_t left = size;
    while (left > 0) {
      const std::size_t piece = std::min<std::uint64_t>(left, bytes_a_turn);
      buffer_.resize(piece);
      const ssize_t got = ::read(from.get(), buffer_.data(), piece);
      if (got <= 0) break;
      write_all(into, static_cast<std::size_t>(got), path);
      left -= static_cast<std::uint64_t>(got);
      found_.bytes += static_cast<std::uint64_t>(got);
      co_await yield_turn();
    }
  }

  void write_all(const Descriptor& into, std::size_t size, const std::string& path) const {
    for (std::size_t done = 0; done < size;) {
      const ssize_t count = ::write(into.get(), buffer_.data() + done, size - done);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) give_up(path, count < 0 ? errno : EIO);
      done += static_cast<std::size_t>(count);
    }
  }

  fs::path to_;
  LeavingsLimits limits_;
  std::size_t entries_ = 0;
  std::string buffer_;
  Leavings found_;
};

}  // namespace

Task<Leavings> keep_leavings(fs::path from, fs::path to, LeavingsLimits limits) {
  Keeper keeper(std::move(to), limits);
  const Descriptor sight = sight_of(AT_FDCWD, from.c_str());
  if (!sight) co_return Leavings();
  const Descriptor directory = open_directory(sight);
  const std::string top;
  if (directory) co_await keeper.keep(directory, top, 0);
  co_return keeper.take();
}

struct Removal::Open {
  std::string name;  // below the top; "." = the top itself
  DIR* listing = nullptr;
};

Removal::Removal(const fs::path& directory, std::string last) : directory_(directory), last_(std::move(last)) {
  const Descriptor sight = sight_of(AT_FDCWD, directory.c_str());
  if (!sight) {
    if (errno != ENOENT) error_ = errno;
    return;
  }
  top_ = open_directory(sight);
  if (!top_) error_ = errno;
  if (top_) waiting_.emplace_back(".");
}

Removal::~Removal() {
  if (current_) ::closedir(current_->listing);
}

bool Removal::go_on(std::size_t entries) {
  while (entries-- > 0) {
    if (!current_ && !next_directory()) return false;
    const dirent* const entry = ::readdir(current_->listing);
    if (entry == nullptr) {
      leave_directory();
    } else if (!is_dots(entry->d_name)) {
      remove_entry(entry->d_name);
    }
  }
  return true;
}

bool Removal::next_directory() {
  while (!waiting_.empty()) {
    const std::string name = std::move(waiting_.back());
    waiting_.pop_back();
    const Descriptor sight = sight_of(top_.get(), name.c_str());
    Descriptor directory = sight ? open_directory(sight) : Descriptor();
    DIR* const listing = directory ? ::fdopendir(directory.get()) : nullptr;
    if (listing == nullptr) {
      error_ = errno;
      continue;
    }
    directory.release();  // it is the listing's now
    current_ = std::make_unique<Open>(Open{name, listing});
    return true;
  }
  if (!top_) return false;
  if (error_ == 0 && !last_.empty() && ::unlinkat(top_.get(), last_.c_str(), 0) != 0 && errno != ENOENT) error_ = errno;
  top_.close();
  if (error_ != 0) return false;
  if (::rmdir(directory_.c_str()) != 0) error_ = errno;
  return false;
}

void Removal::remove_entry(const char* name) {
  if (last_ == name && current_->name == ".") return;
  const int here = ::dirfd(current_->listing);
  if (::unlinkat(here, name, 0) == 0) return;
  if (errno != EISDIR && errno != EPERM) {
    error_ = errno;
    return;
  }
  if (::unlinkat(here, name, AT_REMOVEDIR) == 0) return;
  if (errno != ENOTEMPTY && errno != EEXIST) {
    error_ = errno;
    return;
  }
  if (current_->name == ".") {
    waiting_.emplace_back(name);
    return;
  }
  // A directory must be writable for us to be moved.
  const Descriptor sight = sight_of(here, name);
  if (sight) open_directory(sight).close();
  while (true) {
    std::string moved = "." + std::to_string(next_name_++);
    if (::renameat2(here, name, top_.get(), moved.c_str(), RENAME_NOREPLACE) == 0) {
      waiting_.push_back(std::move(moved));
      return;
    }
    if (errno == EEXIST) continue;
    error_ = errno;
    return;
  }
}

void Removal::leave_directory() {
  ::closedir(current_->listing);
  const std::string name = std::move(current_->name);
  current_.reset();
  if (name == ".") return;
  if (::unlinkat(top_.get(), name.c_str(), AT_REMOVEDIR) != 0 && error_ == 0) error_ = errno;
}

int remove_directory(const fs::path& directory, const std::string& last) {
  Removal removal(directory, last);
  while (removal.go_on(entries_a_turn)) {
  }
  return removal.error();
}

Task<int> remove_leavings(fs::path directory, const Predicate& enough) {
  Removal removal(directory);
  while (!enough() && removal.go_on(entries_a_turn))
    co_await yield_turn();
  co_return removal.error();
}

}  // namespace interoper
