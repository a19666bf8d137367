// Are the placeholders of a header's text known, and is the text what it should be once they are filled in?
// What a test's parameters are not known to hold (`--set`) is found again when a cell is bound.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/spec.hpp"
#include "suites/json_reader.hpp"

namespace interoper {

class FillCheck {
 public:
  FillCheck(JsonReader& json, std::string test, const std::vector<Param>& params, std::vector<std::string> roles)
      : json_(json), test_(std::move(test)), params_(params), roles_(std::move(roles)) {}

  // An error for each placeholder in the JSON string `value` that stands for nothing. `role`: {role} means something there.
  // {test}, {testcase}, {role} and {param.NAME} are known; {ROLE.…} and {label.…} need a default after `|`.
  bool names(std::string_view value, bool role) const;

  // An error when a value of the parameters makes `value` no Go duration, or (with `positive`) none above zero. "" is left to the caller.
  bool duration(const std::string& key, std::string_view value, bool positive) const;

 private:
  bool is_known(std::string_view name, bool has_default, bool role) const;
  std::vector<std::string> known_names(bool role) const;

  JsonReader& json_;
  std::string test_;
  const std::vector<Param>& params_;
  std::vector<std::string> roles_;
};

}  // namespace interoper
