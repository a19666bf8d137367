// A recorded run in the shape that another runner leaves its results in, for scripts and pages that read those: `summary.json` and one log
// a run. Today the MoQ interop runner's (contract §6.4): {"runs": [{client, relay, version, classification, mode, target, status,
// exit_code, skip_reason?}], target_version, timestamp}, and `<client>_to_<relay>_<mode>.log`. What it cannot say stands under the key
// "interoper".
#pragma once

#include <filesystem>
#include <string_view>

#include "reporters/recording.hpp"

namespace interoper {

// Has a suite with this description (Suite::description) such a shape?
bool has_compat_results(std::string_view suite_description);

// Makes the directory when it is not there. Logs of two endpoints of one kind have names of their own, where the original overwrites one
// with the other. WorldError when something cannot be written.
void write_compat_results(const Recording& recording, const std::filesystem::path& directory);

}  // namespace interoper
