// Makes the images that roles run in: built from a directory or a git repository, or pulled. Unchanged inputs cost next to nothing,
// because the engine keeps what each step of a Dockerfile made.
#pragma once

#include <optional>
#include <string>

#include "base/task.hpp"
#include "model/implementation.hpp"
#include "runtimes/docker/engine.hpp"
#include "runtimes/runtime.hpp"

namespace interoper::docker {

// What is known of an image on the engine, nothing when it is absent.
Task<std::optional<ImageFacts>> facts_of_image(Engine& engine, std::string reference);

}  // namespace interoper::docker
