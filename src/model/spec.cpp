#include "model/spec.hpp"

#include <algorithm>

namespace interoper {
namespace {

constexpr std::size_t longest_role_name = 63;  // a DNS label, RFC 1035 §2.3.4

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

bool is_label_character(char c) { return is_lower(c) || (c >= '0' && c <= '9') || c == '-'; }

}  // namespace

bool is_role_name(std::string_view name) {
  if (name.empty() || name.size() > longest_role_name || !is_lower(name.front())) return false;
  return std::all_of(name.begin(), name.end(), is_label_character);
}

std::unordered_map<std::string_view, const Spec*> specs_by_name(const Suite& suite) {
  std::unordered_map<std::string_view, const Spec*> specs;
  for (const Spec& spec : suite.specs)
    specs.emplace(spec.name, &spec);
  return specs;
}

}  // namespace interoper
