#include "commands/event_loop.hpp"

#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>

#include "commands/project.hpp"

namespace interoper {
namespace {

namespace asio = boost::asio;

// What somebody before us wanted to be ignored (nohup, a shell without job control) stays so.
bool is_ignored(int number) {
  struct sigaction action{};
  return ::sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

// As SIGTSTP does it to a program that does not care; returns when the program goes on.
void stop_this_program() {
  struct sigaction usual{};
  struct sigaction ours{};
  usual.sa_handler = SIG_DFL;
  ::sigaction(SIGTSTP, &usual, &ours);
  ::raise(SIGTSTP);
  ::sigaction(SIGTSTP, &ours, nullptr);
}

class Signals {
 public:
  Signals(asio::io_context& io, const SignalCalls& calls) : signals_(io), calls_(calls) {
    if (calls.interrupted) add({SIGINT, SIGTERM, SIGHUP});
    if (calls.asked) add({SIGUSR1});
#ifdef SIGINFO
    if (calls.asked) add({SIGINFO});
#endif
    if (calls.stopping) add({SIGTSTP});
    if (calls.resumed) add({SIGCONT});
    wait();
  }
  // Also when a signal is on its way to its handler, which nothing can cancel any more.
  void stop() {
    stopped_ = true;
    signals_.cancel();
  }

 private:
  void add(std::initializer_list<int> numbers) {
    for (const int number : numbers) {
      // A background job's SIGINT is ignored by its shell and still means us: others send it by name.
      if ((number == SIGHUP || number == SIGTSTP) && is_ignored(number)) continue;
      signals_.add(number);
    }
  }

  void wait() {
    signals_.async_wait([this](const boost::system::error_code& error, int number) {
      if (error || stopped_) return;
      tell(number);
      wait();
    });
  }

  void tell(int number) {
    if (number == SIGTSTP) {
      calls_.stopping();
      stop_this_program();
    } else if (number == SIGCONT) {
      calls_.resumed();
    } else if (number == SIGINT || number == SIGTERM || number == SIGHUP) {
      calls_.interrupted(++count_);
      if (count_ >= last_interrupt) _exit(exit_interrupted);
    } else {
      calls_.asked();
    }
  }

  asio::signal_set signals_;
  const SignalCalls& calls_;
  int count_ = 0;
  bool stopped_ = false;
};

}  // namespace

void run_on_loop(const std::function<Task<>(Executor)>& work, const SignalCalls& calls) {
  asio::io_context io(1);
  std::optional<Signals> signals;
  if (calls.interrupted || calls.asked || calls.stopping || calls.resumed) signals.emplace(io, calls);
  std::exception_ptr failure;
  asio::co_spawn(io, work(io.get_executor()), [&](std::exception_ptr ended) {
    failure = ended;
    if (signals) signals->stop();
  });
  io.run();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace interoper
