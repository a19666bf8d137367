// What of this machine's container engine works for us, and how to mend what does not. Looks and tries; leaves nothing behind.
#pragma once

#include <string>
#include <vector>

#include "base/task.hpp"
#include "runtimes/check.hpp"
#include "runtimes/docker/docker.hpp"

namespace interoper::docker {

// Never throws WorldError: an engine that cannot be reached is a bad check. Checks that need what failed are left out.
Task<std::vector<Check>> examine(const Executor& executor, DockerOptions options);

}  // namespace interoper::docker
