#include "runtimes/sandbox/explain.hpp"

#include <catch2/catch.hpp>
#include <cerrno>

namespace interoper::sandbox {

namespace {

Kernel usual() {
  Kernel kernel;
  kernel.release = "6.1.0";
  kernel.user_namespaces = "100000";
  return kernel;
}

}  // namespace

TEST_CASE("what keeps the sandbox from working says what to switch on") {
  Kernel kernel = usual();
  const RemoteFault no_user_namespace{"make a user namespace", EPERM};
  SECTION("no user namespaces at all") {
    kernel.user_namespaces = "0";
    const WorldError error = unavailable({"make a user namespace", ENOSPC}, kernel);
    CHECK(error.reason() == "sandbox-unavailable");
    CHECK(std::string(error.what()) ==
          "the sandbox cannot make a user namespace: No space left on device; user namespaces are switched off: `sysctl -w "
          "user.max_user_namespaces=10000` as root allows them (in a file of /etc/sysctl.d for good), or run interoper as root");
  }
  SECTION("reserved for root, as Debian once did") {
    kernel.userns_clone = "0";
    CHECK(advice(no_user_namespace, kernel)
              .starts_with("user namespaces are reserved for root: `sysctl -w kernel.unprivileged_userns_clone=1`"));
  }
  SECTION("worthless, as Ubuntu does") {
    kernel.apparmor_limits = "1";
    CHECK(
        advice({"write /proc/self/uid_map", EACCES}, kernel)
            .starts_with("AppArmor keeps user namespaces from doing anything: `sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`"));
  }
  SECTION("too many") {
    CHECK(advice({"make a user namespace", ENOSPC}, kernel) ==
          "there are as many user namespaces as user.max_user_namespaces (100000) allows: raise it with sysctl");
  }
  SECTION("in a container") {
    kernel.in_container = true;
    CHECK(advice(no_user_namespace, kernel).starts_with("this looks like the inside of a container: its engine must allow namespaces"));
    CHECK(advice({"mount proc on /proc", EPERM}, kernel).starts_with("parts of /proc are covered here, as container engines do"));
  }
  SECTION("an old kernel") {
    kernel.release = "5.4.0";
    CHECK(advice({"make read-only (mount_setattr) /", ENOSYS}, kernel) ==
          "Linux 5.12 or newer is needed, this is 5.4.0; run it on a newer kernel, or use --runtime docker");
  }
  SECTION("a kernel without a part that we need") {
    CHECK(advice({"make a pair of network interfaces (veth)", EOPNOTSUPP}, kernel) ==
          "the kernel needs the module veth: `modprobe veth` as root");
    CHECK(advice({"make a bridge", EOPNOTSUPP}, kernel) == "the kernel needs the module bridge: `modprobe bridge` as root");
  }
  SECTION("no better word than the kernel's") {
    CHECK(std::string(unavailable({"unmount /shared", EINVAL}, kernel).what()) == "the sandbox cannot unmount /shared: Invalid argument");
  }
}

}  // namespace interoper::sandbox
