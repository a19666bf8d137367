#include "runtimes/sandbox/explain.hpp"

#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace interoper::sandbox {

namespace {

std::string first_line(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

bool holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

Kernel look_at_kernel() {
  Kernel kernel;
  utsname names{};
  if (::uname(&names) == 0) kernel.release = names.release;
  kernel.user_namespaces = first_line("/proc/sys/user/max_user_namespaces");
  kernel.userns_clone = first_line("/proc/sys/kernel/unprivileged_userns_clone");
  kernel.apparmor_limits = first_line("/proc/sys/kernel/apparmor_restrict_unprivileged_userns");
  kernel.is_root = ::geteuid() == 0;
  std::error_code ignored;
  kernel.in_container = std::filesystem::exists("/.dockerenv", ignored) || std::filesystem::exists("/run/.containerenv", ignored);
  return kernel;
}

std::string advice(const RemoteFault& fault, const Kernel& kernel) {
  if (fault.error == ENOSYS && (holds(fault.step, "mount_setattr") || holds(fault.step, "namespaces")))
    return "Linux 5.12 or newer is needed, this is " + kernel.release + "; run it on a newer kernel, or use --runtime docker";
  const bool is_user_namespace = holds(fault.step, "user namespace");
  if (kernel.user_namespaces == "0") {
    return "user namespaces are switched off: `sysctl -w user.max_user_namespaces=10000` as root allows them "
           "(in a file of /etc/sysctl.d for good), or run interoper as root";
  }
  if (kernel.userns_clone == "0" && is_user_namespace) {
    return "user namespaces are reserved for root: `sysctl -w kernel.unprivileged_userns_clone=1` as root allows them "
           "(in a file of /etc/sysctl.d for good), or run interoper as root";
  }
  if (kernel.apparmor_limits == "1" && (fault.error == EACCES || fault.error == EPERM)) {
    return "AppArmor keeps user namespaces from doing anything: `sysctl -w kernel.apparmor_restrict_unprivileged_userns=0` as root "
           "lets them (in a file of /etc/sysctl.d for good), or run interoper as root";
  }
  if (fault.error == ENOSPC && is_user_namespace)
    return "there are as many user namespaces as user.max_user_namespaces (" + kernel.user_namespaces + ") allows: raise it with sysctl";
  if (holds(fault.step, "mount proc"))
    return "parts of /proc are covered here, as container engines do; run interoper outside of the container, or as its root with all "
           "capabilities";
  if (kernel.in_container && (fault.error == EPERM || fault.error == EACCES)) {
    return "this looks like the inside of a container: its engine must allow namespaces (docker run --privileged, or --cap-add SYS_ADMIN "
           "--cap-add NET_ADMIN --security-opt seccomp=unconfined --security-opt apparmor=unconfined)";
  }
  if (holds(fault.step, "/etc/hosts")) return "roles find each other through it: make the file (`touch /etc/hosts` as root)";
  if (holds(fault.step, "veth")) return "the kernel needs the module veth: `modprobe veth` as root";
  if (holds(fault.step, "bridge")) return "the kernel needs the module bridge: `modprobe bridge` as root";
  if (fault.error == EPERM && !kernel.is_root) return "run interoper as root";
  if (fault.error == EMFILE || fault.error == ENFILE) return "run fewer cells at once (-j), or raise the limit of open files (ulimit -n)";
  if (fault.error == EAGAIN || fault.error == ENOMEM)
    return "the machine has no room for more processes: run fewer cells at once (-j), or raise the limits (ulimit -u, memory)";
  return {};
}

WorldError unavailable(const RemoteFault& fault, const Kernel& kernel) {
  const std::string help = advice(fault, kernel);
  return {"sandbox-unavailable",
          "the sandbox cannot " + fault.step + ": " + std::generic_category().message(fault.error) + (help.empty() ? "" : "; " + help)};
}

}  // namespace interoper::sandbox
