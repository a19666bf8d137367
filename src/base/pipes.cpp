#include "base/pipes.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <optional>
#include <vector>

namespace interoper {

namespace {

namespace asio = boost::asio;
using Descriptor = asio::posix::stream_descriptor;

// A quarter of the largest pipe: few calls for a flood, and it stays in the processor's cache.
constexpr std::size_t piece_bytes = std::size_t{256} * 1024;

class AsioPipes final : public Pipes {
 public:
  AsioPipes(const Executor& executor, Ends ends) : moved_(executor), watches_(executor), in_(executor), buffer_(piece_bytes) {
    if (ends.in >= 0) in_.assign(ends.in);
    sources_[0].descriptor.emplace(executor, ends.out);
    sources_[1].descriptor.emplace(executor, ends.err);
    sources_[1].is_error = true;
    for (Source& source : sources_) {
      ::fcntl(source.descriptor->native_handle(), F_SETFL, O_NONBLOCK);
      watches_.spawn(watch(source));
    }
  }

  Task<Piece> read() override {
    const Predicate moved = [this] { return ended_ || may_have_more(); };
    while (is_open()) {
      co_await moved_.until(moved);
      // Who was last waits: neither stream starves the other.
      for (std::size_t turn = 0; turn < sources_.size(); ++turn) {
        Source& source = sources_[next_];
        next_ = (next_ + 1) % sources_.size();
        const std::string_view bytes = take(source);
        if (!bytes.empty()) co_return Piece{source.is_error, bytes};
      }
    }
    co_return Piece();
  }

  Task<bool> write(std::string_view bytes) override {
    if (ended_ || !in_.is_open()) co_return false;
    boost::system::error_code error;
    auto token = asio::redirect_error(asio::use_awaitable, error);
    const asio::const_buffer all(bytes.data(), bytes.size());
    co_await asio::async_write(in_, all, token);
    co_return !error;
  }

  void process_ended() override {
    ended_ = true;
    close_in();
    moved_.notify();
  }

  Task<> close() override {
    process_ended();
    for (Source& source : sources_)
      close(source);
    co_await watches_.join();
  }

 private:
  struct Source {
    std::optional<Descriptor> descriptor;
    bool is_error = false;
    bool may_have_more = false;  // a read may find something; set by the watch, taken back by a read that found nothing
  };

  bool is_open() const { return sources_[0].descriptor->is_open() || sources_[1].descriptor->is_open(); }
  bool may_have_more() const { return sources_[0].may_have_more || sources_[1].may_have_more; }

  void close_in() {
    boost::system::error_code ignored;
    if (in_.is_open()) in_.close(ignored);
  }

  void close(Source& source) {
    boost::system::error_code ignored;
    if (source.descriptor->is_open()) source.descriptor->close(ignored);
    source.may_have_more = false;
    moved_.notify();
  }

  // What is there now; empty when nothing is. At the stream's end the source is closed.
  std::string_view take(Source& source) {
    if (!source.descriptor->is_open() || (!source.may_have_more && !ended_)) return {};
    ssize_t size = -1;
    do {
      size = ::read(source.descriptor->native_handle(), buffer_.data(), buffer_.size());
    } while (size < 0 && errno == EINTR);
    if (size > 0) return {buffer_.data(), static_cast<std::size_t>(size)};
    // Of a process that has ended an empty pipe is the end, whoever else holds it open.
    if (size == 0 || errno != EAGAIN || ended_) {
      close(source);
      return {};
    }
    source.may_have_more = false;
    moved_.notify();  // its watch goes on
    return {};
  }

  Task<> watch(Source& source) {
    const Predicate is_wanted = [&source] { return !source.may_have_more || !source.descriptor->is_open(); };
    while (source.descriptor->is_open()) {
      boost::system::error_code error;
      auto token = asio::redirect_error(asio::use_awaitable, error);
      co_await source.descriptor->async_wait(Descriptor::wait_read, token);
      if (error || !source.descriptor->is_open()) co_return;
      source.may_have_more = true;
      moved_.notify();
      co_await moved_.until(is_wanted);
    }
  }

  Notice moved_;
  Group watches_;
  Descriptor in_;
  std::array<Source, 2> sources_;
  std::vector<char> buffer_;
  std::size_t next_ = 0;  // of the sources, whose turn it is
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<Pipes> make_pipes(const Executor& executor, Pipes::Ends ends) { return std::make_unique<AsioPipes>(executor, ends); }

}  // namespace interoper
