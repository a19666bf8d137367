// What GitHub is told when it runs us in a workflow: annotations in its log, and the job summary (docs/reports.md).
#pragma once

#include "reporters/evidence.hpp"
#include "reporters/recording.hpp"

namespace interoper {

bool under_github();  // GITHUB_ACTIONS is `true`

// Annotations go to standard error, which GitHub reads as it reads standard output; the summary is appended to $GITHUB_STEP_SUMMARY, as
// long as there is room for it. A summary that cannot be written is said, and nothing more.
void tell_github(const Recording& recording, Evidence& evidence);

}  // namespace interoper
