// What programs under test leave behind in a directory of ours: theirs in every respect, and so as hostile as what they print. What is
// worth keeping is copied out of it as files of ours; the rest is removed, whoever it belongs to and however deep it lies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/descriptor.hpp"
#include "base/task.hpp"

namespace interoper {

struct LeavingsLimits {
  std::uint64_t bytes = std::uint64_t{256} * 1024 * 1024;  // of all files; a trace of a test is some megabytes
  std::size_t entries = 1000;                              // files and directories
  int levels = 32;                                         // of directories in directories
};

struct Leavings {
  struct LeftOut {
    std::string path;  // relative; the bytes that the program chose
    std::string why;   // "a symbolic link"
  };
  std::size_t files = 0;
  std::uint64_t bytes = 0;
  std::vector<LeftOut> left_out;   // the first most_named_left_out
  std::size_t left_out_count = 0;  // a directory that is left out counts as one
};
constexpr std::size_t most_named_left_out = 20;

// Copies regular files and directories from `from` to `to`, which is made when there is something to keep: in the order of their names,
// each directory with what it holds, as far as the limits go (a file that has no room is left out whole; smaller ones may follow it).
// Links are not followed, nothing but regular files is opened, and what comes out belongs to us, with the permissions of new files.
// No process of the program may run any more: what one changed meanwhile could be missing, never anything else.
// WorldError("disk-full", "write-failed") when `to` cannot be written.
Task<Leavings> keep_leavings(std::filesystem::path from, std::filesystem::path to, LeavingsLimits limits = {});

// Removes a directory and all below it, a piece at a time, with a few descriptors however deep it is. `last`: the name in it of a file
// that goes when all else has gone, so that whoever is stopped on the way leaves a directory that says what it is.
class Removal {
 public:
  explicit Removal(const std::filesystem::path& directory, std::string last = {});
  Removal(const Removal&) = delete;
  Removal& operator=(const Removal&) = delete;
  ~Removal();

  // Looks at so many entries; false when there is nothing more to do.
  bool go_on(std::size_t entries);
  // The errno of what could not be removed; 0 = all is gone, also when nothing was there.
  int error() const { return error_; }

 private:
  struct Open;
  bool next_directory();
  void remove_entry(const char* name);
  void leave_directory();

  std::filesystem::path directory_;
  std::string last_;
  Descriptor top_;
  std::vector<std::string> waiting_;  // directories right below the top: what lies deeper is moved there
  std::unique_ptr<Open> current_;
  std::size_t next_name_ = 0;
  int error_ = 0;
};

// The same as a whole: at once, or in turns with others until it is `enough`. The errno as Removal::error().
int remove_directory(const std::filesystem::path& directory, const std::string& last = {});
Task<int> remove_leavings(std::filesystem::path directory, const Predicate& enough);

}  // namespace interoper
