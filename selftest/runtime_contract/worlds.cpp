#include "runtime_contract/worlds.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "fakes/loop.hpp"
#include "fakes/scripted_runtime.hpp"
#include "runtimes/docker/docker.hpp"
#include "runtimes/docker/engine.hpp"
#include "runtimes/docker/host.hpp"
#include "runtimes/docker/workshop.hpp"
#include "runtimes/sandbox/sandbox.hpp"

namespace contract {

using namespace interoper;
using fakes::run;
namespace asio = boost::asio;
namespace fs = std::filesystem;

namespace {

// Our own children that live or wait to be reaped.
std::vector<std::string> children() {
  std::vector<std::string> found;
  for (const auto& thread : fs::directory_iterator("/proc/self/task")) {
    std::ifstream file(thread.path() / "children");
    for (std::string pid; file >> pid;)
      found.push_back("process " + pid);
  }
  return found;
}

// ---- scripted ------------------------------------------------------------------------------------

std::string numbered_lines(long n) {
  std::string text;
  char line[32];
  for (long i = 0; i < n; ++i) {
    std::snprintf(line, sizeof line, "%09ld\n", i);
    text += line;
  }
  return text;
}

Task<int> play(fakes::Self& self, Steps steps) {
  self.reads_stdin = std::find(steps.begin(), steps.end(), "read") != steps.end();
  for (const std::string& step : steps) {
    const std::size_t sign = step.find('=');
    const std::string word = step.substr(0, sign);
    const std::string value = sign == std::string::npos ? "" : step.substr(sign + 1);
    if (word == "out") self.print(value);
    if (word == "err") self.print_error(value);
    if (word == "flood") self.print(numbered_lines(std::atol(value.c_str())));
    if (word == "udp") self.bind_udp(std::atoi(value.c_str()));
    if (word == "sleep") co_await self.sleep(std::chrono::milliseconds(std::atoi(value.c_str())));
    if (word == "ignore") self.ignores_sigterm = true;
    if (word == "exit") co_return std::atoi(value.c_str());
    if (word == "hang") co_await self.sleep(std::chrono::hours(1));
    if (word != "read") continue;
    const std::string line = co_await self.read_line();
    self.print("got " + line + "\n");
  }
  co_return 0;
}

class Scripted final : public World {
 public:
  std::string name() const override { return "scripted"; }
  bool has(Ability ability) const override { return ability == Ability::all_statuses || ability == Ability::sockets; }
  std::unique_ptr<Runtime> runtime(const Executor& executor) override {
    auto made = std::make_unique<fakes::ScriptedRuntime>(executor);
    runtime_ = made.get();
    return made;
  }
  Player player(std::string role, Steps steps) override {
    runtime_->behaviours[role] = [steps](fakes::Self& self) { return play(self, steps); };
    Player one;
    one.role = std::move(role);
    return one;
  }
  Player without_command(std::string role) override { return fails(std::move(role), "command-missing"); }
  Player without_place(std::string role) override { return fails(std::move(role), "image-missing"); }
  std::vector<std::string> left(const std::string&) override { return {}; }

 private:
  Player fails(std::string role, const char* reason) {
    runtime_->fails_to_start.emplace(role, WorldError(reason, "as a test wants it"));
    Player one;
    one.role = std::move(role);
    return one;
  }

  fakes::ScriptedRuntime* runtime_ = nullptr;
};

// ---- docker --------------------------------------------------------------------------------------

constexpr const char* image = "interoper-selftest-actor:latest";

std::string image_tar() {
  std::ifstream file(INTEROPER_ACTOR, std::ios::binary);
  std::stringstream content;
  content << file.rdbuf();
  const std::string program = content.str();
  std::string bytes;
  archive* tar = archive_write_new();
  archive_write_set_format_ustar(tar);
  const auto append = [](archive*, void* out, const void* piece, size_t size) -> la_ssize_t {
    static_cast<std::string*>(out)->append(static_cast<const char*>(piece), size);
    return static_cast<la_ssize_t>(size);
  };
  archive_write_open(tar, &bytes, nullptr, append, nullptr);
  archive_entry* entry = archive_entry_new();
  archive_entry_set_pathname(entry, "actor");
  archive_entry_set_filetype(entry, AE_IFREG);
  archive_entry_set_perm(entry, 0755);
  archive_entry_set_size(entry, static_cast<la_int64_t>(program.size()));
  archive_write_header(tar, entry);
  archive_write_data(tar, program.data(), program.size());
  archive_entry_free(entry);
  archive_write_close(tar);
  archive_write_free(tar);
  return bytes;
}

class Docker final : public World {
 public:
  explicit Docker(std::string name) : name_(std::move(name)) {}
  std::string name() const override { return name_; }
  bool has(Ability ability) const override {
    if (ability == Ability::opens) return name_ != "docker-attached";                // that is an agent's work
    if (ability == Ability::says_memory_ran_out) return name_ != "docker-attached";  // a busy engine loses that word (docs/decisions/0008)
    return ability != Ability::all_statuses;                                         // one container each: a sample must do
  }
  std::unique_ptr<Runtime> runtime(const Executor& executor) override { return docker::make_docker_runtime(executor, {}); }
  Player player(std::string role, Steps steps) override {
    Player one;
    one.role = std::move(role);
    one.implementation = "actor";
    one.image = image;
    one.command = {"/actor"};
    one.command.insert(one.command.end(), steps.begin(), steps.end());
    return one;
  }
  Player without_command(std::string role) override {
    Player one = player(std::move(role), {});
    one.command = {"/no-such-program"};
    return one;
  }
  Player without_place(std::string role) override {
    Player one = player(std::move(role), {});
    one.image = "interoper-selftest-nowhere:latest";
    return one;
  }
  void settle(LabOrder& order) const override { order.strict = name_ == "docker-strict"; }
  std::vector<std::string> left(const std::string& run_name) override {
    std::vector<std::string> names = children();
    asio::io_context io;
    docker::Engine engine(io.get_executor(), docker::find_host({}).address);
    const std::string filter = docker::label_filter(docker::run_label, run_name);
    const auto look = [&]() -> Task<> {
      co_await engine.connect();
      const auto containers = co_await engine.containers(filter);
      for (const auto& one : containers)
        names.push_back("container " + one.name);
      const auto networks = co_await engine.networks(filter);
      for (const auto& one : networks)
        names.push_back("network " + one.name);
      const auto volumes = co_await engine.volumes(filter);
      for (const auto& one : volumes)
        names.push_back("volume " + one.name);
    };
    run(io, look());
    return names;
  }

 private:
  std::string name_;
};

// ---- sandbox -------------------------------------------------------------------------------------

class Sandbox final : public World {
 public:
  std::string name() const override { return "sandbox"; }
  bool has(Ability ability) const override {
    const bool is_root = ::geteuid() == 0;
    if (ability == Ability::opens) return false;  // roles are our user there, or we are root
    return (ability != Ability::users && ability != Ability::memory_limits && ability != Ability::says_memory_ran_out) || is_root;
  }
  std::unique_ptr<Runtime> runtime(const Executor& executor) override { return sandbox::make_sandbox_runtime(executor, {}); }
  Player player(std::string role, Steps steps) override {
    Player one;
    one.role = std::move(role);
    one.implementation = "actor";
    one.path = fs::path(INTEROPER_ACTOR).parent_path().string();
    one.command = {INTEROPER_ACTOR};
    one.command.insert(one.command.end(), steps.begin(), steps.end());
    return one;
  }
  Player without_command(std::string role) override {
    Player one = player(std::move(role), {});
    one.command = {"no-such-program"};
    return one;
  }
  Player without_place(std::string role) override {
    Player one = player(std::move(role), {});
    one.path = "/nowhere/at/all";
    return one;
  }
  std::vector<std::string> left(const std::string&) override { return children(); }
};

}  // namespace

std::unique_ptr<World> make_world(const std::string& name, std::string& why_not) {
  asio::io_context io;
  std::unique_ptr<World> world;
  try {
    if (name == "scripted") return std::make_unique<Scripted>();
    if (name == "sandbox") world = std::make_unique<Sandbox>();
    if (name.starts_with("docker")) {
      docker::Engine engine(io.get_executor(), docker::find_host({}).address);
      const auto import = [&]() -> Task<> {
        co_await engine.connect();
        std::string tar = image_tar();
        co_await engine.import_image(image, std::move(tar));
      };
      run(io, import());
      world = std::make_unique<Docker>(name);
    }
    if (!world) {
      why_not = "there is no runtime '" + name + "'";
      return nullptr;
    }
    auto runtime = world->runtime(io.get_executor());
    run(io, runtime->begin("selftest-contract-probe-" + std::to_string(::getpid())));
    run(io, runtime->end());
  } catch (const WorldError& error) {
    why_not = error.what();
    return nullptr;
  }
  return world;
}

}  // namespace contract
