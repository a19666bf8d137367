// What a role is told on stdin (interface §5): every `ready` and `done` of the others, and every event that names it in `to`. Letters from
// before its start come first. A process that never reads stalls nothing: its letters wait, up to a limit.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/task.hpp"
#include "model/event.hpp"
#include "model/spec.hpp"
#include "runtimes/runtime.hpp"

namespace interoper {

// For letters that nobody has read yet, for each role. Beyond it they are dropped, and the timeline says so.
constexpr std::size_t most_unread_bytes = std::size_t{16} * 1024 * 1024;

// The line that other roles read of this event: {"ty", "ro", "id"?, "in"?}, with its newline.
std::string letter_of(const Event& event);

// The roles that this event is for, of those in `roles`.
std::vector<std::string> addressees(const Event& event, const Rules& rules, const std::vector<RoleSpec>& roles);

class Mailbox {
 public:
  explicit Mailbox(const Executor& executor) : changed_(executor) {}

  // False when the letter was dropped because too many are unread.
  bool put(std::string letter);
  // Writes letters to `process` as they come, until close() and all are written, or nobody can read them any more.
  Task<> deliver(Process& process);
  // No more letters: what was put before is still delivered.
  void close();
  // Nothing is read any more: what was put is forgotten.
  void abandon();
  // True when everything that was put has been written (or can't be any more) by then.
  Task<bool> delivered_by(Clock::time_point deadline);

 private:
  Notice changed_;
  std::deque<std::string> letters_;
  std::size_t unread_bytes_ = 0;
  bool writing_ = false;
  bool closed_ = false;
};

}  // namespace interoper
