#include "suites/expect_reader.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <utility>

namespace interoper {
namespace {

const std::vector<std::string> condition_keys{"event", "within", "count", "from", "never", "until", "order"};

constexpr std::string_view forms = R"(write {"event": {…}}, {"never": {…}} or {"order": [{…}, {…}]})";

// The text on one line: a run of blanks that breaks the line becomes one blank, everything else stays as written.
std::string on_one_line(std::string_view json) {
  std::string out;
  bool in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string) {
      out += c;
      if (c == '\\') out += json[++i];
      in_string = c != '"';
      continue;
    }
    const std::size_t end = std::min(json.find_first_not_of(" \t\r\n", i), json.size());
    if (end != i && json.substr(i, end - i).find_first_of("\r\n") != std::string_view::npos) {
      out += ' ';
      i = end - 1;
      continue;
    }
    in_string = c == '"';
    out += c;
  }
  return out;
}

class ExpectReader {
 public:
  ExpectReader(JsonReader& json, const FillCheck& fill) : json_(json), fill_(fill) {}

  std::optional<Condition> condition(const std::string& where, std::string_view value) {
    if (!json_.object(where, value, std::string(forms))) return std::nullopt;
    const std::vector<JsonMember> members = json_.members(value, " in " + where, condition_keys);
    const JsonMember* kind = nullptr;
    for (const JsonMember& member : members) {
      if (member.key != "event" && member.key != "never" && member.key != "order") continue;
      if (kind != nullptr) {
        json_.error(member.written, "'" + member.key + "' and '" + kind->key + "' stand in one condition", "make two conditions of it");
        return std::nullopt;
      }
      kind = &member;
    }
    if (kind == nullptr) {
      json_.error(value, where + " says neither 'event' nor 'never' nor 'order'", std::string(forms));
      return std::nullopt;
    }
    if (!belongs(members, kind->key)) return std::nullopt;
    Condition condition;
    condition.text = on_one_line(value);
    bool good = false;
    if (kind->key == "event") {
      good = occurs(where, members, condition.rule.emplace<Occurs>());
    } else if (kind->key == "never") {
      good = never(where, members, condition.rule.emplace<Never>());
    } else {
      good = order(where, kind->value, condition.rule.emplace<Order>());
    }
    if (!good) return std::nullopt;
    return condition;
  }

 private:
  // Every key goes with the kind of condition it stands in.
  bool belongs(const std::vector<JsonMember>& members, const std::string& kind) {
    bool all = true;
    for (const JsonMember& member : members) {
      const std::string home = member.key == "until"                                                     ? "never"
                               : member.key == "within" || member.key == "count" || member.key == "from" ? "event"
                                                                                                         : kind;
      if (home == kind) continue;
      json_.error(member.written, "'" + member.key + "' goes only with '" + home + "'");
      all = false;
    }
    return all;
  }

  bool occurs(const std::string& where, const std::vector<JsonMember>& members, Occurs& rule) {
    bool good = true;
    const JsonMember* within = nullptr;
    const JsonMember* from = nullptr;
    for (const JsonMember& member : members) {
      const std::string key = where + "." + member.key;
      if (member.key == "event") good = pattern(key, member.value, rule.event) && good;
      if (member.key == "count") good = count(key, member.value, rule.count) && good;
      if (member.key == "within") {
        within = &member;
        const auto text = json_.string(key, member.value);
        good = text && fill_.names(member.value, false) && fill_.duration(key, member.value, true) && good;
        if (text && text->empty())
          json_.error(member.value, "'" + key + "' is empty", R"(write a Go duration: "250ms", "3s", "1m30s", "1h")");
        good = good && !text->empty();
        rule.within = text.value_or("");
      }
      if (member.key == "from") {
        from = &member;
        good = pattern(key, member.value, rule.from.emplace()) && good;
      }
    }
    if (from != nullptr && within == nullptr) {
      json_.warning(from->written, "'from' does nothing without 'within'", "it says where the clock of 'within' starts");
    }
    return good;
  }

  bool never(const std::string& where, const std::vector<JsonMember>& members, Never& rule) {
    bool good = true;
    for (const JsonMember& member : members) {
      const std::string key = where + "." + member.key;
      good = pattern(key, member.value, member.key == "never" ? rule.event : rule.until.emplace()) && good;
    }
    return good;
  }

  bool order(const std::string& where, std::string_view value, Order& rule) {
    const auto steps = json_.array(where + ".order", value);
    if (!steps) return false;
    if (steps->size() < 2) {
      json_.error(value, "'" + where + ".order' must hold two patterns or more", "of one event, say {\"event\": {…}}");
      return false;
    }
    bool good = true;
    for (std::size_t i = 0; i < steps->size(); ++i) {
      Pattern step;
      good = pattern(where + ".order[" + std::to_string(i) + "]", (*steps)[i], step) && good;
      rule.steps.push_back(std::move(step));
    }
    return good;
  }

  bool pattern(const std::string& key, std::string_view value, Pattern& pattern) {
    if (!json_.object(key, value, R"(write a pattern: {"ty": "ready", "ro": "worker"})")) return false;
    bool good = true;
    for (const JsonMember& member : json_.members(value, " in " + key)) {
      if (member.key.empty()) {
        json_.error(member.written, "an empty key in '" + key + "' names nothing of an event");
        good = false;
      }
      good = fill_.names(member.value, false) && good;
      pattern.keys.emplace_back(member.key, std::string(member.value));
    }
    if (good && pattern.keys.empty()) {
      json_.error(value, "'" + key + "' is empty: every event matches it", R"(name at least one key: {"ty": "ready"})");
      good = false;
    }
    return good;
  }

  bool count(const std::string& key, std::string_view value, Count& count) {
    constexpr std::string_view help = R"(write "==3", ">=3" or "<=3")";
    const auto text = json_string(value);
    if (!text) {
      json_.wrong_type(key, value, "a string",
                       json_kind(value) == "a number" ? "write \"==" + std::string(value) + "\"" : std::string(help));
      return false;
    }
    constexpr std::pair<std::string_view, Count::Comparison> signs[] = {
        {"==", Count::Comparison::equal}, {">=", Count::Comparison::at_least}, {"<=", Count::Comparison::at_most}};
    for (const auto& [sign, comparison] : signs) {
      if (text->compare(0, sign.size(), sign) != 0) continue;
      std::string_view digits = *text;
      digits.remove_prefix(std::min(digits.find_first_not_of(' ', sign.size()), digits.size()));
      const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), count.number);
      count.comparison = comparison;
      if (fault == std::errc() && end == digits.data() + digits.size()) return true;
    }
    json_.error(value, "'" + key + "': '" + *text + "' is no count", std::string(help));
    return false;
  }

  JsonReader& json_;
  const FillCheck& fill_;
};

}  // namespace

std::vector<Condition> read_expect(JsonReader& json, const FillCheck& fill, std::string_view value) {
  std::vector<Condition> conditions;
  const auto elements = json.array("expect", value, value.front() == '{' ? "write [{…}]" : "");
  if (!elements) return conditions;
  ExpectReader reader(json, fill);
  for (std::size_t i = 0; i < elements->size(); ++i) {
    auto condition = reader.condition("expect[" + std::to_string(i) + "]", (*elements)[i]);
    if (condition) conditions.push_back(std::move(*condition));
  }
  return conditions;
}

}  // namespace interoper
