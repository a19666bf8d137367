// Starts the launcher, the small program that makes namespaces (launcher/), and speaks to it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/descriptor.hpp"
#include "base/task.hpp"
#include "runtimes/sandbox/wire.hpp"

namespace interoper::sandbox {

class Launcher {
 public:
  explicit Launcher(const Executor& executor) : executor_(executor) {}
  Launcher(const Launcher&) = delete;
  Launcher& operator=(const Launcher&) = delete;
  ~Launcher();  // kills it when it was not ended in order

  // WorldError("sandbox-unavailable") with what to do when this machine does not let it work.
  Task<> start();
  // Whether it works without user namespaces.
  bool is_privileged() const { return is_privileged_; }

  // Asks for a slot that speaks on `slot`, and its places on `places`; the slot itself says whether it could be made.
  Task<> make_slot(const SlotOrder& order, Descriptor slot, std::vector<Descriptor> places);

  // Ends it, and with it everything that it made. False when it is still there at the deadline.
  Task<bool> end(Clock::time_point deadline);

 private:
  Executor executor_;
  std::optional<Wire> wire_;
  int process_ = -1;
  bool is_privileged_ = false;
};

// Until what a pidfd stands for has ended, at most until `deadline`. True when it has.
Task<bool> process_ended(const Executor& executor, int pidfd, Clock::time_point deadline);

}  // namespace interoper::sandbox
