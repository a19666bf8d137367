#include "engine/timeline.hpp"

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

template <class Number>
bool read_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

Timeline::Timeline(Taker taker)
    : taker_(std::move(taker)), began_(std::chrono::steady_clock::now()), started_(std::chrono::system_clock::now()) {}

const Event& Timeline::add(std::string_view role, const Draft& draft) {
  event_.seq = next_seq_++;
  event_.us = duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - began_).count();
  event_.ti = duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  event_.role = role;
  event_.type = draft.type;
  event_.by_engine = draft.by_engine;

  std::string& line = event_.line;
  line.clear();
  line.append(R"({"seq":)");
  append_number(line, static_cast<std::int64_t>(event_.seq));
  line.append(R"(,"ti":)");
  append_number(line, event_.ti);
  line.append(R"(,"us":)");
  append_number(line, event_.us);
  if (!role.empty()) line.append(R"(,"ro":)").append(json_quote(role));
  line.append(draft.members);
  line += '}';
  taker_(event_);
  return event_;
}

std::int64_t Timeline::duration_ms() const {
  return duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began_).count();
}

std::optional<Event> event_of_line(std::string_view line) {
  const auto members = json_members(line);
  if (!members) return std::nullopt;
  Event event;
  bool has_seq = false;
  for (const JsonMember& member : *members) {
    if (member.key == "seq") has_seq = read_number(member.value, event.seq);
    if (member.key == "ti") read_number(member.value, event.ti);
    if (member.key == "us") read_number(member.value, event.us);
    if (member.key == "ro") event.role = json_string(member.value).value_or("");
    if (member.key == "ty") event.type = json_string(member.value).value_or("");
    if (member.key == "by") event.by_engine = json_string(member.value) == "engine";
  }
  if (!has_seq || event.type.empty()) return std::nullopt;
  event.line = line;
  return event;
}

}  // namespace interoper
