#include "engine/vocabulary.hpp"

#include <charconv>
#include <iterator>
#include <optional>

#include "base/json_text.hpp"

namespace interoper {
namespace {

// A process whose ids are this scattered does not count; remembering each of them would be its flood in our memory.
constexpr std::size_t most_ranges = 10'000;

std::optional<std::uint64_t> unsigned_integer(std::string_view value) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size()) return std::nullopt;
  return number;
}

bool is_of_kind(std::string_view value, EventShape::Kind kind) {
  const char first = value.empty() ? '\0' : value.front();
  switch (kind) {
    case EventShape::Kind::any: return true;
    case EventShape::Kind::string: return first == '"';
    case EventShape::Kind::uint: return unsigned_integer(value).has_value();
    case EventShape::Kind::number: return first == '-' || (first >= '0' && first <= '9');
    case EventShape::Kind::boolean: return first == 't' || first == 'f';
    case EventShape::Kind::object: return first == '{';
    case EventShape::Kind::array: return first == '[';
  }
  return true;
}

std::string_view in_words(EventShape::Kind kind) {
  switch (kind) {
    case EventShape::Kind::any: return "a value";
    case EventShape::Kind::string: return "a string";
    case EventShape::Kind::uint: return "an unsigned integer";
    case EventShape::Kind::number: return "a number";
    case EventShape::Kind::boolean: return "true or false";
    case EventShape::Kind::object: return "an object";
    case EventShape::Kind::array: return "an array";
  }
  return "a value";
}

}  // namespace

Vocabulary::Vocabulary(const Rules& rules) {
  for (const EventShape& shape : rules.events)
    shapes_.emplace(shape.type, &shape);
}

bool Vocabulary::Ids::add(std::uint64_t id) {
  auto next = ranges_.upper_bound(id);
  if (next != ranges_.begin()) {
    const auto previous = std::prev(next);
    if (id <= previous->second) return false;
    if (id == previous->second + 1) {
      previous->second = id;
      if (next != ranges_.end() && next->first == id + 1) {
        previous->second = next->second;
        ranges_.erase(next);
      }
      return true;
    }
  }
  if (ranges_.size() < most_ranges) ranges_.emplace(id, id);
  return true;
}

void Vocabulary::check_id(const Event& event, const Report& report) {
  if (event.id.empty()) return;
  const auto id = unsigned_integer(event.id);
  if (!id) {
    report("bad-id", "the `id` of this `" + event.type + "` is no unsigned integer");
  } else if (!ids_[event.role].add(*id)) {
    report("repeated-id", "the `id` " + std::to_string(*id) + " was used before");
  }
}

void Vocabulary::check(const Event& event, const Report& report) {
  check_id(event, report);
  const auto shape = shapes_.find(event.type);
  if (shape == shapes_.end()) return;
  for (const EventShape::Field& field : shape->second->fields) {
    const auto value = json_at(event.line, "in." + field.path);
    const std::string name = "`in." + field.path + "` of `" + event.type + "`";
    if (!value) {
      if (field.required) report("missing-field", name + " is missing; expected " + std::string(in_words(field.kind)));
    } else if (!is_of_kind(*value, field.kind)) {
      report("mistyped-field", name + " is not " + std::string(in_words(field.kind)));
    }
  }
}

}  // namespace interoper
