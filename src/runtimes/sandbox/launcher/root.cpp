#include "runtimes/sandbox/launcher/root.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <vector>

#include "runtimes/sandbox/launcher/system.hpp"
#include "runtimes/sandbox/parcel.hpp"

namespace interoper::sandbox {

namespace {

// Where the new root is put together: directories that every Linux has.
constexpr std::array<const char*, 2> building_sites = {"/tmp", "/dev"};
const std::string hidden(hidden_root);
const std::string host = hidden + "/host";

// Top-level directories that are not the host's in a role.
constexpr std::array<std::string_view, 6> own_directories = {"tmp", "dev", "proc", "run", "shared", "sys"};
// The host's own below those that private ones cover, for implementations that lie in them: host path -> name below hidden_root.
struct Covered {
  const char* path;
  const char* name;
};
constexpr std::array<Covered, 3> covered = {{{"/tmp", "/tmp"}, {"/run", "/run"}, {"/dev/shm", "/dev/shm"}}};

struct Device {
  const char* name;
  unsigned major_number, minor_number;
};
constexpr std::array<Device, 6> devices = {
    {{"null", 1, 3}, {"zero", 1, 5}, {"full", 1, 7}, {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0}}};
struct Link {
  const char* to;
  const char* at;
};
constexpr std::array<Link, 5> device_links = {{{"/proc/self/fd", "/dev/fd"},
                                               {"/proc/self/fd/0", "/dev/stdin"},
                                               {"/proc/self/fd/1", "/dev/stdout"},
                                               {"/proc/self/fd/2", "/dev/stderr"},
                                               {"pts/ptmx", "/dev/ptmx"}}};

// Parts of /proc through which root changes the machine, also without a capability.
constexpr std::array<const char*, 4> parts_of_proc = {"/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus"};

bool is_own(std::string_view name) { return std::find(own_directories.begin(), own_directories.end(), name) != own_directories.end(); }

bool exists(const std::string& path) {
  struct stat facts{};
  return ::lstat(path.c_str(), &facts) == 0;
}

// One entry of the host's root: a directory appears here too, a link is made again. Files there are nobody's business.
Fault show_entry(const std::string& name) {
  const std::string from = host + "/" + name;
  const std::string at = "/" + name;
  struct stat facts{};
  if (::lstat(from.c_str(), &facts) != 0) return {};
  if (S_ISLNK(facts.st_mode)) {
    std::array<char, 4096> target{};
    const ssize_t length = ::readlink(from.c_str(), target.data(), target.size() - 1);
    if (length > 0 && ::symlink(target.data(), at.c_str()) != 0) return failed("make the link " + at);
    return {};
  }
  if (!S_ISDIR(facts.st_mode)) return {};
  if (Fault fault = make_directory(at)) return fault;
  return bind(from, at);
}

Fault show_host() {
  DIR* directory = ::opendir(host.c_str());
  if (directory == nullptr) return failed("list the root directory");
  Fault fault;
  while (const dirent* entry = ::readdir(directory)) {
    const std::string name = entry->d_name;
    if (name == "." || name == ".." || is_own(name) || name == "lost+found") continue;
    fault = show_entry(name);
    if (fault) break;
  }
  ::closedir(directory);
  return fault;
}

Fault show_system(bool privileged) {
  if (Fault fault = make_directory("/proc")) return fault;
  if (Fault fault = bind(host + "/proc", "/proc")) return fault;
  if (Fault fault = make_directory("/sys")) return fault;
  // Without what is mounted below it (cgroups, debugfs): a user namespace may not leave that away.
  const std::string sys = host + "/sys";
  if (privileged && ::mount(sys.c_str(), "/sys", nullptr, MS_BIND, nullptr) == 0) return {};
  return bind(sys, "/sys");
}

Fault make_device(const Device& device) {
  const std::string at = std::string("/dev/") + device.name;
  if (::mknod(at.c_str(), S_IFCHR | 0666, makedev(device.major_number, device.minor_number)) == 0) {
    ::chmod(at.c_str(), 0666);
    return {};
  }
  if (Fault fault = write_file(at, "")) return fault;
  return bind(host + at, at);
}

Fault make_devices(bool privileged) {
  for (const char* directory : {"/dev", "/dev/shm", "/dev/pts"}) {
    if (Fault fault = make_directory(directory)) return fault;
  }
  // In a user namespace a node could be made where the kernel forbids to open it: there the host's are shown.
  for (const Device& device : devices) {
    if (!privileged) {
      const std::string at = std::string("/dev/") + device.name;
      if (Fault fault = write_file(at, "")) return fault;
      if (Fault fault = bind(host + at, at)) return fault;
    } else if (Fault fault = make_device(device)) {
      return fault;
    }
  }
  for (const Link& link : device_links) {
    if (::symlink(link.to, link.at) != 0) return failed(std::string("make the link ") + link.at);
  }
  return {};
}

Fault show_covered() {
  for (const Covered& one : covered) {
    if (!exists(host + one.path)) continue;
    const std::string at = hidden + one.name;
    if (Fault fault = make_directory(at)) return fault;
    if (Fault fault = bind(host + one.path, at)) return fault;
  }
  return {};
}

Fault enter_new_root() {
  const auto* site = std::find_if(building_sites.begin(), building_sites.end(), [](const char* path) { return exists(path); });
  if (site == building_sites.end()) return {"find /tmp", ENOENT};
  const std::string at = *site;
  if (Fault fault = mount_at("tmpfs", at, MS_NOSUID, "mode=755,size=16m")) return fault;
  if (Fault fault = make_directory(at + host)) return fault;
  if (::syscall(SYS_pivot_root, at.c_str(), (at + host).c_str()) != 0) return failed("change the root directory (pivot_root)");
  if (::chdir("/") != 0) return failed("enter the new root directory");
  return {};
}

Fault protect_proc() {
  for (const char* part : parts_of_proc) {
    if (!exists(part)) continue;
    if (Fault fault = bind(part, part)) return fault;
    if (Fault fault = make_read_only(part, Below::no)) return fault;
  }
  return {};
}

}  // namespace

Fault build_root(bool privileged) {
  ::umask(0022);
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return failed("make mounts private");
  if (Fault fault = enter_new_root()) return fault;
  if (Fault fault = show_host()) return fault;
  if (Fault fault = show_system(privileged)) return fault;
  if (Fault fault = show_covered()) return fault;
  if (Fault fault = make_devices(privileged)) return fault;
  for (const char* directory : {"/tmp", "/run", "/shared", "/.interoper/empty"}) {
    if (Fault fault = make_directory(directory)) return fault;
  }
  if (::umount2(host.c_str(), MNT_DETACH) != 0) return failed("leave the old root directory");
  if (Fault fault = make_read_only("/", Below::yes)) return fault;
  // A user namespace whose only /proc is read-only may not mount one of its own: every role covers this one.
  if (Fault fault = make_writable("/proc")) return fault;
  return make_writable("/");  // its own few directories only: roles get it read-only
}

Fault furnish_role(bool privileged, const RoleOrder& order, const std::string& resolver_file) {
  constexpr unsigned long harmless = MS_NOSUID | MS_NODEV;
  // Files are memory too, however small they are.
  constexpr long long bytes_per_file = 4096;
  const std::string size = "size=" + std::to_string(order.tmp_bytes) + ",nr_inodes=" + std::to_string(order.tmp_bytes / bytes_per_file);
  if (Fault fault = mount_at("proc", "/proc", harmless | MS_NOEXEC, "")) return fault;
  if (privileged) {
    if (Fault fault = protect_proc()) return fault;
  }
  if (Fault fault = mount_at("tmpfs", "/tmp", harmless, "mode=1777," + size)) return fault;
  if (Fault fault = mount_at("tmpfs", "/run", harmless, "mode=1777," + size)) return fault;
  if (Fault fault = mount_at("tmpfs", "/dev/shm", harmless, "mode=1777," + size)) return fault;
  if (Fault fault = mount_at("devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620")) return fault;
  if (!resolver_file.empty()) {
    if (Fault fault = make_directory(resolver_file.substr(0, resolver_file.rfind('/')))) return fault;
    if (Fault fault = write_file(resolver_file, outside_resolver)) return fault;
  }
  if (!order.hidden.empty()) {
    if (Fault fault = make_directory(order.directory)) return fault;
    if (Fault fault = bind(hidden + order.hidden, order.directory)) return fault;
    if (Fault fault = make_read_only(order.directory, Below::yes)) return fault;
  }
  for (std::size_t i = 0; i < order.binds.size(); ++i) {
    if (Fault fault = make_directory(order.targets[i])) return fault;
    if (Fault fault = bind(std::string(binds_root) + "/" + order.binds[i], order.targets[i])) return fault;
  }
  // Covered, not taken away: a user namespace may not take away what it inherited. A role can do neither.
  if (Fault fault = bind(hidden + "/empty", hidden)) return fault;
  if (Fault fault = make_read_only(hidden, Below::no)) return fault;
  return make_read_only("/", Below::no);
}

}  // namespace interoper::sandbox
