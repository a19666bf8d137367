#include "runtimes/sandbox/launcher_program.hpp"

asm(".pushsection .rodata\n"
    ".global interoper_launcher_begin\n"
    ".global interoper_launcher_end\n"
    "interoper_launcher_begin:\n"
    ".incbin \"" INTEROPER_LAUNCHER_FILE
    "\"\n"
    "interoper_launcher_end:\n"
    ".byte 0\n"
    ".popsection\n");
extern "C" {
extern const char interoper_launcher_begin[];
extern const char interoper_launcher_end[];
}

namespace interoper::sandbox {

std::string_view launcher_program() {
  return {interoper_launcher_begin, static_cast<std::size_t>(interoper_launcher_end - interoper_launcher_begin)};
}

}  // namespace interoper::sandbox
