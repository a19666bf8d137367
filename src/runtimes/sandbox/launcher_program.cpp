#include "runtimes/sandbox/launcher_program.hpp"

#include "base/embedded.hpp"

INTEROPER_EMBED(launcher, INTEROPER_LAUNCHER_FILE)

namespace interoper::sandbox {

std::string_view launcher_program() { return embedded_launcher(); }

}  // namespace interoper::sandbox
