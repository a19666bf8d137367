#include "base/leavings.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

#include "base/files.hpp"
#include "base/problem.hpp"

using namespace interoper;
namespace fs = std::filesystem;

namespace {

struct Room {
  fs::path root = fs::temp_directory_path() / ("interoper-leavings-test-" + std::to_string(::getpid()));
  fs::path from = root / "from";
  fs::path to = root / "report" / "kept";

  Room() {
    remove_directory(root);
    fs::create_directories(from);
  }
  ~Room() { remove_directory(root); }

  void write(const std::string& name, const std::string& text) const {
    fs::create_directories((from / name).parent_path());
    std::ofstream(from / name) << text;
  }
  Leavings keep(LeavingsLimits limits = {}) const {
    boost::asio::io_context context;
    auto done = boost::asio::co_spawn(context, keep_leavings(from, to, limits), boost::asio::use_future);
    context.run();
    return done.get();
  }
};

std::string content(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> told(const Leavings& found) {
  std::vector<std::string> lines;
  for (const Leavings::LeftOut& one : found.left_out)
    lines.push_back(one.path + ": " + one.why);
  return lines;
}

unsigned mode_of(const fs::path& path) {
  struct stat facts{};
  return ::lstat(path.c_str(), &facts) == 0 ? facts.st_mode & 07777U : 0;
}

// So many directories, each in the one before.
void dig(const fs::path& where, int levels) {
  int here = ::open(where.c_str(), O_PATH | O_DIRECTORY);
  for (int i = 0; i < levels; ++i) {
    REQUIRE(::mkdirat(here, "deep", 0755) == 0);
    const int inner = ::openat(here, "deep", O_PATH | O_DIRECTORY);
    ::close(here);
    here = inner;
  }
  ::close(here);
}

}  // namespace

TEST_CASE("regular files and directories are kept as ours, and nothing else is") {
  Room room;
  room.write("trace.log", "one\n");
  room.write("deep/er/trace.log", "two\n");
  fs::create_symlink("/etc/shadow", room.from / "absolute");
  fs::create_symlink("trace.log", room.from / "relative");
  fs::create_symlink("/etc", room.from / "deep" / "etc");
  REQUIRE(::mkfifo((room.from / "pipe").c_str(), 0666) == 0);
  room.write("set-user-id", "#!/bin/sh\n");
  REQUIRE(::chmod((room.from / "set-user-id").c_str(), 06777) == 0);
  room.write("closed/file", "three\n");
  REQUIRE(::chmod((room.from / "closed" / "file").c_str(), 0) == 0);
  REQUIRE(::chmod((room.from / "closed").c_str(), 0) == 0);
  const mode_t before = ::umask(022);
  const Leavings found = room.keep();
  ::umask(before);
  CHECK(content(room.to / "trace.log") == "one\n");
  CHECK(content(room.to / "deep" / "er" / "trace.log") == "two\n");
  CHECK(content(room.to / "closed" / "file") == "three\n");
  CHECK(mode_of(room.to / "set-user-id") == 0644);
  CHECK(mode_of(room.to / "closed") == 0755);
  CHECK(found.files == 4);
  CHECK(found.left_out_count == 4);
  CHECK(told(found) ==
        std::vector<std::string>{"absolute: a symbolic link", "deep/etc: a symbolic link", "pipe: a FIFO", "relative: a symbolic link"});
  CHECK_FALSE(fs::exists(fs::symlink_status(room.to / "pipe")));
  CHECK(remove_directory(room.from) == 0);
  CHECK_FALSE(fs::exists(room.from));
}

TEST_CASE("the first entries are kept, as many as there is room for") {
  Room room;
  for (int i = 0; i < 50; ++i)
    room.write("file-" + std::to_string(100 + i), "x");
  LeavingsLimits limits;
  limits.entries = 3;
  const Leavings found = room.keep(limits);
  CHECK(found.files == 3);
  CHECK(found.left_out_count == 47);
  CHECK(found.left_out.size() == most_named_left_out);
  CHECK(found.left_out[0].why == "beyond the 3 files and directories that are kept");
  CHECK(fs::exists(room.to / "file-102"));
  CHECK_FALSE(fs::exists(room.to / "file-103"));
}

TEST_CASE("a file that has no room is left out whole, and a smaller one may follow") {
  Room room;
  room.write("a", "12345");
  room.write("b", "123456");
  room.write("c", "12345");
  room.write("d", "1");
  std::ofstream(room.from / "sparse") << "";
  fs::resize_file(room.from / "sparse", std::uintmax_t{1} << 40);
  LeavingsLimits limits;
  limits.bytes = 10;
  const Leavings found = room.keep(limits);
  CHECK(found.bytes == 10);
  CHECK(told(found) == std::vector<std::string>{"b: beyond the 10 bytes that are kept", "d: beyond the 10 bytes that are kept",
                                                "sparse: beyond the 10 bytes that are kept"});
}

TEST_CASE("where there is nothing nothing is made") {
  Room room;
  CHECK(room.keep().files == 0);
  CHECK_FALSE(fs::exists(room.to));
  fs::remove(room.from);
  CHECK(room.keep().left_out_count == 0);
}

TEST_CASE("no depth stops us from removing") {
  Room room;
  dig(room.from, 3000);
  room.write("deep/deep/deep/file", "x");
  room.write(".0", "in the way of what is moved up");
  const Leavings found = room.keep();
  std::string too_deep = "deep";
  for (int i = 0; i < 32; ++i)
    too_deep += "/deep";
  CHECK(told(found) == std::vector<std::string>{too_deep + ": more than 32 directories deep"});
  CHECK(remove_directory(room.from) == 0);
  CHECK_FALSE(fs::exists(room.from));
}

TEST_CASE("what says whose a directory is goes last") {
  Room room;
  for (const char* name : {".owner", "a", "z", "deep/er/.owner", "deep/b"})
    room.write(name, "x");
  Removal removal(room.from, ".owner");
  int steps = 0;
  while (removal.go_on(1)) {
    ++steps;
    CHECK(fs::exists(room.from / ".owner"));
  }
  CHECK(steps > 5);
  CHECK(removal.error() == 0);
  CHECK_FALSE(fs::exists(room.from));
}

TEST_CASE("names that are too long together are left out") {
  Room room;
  LeavingsLimits limits;
  limits.levels = 100;
  int here = ::open(room.from.c_str(), O_PATH | O_DIRECTORY);
  const std::string name(255, 'n');
  for (int i = 0; i < 20; ++i) {
    REQUIRE(::mkdirat(here, name.c_str(), 0755) == 0);
    const int inner = ::openat(here, name.c_str(), O_PATH | O_DIRECTORY);
    ::close(here);
    here = inner;
  }
  ::close(here);
  const Leavings found = room.keep(limits);
  REQUIRE(found.left_out_count == 1);
  CHECK(found.left_out[0].why == "its path is too long");
}

TEST_CASE("a disk that takes nothing is said") {
  Room room;
  room.write("a", "1");
  std::ofstream(room.root / "report") << "no directory";
  std::string what;
  try {
    room.keep();
  } catch (const WorldError& error) {
    what = error.what();
  }
  CHECK(what.starts_with("cannot keep what a role left behind, write " + (room.to / "a").string() + ": "));
}
