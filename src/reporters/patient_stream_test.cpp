#include "reporters/patient_stream.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <thread>

using namespace interoper;

namespace {

std::string numbered_lines(int n) {
  std::string text;
  for (int i = 0; i < n; ++i)
    text += "line " + std::to_string(i) + "\n";
  return text;
}

std::string read_all(int descriptor) {
  std::string text;
  char piece[65536];
  while (true) {
    const ssize_t n = ::read(descriptor, piece, sizeof piece);
    if (n <= 0) break;
    text.append(piece, static_cast<std::size_t>(n));
  }
  return text;
}

// Everything is written while nobody reads, then everything is read.
void write_then_read(int reader, int writer, std::size_t memory_bytes) {
  const std::string text = numbered_lines(200'000);
  std::string got;
  std::thread reading;
  {
    PatientStream stream(writer, memory_bytes);
    for (std::size_t at = 0; at < text.size(); at += 1000)
      stream.write(std::string_view(text).substr(at, 1000));
    CHECK(stream.keeps_something());
    CHECK(stream.error() == 0);
    reading = std::thread([&] { got = read_all(reader); });
    stream.write("the end\n");
    stream.finish();
    CHECK_FALSE(stream.keeps_something());
  }
  ::close(writer);
  reading.join();
  ::close(reader);
  CHECK((got == text + "the end\n"));
}

}  // namespace

TEST_CASE("what a paused reader does not take is kept, in order, in memory and in a file") {
  for (const std::size_t memory_bytes : {std::size_t{0}, std::size_t{100'000}, std::size_t{100'000'000}}) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    write_then_read(ends[0], ends[1], memory_bytes);
  }
}

TEST_CASE("a socket's reader may pause too") {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  write_then_read(ends[0], ends[1], 100'000);
}

TEST_CASE("the descriptor's own flags stay as they were: others share it") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  {
    PatientStream stream(ends[1]);
    stream.write("x");
    CHECK((::fcntl(ends[1], F_GETFL) & O_NONBLOCK) == 0);
  }
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_CASE("a reader that leaves while something is kept ends the writing") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  PatientStream stream(ends[1], 1000);
  stream.write(numbered_lines(100'000));
  CHECK(stream.keeps_something());
  ::close(ends[0]);
  stream.drain();
  CHECK(stream.error() == EPIPE);
  CHECK_FALSE(stream.keeps_something());
  stream.write("nobody reads this");
  stream.finish();
  ::close(ends[1]);
}

TEST_CASE("a file is written at once, where the descriptor stands") {
  char path[] = "/tmp/interoper-patient-XXXXXX";
  const int file = ::mkstemp(path);
  REQUIRE(file >= 0);
  REQUIRE(::write(file, "before ", 7) == 7);
  PatientStream stream(file, 0);
  stream.write("and after");
  CHECK_FALSE(stream.keeps_something());
  ::lseek(file, 0, SEEK_SET);
  CHECK(read_all(file) == "before and after");
  ::close(file);
  ::unlink(path);

  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  PatientStream disk(full);
  disk.write("x");
  CHECK(disk.error() == ENOSPC);
  ::close(full);
  PatientStream closed(full);
  closed.write("x");
  CHECK(closed.error() == EBADF);
}
