// The place of one attempt in the sandbox: a slot, and in each of its places an init that waits for the word to run its role.
#pragma once

#include <memory>

#include "base/task.hpp"
#include "runtimes/runtime.hpp"
#include "runtimes/sandbox/slots.hpp"

namespace interoper::sandbox {

// What a role may use when its test does not say: as in the docker runtime.
constexpr std::int64_t default_memory_bytes = std::int64_t{2} * 1024 * 1024 * 1024;
constexpr int default_processes = 1024;

// `workshop` and `slots` must outlive the Lab.
Task<std::unique_ptr<Lab>> open_lab(Workshop& workshop, Slots& slots, LabOrder order);

}  // namespace interoper::sandbox
