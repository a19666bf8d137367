#include "engine/bind.hpp"

#include <cmath>
#include <stdexcept>

#include "base/duration.hpp"
#include "base/json_text.hpp"
#include "base/placeholders.hpp"

namespace interoper {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

// Carries a BindFault out of nested values; never leaves this file.
struct Unbindable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Binder {
 public:
  Binder(const Spec& spec, const Cell& cell) : spec_(spec), cell_(cell) {}

  std::string text(std::string_view text, std::string_view role) const {
    const auto lookup = [&](std::string_view name) { return value_of(name, role); };
    auto filled = fill_in(text, lookup);
    if (const auto* unknown = std::get_if<UnknownName>(&filled)) throw Unbindable("{" + unknown->name + "} stands for nothing");
    return std::get<std::string>(std::move(filled));
  }

  Pattern pattern(const Pattern& pattern) const {
    Pattern bound;
    for (const auto& [key, value] : pattern.keys) {
      const auto string = json_string(value);
      bound.keys.emplace_back(key, string ? json_quote(text(*string, "")) : value);
    }
    return bound;
  }

  std::optional<nanoseconds> duration(std::string_view what, const std::string& written) const {
    const std::string filled = text(written, "");
    if (filled.empty()) return std::nullopt;
    const auto parsed = parse_go_duration(filled);
    if (const auto* fault = std::get_if<std::string>(&parsed)) throw Unbindable(std::string(what) + " \"" + filled + "\": " + *fault);
    return std::get<nanoseconds>(parsed);
  }

  Script::Expectation expectation(const Condition& condition) const {
    Script::Expectation bound;
    bound.condition.text = condition.text;
    if (const auto* occurs = std::get_if<Occurs>(&condition.rule)) {
      Occurs filled = *occurs;
      filled.event = pattern(occurs->event);
      if (occurs->from) filled.from = pattern(*occurs->from);
      if (const auto within = duration("within", occurs->within)) bound.within = std::chrono::duration_cast<microseconds>(*within);
      bound.condition.rule = std::move(filled);
    } else if (const auto* never = std::get_if<Never>(&condition.rule)) {
      Never filled{pattern(never->event), std::nullopt};
      if (never->until) filled.until = pattern(*never->until);
      bound.condition.rule = std::move(filled);
    } else {
      Order filled;
      for (const Pattern& step : std::get<Order>(condition.rule).steps)
        filled.steps.push_back(pattern(step));
      bound.condition.rule = std::move(filled);
    }
    return bound;
  }

  RoleSpec role(const RoleSpec& role) const {
    RoleSpec bound = role;
    // Each word is filled in after the split: a value with blanks stays one word.
    for (std::string& word : bound.command)
      word = text(word, role.name);
    for (auto variable = bound.env.begin(); variable != bound.env.end();) {
      const bool may_go = is_one_placeholder(variable->second);
      variable->second = text(variable->second, role.name);
      variable = may_go && variable->second.empty() ? bound.env.erase(variable) : std::next(variable);
    }
    return bound;
  }

  std::vector<TestPart> parts() const {
    if (!spec_.parts.empty()) return spec_.parts;
    return {TestPart{spec_.name, spec_.aliases}};
  }

 private:
  std::optional<std::string> value_of(std::string_view name, std::string_view role) const {
    constexpr std::string_view label = "label.";
    if (name == "test") return spec_.name;
    if (name == "testcase") return spec_.parts.empty() ? spec_.name : "";
    if (name == "role" && !role.empty()) return std::string(role);
    if (name.starts_with(param_prefix)) {
      for (const auto& [known, value] : cell_.params) {
        if (known == name.substr(param_prefix.size())) return value;
      }
      return std::nullopt;
    }
    const auto found = cell_.labels.find(std::string(name.starts_with(label) ? name.substr(label.size()) : name));
    if (found == cell_.labels.end()) return std::nullopt;
    return found->second;
  }

  static bool is_one_placeholder(std::string_view text) {
    const std::vector<Placeholder> all = placeholders_in(text);
    return all.size() == 1 && all.front().size == text.size() && !all.front().name.starts_with(param_prefix);
  }

  static constexpr std::string_view param_prefix = "param.";
  const Spec& spec_;
  const Cell& cell_;
};

// A timeout of microseconds is still one: it must not become "none".
milliseconds scaled(nanoseconds time, double scale) {
  return milliseconds(std::max<long long>(1, std::llround(std::chrono::duration<double, std::milli>(time).count() * scale)));
}

milliseconds timeout_of(const Binder& binder, const Spec& spec, double scale) {
  const auto written = binder.duration("timeout", spec.timeout);
  const bool says_something = written && written->count() > 0;
  return scaled(says_something ? *written : nanoseconds(default_timeout), scale);
}

}  // namespace

std::variant<Script, BindFault> bind_script(const Spec& spec, const Cell& cell, const Rules& rules, double timeout_scale) {
  const Binder binder(spec, cell);
  try {
    Script script;
    script.test = spec.name;
    script.timeout = timeout_of(binder, spec, timeout_scale);
    for (const RoleSpec& role : spec.roles) {
      if (is_remote(cell, role.name)) continue;
      script.roles.push_back(binder.role(role));
      std::optional<milliseconds>& within = script.roles.back().ready.within;
      if (within) within = scaled(*within, timeout_scale);
    }
    for (const Condition& condition : spec.expect)
      script.expect.push_back(binder.expectation(condition));
    script.network = spec.network;
    script.weight = spec.weight;
    script.exclusive = spec.exclusive;
    script.parts = binder.parts();
    script.rules = rules;
    for (Negotiated& negotiated : script.rules.negotiated)
      negotiated.predicted = binder.text(negotiated.predicted, "");
    return script;
  } catch (const Unbindable& fault) {
    return BindFault{fault.what()};
  }
}

}  // namespace interoper
