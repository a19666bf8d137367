// Files as reports need them: whole or not at all, timelines of which a crash leaves a valid prefix, and room kept back for the last
// file of a run. Synchronous on purpose: the disk is the back-pressure on the processes whose output is written.
// Everything here throws WorldError("disk-full" | "write-failed" | "read-failed" | "not-found" | "too-large") with a whole sentence.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace interoper {

// Replaces `path` by a file that holds exactly `bytes`: readers see the old file or the whole new one, also after a power cut.
// A temporary file in the same folder, fsync, rename. Permissions are 0666 minus the umask.
void write_whole(const std::filesystem::path& path, std::string_view bytes);

// The same in pieces, for what need not stand in memory as a whole. Nothing is seen of it before `commit`; without one nothing is left.
class WholeFile {
 public:
  explicit WholeFile(std::filesystem::path path);
  WholeFile(const WholeFile&) = delete;
  WholeFile& operator=(const WholeFile&) = delete;
  ~WholeFile();

  void write(std::string_view bytes);
  void commit();

 private:
  [[noreturn]] void give_up(int error);

  std::filesystem::path path_, temporary_;
  int descriptor_ = -1;
};

// The content of a regular file (never of a pipe or a device, which might not end). "too-large" above `limit_bytes`.
std::string read_whole(const std::filesystem::path& path, std::size_t limit_bytes);

// A file that only grows, by whole lines. What stands in it is a prefix of what was added, cut between lines: after a crash of the
// program by at most what the buffer held, after an error by what no longer fitted. A power cut may take more: there is no fsync.
class LogFile {
 public:
  // Creates the file, or empties it.
  explicit LogFile(std::filesystem::path path);
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;
  ~LogFile();  // flushes as far as that works

  // `line` without its newline, and without a newline in it. After the first WorldError the file is closed, and lines are ignored.
  void add_line(std::string_view line);
  void flush();
  void close();  // flushes; lines added later are ignored

  bool is_open() const { return descriptor_ >= 0; }
  std::uint64_t lines() const { return lines_written_ + lines_held_; }  // after an error: those that stand in the file
  const std::filesystem::path& path() const { return path_; }

 private:
  [[noreturn]] void give_up(int error, std::string_view written);

  std::filesystem::path path_;
  int descriptor_ = -1;
  std::string held_;              // whole lines, not yet written
  std::uint64_t lines_held_ = 0;  // in held_
  std::uint64_t lines_written_ = 0;
  std::uint64_t bytes_written_ = 0;  // always ends behind a newline
};

// Room on the disk, taken now and given back when the last file of a run must be written although the disk is full.
// The file has no name, so that nothing is left of it after a crash.
class Reserve {
 public:
  Reserve() = default;
  // "disk-full" when there is no such room in `folder`. File systems that cannot promise room promise none: then it is empty.
  Reserve(const std::filesystem::path& folder, std::size_t size_bytes);
  Reserve(const Reserve&) = delete;
  Reserve(Reserve&& other) noexcept;
  Reserve& operator=(Reserve&& other) noexcept;
  ~Reserve();

  void release();
  bool held() const { return descriptor_ >= 0; }

 private:
  int descriptor_ = -1;
};

// "disk-full" for errors that room on the disk would mend, else `otherwise`.
std::string disk_reason(int error, std::string_view otherwise);

// `cannot write FILE: no space left on device; …what to do`
std::string disk_sentence(std::string_view doing, const std::filesystem::path& path, int error);

}  // namespace interoper
