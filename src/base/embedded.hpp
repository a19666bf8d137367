// Puts a file that the build made into the program. INTEROPER_EMBED(name, "path") at namespace scope, outside of any namespace, gives
// `std::string_view embedded_name()`; the build says the path in a definition, and that this source depends on the file.
#pragma once

#include <cstddef>
#include <string_view>

#define INTEROPER_EMBED(name, path)                                                                         \
  asm(".pushsection .rodata\n"                                                                              \
      ".global interoper_embedded_" #name                                                                   \
      "_begin\n"                                                                                            \
      ".global interoper_embedded_" #name                                                                   \
      "_end\n"                                                                                              \
      "interoper_embedded_" #name                                                                           \
      "_begin:\n"                                                                                           \
      ".incbin \"" path                                                                                     \
      "\"\n"                                                                                                \
      "interoper_embedded_" #name                                                                           \
      "_end:\n"                                                                                             \
      ".byte 0\n"                                                                                           \
      ".popsection\n");                                                                                     \
  extern "C" const char interoper_embedded_##name##_begin[];                                                \
  extern "C" const char interoper_embedded_##name##_end[];                                                  \
  static inline std::string_view embedded_##name() {                                                        \
    return {interoper_embedded_##name##_begin,                                                              \
            static_cast<std::size_t>(interoper_embedded_##name##_end - interoper_embedded_##name##_begin)}; \
  }
