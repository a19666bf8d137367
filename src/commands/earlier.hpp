// What earlier runs tell about how long cells take.
#pragma once

#include <filesystem>

#include "engine/schedule.hpp"

namespace interoper {

// From the newest few reports in `reports`. Never throws: what cannot be read tells nothing.
Expectations earlier_durations(const std::filesystem::path& reports);

}  // namespace interoper
