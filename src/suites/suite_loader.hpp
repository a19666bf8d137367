// Folders of Markdown tests -> one Suite. All bad files are reported in one go; nothing is left half loaded.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/problem.hpp"
#include "model/spec.hpp"

namespace interoper {

struct LoadedSuite {
  std::optional<Suite> suite;  // absent when a problem is an error
  Problems problems;
};

// A test is prose of a few pages; whoever points us at a folder of something else must hear of it before memory is gone.
constexpr std::size_t largest_test_bytes = std::size_t{4} * 1024 * 1024;
constexpr std::size_t most_tests = 10'000;

constexpr std::string_view suite_file = "_suite.md";

// The name ends in `.md` and begins with neither `_` nor `.`.
bool is_test_file(std::string_view name);

// A test or a `_suite.md` that has been read, from wherever.
struct SuiteFile {
  std::string shown;  // its path as the user would write it
  std::string name;   // without folder
  std::string text;
};

// `sources`: the folders or other places that the files come from, at least one, as the user would write them.
// Two places must not hold tests of the same name, nor say different things in `_suite.md`.
// A suite that runs all its tests together (Rules::together) has a spec of that name behind the others.
// Suite::digest is the SHA-256 of what `sha256sum` prints for the files, those called `_suite.md` first.
LoadedSuite read_suite(const std::vector<SuiteFile>& files, const std::vector<std::string>& sources);

// The same from folders. Their tests are the regular files (or symbolic links to such) that stand directly in them.
LoadedSuite load_suite(const std::vector<std::string>& folders);

}  // namespace interoper
