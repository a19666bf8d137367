// Which events of a timeline a person wants to see.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/event.hpp"

namespace interoper {

struct EventFilter {
  std::vector<std::string> roles;  // globs, as in selections; none: all, and what concerns no single role
  std::vector<std::string> types;  // globs; `log` is a type
  std::optional<std::int64_t> since_us, until_us;
  std::string grep;  // an extended regular expression (POSIX), looked for in an event's type and in what `show` says of it

  bool is_empty() const { return roles.empty() && types.empty() && !since_us && !until_us && grep.empty(); }
};

// A filter, ready to be asked often.
class EventSieve {
 public:
  // An expression that is none lets nothing through; ask `fault` first.
  explicit EventSieve(const EventFilter& filter);
  ~EventSieve();
  EventSieve(const EventSieve&) = delete;
  EventSieve& operator=(const EventSieve&) = delete;

  bool lets_through(const Event& event) const;
  // What is wrong with the regular expression; "" when nothing is.
  const std::string& fault() const { return fault_; }

 private:
  struct Expression;
  EventFilter filter_;
  std::unique_ptr<Expression> expression_;
  std::string fault_;
};

}  // namespace interoper
