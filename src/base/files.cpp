#include "base/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "base/problem.hpp"

namespace interoper {
namespace {

namespace fs = std::filesystem;

// Few enough that a crash loses little, enough that a flood of short lines costs one system call per some hundred lines.
constexpr std::size_t log_buffer_bytes = std::size_t{64} * 1024;

class Descriptor {
 public:
  explicit Descriptor(int descriptor) : descriptor_(descriptor) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

std::string lower_first(std::string text) {
  if (text.size() > 1 && text[0] >= 'A' && text[0] <= 'Z' && !(text[1] >= 'A' && text[1] <= 'Z')) text[0] = static_cast<char>(text[0] + 32);
  return text;
}

std::string advice(int error) {
  switch (error) {
    case ENOSPC: return "make room there, or name another disk with --reports";
    case EDQUOT: return "make room within your quota, or name another disk with --reports";
    case EFBIG: return "this file system or limit (ulimit -f) allows no larger file";
    case EACCES:
    case EPERM:
    case EROFS: return "make the folder writable for you, or name another with --reports";
    case EMFILE:
    case ENFILE: return "raise the limit on open files (ulimit -n), or run fewer cells at once with -j";
    case ENOENT: return "the folder has gone; let nothing remove it while a run writes there";
    case ENOTDIR: return "a file stands where a folder must be; move it away, or name another folder with --reports";
    case EIO: return "the disk reports an error; see the system's log";
    default: return "";
  }
}

[[noreturn]] void fail(std::string_view doing, const fs::path& path, int error, std::string_view reason) {
  throw WorldError(disk_reason(error, reason), disk_sentence(doing, path, error));
}

// The number of bytes written; less than all when `error` is set.
std::size_t write_all(int descriptor, std::string_view bytes, int& error) {
  std::size_t done = 0;
  error = 0;
  while (done < bytes.size()) {
    const ssize_t n = ::write(descriptor, bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      error = n < 0 ? errno : EIO;
      return done;
    }
    done += static_cast<std::size_t>(n);
  }
  return done;
}

// The folder remembers the new name only after this. Some file systems refuse to sync folders; then there is nothing more to do.
void sync_folder(const fs::path& folder) {
  const Descriptor descriptor(::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (descriptor.get() >= 0) ::fsync(descriptor.get());
}

}  // namespace

std::string disk_reason(int error, std::string_view otherwise) {
  return error == ENOSPC || error == EDQUOT ? "disk-full" : std::string(otherwise);
}

std::string disk_sentence(std::string_view doing, const fs::path& path, int error) {
  std::string sentence = "cannot " + std::string(doing) + " " + path.string() + ": " + lower_first(std::strerror(error));
  const std::string help = advice(error);
  if (!help.empty()) sentence += "; " + help;
  return sentence;
}

// One writer per process and name: the process number keeps two programs apart.
WholeFile::WholeFile(fs::path path)
    : path_(std::move(path)),
      temporary_(path_.parent_path() / ("." + path_.filename().string() + "." + std::to_string(::getpid()) + ".tmp")),
      descriptor_(::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666)) {
  if (descriptor_ < 0) fail("write", path_, errno, "write-failed");
}

WholeFile::~WholeFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(temporary_.c_str());
}

void WholeFile::write(std::string_view bytes) {
  int error = 0;
  write_all(descriptor_, bytes, error);
  if (error != 0) give_up(error);
}

void WholeFile::commit() {
  if (::fsync(descriptor_) != 0) give_up(errno);
  if (::close(std::exchange(descriptor_, -1)) != 0) give_up(errno);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) give_up(errno);
  sync_folder(path_.parent_path());
}

void WholeFile::give_up(int error) {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
  ::unlink(temporary_.c_str());
  fail("write", path_, error, "write-failed");
}

void write_whole(const fs::path& path, std::string_view bytes) {
  WholeFile file(path);
  file.write(bytes);
  file.commit();
}

std::string read_whole(const fs::path& path, std::size_t limit_bytes) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) fail("read", path, errno, errno == ENOENT || errno == ENOTDIR ? "not-found" : "read-failed");
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) fail("read", path, errno, "read-failed");
  if (S_ISDIR(status.st_mode)) fail("read", path, EISDIR, "read-failed");
  if (!S_ISREG(status.st_mode)) throw WorldError("read-failed", "cannot read " + path.string() + ": it is no regular file");
  const auto too_large = [&] {
    return WorldError("too-large", "cannot read " + path.string() + ": it is larger than " + std::to_string(limit_bytes) + " bytes");
  };
  if (static_cast<std::uint64_t>(status.st_size) > limit_bytes) throw too_large();

  // One byte more than it should have, so that growth is seen; /proc says 0 and has content.
  std::string bytes;
  std::size_t used = 0;
  bytes.resize(static_cast<std::size_t>(status.st_size) + 1);
  for (;;) {
    const ssize_t n = ::read(file.get(), bytes.data() + used, bytes.size() - used);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("read", path, errno, "read-failed");
    if (n == 0) break;
    used += static_cast<std::size_t>(n);
    if (used > limit_bytes) throw too_large();
    if (used == bytes.size()) bytes.resize(std::min(limit_bytes + 1, bytes.size() * 2 + 4096));
  }
  bytes.resize(used);
  return bytes;
}

LogFile::LogFile(fs::path path)
    : path_(std::move(path)), descriptor_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) {
  if (descriptor_ < 0) fail("write", path_, errno, "write-failed");
}

LogFile::~LogFile() {
  try {
    close();
  } catch (const WorldError&) {  // whoever cares has called close()
  }
}

void LogFile::add_line(std::string_view line) {
  if (!is_open()) return;
  if (held_.size() + line.size() + 1 > log_buffer_bytes) flush();
  held_.append(line);
  held_ += '\n';
  ++lines_held_;
  if (held_.size() > log_buffer_bytes) {  // one line that is larger than the buffer: do not keep its memory
    flush();
    held_.shrink_to_fit();
  }
}

void LogFile::flush() {
  if (!is_open() || held_.empty()) return;
  int error = 0;
  const std::size_t written = write_all(descriptor_, held_, error);
  if (error != 0) give_up(error, std::string_view(held_).substr(0, written));
  bytes_written_ += held_.size();
  lines_written_ += std::exchange(lines_held_, 0);
  held_.clear();
}

void LogFile::close() {
  if (!is_open()) return;
  flush();
  if (::close(std::exchange(descriptor_, -1)) != 0) fail("write", path_, errno, "write-failed");
}

// Keeps the whole lines of `written`, cuts the rest off the file, and closes it.
void LogFile::give_up(int error, std::string_view written) {
  const std::size_t end = written.rfind('\n');
  const std::string_view whole = end == std::string_view::npos ? std::string_view() : written.substr(0, end + 1);
  lines_written_ += static_cast<std::uint64_t>(std::count(whole.begin(), whole.end(), '\n'));
  bytes_written_ += whole.size();
  lines_held_ = 0;
  held_.clear();
  if (::ftruncate(descriptor_, static_cast<off_t>(bytes_written_)) != 0) {
    // A cut last line stays; readers of timelines tolerate it.
  }
  ::close(std::exchange(descriptor_, -1));
  fail("write", path_, error, "write-failed");
}

Reserve::Reserve(const fs::path& folder, std::size_t size_bytes) {
  std::string name = (folder / ".reserve-XXXXXX").string();
  descriptor_ = ::mkostemp(name.data(), O_CLOEXEC);
  if (descriptor_ < 0) fail("write in", folder, errno, "write-failed");
  ::unlink(name.c_str());
  const int error = ::posix_fallocate(descriptor_, 0, static_cast<off_t>(size_bytes));
  if (error == 0) return;
  release();
  if (error == ENOSPC || error == EDQUOT) fail("write in", folder, error, "write-failed");
}

Reserve::Reserve(Reserve&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

Reserve& Reserve::operator=(Reserve&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

Reserve::~Reserve() { release(); }

void Reserve::release() {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

}  // namespace interoper
