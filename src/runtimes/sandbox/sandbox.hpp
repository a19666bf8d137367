// Runs attempts directly on this machine, without a container engine: each role in Linux namespaces of its own, with the host's files
// read-only. The only door of this folder that the wiring needs; clean.hpp and doctor.hpp are for the commands of those names.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "base/task.hpp"
#include "runtimes/runtime.hpp"

namespace interoper::sandbox {

struct SandboxOptions {
  std::function<void(std::string_view sentence)> say;  // told when something works in a lesser way than it should; may be empty
};

// After a `begin` that returned, `end` must be awaited before it is destroyed.
std::unique_ptr<Runtime> make_sandbox_runtime(const Executor& executor, SandboxOptions options);

}  // namespace interoper::sandbox
