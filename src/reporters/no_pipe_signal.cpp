#include "reporters/no_pipe_signal.hpp"

#include <pthread.h>

#include <cerrno>
#include <ctime>

namespace interoper {

NoPipeSignal::NoPipeSignal() {
  sigemptyset(&pipe_);
  sigaddset(&pipe_, SIGPIPE);
  sigset_t pending;
  sigpending(&pending);
  was_pending_ = sigismember(&pending, SIGPIPE) == 1;
  ::pthread_sigmask(SIG_BLOCK, &pipe_, &old_);
}

NoPipeSignal::~NoPipeSignal() {
  const timespec now{0, 0};
  if (!was_pending_) {
    while (::sigtimedwait(&pipe_, nullptr, &now) < 0 && errno == EINTR) {
    }
  }
  ::pthread_sigmask(SIG_SETMASK, &old_, nullptr);
}

}  // namespace interoper
