// Our ends of the three pipes of a process: its stdin to write to, its stdout and stderr to read from. One thread, no buffer of its own
// between the process and the reader: what is not read stays in the pipe, and a full pipe stops the process (back-pressure).
#pragma once

#include <memory>
#include <string_view>

#include "base/task.hpp"

namespace interoper {

class Pipes {
 public:
  struct Piece {
    bool is_error = false;   // from stderr
    std::string_view bytes;  // empty = both streams have ended; valid until the next read
  };
  struct Ends {
    int in = -1;  // to write to
    int out = -1, err = -1;
  };

  virtual ~Pipes() = default;

  // The next piece. Between the two streams the order is that of the turns in which they were found to hold something.
  virtual Task<Piece> read() = 0;

  // Writes all of it. False when nobody can read it any more, or the process has ended.
  virtual Task<bool> write(std::string_view bytes) = 0;

  // Nobody writes to the pipes any more, although somebody may still hold them open: `read` ends when they are empty, writes end now.
  virtual void process_ended() = 0;

  // Ends all waits. Must be awaited before it is destroyed.
  virtual Task<> close() = 0;
};

// Takes the descriptors over.
std::unique_ptr<Pipes> make_pipes(const Executor& executor, Pipes::Ends ends);

}  // namespace interoper
