// The one place where events get their order and their time. Whoever wants to know of an event is told synchronously, in the order
// of the takers: that is the back-pressure on the processes that send them.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "engine/intake.hpp"
#include "model/event.hpp"

namespace interoper {

class Timeline {
 public:
  using Taker = std::function<void(const Event&)>;

  // The attempt begins now: `us` counts from here.
  explicit Timeline(Taker taker);

  // One moment on both clocks.
  struct Moment {
    std::chrono::steady_clock::time_point monotonic = std::chrono::steady_clock::now();
    std::chrono::system_clock::time_point civil = std::chrono::system_clock::now();
  };

  // Gives the event its seq, ti and us, and hands it on. `role` empty: it concerns no single role. The Event is valid until the next add.
  // `received`: what was read at once was received at once.
  const Event& add(std::string_view role, const Draft& draft, const Moment& received);
  const Event& add(std::string_view role, const Draft& draft) { return add(role, draft, Moment()); }

  std::uint64_t size() const { return next_seq_; }
  std::int64_t duration_ms() const;
  std::chrono::system_clock::time_point started() const { return started_; }

 private:
  Taker taker_;
  std::chrono::steady_clock::time_point began_;
  std::chrono::system_clock::time_point started_;
  std::uint64_t next_seq_ = 0;
  Event event_;
};

}  // namespace interoper
