#include "reporters/patient_stream.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <filesystem>
#include <new>

#include "reporters/no_pipe_signal.hpp"

namespace interoper {
namespace {

bool would_wait(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

bool is_writable(int descriptor) {
  pollfd writable{descriptor, POLLOUT, 0};
  return ::poll(&writable, 1, 0) == 1;
}

// A file that is gone when it is closed; -1 when there can be none.
int file_without_name() {
  std::error_code error;
  const std::string directory = std::filesystem::temp_directory_path(error).string();
  if (error) return -1;
  const int file = ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (file >= 0) return file;
  std::string path = directory + "/interoper-output-XXXXXX";  // a file system that has no files without a name
  const int named = ::mkostemp(path.data(), O_CLOEXEC);
  if (named >= 0) ::unlink(path.c_str());
  return named;
}

}  // namespace

PatientStream::PatientStream(int descriptor, std::size_t memory_bytes) : descriptor_(descriptor), memory_bytes_(memory_bytes) {
  struct stat facts{};
  if (::fstat(descriptor, &facts) != 0) return;
  if (S_ISSOCK(facts.st_mode)) way_ = Way::as_socket;
  if (!S_ISFIFO(facts.st_mode) && ::isatty(descriptor) != 1) return;
  const std::string path = "/proc/self/fd/" + std::to_string(descriptor);
  own_ = ::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  way_ = own_ >= 0 ? Way::own : Way::in_portions;
}

PatientStream::~PatientStream() {
  finish();
  if (own_ >= 0) ::close(own_);
  if (file_ >= 0) ::close(file_);
}

std::string_view PatientStream::write_some(std::string_view text) noexcept {
  const NoPipeSignal guard;
  while (!text.empty() && error_ == 0) {
    ssize_t n = -1;
    switch (way_) {
      case Way::direct: n = ::write(descriptor_, text.data(), text.size()); break;
      case Way::own: n = ::write(own_, text.data(), text.size()); break;
      case Way::as_socket: n = ::send(descriptor_, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL); break;
      case Way::in_portions:
        if (!is_writable(descriptor_)) return text;
        n = ::write(descriptor_, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
        break;
    }
    if (n > 0) {
      text.remove_prefix(static_cast<std::size_t>(n));
    } else if (n < 0 && would_wait(errno)) {
      return text;
    } else if (n == 0 || errno != EINTR) {
      error_ = n == 0 ? EIO : errno;
    }
  }
  return {};
}

void PatientStream::write(std::string_view text) noexcept {
  drain();
  if (error_ != 0) return;
  if (!keeps_something()) text = write_some(text);
  if (!text.empty()) keep(text);
}

void PatientStream::keep(std::string_view text) noexcept {
  const bool fits = file_begin_ == file_end_ && kept_.size() - taken_ + text.size() <= memory_bytes_;
  if (fits) {
    try {
      kept_.append(text);
      return;
    } catch (const std::bad_alloc&) {
      // The file may have room.
    }
  }
  if (keep_in_file(text)) return;
  // Nothing is lost: rather the run waits.
  finish();
  while (error_ == 0 && !text.empty()) {
    text = write_some(text);
    if (!text.empty()) wait();
  }
}

bool PatientStream::keep_in_file(std::string_view text) noexcept {
  if (file_ < 0) file_ = file_without_name();
  if (file_ < 0) return false;
  std::int64_t end = file_end_;
  while (!text.empty()) {
    const ssize_t n = ::pwrite(file_, text.data(), text.size(), end);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;  // what of it was written is behind the end, and overwritten later
    text.remove_prefix(static_cast<std::size_t>(n));
    end += n;
  }
  file_end_ = end;
  return true;
}

// The next piece of the file into memory.
void PatientStream::refill() noexcept {
  constexpr std::int64_t portion_bytes = 64 * 1024;
  kept_.clear();
  taken_ = 0;
  if (file_begin_ == file_end_) return;
  try {
    kept_.resize(static_cast<std::size_t>(std::min(portion_bytes, file_end_ - file_begin_)));
  } catch (const std::bad_alloc&) {
    return;
  }
  ssize_t n = -1;
  do {
    n = ::pread(file_, kept_.data(), kept_.size(), file_begin_);
  } while (n < 0 && errno == EINTR);
  if (n <= 0) error_ = n == 0 ? EIO : errno;
  kept_.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  file_begin_ += std::max<ssize_t>(n, 0);
  if (file_begin_ < file_end_) return;
  file_begin_ = file_end_ = 0;
  const int emptied = ::ftruncate(file_, 0);
  (void)emptied;  // its room is only given back later
}

void PatientStream::drain() noexcept {
  while (error_ == 0 && keeps_something()) {
    if (taken_ == kept_.size()) refill();
    const std::string_view rest = write_some(std::string_view(kept_).substr(taken_));
    taken_ = kept_.size() - rest.size();
    if (!rest.empty()) break;
  }
  if (taken_ == kept_.size()) {
    kept_.clear();
    taken_ = 0;
  }
  if (error_ == 0) return;
  // Nobody reads any more.
  kept_.clear();
  taken_ = 0;
  file_begin_ = file_end_ = 0;
}

void PatientStream::wait() noexcept {
  pollfd writable{own_ >= 0 ? own_ : descriptor_, POLLOUT, 0};
  ::poll(&writable, 1, -1);
}

void PatientStream::finish() noexcept {
  drain();
  while (error_ == 0 && keeps_something()) {
    wait();
    drain();
  }
}

}  // namespace interoper
