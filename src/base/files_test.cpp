#include "base/files.hpp"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "base/problem.hpp"

using namespace interoper;
namespace fs = std::filesystem;

namespace {

class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "interoper-files-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Folder() { fs::remove_all(path_); }
  fs::path operator/(const std::string& name) const { return path_ / name; }
  const fs::path& path() const { return path_; }
  std::size_t entries() const { return static_cast<std::size_t>(std::distance(fs::directory_iterator(path_), fs::directory_iterator())); }

 private:
  fs::path path_;
};

// No file may grow beyond this many bytes while it lives: the kernel writes what fits and then refuses, as on a full disk.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : old_handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &old_);
    rlimit now = old_;
    now.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &now);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &old_);
    std::signal(SIGXFSZ, old_handler_);
  }

 private:
  rlimit old_{};
  void (*old_handler_)(int);
};

std::string content(const fs::path& path) { return read_whole(path, 1 << 24); }

WorldError error_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const WorldError& error) {
    return error;
  }
  FAIL("no WorldError");
  return {"", ""};
}

}  // namespace

TEST_CASE("a file is replaced whole") {
  const Folder folder;
  const fs::path path = folder / "report.json";
  write_whole(path, "one");
  write_whole(path, std::string("two\0three", 9));
  CHECK(content(path) == std::string("two\0three", 9));
  CHECK(folder.entries() == 1);
}

TEST_CASE("a file that cannot be written whole leaves the old one, and nothing beside it") {
  const Folder folder;
  const fs::path path = folder / "report.json";
  write_whole(path, "old");
  {
    const FileSizeLimit limit(100);
    const WorldError error = error_of([&] { write_whole(path, std::string(1000, 'x')); });
    CHECK(error.reason() == "write-failed");
    CHECK(std::string(error.what()) ==
          "cannot write " + path.string() + ": file too large; this file system or limit (ulimit -f) allows no larger file");
  }
  CHECK(content(path) == "old");
  CHECK(folder.entries() == 1);
}

TEST_CASE("a folder that is not there or cannot be written is said") {
  const WorldError error = error_of([] { write_whole("/nowhere/at/all", "x"); });
  CHECK(error.reason() == "write-failed");
  CHECK(std::string(error.what()) ==
        "cannot write /nowhere/at/all: no such file or directory; the folder has gone; let nothing remove it while a run writes there");
}

TEST_CASE("reading has a limit and takes regular files only") {
  const Folder folder;
  write_whole(folder / "ten", "0123456789");
  CHECK(read_whole(folder / "ten", 10) == "0123456789");
  CHECK(error_of([&] { read_whole(folder / "ten", 9); }).reason() == "too-large");
  CHECK(std::string(error_of([&] { read_whole(folder / "ten", 9); }).what()) ==
        "cannot read " + (folder / "ten").string() + ": it is larger than 9 bytes");
  CHECK(error_of([&] { read_whole(folder / "none", 9); }).reason() == "not-found");
  CHECK(std::string(error_of([&] { read_whole(folder.path(), 9); }).what()) ==
        "cannot read " + folder.path().string() + ": is a directory");
  REQUIRE(::mkfifo((folder / "fifo").c_str(), 0600) == 0);
  CHECK(std::string(error_of([&] { read_whole(folder / "fifo", 9); }).what()) ==
        "cannot read " + (folder / "fifo").string() + ": it is no regular file");
  write_whole(folder / "empty", "");
  CHECK(read_whole(folder / "empty", 0).empty());
}

TEST_CASE("a log file holds whole lines, in order, and no more than its buffer back") {
  const Folder folder;
  const fs::path path = folder / "1.jsonl";
  LogFile log(path);
  log.add_line("one");
  CHECK(content(path).empty());  // still in the buffer
  log.flush();
  CHECK(content(path) == "one\n");
  const std::string large(200'000, 'x');
  log.add_line("two");
  log.add_line(large);
  CHECK(content(path) == "one\ntwo\n" + large + "\n");
  log.add_line("");
  log.close();
  CHECK(content(path) == "one\ntwo\n" + large + "\n\n");
  CHECK(log.lines() == 4);
  log.add_line("ignored");
  log.flush();
  CHECK(log.lines() == 4);

  LogFile many(folder / "2.jsonl");
  std::string expected;
  for (int i = 0; i < 20'000; ++i) {
    many.add_line(std::to_string(i));
    expected += std::to_string(i) + "\n";
  }
  CHECK(content(folder / "2.jsonl").size() > expected.size() - 66'000);
  CHECK(expected.starts_with(content(folder / "2.jsonl")));
  many.close();
  CHECK(content(folder / "2.jsonl") == expected);
}

TEST_CASE("a log file that no longer fits is cut behind its last whole line, and the error comes once") {
  const Folder folder;
  const fs::path path = folder / "1.jsonl";
  const FileSizeLimit limit(100);
  LogFile log(path);
  log.add_line(std::string(49, 'a'));
  log.flush();
  log.add_line(std::string(29, 'b'));
  log.add_line(std::string(49, 'c'));
  const WorldError error = error_of([&] { log.flush(); });
  CHECK(error.reason() == "write-failed");
  CHECK(content(path) == std::string(49, 'a') + "\n" + std::string(29, 'b') + "\n");
  CHECK(log.lines() == 2);
  CHECK_FALSE(log.is_open());
  log.add_line("later");
  log.flush();
  log.close();
  CHECK(log.lines() == 2);
}

TEST_CASE("a full disk is called by its name") {
  LogFile log("/dev/full");
  log.add_line("x");
  const WorldError error = error_of([&] { log.flush(); });
  CHECK(error.reason() == "disk-full");
  CHECK(std::string(error.what()) ==
        "cannot write /dev/full: no space left on device; make room there, or name another disk with --reports");
}

TEST_CASE("a reserve takes room, has no name, and gives the room back") {
  const Folder folder;
  Reserve reserve(folder.path(), 1 << 20);
  CHECK(reserve.held());
  CHECK(folder.entries() == 0);
  Reserve moved = std::move(reserve);
  CHECK(moved.held());
  moved.release();
  CHECK_FALSE(moved.held());
  CHECK(error_of([] { Reserve("/nowhere", 10); }).reason() == "write-failed");
}
