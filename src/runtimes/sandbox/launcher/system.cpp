#include "runtimes/sandbox/launcher/system.hpp"

#include <fcntl.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>

// <sys/mount.h> and <linux/mount.h> define the same names; this is the one function of the former that is called here.
extern "C" int mount(const char* source, const char* target, const char* kind, unsigned long flags, const void* data) noexcept;

namespace interoper::sandbox {

namespace {

Fault set_attributes(const std::string& at, unsigned flags, std::uint64_t set, std::uint64_t clear, const std::string& step) {
  mount_attr attributes{};
  attributes.attr_set = set;
  attributes.attr_clr = clear;
  if (::syscall(SYS_mount_setattr, AT_FDCWD, at.c_str(), flags, &attributes, sizeof attributes) != 0) return failed(step + at);
  return {};
}

}  // namespace

pid_t fork_into(std::uint64_t namespaces, int* pidfd) {
  clone_args arguments{};
  arguments.flags = namespaces;
  arguments.exit_signal = SIGCHLD;
  if (pidfd != nullptr) {
    arguments.flags |= CLONE_PIDFD;
    arguments.pidfd = reinterpret_cast<std::uintptr_t>(pidfd);
  }
  return static_cast<pid_t>(::syscall(SYS_clone3, &arguments, sizeof arguments));
}

Fault mount_at(const char* kind, const std::string& at, unsigned long flags, const std::string& options) {
  if (::mount(kind, at.c_str(), kind, flags, options.c_str()) != 0) return failed(std::string("mount ") + kind + " on " + at);
  return {};
}

Fault bind(const std::string& from, const std::string& at) {
  constexpr unsigned long bind_and_below = 4096 | 16384;  // MS_BIND | MS_REC
  if (::mount(from.c_str(), at.c_str(), nullptr, bind_and_below, nullptr) != 0) return failed("show " + from + " at " + at);
  return {};
}

Fault make_read_only(const std::string& at, Below below) {
  const unsigned flags = below == Below::yes ? AT_RECURSIVE : 0U;
  return set_attributes(at, flags, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID, 0, "make read-only (mount_setattr) ");
}

Fault make_writable(const std::string& at) { return set_attributes(at, 0, 0, MOUNT_ATTR_RDONLY, "make writable (mount_setattr) "); }

Fault make_directory(const std::string& path, unsigned mode) {
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1))
    ::mkdir(path.substr(0, slash).c_str(), 0755);
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) return failed("make the directory " + path);
  ::chmod(path.c_str(), mode);  // whatever the umask
  return {};
}

Fault write_file(const std::string& path, std::string_view text) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  const bool written = file >= 0 && ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  Fault fault;
  if (!written) fault = failed("write " + path);
  if (file >= 0) ::close(file);
  return fault;
}

Fault write_at(int directory, const char* path, std::string_view text) {
  const int file = ::openat(directory, path, O_WRONLY | O_CLOEXEC);
  const bool written = file >= 0 && ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  Fault fault;
  if (!written) fault = failed(std::string("write /proc/") + path);
  if (file >= 0) ::close(file);
  return fault;
}

void die_with_parent(pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
}

}  // namespace interoper::sandbox
