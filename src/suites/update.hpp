// `interoper tests update`: test descriptions and implementations from elsewhere into the project, all or nothing, and without touching
// what somebody wrote by hand. A manifest in the folder says which files we wrote, and with what content.
#pragma once

#include <string>
#include <vector>

#include "base/problem.hpp"

namespace interoper {

struct UpdateOrder {
  std::string from;     // DIR, FILE or URL, as fetch_tests takes it; empty = `shipped`
  std::string shipped;  // the folder of the suite that ships with interoper
  std::string into = "interop/tests";
};

enum class UpdateAction {
  added,
  updated,    // we had written it, and it was as we left it
  unchanged,  // it is what it should be already
  kept,       // somebody else wrote or changed it; the new one stands beside it as NAME.new (NAME.new.2, … when that is taken)
  removed,    // we had written it, and it is gone from the source
  left        // it is gone from the source, and somebody changed it
};

struct UpdatedFile {
  std::string name;
  UpdateAction action = UpdateAction::unchanged;
  std::string beside;  // `kept`: the file that holds the new content
};

struct UpdateResult {
  std::vector<UpdatedFile> files;  // sorted by name; empty when a problem is an error: then nothing was changed
  Problems problems;
};

// WorldError when the source cannot be reached ("fetch-failed") or the folder cannot be written. Relative `build` and `path` entries of
// implementations that come from a folder are rewritten, so that they lead to the same directories from their new place.
UpdateResult update_tests(const UpdateOrder& order);

// "added      sanity.md", "kept       a.md (changed by hand; the new one is a.md.new)"
std::string describe(const UpdatedFile& file);

}  // namespace interoper
