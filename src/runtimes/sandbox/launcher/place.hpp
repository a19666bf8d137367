// A place: stands where one role of a slot belongs, and puts an init there for each attempt.
#pragma once

#include <string>

#include "runtimes/sandbox/launcher/slot.hpp"

namespace interoper::sandbox {

// Until `socket` is closed from the other end.
[[noreturn]] void serve_place(const World& world, const std::string& role, int socket);

}  // namespace interoper::sandbox
