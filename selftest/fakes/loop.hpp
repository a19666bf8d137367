// Runs coroutines from code that is none. Not what programs do (commands/event_loop.hpp): no signals, and no more turns than a task needs.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

#include "base/task.hpp"

namespace interoper::fakes {

// Longer than any wait of a test; a task that does not end by then fails its test, and not the whole program.
constexpr std::chrono::minutes usual_patience{9};

// Runs the loop until the task has ended, and no longer: what listens goes on listening. Rethrows what the task ended with.
inline void run(boost::asio::io_context& io, Task<> task, Clock::duration patience = usual_patience) {
  std::exception_ptr failure;
  bool over = false;
  boost::asio::co_spawn(io, std::move(task), [&](std::exception_ptr error) {
    failure = error;
    over = true;
  });
  io.restart();
  const auto deadline = Clock::now() + patience;
  while (!over) {
    io.run_one_until(deadline);
    if (!over && Clock::now() > deadline) throw std::runtime_error("the task does not end");
  }
  if (failure) std::rethrow_exception(failure);
}

template <class T>
Task<> keep_result(Task<T> task, std::optional<T>& result) {
  result = co_await std::move(task);
}

// The same; what the task returned.
template <class T>
T run(boost::asio::io_context& io, Task<T> task, Clock::duration patience = usual_patience) {
  std::optional<T> result;
  run(io, keep_result(std::move(task), result), patience);
  return std::move(*result);
}

}  // namespace interoper::fakes
