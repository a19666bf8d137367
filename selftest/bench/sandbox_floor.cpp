// What the kernel alone takes for a cell of two roles that do nothing: the same namespaces, networks and mounts as the sandbox makes, with
// the launcher's own functions, and the same two programs; no engine, no timeline, no report. bench/sandbox_floor.py compares.
//
//     sandbox_floor pooled|fresh CELLS JOBS PROGRAM     as root; prints the microseconds of each cell, a line each
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "runtimes/sandbox/launcher/network.hpp"
#include "runtimes/sandbox/launcher/root.hpp"
#include "runtimes/sandbox/launcher/system.hpp"

namespace {

using namespace interoper::sandbox;

constexpr long long tmp_bytes = 512LL << 20;

void must(const Fault& fault) {
  if (!fault) return;
  std::fprintf(stderr, "cannot %s: error %d\n", fault.step.c_str(), fault.error);
  std::exit(1);
}

struct Role {
  pid_t init = -1;
  int in = -1, out = -1, go = -1;
};

// In the role's init: surroundings, then the program when told to, then the end of all that it left.
[[noreturn]] void be_init(const char* program, const char* role, int in, int out, int go) {
  const std::string path = program;
  const std::string directory = path.substr(0, path.rfind('/'));
  RoleOrder order;
  order.directory = directory;
  if (path.starts_with("/tmp/")) order.hidden = directory;
  order.tmp_bytes = tmp_bytes;
  must(furnish_role(true, order, ""));
  char byte = 0;
  if (::read(go, &byte, 1) != 1) ::_exit(1);
  const pid_t child = ::vfork();  // NOLINT(bugprone-unsafe-functions): as the launcher does it
  if (child == 0) {
    ::dup2(in, STDIN_FILENO);
    ::dup2(out, STDOUT_FILENO);
    ::execl(program, "th-test", "nothing", role, nullptr);
    ::_exit(127);
  }
  int status = 0;
  while (::waitpid(-1, &status, 0) != child) {
  }
  ::kill(-1, SIGKILL);
  while (::waitpid(-1, nullptr, 0) > 0) {
  }
  ::_exit(WEXITSTATUS(status));
}

Role prepare(const Network& network, std::size_t number, const char* program, const char* name) {
  std::array<int, 2> in{}, out{}, go{};
  if (::pipe2(in.data(), O_CLOEXEC) != 0 || ::pipe2(out.data(), O_CLOEXEC) != 0 || ::pipe2(go.data(), O_CLOEXEC) != 0) std::abort();
  must(network.enter(number));
  const pid_t init = fork_into(CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS, nullptr);
  if (init == 0) {
    for (const int ours : {in[1], out[0], go[1]})
      ::close(ours);
    be_init(program, name, in[0], out[1], go[0]);
  }
  ::close(in[0]);
  ::close(out[1]);
  ::close(go[0]);
  return {init, in[1], out[0], go[1]};
}

void start(const Role& role) {
  if (::write(role.go, "g", 1) != 1) std::abort();
  std::array<char, 256> line{};
  if (::read(role.out, line.data(), line.size()) <= 0) std::abort();
}

void finish(const Role& role) {
  ::close(role.in);
  std::array<char, 256> rest{};
  while (::read(role.out, rest.data(), rest.size()) > 0) {
  }
  ::waitpid(role.init, nullptr, 0);
  ::close(role.out);
  ::close(role.go);
}

void run_cell(const Network& network, const char* program) {
  must(mount_at("tmpfs", "/shared", MS_NOSUID | MS_NODEV, "mode=1777,size=512m"));
  const Role worker = prepare(network, 0, program, "worker");
  const Role driver = prepare(network, 1, program, "driver");
  start(worker);
  start(driver);
  finish(driver);
  finish(worker);
  ::umount2("/shared", MNT_DETACH);
}

void run_cells(int proc, bool pooled, int cells, const char* program) {
  std::optional<Network> network;
  for (int cell = 0; cell < cells; ++cell) {
    const auto began = std::chrono::steady_clock::now();
    if (!pooled || !network) must(network.emplace().make(proc, 2));
    run_cell(*network, program);
    const auto took = std::chrono::steady_clock::now() - began;
    std::printf("%lld\n", static_cast<long long>(std::chrono::duration_cast<std::chrono::microseconds>(took).count()));
  }
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const std::string kind = argv[1];
  const int cells = std::atoi(argv[2]);
  const int jobs = std::atoi(argv[3]);
  const int proc = ::open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (::unshare(CLONE_NEWNS) != 0) return 1;
  must(build_root(true));
  for (int job = 0; job < jobs; ++job) {
    if (fork_into(CLONE_NEWNS, nullptr) != 0) continue;
    run_cells(proc, kind == "pooled", cells / jobs, argv[4]);
    ::_exit(0);
  }
  int status = 0;
  bool well = true;
  while (::waitpid(-1, &status, 0) > 0)
    well = well && status == 0;
  return well ? 0 : 1;
}
