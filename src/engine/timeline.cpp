#include "engine/timeline.hpp"

#include <algorithm>
#include <charconv>

#include "base/json_text.hpp"

namespace interoper {
namespace {

using std::chrono::duration_cast;

void append_number(std::string& text, std::int64_t number) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  text.append(digits, end);
}

}  // namespace

Timeline::Timeline(Taker taker)
    : taker_(std::move(taker)), began_(std::chrono::steady_clock::now()), started_(std::chrono::system_clock::now()) {}

const Event& Timeline::add(std::string_view role, const Draft& draft, const Moment& received) {
  event_.seq = next_seq_++;
  // What was received earlier may be added later than an event of the engine's: `us` never decreases (interface §6).
  event_.us = std::max(event_.us, duration_cast<std::chrono::microseconds>(received.monotonic - began_).count());
  event_.ti = duration_cast<std::chrono::milliseconds>(received.civil.time_since_epoch()).count();
  event_.role = role;
  event_.type = draft.type;
  event_.by_engine = draft.by_engine;
  event_.is_addressed = draft.is_addressed;
  event_.id = draft.id;

  std::string& line = event_.line;
  line.clear();
  line.append(R"({"seq":)");
  append_number(line, static_cast<std::int64_t>(event_.seq));
  line.append(R"(,"ti":)");
  append_number(line, event_.ti);
  line.append(R"(,"us":)");
  append_number(line, event_.us);
  if (!role.empty()) line.append(R"(,"ro":")").append(role) += '"';  // a host name label: nothing to escape
  line.append(draft.members);
  line += '}';
  taker_(event_);
  return event_;
}

std::int64_t Timeline::duration_ms() const {
  return duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began_).count();
}

}  // namespace interoper
