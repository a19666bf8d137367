// The opening of a Lab, for the runtimes that make one.
#pragma once

#include <memory>

#include "base/task.hpp"
#include "runtimes/runtime.hpp"

namespace interoper {

// Awaits `opening`, the opening of `lab`; when it fails, the lab is closed, so that what was made until then is removed, and the failure
// goes on.
Task<std::unique_ptr<Lab>> opened_or_closed(std::unique_ptr<Lab> lab, Task<> opening);

}  // namespace interoper
