#include "suites/fill_check.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <variant>

#include "base/duration.hpp"
#include "base/placeholders.hpp"

namespace interoper {
namespace {

constexpr std::string_view param_prefix = "param.";

}  // namespace

bool FillCheck::is_known(std::string_view name, bool has_default, bool role) const {
  if (name == "test" || name == "testcase" || (name == "role" && role)) return true;
  if (name.starts_with(param_prefix)) {
    const std::string_view param = name.substr(param_prefix.size());
    const auto is_it = [&](const Param& known) { return known.name == param; };
    return has_default || std::any_of(params_.begin(), params_.end(), is_it);
  }
  // Labels come from a registry, and another one of the same suite need not give them.
  const auto names_role = [&](const std::string& known) { return name.starts_with(known + "."); };
  return has_default && (name.starts_with("label.") || std::any_of(roles_.begin(), roles_.end(), names_role));
}

std::vector<std::string> FillCheck::known_names(bool role) const {
  std::vector<std::string> names{"{test}"};
  if (role) names.emplace_back("{role}");
  for (const Param& param : params_)
    names.push_back("{param." + param.name + "}");
  return names;
}

bool FillCheck::names(std::string_view value, bool role) const {
  bool all = true;
  for (const Placeholder& placeholder : placeholders_in(json_string(value).value_or(""))) {
    if (is_known(placeholder.name, placeholder.otherwise.has_value(), role)) continue;
    const std::string written = "{" + placeholder.name + "}";
    std::string help = did_you_mean(written, known_names(role));
    if (placeholder.name.starts_with(param_prefix) && help.starts_with("known"))
      help = "name it under 'params', or give a default: {" + placeholder.name + "|…}";
    if (is_known(placeholder.name, true, role) && !placeholder.name.starts_with(param_prefix))
      help = "not every cell has it: write a default, {" + placeholder.name + "|…}";
    json_.error(value.substr(written_offset(value, placeholder.offset)), written + " stands for nothing here", help);
    all = false;
  }
  return all;
}

bool FillCheck::duration(const std::string& key, std::string_view value, bool positive) const {
  const std::string text = json_string(value).value_or("");
  // The parameters' defaults, with at most one of them at another value: that shows every value once.
  const auto fault_with = [&](const Param* changed, const std::string& changed_value) -> std::string {
    const Lookup lookup = [&](std::string_view name) -> std::optional<std::string> {
      if (name == "test") return test_;
      for (const Param& param : params_) {
        if (name == "param." + param.name) return &param == changed ? changed_value : param.values.front();
      }
      return std::nullopt;
    };
    const auto filled = fill_in(text, lookup);
    const auto* written = std::get_if<std::string>(&filled);
    if (written == nullptr || written->empty()) return {};
    const auto parsed = parse_go_duration(*written);
    if (const auto* fault = std::get_if<std::string>(&parsed)) return *fault;
    const bool too_short = positive && std::get<std::chrono::nanoseconds>(parsed).count() <= 0;
    return too_short ? "'" + *written + "' is not above zero" : "";
  };
  const auto report = [&](const std::string& fault, const std::string& with) {
    json_.error(value, "'" + key + "': " + fault + with, R"(write a Go duration: "250ms", "3s", "1m30s", "1h")");
    return false;
  };
  const std::string fault = fault_with(nullptr, "");
  if (!fault.empty()) return report(fault, "");
  for (const Param& param : params_) {
    if (text.find("{param." + param.name) == std::string::npos) continue;
    for (const std::string& other : param.values) {
      const std::string other_fault = fault_with(&param, other);
      if (!other_fault.empty()) return report(other_fault, ", when " + param.name + " is '" + other + "'");
    }
  }
  return true;
}

}  // namespace interoper
