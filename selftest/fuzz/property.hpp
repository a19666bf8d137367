// What every fuzz target says when a property does not hold: the sentence, and the end that libFuzzer keeps the input of.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

inline void must(bool holds, const char* what, const std::string& shown = {}) {
  if (holds) return;
  std::fprintf(stderr, "this must hold: %s\n%s\n", what, shown.c_str());
  std::abort();
}
