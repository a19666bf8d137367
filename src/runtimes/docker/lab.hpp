// The place of one attempt in containers: a container for each role on a common ground, made ahead, started one by one, watched
// through one attached stream each.
#pragma once

#include <memory>

#include "base/task.hpp"
#include "runtimes/docker/ground.hpp"
#include "runtimes/docker/workshop.hpp"
#include "runtimes/runtime.hpp"

namespace interoper::docker {

// What a role may use when its test does not say (interface §5 gives only the kinds of limits). Far more than any role needs that
// behaves; little enough that one that does not cannot take the machine with it.
constexpr std::int64_t default_memory_bytes = std::int64_t{2} * 1024 * 1024 * 1024;
constexpr int default_pids = 1024;

// The images' IDs, the ground and the containers. `workshop` and `grounds` must outlive the Lab.
Task<std::unique_ptr<Lab>> open_lab(Workshop& workshop, Grounds& grounds, LabOrder order);

// A player's image, pulled when the player wants that. WorldError("image-missing").
Task<ImageFound> image_of(Workshop& workshop, const Player& player);

}  // namespace interoper::docker
