// Single keys from the terminal while a run goes on, without their being shown. What the terminal did before is put back: at the end, when
// the program is stopped, and when it crashes. In the background, where the terminal is another's, nothing is touched.
#pragma once

#include <string>

namespace interoper {

class Keyboard {
 public:
  // `descriptor`: standard input. When it is no terminal, there are never any keys. One at a time.
  explicit Keyboard(int descriptor);
  ~Keyboard();
  Keyboard(const Keyboard&) = delete;
  Keyboard& operator=(const Keyboard&) = delete;

  // What was typed since the last call; never waits. From the first call on in the foreground, keys come one by one.
  std::string keys();

  // Puts back what was, as long as the terminal is ours; the next keys() takes it again.
  void release();

  // After the program was stopped and goes on: whoever had the terminal meanwhile has set it up for itself.
  void renew() const;

 private:
  void take();

  int descriptor_;
  bool is_terminal_;
  bool taken_ = false;
};

// Whether this process may draw on the terminal and read from it: its process group is in the foreground, or the terminal has none.
bool is_in_foreground(int tty);

}  // namespace interoper
