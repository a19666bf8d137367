// Two runtimes as one: an attempt whose players are all images goes to the one, every other to the other. For a run that has both kinds.
// When one of them cannot be used here, only its own attempts fail.
#pragma once

#include <memory>

#include "runtimes/runtime.hpp"

namespace interoper {

std::unique_ptr<Runtime> make_either_runtime(std::unique_ptr<Runtime> for_images, std::unique_ptr<Runtime> for_paths);

}  // namespace interoper
