#include "reporters/event_filter.hpp"

#include <regex.h>

#include <array>

#include "base/glob.hpp"
#include "reporters/brief.hpp"

namespace interoper {
namespace {

// Of one event: a line of 4 MiB is looked through to its end.
constexpr std::size_t searched_bytes = std::size_t{8} * 1024 * 1024;

}  // namespace

struct EventSieve::Expression {
  explicit Expression(const std::string& text) : code(::regcomp(&compiled, text.c_str(), REG_EXTENDED | REG_NOSUB)) {}
  Expression(const Expression&) = delete;
  Expression& operator=(const Expression&) = delete;
  ~Expression() {
    if (code == 0) ::regfree(&compiled);
  }
  regex_t compiled{};
  int code;
};

EventSieve::EventSieve(const EventFilter& filter) : filter_(filter) {
  if (filter_.grep.empty()) return;
  expression_ = std::make_unique<Expression>(filter_.grep);
  if (expression_->code == 0) return;
  std::array<char, 200> text{};
  ::regerror(expression_->code, &expression_->compiled, text.data(), text.size());
  fault_ = text.data();
}

EventSieve::~EventSieve() = default;

bool EventSieve::lets_through(const Event& event) const {
  if (!filter_.roles.empty() && (event.role.empty() || !is_selected(filter_.roles, event.role))) return false;
  if (!is_selected(filter_.types, event.type)) return false;
  if (filter_.since_us && event.us < *filter_.since_us) return false;
  if (filter_.until_us && event.us > *filter_.until_us) return false;
  if (!expression_) return true;
  if (expression_->code != 0) return false;
  const std::string text = event.type + " " + brief_of(event.type, event.line, Style{}, searched_bytes);
  return ::regexec(&expression_->compiled, text.c_str(), 0, nullptr, 0) == 0;
}

}  // namespace interoper
