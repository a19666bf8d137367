#include "runtimes/sandbox/command.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace interoper::sandbox {

namespace fs = std::filesystem;

namespace {

// An implementation's directory, gone at the end.
class Folder {
 public:
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "interoper-command-XXXXXX").string();
    path_ = fs::canonical(::mkdtemp(pattern.data()));
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { fs::remove_all(path_); }
  std::string program(const std::string& name, const std::string& text, mode_t mode = 0755) const {
    const std::string path = (path_ / name).string();
    std::ofstream(path) << text;
    ::chmod(path.c_str(), mode);
    return path;
  }
  std::string path() const { return path_.string(); }

 private:
  fs::path path_;
};

Player player_in(const std::string& path) {
  Player player;
  player.role = "worker";
  player.implementation = "local";
  player.path = path;
  player.command = {"th-test", "link", "worker"};
  return player;
}

bool has(const RoleOrder& order, const std::string& variable) {
  return std::find(order.env.begin(), order.env.end(), variable) != order.env.end();
}

// What role_order says instead; empty when it says nothing.
std::string refusal(const Player& player, bool privileged = true) {
  try {
    role_order(player, privileged);
  } catch (const WorldError& error) {
    return error.reason() + ": " + error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("a role runs the program in its directory, with that as its working directory") {
  const Folder folder;
  const std::string program = folder.program("th-test", "#!/bin/sh\n");
  Player player = player_in(folder.path() + "/.");
  player.env = {{"A", "1"}, {"LANG", "xx"}};
  ::setenv("INTEROPER_COMMAND_TEST", "secret", 1);
  const RoleOrder order = role_order(player, true);
  ::unsetenv("INTEROPER_COMMAND_TEST");
  CHECK(order.program == program);
  CHECK(order.argv == std::vector<std::string>{"th-test", "link", "worker"});
  CHECK(order.directory == folder.path());
  CHECK(has(order, "A=1"));
  CHECK(has(order, "LANG=xx"));
  CHECK(has(order, "PWD=" + folder.path()));
  CHECK_FALSE(has(order, "INTEROPER_COMMAND_TEST=secret"));
  CHECK(order.uid == -1);
}

TEST_CASE("another command is looked for in the directory, then in PATH") {
  const Folder folder;
  Player player = player_in(folder.path());
  player.command = {"sh", "-c", "true"};
  player.env = {{"PATH", "/usr/bin:/bin"}};
  CHECK(role_order(player, true).program == "/usr/bin/sh");
  const std::string own = folder.program("sh", "#!/bin/sh\n");
  CHECK(role_order(player, true).program == own);
  player.command = {"/bin/sh"};
  CHECK(role_order(player, true).program == "/bin/sh");
}

TEST_CASE("what cannot run is told before anything is started") {
  const Folder folder;
  const std::string where = folder.path();
  Player player = player_in(where);
  SECTION("no directory") {
    player.path = where + "/nowhere";
    CHECK(refusal(player) ==
          "path-missing: the directory " + where +
              "/nowhere of local, which is to play worker, does not exist; correct its `path` in the implementations file");
  }
  SECTION("a file") {
    player.path = folder.program("file", "");
    CHECK(refusal(player) ==
          "path-missing: the directory " + where +
              "/file of local, which is to play worker, is no directory; let its `path` name the directory that the th-test "
              "stands in");
  }
  SECTION("an image") {
    player.path.clear();
    CHECK(refusal(player) ==
          "path-missing: local, which is to play worker, is an image and no directory; the sandbox runs no images: give it a "
          "`path`, or use --runtime docker");
  }
  SECTION("no program") {
    CHECK(refusal(player) == "command-missing: cannot run 'th-test' of local (role worker): there is no such program in " + where +
                                 " or in PATH; put an executable of that name there, or name another `command` in the test's header");
  }
  SECTION("not executable") {
    folder.program("th-test", "#!/bin/sh\n", 0644);
    CHECK(refusal(player) == "command-missing: cannot run 'th-test' of local (role worker): " + where +
                                 "/th-test is not executable; chmod +x " + where + "/th-test");
  }
  SECTION("a link to nowhere") {
    fs::create_symlink("gone", where + "/th-test");
    CHECK(refusal(player) == "command-missing: cannot run 'th-test' of local (role worker): " + where +
                                 "/th-test is a link to a file that does not exist; mend the link");
  }
  SECTION("a user that is not there") {
    folder.program("th-test", "#!/bin/sh\n");
    player.user = "no-such-user";
    CHECK(refusal(player) ==
          "user-missing: the role worker cannot run as the user 'no-such-user': there is no such user here; name one of this "
          "machine's, or a number");
  }
  SECTION("another user, without privileges") {
    folder.program("th-test", "#!/bin/sh\n");
    player.user = std::to_string(::getuid() + 1) + ":7";
    CHECK(refusal(player, false) ==
          "user-missing: the role worker cannot run as the user '" + player.user +
              "': only root can become another user; run interoper as root, or take `user` out of the test's header");
    const RoleOrder order = role_order(player, true);
    CHECK(order.uid == ::getuid() + 1);
    CHECK(order.gid == 7);
  }
}

TEST_CASE("directories that private ones cover are shown where the launcher keeps them") {
  CHECK(covered_place("/usr/share").empty());
  CHECK(covered_place("/tmpfiles").empty());
  CHECK(covered_place("/tmp") == "/tmp");
  CHECK(covered_place("/tmp/a/b") == "/tmp/a/b");
  CHECK(covered_place("/run/x") == "/run/x");
  CHECK(covered_place("/dev/shm/x") == "/dev/shm/x");
  for (const char* directory : {"/", "/shared", "/shared/x", "/proc/self", "/dev"})
    CHECK_THROWS_AS(covered_place(directory), WorldError);
}

TEST_CASE("directories that a role is to see, as the slot finds them, where they can be") {
  const Folder folder;
  Player player;
  player.role = "relay";
  AttemptOrder attempt;
  attempt.binds = {"/of/another/role"};
  attempt.writable = {false};
  RoleOrder order;
  const auto reason = [&](const std::string& directory, const std::string& target) -> std::string {
    player.binds = {{directory, target, false}};
    try {
      add_binds(player, attempt, order);
    } catch (const WorldError& error) {
      return error.reason() + ": " + error.what();
    }
    return "";
  };
  CHECK(reason("/usr/share", "/certs-of-a-test").empty());
  CHECK(reason("/usr/share", "/tmp/deep/down").empty());
  CHECK(reason("/usr/share", "/usr/share").empty());
  CHECK(order.binds == std::vector<std::string>{"1", "2", "3"});
  CHECK(order.targets == std::vector<std::string>{"/certs-of-a-test", "/tmp/deep/down", "/usr/share"});
  CHECK(attempt.binds == std::vector<std::string>{"/of/another/role", "/usr/share", "/usr/share", "/usr/share"});
  CHECK(attempt.writable == std::vector<bool>{false, true, true, true});
  CHECK(reason("/tmp", "/mlog").empty());
  CHECK(attempt.binds.back() == "/.interoper/tmp");
  CHECK(reason("/nowhere", "/mlog") == "mount-failed: cannot show relay the directory /nowhere at /mlog: No such file or directory");
  for (const char* target : {"/usr/no-such-directory", "/", "certs", "/proc/x", "/shared", "/etc/passwd/x", "/usr/../usr/x/y"}) {
    INFO(target);
    CHECK(reason("/usr/share", target).starts_with("mount-unsupported: the sandbox cannot make the directory " + std::string(target)));
  }
}

TEST_CASE("why the kernel does not run a program, in words") {
  const Folder folder;
  const auto why = [&](const std::string& text, int error) {
    const std::string sentence = cannot_run("worker", folder.program("th-test", text), "run", error).what();
    return sentence.substr(sentence.find("): ") + 3);
  };
  CHECK(why("#!/no/such/shell -e\n", ENOENT) ==
        "its first line names the interpreter /no/such/shell, which does not exist; install it, or correct the line");
  CHECK(why("#! /bin/sh\r\n", ENOENT) ==
        "its first line names the interpreter '/bin/sh' and ends with a carriage return; save it with the line ends of Unix");
  CHECK(why("#!/bin/sh\n", ENOENT) ==
        "its first line names the interpreter /bin/sh, which cannot be seen from the sandbox (/tmp, /run and "
        "/dev/shm are private there); install it elsewhere");
  CHECK(why("hello\n", ENOEXEC) == "it is neither a program for this machine nor a script; a script begins with a line such as #!/bin/sh");
  CHECK(why("#!/bin/sh\n", EIO) == "Input/output error");
  CHECK(std::string(cannot_run("worker", "/x", "enter its directory", EACCES).what()) ==
        "cannot start worker: cannot enter its directory: Permission denied");
}

}  // namespace interoper::sandbox
