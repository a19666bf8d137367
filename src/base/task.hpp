// Coroutines and the few words of structured concurrency that the rest is written with. One thread, one io_context.
// There is no cancellation: every wait has a deadline, and sockets can be closed. What is spawned belongs to a Group, and is joined.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>

namespace interoper {

template <class T = void>
using Task = boost::asio::awaitable<T>;

using Executor = boost::asio::any_io_executor;
using Clock = std::chrono::steady_clock;

// A named variable of this type, never a lambda in the call: g++ 12 miscompiles temporaries beside co_await (docs/decisions).
using Predicate = std::function<bool()>;

// Something changed: wakes all who wait. The predicate is the truth, the notice only says "look again".
class Notice {
 public:
  explicit Notice(const Executor& executor);

  void notify();

  // Until `holds()` is true (looked at before the first wait and after every notify) or `deadline` has passed.
  // True when the predicate held. The Notice, `holds` and all that it refers to must outlive the wait.
  Task<bool> until(const Predicate& holds, Clock::time_point deadline = Clock::time_point::max());
  template <class Lambda>  // the rule above, kept by the compiler
  Task<bool> until(Lambda&& holds, Clock::time_point deadline = Clock::time_point::max()) = delete;

 private:
  boost::asio::steady_timer timer_;
};

// Coroutines that run side by side and end before their owner does.
class Group {
 public:
  explicit Group(const Executor& executor);
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;
  ~Group();  // asserts that nothing runs any more

  void spawn(Task<> work);
  std::size_t running() const { return running_; }

  // Waits for all, also those spawned meanwhile; then rethrows the first exception that one of them ended with.
  Task<> join();
  // True when all have ended by then; never throws.
  Task<bool> join_by(Clock::time_point deadline);

 private:
  Executor executor_;
  Notice ended_;
  std::size_t running_ = 0;
  std::exception_ptr first_failure_;
};

// Lets at most `width` through at a time, first come first served.
class Gate {
 public:
  Gate(const Executor& executor, std::size_t width);
  class Pass {  // given back when it goes out of scope
   public:
    Pass() = default;
    explicit Pass(Gate* gate) : gate_(gate) {}
    Pass(Pass&& other) noexcept : gate_(other.gate_) { other.gate_ = nullptr; }
    Pass& operator=(Pass&& other) noexcept;
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;
    ~Pass();

   private:
    Gate* gate_ = nullptr;
  };
  Task<Pass> enter();

 private:
  friend class Pass;
  void leave();
  Notice changed_;
  std::size_t free_;
  std::size_t next_ticket_ = 0;
  std::size_t serving_ = 0;
};

Task<> sleep_until(Clock::time_point moment);
Task<> sleep_for(Clock::duration duration);
// Lets every other coroutine that is ready have its turn.
Task<> yield_turn();

}  // namespace interoper
