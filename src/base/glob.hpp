// Shell globs for selections (`*`, `?`, `[…]`), and lists of them: any may match, a leading `!` excludes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace interoper {

bool glob_matches(const std::string& glob, const std::string& text);

// True when no `!glob` matches and, if there is any glob without `!`, at least one of those does. An empty list selects everything.
bool is_selected(const std::vector<std::string>& globs, const std::string& text);

}  // namespace interoper
