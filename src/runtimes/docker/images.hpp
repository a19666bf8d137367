// Makes the images that roles run in: built from a directory or a git repository, or pulled. Unchanged inputs cost next to nothing,
// because the engine keeps what each step of a Dockerfile made.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/task.hpp"
#include "model/implementation.hpp"
#include "runtimes/docker/engine.hpp"
#include "runtimes/runtime.hpp"

namespace interoper::docker {

// On every image that we build (interface §2).
constexpr const char* implementation_label = "interoper.implementation";
constexpr const char* source_label = "interoper.source";
constexpr const char* revision_label = "interoper.revision";

// One image to make.
struct ImageOrder {
  std::string implementation;
  std::string reference;  // what it is called afterwards: interoper/<name>:latest
  Source source;
};

// All images that an implementation's roles run in, without repetition; none when it has no image source.
// An ImageSource is also called interoper/<name>:latest, beside its own reference.
std::vector<ImageOrder> image_orders(const Implementation& implementation);

struct ImageMade {
  std::string id;
  std::string revision;  // the commit, for a repository; otherwise empty
};

// `progress` gets every line of the engine's (and git's) output; it may be empty. The engine must be connected.
// WorldError: "build-failed" with the last lines of the output, "image-missing" when it cannot be pulled, "clone-failed".
// While git runs (at most five minutes) nothing else does.
Task<ImageMade> make_image(Engine& engine, ImageOrder order, Progress progress);

// What is known of an image on the engine, nothing when it is absent.
Task<std::optional<ImageFacts>> facts_of_image(Engine& engine, std::string reference);

}  // namespace interoper::docker
