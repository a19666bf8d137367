// Long text on a terminal goes through the user's pager, as git's does; what fits on the screen does not, and what goes elsewhere neither.
#pragma once

#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>

#include "reporters/terminal.hpp"

namespace interoper {

class Pager {
 public:
  // For stdout. `wanted` false: never a pager.
  explicit Pager(bool wanted);
  ~Pager();  // waits until the user has left the pager
  Pager(const Pager&) = delete;
  Pager& operator=(const Pager&) = delete;

  // A reader that has gone is remembered, and what follows is dropped.
  void write(std::string_view text);
  TextSink sink() {
    return [this](std::string_view text) { write(text); };
  }

 private:
  void start();

  StandardStream out_;
  std::string command_;   // "": no pager
  std::size_t rows_ = 0;  // more lines than this are long
  std::size_t lines_ = 0;
  std::string held_;  // as long as it may still fit
  std::FILE* pager_ = nullptr;
  bool gone_ = false;
};

}  // namespace interoper
