#include "runtimes/docker/removals.hpp"

#include "base/problem.hpp"

namespace interoper::docker {

namespace {

// Two keep an engine busy (runtime-floor §9); four also while one of them hangs.
constexpr std::size_t removals_at_once = 4;
// Each pending one is a network, a volume and a few containers.
constexpr std::size_t pending_at_most = 32;
// An engine that removes nothing for so long will not get better by waiting; the sweep at the end tries again.
constexpr std::chrono::seconds room_within{120};

}  // namespace

Removals::Removals(const Executor& executor) : gate_(executor, removals_at_once), done_(executor), group_(executor) {}

Task<> Removals::run(std::function<Task<>()> work) {
  const Gate::Pass pass = co_await gate_.enter();
  try {
    co_await work();
  } catch (const WorldError&) {
    // Whatever is left carries our labels: the sweep at the end of the run finds it, and after a crash `interoper clean`.
  }
  done_.notify();
}

Task<> Removals::add(std::function<Task<>()> work) {
  const Predicate has_room = [this] { return group_.running() < pending_at_most; };
  const auto deadline = Clock::now() + room_within;
  co_await done_.until(has_room, deadline);
  group_.spawn(run(std::move(work)));
}

Task<bool> Removals::finish(Clock::time_point deadline) {
  const bool all = co_await group_.join_by(deadline);
  co_return all;
}

}  // namespace interoper::docker
