// Test descriptions from wherever they are kept: a folder, an archive, a git repository, a URL. Reads everything into memory and
// changes nothing; what becomes of it is `update`'s business.
#pragma once

#include <string>
#include <vector>

#include "base/problem.hpp"
#include "suites/suite_loader.hpp"

namespace interoper {

struct Fetched {
  std::vector<SuiteFile> files;  // tests, `_suite.md` and `_implementations.json`, sorted by name
  std::string folder;            // absolute path of the folder they stand in; empty when that is gone again (archives, git)
};

// `from`: a folder, or one whose `tests/` or `interop/tests/` holds the tests; a zip or tar archive that holds such folders;
// a git URL (git://, ssh://, git+…, *.git, user@host:path); an http(s) URL of an archive. What is wrong with the place itself goes to
// `problems`; WorldError("fetch-failed" | "program-missing" | "read-failed" | …) when it cannot be reached or read.
Fetched fetch_tests(const std::string& from, Problems& problems);

}  // namespace interoper
