#include "commands/keyboard.hpp"

#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

namespace interoper {
namespace {

// What a crash puts back; a handler can see nothing else. Valid while `is_changed`.
termios before;
volatile std::sig_atomic_t is_changed = 0;
volatile std::sig_atomic_t terminal = -1;

constexpr std::array<int, 6> deadly = {SIGQUIT, SIGILL, SIGABRT, SIGBUS, SIGFPE, SIGSEGV};
std::array<struct sigaction, deadly.size()> their_actions;

// Only what may be called in a handler.
void put_back_and_die(int number) {
  if (is_changed != 0) ::tcsetattr(terminal, TCSANOW, &before);
  for (std::size_t i = 0; i < deadly.size(); ++i) {
    if (deadly[i] == number) ::sigaction(number, &their_actions[i], nullptr);
  }
  ::raise(number);  // arrives when this handler ends, and does what it would have done
}

void guard_against_crashes() {
  struct sigaction ours{};
  ours.sa_handler = put_back_and_die;
  for (std::size_t i = 0; i < deadly.size(); ++i)
    ::sigaction(deadly[i], &ours, &their_actions[i]);
}

void stop_guarding() {
  for (std::size_t i = 0; i < deadly.size(); ++i)
    ::sigaction(deadly[i], &their_actions[i], nullptr);
}

// Signals from keys (Ctrl-C, Ctrl-Z) stay as they are. VMIN 0: a key that somebody else has taken is not waited for.
bool set_key_by_key(int descriptor) {
  termios now = before;
  now.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  now.c_cc[VMIN] = 0;
  now.c_cc[VTIME] = 0;
  return ::tcsetattr(descriptor, TCSANOW, &now) == 0;
}

}  // namespace

bool is_in_foreground(int tty) {
  const pid_t group = ::tcgetpgrp(tty);
  return group < 0 ? errno == ENOTTY && ::isatty(tty) == 1 : group == ::getpgrp();
}

Keyboard::Keyboard(int descriptor) : descriptor_(descriptor), is_terminal_(::isatty(descriptor) == 1) {}

Keyboard::~Keyboard() { release(); }

void Keyboard::take() {
  if (::tcgetattr(descriptor_, &before) != 0) return;
  terminal = descriptor_;
  is_changed = 1;
  guard_against_crashes();
  taken_ = set_key_by_key(descriptor_);
  if (taken_) return;
  is_changed = 0;
  stop_guarding();
}

void Keyboard::renew() const {
  if (taken_ && is_in_foreground(descriptor_)) set_key_by_key(descriptor_);
}

void Keyboard::release() {
  if (!taken_) return;
  taken_ = false;
  if (is_in_foreground(descriptor_)) ::tcsetattr(descriptor_, TCSANOW, &before);
  is_changed = 0;
  stop_guarding();
}

std::string Keyboard::keys() {
  if (!is_terminal_) return "";
  if (!is_in_foreground(descriptor_)) {
    release();  // the terminal is another's, who has set it up already
    return "";
  }
  if (!taken_) take();
  pollfd readable{descriptor_, POLLIN, 0};
  if (!taken_ || ::poll(&readable, 1, 0) != 1) return "";
  std::array<char, 64> typed{};
  const ssize_t n = ::read(descriptor_, typed.data(), typed.size());
  if (n > 0) return {typed.data(), static_cast<std::size_t>(n)};
  if ((readable.revents & POLLHUP) != 0) is_terminal_ = false;
  return "";
}

}  // namespace interoper
