// Runs one program to its end and hands over what it wrote: for `git` and the like. Synchronous, for commands that have nothing else
// to do meanwhile; not for the roles of a test, which runtimes start.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace interoper {

struct ProgramOrder {
  std::vector<std::string> argv;                         // argv[0] is looked up in PATH
  std::string directory;                                 // working directory; empty = ours
  std::vector<std::pair<std::string, std::string>> env;  // added to ours
  std::vector<std::string> forget;                       // variables of ours that it must not see
  std::chrono::milliseconds deadline = std::chrono::minutes(1);
  std::size_t keep_bytes = std::size_t{1024} * 1024;  // of each stream; of a longer one the end is kept, where errors stand
};

struct ProgramResult {
  int exit_code = 0;  // 128 + n for a signal n
  bool late = false;  // the deadline passed, and it was killed
  bool cut = false;   // a stream was longer than keep_bytes
  std::string out;
  std::string err;
};

// Its stdin is empty. It runs in a process group of its own, which is killed when it is late, and also when it has ended: nothing that
// it left behind goes on. When we die, it dies. WorldError("program-missing") when it cannot be started.
ProgramResult run_program(const ProgramOrder& order);

}  // namespace interoper
