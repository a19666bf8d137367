// A recorded run as Markdown for GitHub and GitLab: what somebody who reviews a change wants to know of it, in a comment or a job summary.
#pragma once

#include <cstddef>

#include "reporters/evidence.hpp"
#include "reporters/recording.hpp"
#include "reporters/terminal.hpp"

namespace interoper {

// A comment on GitHub takes 65,536 characters.
constexpr std::size_t comment_bytes = 64'000;
// A step's job summary takes 1 MiB, together with what other commands of the step wrote.
constexpr std::size_t job_summary_bytes = std::size_t{900} * 1024;

// Counts, who understands whom, what failed with blame and the command that runs it again (folded), what is flaky, every cell (folded).
// At most about `limit_bytes`: whole parts are left out from the end, and the text says how many. What processes and files say stands in
// code spans and blocks only, where no site makes a link, a picture or a mention of it.
void write_markdown(const Recording& recording, Evidence& evidence, std::size_t limit_bytes, const TextSink& out);

}  // namespace interoper
