// Registries of other test runners: who implements what, and who can meet whom. Each format is one row of a table and one reader; the
// tests that their implementations run are a suite like any other, tests-specs/<format>.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/problem.hpp"
#include "model/cell.hpp"
#include "model/implementation.hpp"

namespace interoper {

struct ForeignRegistry {
  std::vector<Implementation> implementations;  // in the file's order; empty when a problem is an error
  Matching matching;
  Problems problems;
};

struct RegistryWishes {
  std::string folder;   // where the file stands: what is built from it has paths relative to this
  std::string target;   // the version that matches are classed by; empty = the file's own
  bool strict = false;  // what only the format's schema forbids is an error, and what looks like a mistake is a warning
};

// An image that the user made with what the other runner has for that, and what it was made from.
struct LocalBuild {
  std::string image;      // as it was called when it was made
  std::string published;  // how the name ends under which its runner publishes it; empty = it does not
  std::string by;         // the folder of the build, as the user would write it
  std::string repository, ref, commit;
  bool is_dirty = false;
  std::string made;  // when, as the build wrote it
};

// The build of this image, also when it was given the name under which its runner publishes it; null = none is known.
const LocalBuild* find_build(const std::vector<LocalBuild>& builds, std::string_view reference);

struct RegistryFormat {
  std::string_view name;   // Rules::registry of its suites, and the suite that ships
  std::string_view file;   // as the file is called where its runner keeps it
  std::string_view owner;  // whose it is, for people
  // Whether the text is of this format, also when it is broken: the reader says then what is wrong.
  bool (*recognises)(std::string_view text);
  ForeignRegistry (*read)(std::string_view text, const std::string& shown_file, const RegistryWishes& wishes);
  std::vector<LocalBuild> (*builds)(const std::string& folder);  // of the file
};

const std::vector<RegistryFormat>& registry_formats();

// The files that these formats are found in, for people: "implementations.json of the MoQ interop runner".
std::string known_registries();

// The registry that `path` names: a file, or a folder that holds one under its usual name and no tests of ours. Nothing when it is a
// folder without one, or nothing at all.
struct RegistryFile {
  std::string path;                        // as the user would write it
  std::string text;                        // empty when it cannot be read
  const RegistryFormat* format = nullptr;  // null: of no known format
  Problems problems;                       // when it cannot be read, or is of no known format
};
std::optional<RegistryFile> find_registry(const std::string& path);

ForeignRegistry read_foreign_registry(const RegistryFile& file, RegistryWishes wishes);

// What was built where the file stands.
std::vector<LocalBuild> load_builds(const RegistryFile& file);

}  // namespace interoper
