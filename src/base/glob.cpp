#include "base/glob.hpp"

#include <fnmatch.h>

namespace interoper {

bool glob_matches(const std::string& glob, const std::string& text) { return fnmatch(glob.c_str(), text.c_str(), 0) == 0; }

bool is_selected(const std::vector<std::string>& globs, const std::string& text) {
  bool any_positive = false;
  bool matched = false;
  for (const std::string& glob : globs) {
    if (!glob.empty() && glob.front() == '!') {
      if (glob_matches(glob.substr(1), text)) return false;
      continue;
    }
    any_positive = true;
    matched = matched || glob_matches(glob, text);
  }
  return matched || !any_positive;
}

}  // namespace interoper
