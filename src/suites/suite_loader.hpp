// Folders of Markdown tests -> one Suite. All bad files are reported in one go; nothing is left half loaded.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/problem.hpp"
#include "model/spec.hpp"

namespace interoper {

struct LoadedSuite {
  std::optional<Suite> suite;  // absent when a problem is an error
  Problems problems;
};

// `folders` as the user would write them. Tests are the regular files (or symbolic links to such) `*.md` directly in them whose name
// begins with neither `_` nor `.`; `_suite.md` says what they share. Two folders must not hold tests of the same name, nor say
// different things in `_suite.md`. Suite::digest is the SHA-256 of what `sha256sum` prints for the files that were read, in their order.
LoadedSuite load_suite(const std::vector<std::string>& folders);

}  // namespace interoper
