#include "engine/mailbox.hpp"

#include <algorithm>

#include "base/json_text.hpp"

namespace interoper {

std::string letter_of(const Event& event) {
  std::string letter = R"({"ty":)" + json_quote(event.type);
  if (!event.role.empty()) letter += R"(,"ro":)" + json_quote(event.role);
  if (const auto id = json_at(event.line, "id")) letter.append(R"(,"id":)").append(*id);
  if (const auto in = json_at(event.line, "in")) letter.append(R"(,"in":)").append(*in);
  letter += "}\n";
  return letter;
}

std::vector<std::string> addressees(const Event& event, const Rules& rules, const std::vector<RoleSpec>& roles) {
  const bool for_all = event.type == rules.ready_event || event.type == rules.done_event;
  const bool may_name = !event.by_engine && event.is_addressed;
  if (!for_all && !may_name) return {};

  std::vector<std::string> named;
  if (const auto to = may_name ? json_at(event.line, "to") : std::nullopt) {
    if (const auto one = json_string(*to)) named.push_back(*one);
    for (const std::string_view element : json_elements(*to).value_or(std::vector<std::string_view>())) {
      if (const auto one = json_string(element)) named.push_back(*one);
    }
  }
  const auto is_named = [&](const std::string& name) { return std::find(named.begin(), named.end(), name) != named.end(); };
  std::vector<std::string> found;
  for (const RoleSpec& role : roles) {
    const bool other = role.name != event.role;
    // "*" is everybody else: a sender knows what it said.
    const bool meant = is_named(role.name) || (other && (for_all || is_named("*")));
    if (meant) found.push_back(role.name);
  }
  return found;
}

bool Mailbox::put(std::string letter) {
  if (closed_) return true;
  if (unread_bytes_ + letter.size() > most_unread_bytes) return false;
  unread_bytes_ += letter.size();
  letters_.push_back(std::move(letter));
  changed_.notify();
  return true;
}

Task<> Mailbox::deliver(Process& process) {
  const Predicate something_to_do = [this] { return !letters_.empty() || closed_; };
  while (true) {
    co_await changed_.until(something_to_do);
    if (letters_.empty()) break;
    std::string letter = std::move(letters_.front());
    letters_.pop_front();
    writing_ = true;
    const bool read = co_await process.write(letter);
    writing_ = false;
    unread_bytes_ -= std::min(unread_bytes_, letter.size());
    changed_.notify();
    if (!read) abandon();
  }
  changed_.notify();
}

void Mailbox::close() {
  closed_ = true;
  changed_.notify();
}

void Mailbox::abandon() {
  closed_ = true;
  letters_.clear();
  unread_bytes_ = 0;
  changed_.notify();
}

Task<bool> Mailbox::delivered_by(Clock::time_point deadline) {
  const Predicate all_written = [this] { return letters_.empty() && !writing_; };
  const bool all = co_await changed_.until(all_written, deadline);
  co_return all;
}

}  // namespace interoper
