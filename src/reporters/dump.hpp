// The reports of the original tool, `*.dump` (docs/inspector.md): one JSON document with everything in it. Opened, it is a recorded run
// like any other. Its worker is called `sut` in the older ones, and stays so.
#pragma once

#include <filesystem>

#include "reporters/recording.hpp"

namespace interoper {

// A regular file with this ending.
bool is_dump(const std::filesystem::path& path);

// The run in the file. Its timelines stand in memory that has a path (`Recording::kept`) and is given back with the last copy of the
// Recording, also when we are killed. What is malformed is left out and told as warnings; what is no such file at all is an error.
Recording open_dump(const std::filesystem::path& file);

}  // namespace interoper
