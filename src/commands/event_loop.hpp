// The one thread, its io_context, and the signals of the user. Everything asynchronous that a command does happens inside run_on_loop.
#pragma once

#include <functional>

#include "base/task.hpp"

namespace interoper {

// What signals mean to a command. Where there is no function, they have their usual effect.
struct SignalCalls {
  std::function<void(int count)> interrupted{};  // SIGINT, SIGTERM, SIGHUP; the count so far, from 1
  std::function<void()> asked{};                 // SIGUSR1, and SIGINFO where there is one: what runs now?
  std::function<void()> stopping{};              // SIGTSTP; when it returns, the program is stopped
  std::function<void()> resumed{};               // SIGCONT
};
// After the third interrupt the program ends at once, whatever still runs.
constexpr int last_interrupt = 3;

// Runs `work` to its end and rethrows what it threw.
void run_on_loop(const std::function<Task<>(Executor)>& work, const SignalCalls& calls = {});

}  // namespace interoper
