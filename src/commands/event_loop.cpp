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

constexpr int last_warning = 2;

class Signals {
 public:
  Signals(asio::io_context& io, std::function<void(int)> tell) : signals_(io, SIGINT, SIGTERM, SIGHUP), tell_(std::move(tell)) { wait(); }
  // Also when a signal is on its way to its handler, which nothing can cancel any more.
  void stop() {
    stopped_ = true;
    signals_.cancel();
  }

 private:
  void wait() {
    signals_.async_wait([this](const boost::system::error_code& error, int) {
      if (error || stopped_) return;
      ++count_;
      if (count_ > last_warning) _exit(exit_interrupted);
      tell_(count_);
      wait();
    });
  }

  asio::signal_set signals_;
  std::function<void(int)> tell_;
  int count_ = 0;
  bool stopped_ = false;
};

}  // namespace

void run_on_loop(const std::function<Task<>(Executor)>& work, const std::function<void(int)>& on_signal) {
  asio::io_context io(1);
  std::optional<Signals> signals;
  if (on_signal) signals.emplace(io, on_signal);
  std::exception_ptr failure;
  asio::co_spawn(io, work(io.get_executor()), [&](std::exception_ptr ended) {
    failure = ended;
    if (signals) signals->stop();
  });
  io.run();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace interoper
