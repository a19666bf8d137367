// What of this machine lets the sandbox work, and how to mend what does not. Looks and tries; leaves nothing behind.
#pragma once

#include <vector>

#include "base/task.hpp"
#include "runtimes/check.hpp"

namespace interoper::sandbox {

// Never throws WorldError: what cannot be done is a bad check.
Task<std::vector<Check>> examine(Executor executor);

}  // namespace interoper::sandbox
