// The one thread, its io_context, and the signals of the user. Everything asynchronous that a command does happens inside run_on_loop.
#pragma once

#include <functional>

#include "base/task.hpp"

namespace interoper {

// Runs `work` to its end and rethrows what it threw. `on_signal` is told of SIGINT, SIGTERM and SIGHUP with the count so far, from 1;
// when it is empty, signals have their usual effect. From the third on the program ends at once, whatever still runs.
void run_on_loop(const std::function<Task<>(Executor)>& work, const std::function<void(int count)>& on_signal = {});

}  // namespace interoper
