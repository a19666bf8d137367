#include "base/pipes.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <csignal>
#include <optional>
#include <string>

using namespace interoper;

namespace {

// Both ends of the three pipes, as a process would have them.
struct Ends {
  int in[2], out[2], err[2];
  Ends() {
    for (int* const ends : {in, out, err})
      REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    std::signal(SIGPIPE, SIG_IGN);
  }
};

struct Stage {
  boost::asio::io_context io;
  Ends ends;
  std::unique_ptr<Pipes> pipes = make_pipes(io.get_executor(), {ends.in[1], ends.out[0], ends.err[0]});
  std::string out, err;
  bool is_over = false;

  void say(int end, const std::string& words) { REQUIRE(::write(end, words.data(), words.size()) == static_cast<ssize_t>(words.size())); }
  Task<> read_all() {
    while (true) {
      const Pipes::Piece piece = co_await pipes->read();
      if (piece.bytes.empty()) break;
      (piece.is_error ? err : out).append(piece.bytes);
    }
    is_over = true;
  }
  void spawn(Task<> work) {
    boost::asio::co_spawn(io, std::move(work), [](std::exception_ptr failure) { CHECK_FALSE(failure); });
  }
  // Until nothing more can happen by itself.
  void settle() {
    io.restart();
    while (io.run_one_for(std::chrono::milliseconds(50)) > 0) {
    }
  }
  ~Stage() {
    spawn(pipes->close());
    settle();
  }
};

Task<> write_into(Pipes& pipes, std::string bytes, std::optional<bool>& taken) { taken = co_await pipes.write(bytes); }

}  // namespace

TEST_CASE("both streams are read to their ends") {
  Stage stage;
  stage.spawn(stage.read_all());
  stage.say(stage.ends.out[1], "one ");
  stage.say(stage.ends.err[1], "bad ");
  stage.settle();
  CHECK(stage.out == "one ");
  CHECK(stage.err == "bad ");
  ::close(stage.ends.out[1]);
  stage.settle();
  CHECK_FALSE(stage.is_over);  // a process may go on without its stdout
  stage.say(stage.ends.err[1], "end");
  ::close(stage.ends.err[1]);
  stage.settle();
  CHECK(stage.is_over);
  CHECK(stage.err == "bad end");
}

TEST_CASE("of a process that has ended all is read, though somebody holds its pipes open") {
  Stage stage;
  stage.say(stage.ends.out[1], std::string(60'000, 'x'));
  stage.say(stage.ends.err[1], "last words");
  stage.pipes->process_ended();
  stage.spawn(stage.read_all());
  stage.settle();
  CHECK(stage.is_over);
  CHECK(stage.out.size() == 60'000);
  CHECK(stage.err == "last words");
}

TEST_CASE("a reader that waits is told the end") {
  Stage stage;
  stage.spawn(stage.read_all());
  stage.settle();
  CHECK_FALSE(stage.is_over);
  SECTION("by the process") { stage.pipes->process_ended(); }
  SECTION("by who closes") { stage.spawn(stage.pipes->close()); }
  stage.settle();
  CHECK(stage.is_over);
}

TEST_CASE("a write waits for who does not read, and ends with the process") {
  Stage stage;
  std::optional<bool> taken;
  stage.spawn(write_into(*stage.pipes, std::string(1'000'000, 'x'), taken));
  stage.settle();
  CHECK_FALSE(taken);
  SECTION("it ends") { stage.pipes->process_ended(); }
  SECTION("it closes its stdin") { ::close(stage.ends.in[0]); }
  stage.settle();
  REQUIRE(taken);
  CHECK_FALSE(*taken);
}

TEST_CASE("what fits is written at once") {
  Stage stage;
  std::optional<bool> taken;
  stage.spawn(write_into(*stage.pipes, "hello", taken));
  stage.settle();
  CHECK(taken == true);
  std::string got(5, ' ');
  CHECK(::read(stage.ends.in[0], got.data(), got.size()) == 5);
  CHECK(got == "hello");
}
