#include "base/task.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cassert>
#include <memory>
#include <utility>

namespace interoper {

namespace asio = boost::asio;

// A timer that never fires by itself is Asio's condition variable: cancelling it wakes all who wait.
Notice::Notice(const Executor& executor) : timer_(executor, Clock::time_point::max()) {}

void Notice::notify() { timer_.cancel(); }

Task<bool> Notice::until(const Predicate& holds, Clock::time_point deadline) {
  if (deadline == Clock::time_point::max()) {
    while (!holds()) {
      boost::system::error_code woken;
      auto token = asio::redirect_error(asio::use_awaitable, woken);
      co_await timer_.async_wait(token);
    }
    co_return true;
  }
  // The deadline rings the same bell, so that one wait serves both.
  asio::steady_timer alarm(timer_.get_executor(), deadline);
  bool rang = false;
  auto alive = std::make_shared<bool>(true);
  alarm.async_wait([this, &rang, alive](const boost::system::error_code& error) {
    if (error || !*alive) return;
    rang = true;
    notify();
  });
  bool held = holds();
  while (!held && !rang) {
    boost::system::error_code woken;
    auto token = asio::redirect_error(asio::use_awaitable, woken);
    co_await timer_.async_wait(token);
    held = holds();
  }
  *alive = false;
  alarm.cancel();
  co_return held;
}

Group::Group(const Executor& executor) : executor_(executor), ended_(executor) {}

Group::~Group() { assert(running_ == 0); }

void Group::spawn(Task<> work) {
  ++running_;
  asio::co_spawn(executor_, std::move(work), [this](std::exception_ptr failure) {
    if (failure && !first_failure_) first_failure_ = failure;
    --running_;
    ended_.notify();
  });
}

Task<> Group::join() {
  const Predicate none_left = [this] { return running_ == 0; };
  co_await ended_.until(none_left);
  std::exception_ptr failure = std::exchange(first_failure_, nullptr);
  if (failure) std::rethrow_exception(failure);
}

Task<bool> Group::join_by(Clock::time_point deadline) {
  const Predicate none_left = [this] { return running_ == 0; };
  const bool all = co_await ended_.until(none_left, deadline);
  co_return all;
}

Gate::Gate(const Executor& executor, std::size_t width) : changed_(executor), free_(width) {}

Task<Gate::Pass> Gate::enter() {
  const std::size_t ticket = next_ticket_++;
  const Predicate my_turn = [this, ticket] { return free_ > 0 && serving_ == ticket; };
  co_await changed_.until(my_turn);
  --free_;
  ++serving_;
  changed_.notify();  // the next in line may pass too
  Pass pass(this);
  co_return std::move(pass);
}

void Gate::leave() {
  ++free_;
  changed_.notify();
}

Gate::Pass& Gate::Pass::operator=(Pass&& other) noexcept {
  if (this != &other) {
    if (gate_ != nullptr) gate_->leave();
    gate_ = std::exchange(other.gate_, nullptr);
  }
  return *this;
}

Gate::Pass::~Pass() {
  if (gate_ != nullptr) gate_->leave();
}

Task<> sleep_until(Clock::time_point moment) {
  auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor, moment);
  boost::system::error_code ended;
  auto token = asio::redirect_error(asio::use_awaitable, ended);
  co_await timer.async_wait(token);
}

Task<> sleep_for(Clock::duration duration) {
  const auto moment = Clock::now() + duration;
  co_await sleep_until(moment);
}

Task<> yield_turn() {
  auto executor = co_await asio::this_coro::executor;
  co_await asio::post(executor, asio::use_awaitable);
}

}  // namespace interoper
