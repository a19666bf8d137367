// A standard stream while a run goes on. Its reader may pause (Ctrl-S, a pager, a slow program): what it does not take now is kept, and
// the run does not wait. Everything of a run happens on one thread, so a reader that could stop it would decide over verdicts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "reporters/terminal.hpp"

namespace interoper {

class PatientStream {
 public:
  // Nothing that was written is lost: up to `memory_bytes` wait in memory, the rest in a temporary file without a name. Only when that
  // cannot be had (a full disk) does the run wait for the reader.
  explicit PatientStream(int descriptor, std::size_t memory_bytes = std::size_t{1} << 20U);
  ~PatientStream();  // waits for the reader, as finish does
  PatientStream(const PatientStream&) = delete;
  PatientStream& operator=(const PatientStream&) = delete;

  // Hands over what the reader takes at once, and keeps the rest. As with StandardStream, a reader that has gone ends the writing.
  void write(std::string_view text) noexcept;
  // As much of what is kept as the reader takes at once.
  void drain() noexcept;
  // All of it, however long the reader takes.
  void finish() noexcept;

  bool keeps_something() const { return taken_ < kept_.size() || file_begin_ < file_end_; }
  int error() const { return error_; }  // the errno of the first failure, 0 when there was none
  TextSink sink() {
    return [this](std::string_view text) { write(text); };
  }

 private:
  // How to write without waiting, which must not change the descriptor: others share its flags.
  enum class Way {
    direct,      // a file: its writes never wait for a reader
    own,         // a pipe or terminal, opened once more without blocking
    as_socket,   // flags go with each call
    in_portions  // what could not be opened again: small enough that a writable descriptor takes it
  };

  std::string_view write_some(std::string_view text) noexcept;  // what was not taken
  void keep(std::string_view text) noexcept;
  bool keep_in_file(std::string_view text) noexcept;
  void refill() noexcept;
  void wait() noexcept;

  int descriptor_;
  int own_ = -1;
  Way way_ = Way::direct;
  std::size_t memory_bytes_;
  std::string kept_;       // older than what the file holds
  std::size_t taken_ = 0;  // of kept_
  int file_ = -1;
  std::int64_t file_begin_ = 0;
  std::int64_t file_end_ = 0;
  int error_ = 0;
};

}  // namespace interoper
