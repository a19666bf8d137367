#include "base/machine.hpp"

#include <sched.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <string>

using namespace interoper;
namespace fs = std::filesystem;

namespace {

struct FakeMachine {
  fs::path root;
  FakeMachine() {
    std::string name = (fs::temp_directory_path() / "interoper-machine-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    root = name;
    write("proc/meminfo", "MemTotal:  9000 kB\nMemFree:  1 kB\nMemAvailable:    4000 kB\n");
  }
  ~FakeMachine() { fs::remove_all(root); }
  void write(const std::string& name, const std::string& text) const {
    fs::create_directories((root / name).parent_path());
    std::ofstream(root / name) << text;
  }
  Machine measure() const { return measure_machine(root / "proc", root / "cgroups"); }
};

double own_cores() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  REQUIRE(sched_getaffinity(0, sizeof mask, &mask) == 0);
  return CPU_COUNT(&mask);
}

}  // namespace

TEST_CASE("without limits a machine is what it has") {
  const FakeMachine fake;
  CHECK(fake.measure().cores == own_cores());
  CHECK(fake.measure().memory_bytes == 4000 * 1024);
}

TEST_CASE("the smallest limit of the groups around us counts") {
  const FakeMachine fake;
  SECTION("version 2") {
    fake.write("proc/self/cgroup", "0::/a/b\n");
    fake.write("cgroups/a/b/cpu.max", "max 100000\n");
    fake.write("cgroups/a/cpu.max", "50000 100000\n");
    fake.write("cgroups/a/memory.max", "1000000\n");
    fake.write("cgroups/a/memory.current", "700000\n");
    fake.write("cgroups/a/memory.stat", "anon 500000\ninactive_file 200000\n");
    fake.write("cgroups/a/b/memory.max", "max\n");
    fake.write("cgroups/a/b/memory.current", "700000\n");
  }
  SECTION("version 1") {
    fake.write("proc/self/cgroup", "5:memory:/m\n4:cpu,cpuacct:/c\n3:cpuset:/\n");
    fake.write("cgroups/cpu/c/cpu.cfs_quota_us", "50000\n");
    fake.write("cgroups/cpu/c/cpu.cfs_period_us", "100000\n");
    fake.write("cgroups/cpu/cpu.cfs_quota_us", "-1\n");
    fake.write("cgroups/cpu/cpu.cfs_period_us", "100000\n");
    fake.write("cgroups/memory/m/memory.limit_in_bytes", "1000000\n");
    fake.write("cgroups/memory/m/memory.usage_in_bytes", "700000\n");
    fake.write("cgroups/memory/m/memory.stat", "total_inactive_file 200000\n");
  }
  SECTION("in the root, where a container sees its own") {
    fake.write("proc/self/cgroup", "0::/\n");
    fake.write("cgroups/cpu.max", "50000 100000\n");
    fake.write("cgroups/memory.max", "1000000\n");
    fake.write("cgroups/memory.current", "500000\n");
  }
  CHECK(fake.measure().cores == 0.5);
  CHECK(fake.measure().memory_bytes == 500000);
}

TEST_CASE("what cannot be understood limits nothing, and what is used up leaves little") {
  const FakeMachine fake;
  SECTION("nonsense") {
    fake.write("proc/self/cgroup", "nonsense\n::\n0::/../../..\n7:cpu:\n");
    fake.write("cgroups/cpu.max", "many few\n");
    fake.write("cgroups/cpu/cpu.cfs_quota_us", "\n");
    CHECK(fake.measure().cores == own_cores());
    CHECK(fake.measure().memory_bytes == 4000 * 1024);
  }
  SECTION("over the limit") {
    fake.write("proc/self/cgroup", "0::/\n");
    fake.write("cgroups/memory.max", "1000\n");
    fake.write("cgroups/memory.current", "5000\n");
    CHECK(fake.measure().memory_bytes == 1);
  }
  SECTION("no /proc") {
    fs::remove_all(fake.root / "proc");
    CHECK(fake.measure().memory_bytes == 0);
  }
}

TEST_CASE("this machine has something") {
  const Machine machine = measure_machine();
  CHECK(machine.cores > 0);
  CHECK(machine.memory_bytes > 0);
}
