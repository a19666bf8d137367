// The program that a place holder runs: it sleeps until it is ended. It is part of interoper, so that no image needs one.
#pragma once

#include <string>

#include "base/task.hpp"
#include "runtimes/docker/engine.hpp"

namespace interoper::docker {

constexpr const char* pause_command = "/pause";

// The ID of an image that holds nothing else, made on the engine when it is not there yet. It stays: it is the same for every run.
// WorldError("slot-failed") when the engine does not take it.
Task<std::string> pause_image(Engine& engine);

}  // namespace interoper::docker
