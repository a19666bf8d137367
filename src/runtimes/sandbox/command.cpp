#include "runtimes/sandbox/command.hpp"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <system_error>

namespace interoper::sandbox {

namespace fs = std::filesystem;

namespace {

// What a role sees of our environment: where programs are, who it is, and its language. All else could change what a test shows.
constexpr std::array<std::string_view, 8> inherited = {"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ"};
constexpr std::string_view inherited_prefix = "LC_";
constexpr std::string_view usual_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// Directories of a role that are its own, and where the launcher shows the host's (launcher/root.cpp).
struct Covered {
  std::string_view directory, place;
};
constexpr std::array<Covered, 3> covered = {{{"/tmp", "/tmp"}, {"/run", "/run"}, {"/dev/shm", "/dev/shm"}}};
constexpr std::array<std::string_view, 3> never_shown = {"/shared", "/proc", "/dev"};

bool is_in(std::string_view path, std::string_view directory) {
  return path == directory || (path.starts_with(directory) && path[directory.size()] == '/');
}

WorldError path_trouble(const Player& player, const std::string& why, const std::string& help) {
  return {"path-missing",
          "the directory " + player.path + " of " + player.implementation + ", which is to play " + player.role + ", " + why + "; " + help};
}

std::string directory_of(const Player& player) {
  if (player.path.empty()) {
    throw WorldError("path-missing",
                     player.implementation + ", which is to play " + player.role +
                         ", is an image and no directory; the sandbox runs no images: give it a `path`, or use --runtime docker");
  }
  std::error_code error;
  const fs::path directory = fs::canonical(player.path, error);
  if (error == std::errc::no_such_file_or_directory)
    throw path_trouble(player, "does not exist", "correct its `path` in the implementations file");
  if (error) throw path_trouble(player, "cannot be opened: " + error.message(), "see that you may read it");
  if (!fs::is_directory(directory, error))
    throw path_trouble(player, "is no directory", "let its `path` name the directory that the th-test stands in");
  return directory.string();
}

bool is_program(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored) && ::access(path.c_str(), X_OK) == 0;
}

WorldError command_trouble(const Player& player, const std::string& word, const std::string& why, const std::string& help) {
  return {"command-missing", "cannot run '" + word + "' of " + player.implementation + " (role " + player.role + "): " + why + "; " + help};
}

// A word with a slash is a path, from the directory on; another is looked for in the directory, and then in PATH.
std::string find_program(const Player& player, const std::string& directory, const std::string& path) {
  if (player.command.empty()) {
    throw WorldError("command-missing", "nothing says what " + player.implementation + " runs as " + player.role +
                                            "; give the role a `command` in the test's header");
  }
  const std::string& word = player.command.front();
  std::error_code ignored;
  const fs::path beside = fs::path(directory) / word;  // an absolute word stays what it is
  if (is_program(beside)) return beside.lexically_normal().string();
  if (fs::is_directory(beside, ignored) && word.find('/') != std::string::npos)
    throw command_trouble(player, word, beside.string() + " is a directory", "name a program");
  if (fs::is_regular_file(beside, ignored))
    throw command_trouble(player, word, beside.string() + " is not executable", "chmod +x " + beside.string());
  if (fs::is_symlink(beside, ignored) && !fs::exists(beside, ignored))
    throw command_trouble(player, word, beside.string() + " is a link to a file that does not exist", "mend the link");
  if (word.find('/') == std::string::npos) {
    std::size_t begin = 0;
    while (begin <= path.size()) {
      const std::size_t end = std::min(path.find(':', begin), path.size());
      const fs::path candidate = fs::path(path.substr(begin, end - begin)) / word;
      if (candidate.is_absolute() && is_program(candidate)) return candidate.string();
      begin = end + 1;
    }
  }
  const std::string where = word.find('/') == std::string::npos ? " or in PATH" : "";
  throw command_trouble(player, word, "there is no such program in " + directory + where,
                        "put an executable of that name there, or name another `command` in the test's header");
}

std::map<std::string, std::string> environment_of(const Player& player) {
  std::map<std::string, std::string> env;
  for (char** one = environ; one != nullptr && *one != nullptr; ++one) {
    const std::string_view variable(*one);
    const std::size_t equals = variable.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = variable.substr(0, equals);
    const bool wanted = std::find(inherited.begin(), inherited.end(), name) != inherited.end() || name.starts_with(inherited_prefix);
    if (wanted) env.emplace(name, variable.substr(equals + 1));
  }
  env.emplace("PATH", usual_path);
  for (const auto& [name, value] : player.env)
    env[name] = value;
  return env;
}

std::optional<std::int64_t> number_in(const std::string& text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

WorldError user_trouble(const Player& player, const std::string& why, const std::string& help) {
  return {"user-missing", "the role " + player.role + " cannot run as the user '" + player.user + "': " + why + "; " + help};
}

// NAME or UID, and :GROUP.
void take_user(const Player& player, bool privileged, RoleOrder& order) {
  if (player.user.empty()) return;
  const std::size_t colon = player.user.find(':');
  const std::string name = player.user.substr(0, colon);
  const std::string group = colon == std::string::npos ? "" : player.user.substr(colon + 1);
  const auto uid = number_in(name);
  const passwd* known = uid ? ::getpwuid(static_cast<uid_t>(*uid)) : ::getpwnam(name.c_str());
  if (!uid && known == nullptr) throw user_trouble(player, "there is no such user here", "name one of this machine's, or a number");
  const std::int64_t wanted_uid = uid ? *uid : static_cast<std::int64_t>(known->pw_uid);
  std::int64_t wanted_gid = known != nullptr ? static_cast<std::int64_t>(known->pw_gid) : wanted_uid;
  if (!group.empty()) {
    const auto gid = number_in(group);
    const struct group* known_group = gid ? nullptr : ::getgrnam(group.c_str());
    if (!gid && known_group == nullptr)
      throw user_trouble(player, "there is no such group here", "name one of this machine's, or a number");
    wanted_gid = gid ? *gid : static_cast<std::int64_t>(known_group->gr_gid);
  }
  if (!privileged) {
    if (wanted_uid == ::getuid() && (group.empty() || wanted_gid == ::getgid())) return;
    throw user_trouble(player, "only root can become another user", "run interoper as root, or take `user` out of the test's header");
  }
  order.uid = wanted_uid;
  order.gid = wanted_gid;
}

std::string interpreter_of(const std::string& program) {
  std::ifstream file(program, std::ios::binary);
  std::string line;
  constexpr std::size_t longest_line = 255;  // what the kernel reads
  line.resize(longest_line);
  file.read(line.data(), static_cast<std::streamsize>(line.size()));
  line.resize(static_cast<std::size_t>(file.gcount()));
  line = line.substr(0, line.find('\n'));
  if (!line.starts_with("#!")) return {};
  const std::size_t begin = line.find_first_not_of(" \t", 2);
  if (begin == std::string::npos) return {};
  return line.substr(begin, line.find_first_of(" \t", begin) - begin);
}

// Why an interpreter that a program's first line names is not there for the role.
std::string interpreter_trouble(const std::string& interpreter) {
  std::error_code ignored;
  if (!interpreter.empty() && interpreter.back() == '\r')
    return "its first line names the interpreter '" + interpreter.substr(0, interpreter.size() - 1) +
           "' and ends with a carriage return; save it with the line ends of Unix";
  if (!fs::exists(interpreter, ignored))
    return "its first line names the interpreter " + interpreter + ", which does not exist; install it, or correct the line";
  return "its first line names the interpreter " + interpreter +
         ", which cannot be seen from the sandbox (/tmp, /run and /dev/shm are private there); install it elsewhere";
}

}  // namespace

std::string covered_place(const std::string& directory) {
  for (const Covered& one : covered) {
    if (is_in(directory, one.directory)) return std::string(one.place) + directory.substr(one.directory.size());
  }
  const auto* hiding = std::find_if(never_shown.begin(), never_shown.end(), [&](std::string_view one) { return is_in(directory, one); });
  if (hiding == never_shown.end() && directory != "/") return {};
  const std::string why = directory == "/" ? "it is the root directory" : "the sandbox has a " + std::string(*hiding) + " of its own";
  throw WorldError("path-hidden", "the implementation's directory " + directory + " cannot be shown to it: " + why + "; put it elsewhere");
}

RoleOrder role_order(const Player& player, bool privileged) {
  RoleOrder order;
  order.directory = directory_of(player);
  order.hidden = covered_place(order.directory);
  std::map<std::string, std::string> env = environment_of(player);
  env["PWD"] = order.directory;
  order.program = find_program(player, order.directory, env["PATH"]);
  order.argv = player.command;
  for (const auto& [name, value] : env)
    order.env.push_back(name + "=" + value);
  take_user(player, privileged, order);
  return order;
}

namespace {

// As the slot finds it.
std::string bind_source(const Player& player, const Player::Bind& bind) {
  const auto trouble = [&](const std::string& why) {
    return WorldError("mount-failed",
                      "cannot show " + player.role + " the directory " + bind.directory.string() + " at " + bind.target + ": " + why);
  };
  std::error_code error;
  std::string source = fs::canonical(bind.directory, error).string();
  if (error) throw trouble(error.message());
  for (const Covered& one : covered) {
    if (is_in(source, one.directory)) return std::string(hidden_root) + std::string(one.place) + source.substr(one.directory.size());
  }
  for (const std::string_view one : never_shown) {
    if (is_in(source, one)) throw trouble("the sandbox has a " + std::string(one) + " of its own; use another directory");
  }
  return source;
}

bool can_be_made(const fs::path& target) {
  const std::string path = target.string();
  for (const Covered& one : covered) {
    if (is_in(path, one.directory)) return true;
  }
  for (const std::string_view one : never_shown) {
    if (is_in(path, one)) return false;
  }
  std::error_code ignored;
  if (fs::is_directory(target, ignored)) return path != "/";
  const fs::path top = "/" / *std::next(target.begin());
  return !fs::exists(fs::symlink_status(top, ignored));
}

}  // namespace

void add_binds(const Player& player, AttemptOrder& attempt, RoleOrder& order) {
  for (const Player::Bind& bind : player.binds) {
    const fs::path target = fs::path(bind.target).lexically_normal();
    if (!target.is_absolute() || !can_be_made(target)) {
      throw WorldError("mount-unsupported", "the sandbox cannot make the directory " + bind.target + " for " + player.role +
                                                ": it would be one of this machine's own; use --runtime docker, or another directory, "
                                                "such as /" +
                                                fs::path(bind.target).filename().string());
    }
    order.binds.push_back(std::to_string(attempt.binds.size()));
    order.targets.push_back(target.string());
    attempt.binds.push_back(bind_source(player, bind));
    attempt.writable.push_back(!bind.read_only);
  }
}

WorldError cannot_run(const std::string& role, const std::string& program, const std::string& step, int error) {
  std::string why = std::generic_category().message(error);
  if (step != "run") return {"start-failed", "cannot start " + role + ": cannot " + step + ": " + why};
  const std::string interpreter = interpreter_of(program);
  if (error == ENOENT && !interpreter.empty()) why = interpreter_trouble(interpreter);
  if (error == ENOENT && interpreter.empty())
    why = "it, or the loader that it names, cannot be seen from the sandbox; see `ldd " + program + "`";
  if (error == ENOEXEC) why = "it is neither a program for this machine nor a script; a script begins with a line such as #!/bin/sh";
  if (error == EACCES && !interpreter.empty()) why = "it or its interpreter " + interpreter + " may not be executed; see their permissions";
  if (error == E2BIG) why = "its arguments and environment are too long";
  return {"command-missing", "cannot run " + program + " (role " + role + "): " + why};
}

}  // namespace interoper::sandbox
