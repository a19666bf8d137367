#include "reporters/brief.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>

#include "base/duration.hpp"
#include "base/json_text.hpp"
#include "base/visible.hpp"

namespace interoper {
namespace {

// Longer events are cut when they are kept: with 64 roles at once these are some 20 MB at most.
constexpr std::size_t kept_bytes = 4096;
constexpr std::size_t most_roles = 64;
constexpr std::size_t shown_after = 3;
constexpr std::ptrdiff_t pinned_before = 3;  // with the point itself
constexpr std::ptrdiff_t pinned_after = 8;   // its diagnostics
constexpr std::size_t shown_of_others = 6;   // where the time ran out for all
constexpr std::size_t shown_bytes = 240;     // of one line

}  // namespace

std::string brief_of(std::string_view type, std::string_view line, const Style& style, std::size_t limit_bytes) {
  const auto in = json_at(line, "in");
  if (type == "log" && in && in->starts_with('{')) {
    const auto said = json_at(*in, "line");
    if (said) return visible(json_string(*said).value_or(std::string(*said)), !style.utf8, limit_bytes);
  }
  std::string brief = in && *in != "{}" && *in != "null" ? visible(*in, !style.utf8, limit_bytes) : "";
  const auto to = json_at(line, "to");
  if (to) brief += (brief.empty() ? "to " : " to ") + visible(*to, !style.utf8, limit_bytes);
  return brief;
}

std::string duration_text(std::int64_t ms) {
  constexpr std::int64_t most_ms = 9'000'000'000'000;  // as nanoseconds they still fit
  return human_duration(std::chrono::milliseconds(std::clamp(ms, -most_ms, most_ms)));
}

std::string_view broken_rule(std::string_view reason) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 11> rules = {{
      {"not-ready", "every role says that it is ready, before it exits and before the time runs out"},
      {"exited", "no role exits before the test is done, and none with another status than 0"},
      {"not-done", "the role that decides says that it is done before it exits"},
      {"timeout", "the test is done before the time runs out"},
      {"assert", "what two roles assert under one id is the same"},
      {"expect", "every condition of the test holds"},
      {"not-ok", "every test that is run is ok"},
      {"plan", "as many tests come as were planned"},
      {"bail-out", "the tests are run to their end"},
      {"no-tap", "the role that decides tells of its tests in TAP on its stdout"},
      {"tap", "the TAP is one that can be believed"},
  }};
  for (const auto& [name, rule] : rules) {
    if (name == reason) return rule;
  }
  return "";
}

std::string seconds_text(std::int64_t us, int digits) {
  char text[48];
  const std::int64_t absolute = us < 0 ? -(us + 1) : us;  // hostile timelines hold any number
  const std::int64_t part = digits == 6 ? absolute % 1'000'000 : absolute % 1'000'000 / 1000;
  std::snprintf(text, sizeof text, "%s%lld.%0*lld", us < 0 ? "-" : "", static_cast<long long>(absolute / 1'000'000), digits,
                static_cast<long long>(part));
  return text;
}

void LastEvents::add(const Event& event) {
  if (roles_.size() >= most_roles && !roles_.contains(event.role)) return;
  std::deque<Kept>& events = roles_[event.role];
  Kept kept;
  if (events.size() == kept_events) {  // its memory serves again
    kept = std::move(events.front());
    events.pop_front();
  }
  kept.seq = event.seq;
  kept.us = event.us;
  kept.type = event.type.substr(0, kept_bytes);
  kept.is_brief = event.line.size() > kept_bytes;
  kept.line = kept.is_brief ? brief_of(event.type, event.line, Style{}, shown_bytes) : event.line;
  events.push_back(std::move(kept));
  pin(event, events);
}

// A point that is not ok decides when it comes, and the tests that follow it may say a lot: it is kept with what explains it.
void LastEvents::pin(const Event& event, const std::deque<Kept>& events) {
  if (pinned_.empty()) {
    const bool is_bad = event.by_engine && event.type == "tap.point" && json_at(event.line, "in.ok") == "false";
    if (!is_bad || json_at(event.line, "in.directive") || json_at(event.line, "in.depth")) return;
    pinned_role_ = event.role;
    pinned_.assign(events.end() - std::min<std::ptrdiff_t>(std::ssize(events), pinned_before), events.end());
    pinned_seq_ = event.seq;
  } else if (event.role == pinned_role_ && std::ssize(pinned_) < pinned_before + pinned_after) {
    pinned_.push_back(events.back());
  }
}

std::vector<std::string> LastEvents::around(const Blame& blame, const Style& style) const {
  std::vector<Line> chosen;
  const auto nobodys = roles_.find("");
  const auto decided = [&](const Kept& kept) { return kept.seq == blame.seq; };
  const bool concerns_all = nobodys != roles_.end() && std::any_of(nobodys->second.begin(), nobodys->second.end(), decided);
  bool gone = false;
  if (!pinned_.empty() && pinned_seq_ == blame.seq) {
    for (const Kept& kept : pinned_)
      chosen.push_back({nullptr, &kept});
  } else if (concerns_all) {
    // The time ran out: what the others did last is as telling as what the blamed one did.
    for (const auto& [role, events] : roles_) {
      const auto until = std::find_if(events.begin(), events.end(), [&](const Kept& kept) { return kept.seq > blame.seq; });
      const auto most = role == blame.role ? shown_before : shown_of_others;
      for (auto it = until - std::min<std::ptrdiff_t>(until - events.begin(), most); it != until; ++it) {
        if (!role.empty() || it->seq == blame.seq) chosen.push_back({&role, &*it});
      }
    }
    std::sort(chosen.begin(), chosen.end(), [](const Line& one, const Line& other) { return one.kept->seq < other.kept->seq; });
  } else {
    const auto found = roles_.find(blame.role);
    if (found == roles_.end()) return {};  // somebody else runs it
    const std::deque<Kept>& events = found->second;
    auto after = std::find_if(events.begin(), events.end(), [&](const Kept& kept) { return kept.seq > blame.seq; });
    gone = after == events.begin();  // so much was said since that it is no longer kept
    if (gone) after = events.end();
    const auto from = after - std::min<std::ptrdiff_t>(after - events.begin(), shown_before);
    const auto to = after + std::min<std::ptrdiff_t>(events.end() - after, shown_after);
    for (auto it = from; it != to; ++it)
      chosen.push_back({nullptr, &*it});
  }
  std::vector<std::string> lines = lines_of(chosen, blame.seq, style);
  if (gone) lines.push_back("  (event " + std::to_string(blame.seq) + ", which decided, stands further up in the timeline)");
  return lines;
}

std::vector<std::string> LastEvents::lines_of(const std::vector<Line>& chosen, std::uint64_t decided, const Style& style) {
  std::size_t type_columns = 0;
  std::size_t time_columns = 0;
  std::size_t role_columns = 0;
  for (const auto& [role, kept] : chosen) {
    type_columns = std::min<std::size_t>(24, std::max(type_columns, kept->type.size()));
    time_columns = std::max(time_columns, seconds_text(kept->us, 3).size());
    if (role != nullptr) role_columns = std::min<std::size_t>(16, std::max(role_columns, role->size()));
  }
  std::vector<std::string> lines;
  for (const auto& [role, kept] : chosen) {
    const std::string text =
        kept->is_brief ? visible(kept->line, !style.utf8, shown_bytes) : brief_of(kept->type, kept->line, style, shown_bytes);
    std::string line = (kept->seq == decided ? "> " : "  ") + padded_left(seconds_text(kept->us, 3), time_columns) + "  " +
                       (role != nullptr ? padded(visible(*role, !style.utf8, 40), role_columns) + "  " : "") +
                       padded(visible(kept->type, !style.utf8, 40), type_columns) + "  " + text;
    line.erase(line.find_last_not_of(' ') + 1);
    lines.push_back(kept->seq == decided ? paint(Colour::bold, line, style) : line);
  }
  return lines;
}

}  // namespace interoper
