// Why something could not be done: what was being done, and the kernel's error. The launcher knows no exceptions.
#pragma once

#include <cerrno>
#include <string>
#include <utility>

namespace interoper::sandbox {

struct Fault {
  std::string step;  // "mount a tmpfs on /tmp"; empty = nothing went wrong
  int error = 0;     // errno

  explicit operator bool() const { return !step.empty(); }
};

inline Fault failed(std::string step) { return {std::move(step), errno}; }

}  // namespace interoper::sandbox
