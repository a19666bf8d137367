// A recorded run as JUnit XML, in the dialect that Jenkins, GitLab and GitHub's actions read (docs/reports.md): a `testsuite` for each
// test, a `testcase` for each cell; attempts that did not count as surefire's `flakyFailure` and `rerunFailure`.
#pragma once

#include "reporters/evidence.hpp"
#include "reporters/recording.hpp"
#include "reporters/terminal.hpp"

namespace interoper {

// Cells stand in plan order within their test. Same recording, same bytes.
void write_junit(const Recording& recording, Evidence& evidence, const TextSink& out);

}  // namespace interoper
