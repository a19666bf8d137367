#include "engine/props.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch.hpp>
#include <fstream>

#include "base/owner.hpp"
#include "base/problem.hpp"

using namespace interoper;
namespace fs = std::filesystem;

namespace {

struct Room {
  fs::path report = fs::temp_directory_path() / ("interoper-props-test-" + std::to_string(::getpid()));
  Rules rules;
  RoleSpec role;

  Room() {
    fs::remove_all(report);
    fs::create_directories(report);
    MadeFiles certs;
    certs.name = "certs";
    certs.certificate.names = {"localhost", "relay"};
    rules.files = {certs};
    role.name = "relay";
    role.mounts = {{"/shared", "shared"}, {"/certs", "certs"}, {"/var/mlog", "out"}};
  }
  ~Room() { fs::remove_all(report); }
};

unsigned mode_of(const fs::path& path) {
  struct stat facts{};
  return ::stat(path.c_str(), &facts) == 0 ? facts.st_mode & 07777U : 0;
}

std::vector<LeftOut> collect(Props& props, const RoleSpec& role, int attempt, const std::string& cell) {
  boost::asio::io_context context;
  const std::vector<RoleSpec> roles = {role};
  const Predicate never = [] { return false; };
  auto done = boost::asio::co_spawn(context, props.collect(roles, cell, attempt, never), boost::asio::use_future);
  context.run();
  return done.get();
}

std::string first_line(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

}  // namespace

TEST_CASE("the files of a run are made once, for every user to read, and go with the run") {
  Room room;
  fs::path certs;
  {
    Props props(room.rules, "run-1", room.report);
    props.make();
    const auto binds = props.binds(room.role, "setup~a~b", 1);
    REQUIRE(binds.size() == 2);
    certs = binds[0].directory;
    CHECK(binds[0].target == "/certs");
    CHECK(binds[0].read_only);
    CHECK(props.binds(room.role, "setup~a~b", 2)[0].directory == certs);
    CHECK(mode_of(certs) == 0755);
    CHECK(mode_of(certs / "cert.pem") == 0644);
    CHECK(mode_of(certs / "priv.key") == 0644);
    CHECK(first_line(certs / "cert.pem") == "-----BEGIN CERTIFICATE-----");
    CHECK(first_line(certs / "priv.key") == "-----BEGIN PRIVATE KEY-----");
    // So that `clean` takes it away after a crash, and not before.
    CHECK(certs.parent_path().filename().string().starts_with("interoper-run-1-"));
    CHECK(first_line(certs.parent_path() / owner_file) == own_mark());
  }
  CHECK_FALSE(fs::exists(certs.parent_path()));
}

TEST_CASE("what a role leaves behind goes into the report when the attempt is over, and from where it was left") {
  Room room;
  Props props(room.rules, "run-1", room.report);
  const mode_t before = ::umask(077);
  const auto first = props.binds(room.role, "setup~a~b", 1);
  const auto second = props.binds(room.role, "setup~a~b", 2);
  ::umask(before);
  const fs::path place = second[1].directory;
  CHECK(first[1].directory != place);
  CHECK(first[1].target == "/var/mlog");
  CHECK_FALSE(first[1].read_only);
  CHECK_FALSE(place.string().starts_with(room.report.string()));
  CHECK(mode_of(place) == 01777);
  CHECK(mode_of(place.parent_path()) == 0700);
  std::ofstream(place / "trace.mlog") << "x";
  fs::create_symlink("/etc/passwd", place / "users");
  for (const char* name : {"a\x1b[2J", "b", "c", "d"})
    fs::create_symlink("x", place / name);
  CHECK(collect(props, room.role, 1, "setup~a~b").empty());
  const std::vector<LeftOut> left_out = collect(props, room.role, 2, "setup~a~b");
  REQUIRE(left_out.size() == 1);
  CHECK(left_out[0].role == "relay");
  CHECK(left_out[0].directory == "/var/mlog");
  CHECK(left_out[0].count == 5);
  CHECK(left_out[0].entries.size() == 5);
  CHECK(left_out[0].what ==
        "not all of what was left in /var/mlog is kept: \"a\\e[2J\" (a symbolic link), \"b\" (a symbolic link), \"c\" (a symbolic link), "
        "and 2 more");
  CHECK_FALSE(fs::exists(room.report / "cells" / "setup~a~b" / "1-var-mlog"));
  CHECK(first_line(room.report / "cells" / "setup~a~b" / "2-var-mlog" / "relay" / "trace.mlog") == "x");
  CHECK_FALSE(fs::exists(place.parent_path()));
}

TEST_CASE("a /shared that is to be kept is collected as well") {
  Room room;
  Props props(room.rules, "run-6", room.report);
  const fs::path shared = props.kept_shared("c", 1);
  CHECK(mode_of(shared) == 01777);
  std::ofstream(shared / "greeting") << "hello";
  REQUIRE(::mkfifo((shared / "pipe").c_str(), 0666) == 0);
  const std::vector<LeftOut> left_out = collect(props, room.role, 1, "c");
  REQUIRE(left_out.size() == 1);
  CHECK(left_out[0].role.empty());
  CHECK(left_out[0].what == "not all of what was left in /shared is kept: \"pipe\" (a FIFO)");
  CHECK(first_line(room.report / "cells" / "c" / "1-shared" / "greeting") == "hello");
  CHECK_FALSE(fs::exists(shared));
}

TEST_CASE("without a report what roles leave behind goes; without files nothing is made") {
  Room room;
  room.rules.files.clear();
  room.role.mounts = {{"/mlog", "out"}};
  Props props(room.rules, "run-2", {});
  props.make();
  const fs::path place = props.binds(room.role, "c", 1)[0].directory;
  CHECK(fs::is_directory(place));
  std::ofstream(place / "x") << "x";
  CHECK(collect(props, room.role, 1, "c").empty());
  CHECK_FALSE(fs::exists(place));
  room.role.mounts = {{"/shared", "shared"}};
  const Props unused(room.rules, "run-3", {});
  for (const auto& entry : fs::directory_iterator(fs::temp_directory_path()))
    CHECK_FALSE(entry.path().filename().string().starts_with("interoper-run-3-"));
}

TEST_CASE("what is not collected goes with the run") {
  Room room;
  fs::path place;
  {
    Props props(room.rules, "run-7", room.report);
    place = props.binds(room.role, "c", 1)[1].directory;
    std::ofstream(place / "x") << "x";
  }
  CHECK_FALSE(fs::exists(place));
}

TEST_CASE("a directory that somebody else has made is not taken") {
  Room room;
  Props props(room.rules, "run-5", {});
  props.make();
  Props other(room.rules, "run-5", {});
  CHECK_THROWS_AS(other.make(), WorldError);
}

TEST_CASE("a report that takes nothing is said") {
  Room room;
  Props props(room.rules, "run-4", room.report);
  std::ofstream(props.binds(room.role, "c", 1)[1].directory / "x") << "x";
  std::ofstream(room.report / "cells") << "no directory";
  std::string what;
  try {
    collect(props, room.role, 1, "c");
  } catch (const WorldError& error) {
    what = error.what();
  }
  CHECK(what.starts_with("cannot keep what a role left behind, write " + room.report.string() + "/cells/c/1-var-mlog/relay/x: "));
}
