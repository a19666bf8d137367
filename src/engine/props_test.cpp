#include "engine/props.hpp"

#include <sys/stat.h>
#include <unistd.h>

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

TEST_CASE("what a role leaves behind stays in the report, and what it does not goes") {
  Room room;
  Props props(room.rules, "run-1", room.report);
  const mode_t before = ::umask(077);
  const auto first = props.binds(room.role, "setup~a~b", 1);
  const auto second = props.binds(room.role, "setup~a~b", 2);
  ::umask(before);
  CHECK(first[1].directory == room.report / "cells" / "setup~a~b" / "1-var-mlog" / "relay");
  CHECK(first[1].target == "/var/mlog");
  CHECK_FALSE(first[1].read_only);
  CHECK(mode_of(first[1].directory) == 01777);
  CHECK(mode_of(first[1].directory.parent_path()) == 0700);
  std::ofstream(second[1].directory / "trace.mlog") << "x";
  props.tidy(room.role, "setup~a~b", 1);
  props.tidy(room.role, "setup~a~b", 2);
  CHECK_FALSE(fs::exists(room.report / "cells" / "setup~a~b" / "1-var-mlog"));
  CHECK(fs::exists(room.report / "cells" / "setup~a~b" / "2-var-mlog" / "relay" / "trace.mlog"));
}

TEST_CASE("without a report what roles leave behind goes with the run; without files nothing is made") {
  Room room;
  room.rules.files.clear();
  room.role.mounts = {{"/mlog", "out"}};
  fs::path place;
  {
    Props props(room.rules, "run-2", {});
    props.make();
    place = props.binds(room.role, "c", 1)[0].directory;
    CHECK(fs::is_directory(place));
    std::ofstream(place / "x") << "x";
    props.tidy(room.role, "c", 1);
    CHECK(fs::exists(place / "x"));
  }
  CHECK_FALSE(fs::exists(place));
  room.role.mounts = {{"/shared", "shared"}};
  const Props unused(room.rules, "run-3", {});
  for (const auto& entry : fs::directory_iterator(fs::temp_directory_path()))
    CHECK_FALSE(entry.path().filename().string().starts_with("interoper-run-3-"));
}

TEST_CASE("a directory that somebody else has made is not taken") {
  Room room;
  Props props(room.rules, "run-5", {});
  props.make();
  Props other(room.rules, "run-5", {});
  CHECK_THROWS_AS(other.make(), WorldError);
}

TEST_CASE("a disk that takes nothing is said") {
  Room room;
  std::ofstream(room.report / "cells") << "no directory";
  Props props(room.rules, "run-4", room.report);
  std::string what;
  try {
    props.binds(room.role, "c", 1);
  } catch (const WorldError& error) {
    what = error.what();
  }
  CHECK(what.starts_with("cannot make the directory " + room.report.string() + "/cells/c/1-var-mlog for a role: "));
}
