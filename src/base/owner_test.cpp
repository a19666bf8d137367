#include "base/owner.hpp"

#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/problem.hpp"

using namespace interoper;

TEST_CASE("we live, and our mark has four parts") {
  const std::string mark = own_mark();
  CHECK(std::count(mark.begin(), mark.end(), ':') == 3);
  CHECK(mark.find('?') == std::string::npos);
  CHECK(life_of(mark) == Life::alive);
}

TEST_CASE("who has ended is dead, also as a zombie, and also when the process ID is used again") {
  const pid_t child = ::fork();
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  const std::string mark = mark_in("/proc", child);
  CHECK(life_of(mark) == Life::alive);
  ::kill(child, SIGKILL);
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);
  CHECK(life_of(mark) == Life::dead);
  ::waitpid(child, nullptr, 0);
  CHECK(life_of(mark) == Life::dead);

  const std::string own = own_mark();
  const std::string reused = own.substr(0, own.rfind(':') + 1) + "1";
  CHECK(life_of(reused) == Life::dead);
}

TEST_CASE("of another machine, another boot, another namespace, or of no mark at all nothing is known") {
  const std::string own = own_mark();
  const std::size_t first = own.find(':');
  const std::size_t second = own.find(':', first + 1);
  CHECK(life_of("00000000-0000-0000-0000-000000000000" + own.substr(first)) == Life::unknown);
  CHECK(life_of(own.substr(0, first) + ":1" + own.substr(second)) == Life::unknown);
  for (const char* text : {"", "x", ":::", "a:b:c", "a:b:c:d:e", "?:?:1:?"})
    CHECK(life_of(text) == Life::unknown);
}

TEST_CASE("a process that /proc hides from us is not dead") {
  const std::string mark = own_mark();
  const std::string here = "/proc/" + std::to_string(::getpid());
  const pid_t child = ::fork();
  if (child == 0) {
    constexpr uid_t nobody = 65534;
    const bool is_hidden = ::unshare(CLONE_NEWNS) == 0 && ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                           ::mount("none", here.c_str(), "tmpfs", 0, nullptr) == 0 && ::setresuid(nobody, nobody, nobody) == 0;
    if (!is_hidden) ::_exit(77);
    ::_exit(life_of(mark) == Life::unknown ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WEXITSTATUS(status) == 77) {
    WARN("skipped: only root can hide a process");
    return;
  }
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("a program's name with blanks and parentheses does not hide its start time") {
  namespace fs = std::filesystem;
  const fs::path proc = fs::temp_directory_path() / ("interoper-owner-test-" + std::to_string(::getpid()));
  fs::create_directories(proc / "7");
  fs::create_directories(proc / "sys/kernel/random");
  fs::create_directories(proc / "self/ns");
  std::ofstream(proc / "sys/kernel/random/boot_id") << "boot\n";
  std::ofstream(proc / "self/ns/pid") << "";
  std::ofstream(proc / "7/stat") << "7 (a) S (b)) S 1 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 4711 0 0\n";
  const std::string mark = mark_in(proc.string(), 7);
  CHECK(mark.ends_with(":7:4711"));
  CHECK(mark.starts_with("boot:"));
  CHECK(life_in(proc.string(), mark) == Life::alive);
  std::ofstream(proc / "7/stat") << "7 (other) S 1 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 4712 0 0\n";
  CHECK(life_in(proc.string(), mark) == Life::dead);
  fs::remove_all(proc);
}

TEST_CASE("a directory of ours says whose it is") {
  namespace fs = std::filesystem;
  const fs::path directory = fs::temp_directory_path() / ("interoper-mark-test-" + std::to_string(::getpid()));
  fs::create_directories(directory);
  leave_mark(directory);
  std::ifstream file(directory / owner_file);
  std::string line;
  std::getline(file, line);
  CHECK(life_of(line) == Life::alive);
  fs::remove_all(directory);
  std::string failure;
  try {
    leave_mark(directory);
  } catch (const WorldError& error) {
    failure = error.reason() + ": " + error.what();
  }
  CHECK(failure == "temporary-failed: cannot write " + (directory / owner_file).string() +
                       ": No such file or directory; see that there is room, and that TMPDIR names a directory you may write to");
}

TEST_CASE("directories of the dead go, those of the living and of strangers stay") {
  namespace fs = std::filesystem;
  const fs::path root = fs::temp_directory_path() / ("interoper-clean-test-" + std::to_string(::getpid()));
  fs::remove_all(root);
  const std::string alive = own_mark();
  const std::string dead = alive.substr(0, alive.rfind(':') + 1) + "1";
  const auto put = [&](const char* name, const std::string& mark) {
    fs::create_directories(root / name / "certs");
    if (!mark.empty()) std::ofstream(root / name / owner_file) << mark << "\n";
  };
  put("interoper-dead", dead);
  put("interoper-live", alive);
  put("interoper-far", "another machine:1:2:3");
  put("interoper-unmarked", "");
  put("stranger", dead);
  fs::create_directory_symlink(root / "stranger", root / "interoper-link");

  const auto first = clean_directories(root, false);
  REQUIRE(first.size() == 3);
  CHECK(first[0].path == root / "interoper-dead");
  CHECK(first[0].removed);
  CHECK_FALSE(first[1].removed);
  CHECK_FALSE(first[2].removed);
  for (const CleanedDirectory& one : first)
    CHECK(one.trouble.empty());
  CHECK_FALSE(fs::exists(root / "interoper-dead"));
  const auto second = clean_directories(root, true);
  REQUIRE(second.size() == 2);
  CHECK(second[0].path == root / "interoper-far");
  CHECK(second[0].removed);
  CHECK_FALSE(second[1].removed);
  for (const char* kept : {"interoper-live", "interoper-unmarked", "stranger", "interoper-link"})
    CHECK(fs::exists(root / kept));
  fs::remove_all(root);
  CHECK(clean_directories(root, true).empty());
}
