// The launcher's program, as the build made it from launcher/: it is part of interoper, so that one file can be installed and copied.
#pragma once

#include <string_view>

namespace interoper::sandbox {

std::string_view launcher_program();

}  // namespace interoper::sandbox
