// What is the docker runtime's own, against a real engine; what every runtime promises is in selftest/runtime_contract. The image holds
// one static busybox, so that no registry is needed.
#define CATCH_CONFIG_RUNNER
#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "base/owner.hpp"
#include "base/problem.hpp"
#include "fakes/loop.hpp"
#include "runtimes/docker/clean.hpp"
#include "runtimes/docker/docker.hpp"
#include "runtimes/docker/engine.hpp"
#include "runtimes/docker/host.hpp"
#include "runtimes/docker/images.hpp"
#include "runtimes/docker/lab.hpp"
#include "runtimes/docker/workshop.hpp"

namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using namespace interoper;
using fakes::run;

constexpr const char* image = "interoper-selftest:latest";

// ---- the image ---------------------------------------------------------------------------------

std::string find_busybox() {
  for (const char* path : {"/bin/busybox", "/usr/bin/busybox"}) {
    if (fs::exists(path)) return path;
  }
  return {};
}

void put(archive* tar, const std::string& path, mode_t type, mode_t mode, const std::string& content, const std::string& link = {}) {
  archive_entry* entry = archive_entry_new();
  archive_entry_set_pathname(entry, path.c_str());
  archive_entry_set_filetype(entry, type);
  archive_entry_set_perm(entry, mode);
  archive_entry_set_size(entry, static_cast<la_int64_t>(content.size()));
  if (!link.empty()) archive_entry_set_symlink(entry, link.c_str());
  archive_write_header(tar, entry);
  archive_write_data(tar, content.data(), content.size());
  archive_entry_free(entry);
}

std::string image_tar(const std::string& busybox) {
  std::ifstream file(busybox, std::ios::binary);
  std::stringstream content;
  content << file.rdbuf();
  std::string tar_bytes;
  archive* tar = archive_write_new();
  archive_write_set_format_ustar(tar);
  const auto append = [](archive*, void* out, const void* bytes, size_t size) -> la_ssize_t {
    static_cast<std::string*>(out)->append(static_cast<const char*>(bytes), size);
    return static_cast<la_ssize_t>(size);
  };
  archive_write_open(tar, &tar_bytes, nullptr, append, nullptr);
  put(tar, "bin/busybox", AE_IFREG, 0755, content.str());
  for (const char* name : {"sh", "cat",      "echo",   "sleep", "id",  "nslookup", "ping", "kill", "head",   "dd",
                           "ls", "hostname", "setsid", "seq",   "yes", "wc",       "tail", "true", "getent", "nc"})
    put(tar, std::string("bin/") + name, AE_IFLNK, 0777, {}, "busybox");
  put(tar, "etc/passwd", AE_IFREG, 0644, "root:x:0:0:root:/:/bin/sh\nplayer:x:1234:1234:player:/:/bin/sh\n");
  put(tar, "etc/group", AE_IFREG, 0644, "root:x:0:\nplayer:x:1234:\n");
  put(tar, "tmp", AE_IFDIR, 01777, {});
  archive_write_close(tar);
  archive_write_free(tar);
  return tar_bytes;
}

// ---- a runtime for one test case -----------------------------------------------------------------

std::string fresh_run(const char* what) {
  static int count = 0;
  return std::string("selftest-") + what + "-" + std::to_string(::getpid()) + "-" + std::to_string(++count);
}

Player player(std::string role, std::vector<std::string> command) {
  Player one;
  one.role = std::move(role);
  one.implementation = "busybox";
  one.image = image;
  one.command = std::move(command);
  return one;
}

Player shell(std::string role, std::string script) { return player(std::move(role), {"sh", "-c", std::move(script)}); }

struct Output {
  std::string out, err;
};

Task<> read_all(Process& process, Output& output) {
  while (true) {
    const Chunk chunk = co_await process.read();
    if (chunk.bytes.empty()) break;
    (chunk.stream == Stream::out ? output.out : output.err).append(chunk.bytes);
  }
}

// Reads until `text` has come.
Task<bool> read_until(Process& process, Output& output, std::string text) {
  while (output.out.find(text) == std::string::npos) {
    const Chunk chunk = co_await process.read();
    if (chunk.bytes.empty()) co_return false;
    (chunk.stream == Stream::out ? output.out : output.err).append(chunk.bytes);
  }
  co_return true;
}

// Runs the body between begin and end of a runtime, also when it throws.
void in_runtime(const std::string& name, const std::function<Task<>(Runtime&)>& body) {
  asio::io_context io;
  auto runtime = docker::make_docker_runtime(io.get_executor(), {});
  std::exception_ptr failure;
  run(io, runtime->begin(name));
  try {
    run(io, body(*runtime));
  } catch (...) {
    failure = std::current_exception();
  }
  run(io, runtime->end());
  if (failure) std::rethrow_exception(failure);
}

struct Outcome {
  Exit exit;
  Output output;
};

// One role, from open to close.
Task<Outcome> play(Runtime& runtime, LabOrder order) {
  const std::string role = order.players.front().role;
  auto lab = co_await runtime.open(std::move(order));
  Outcome outcome;
  std::exception_ptr failure;
  try {
    auto process = co_await lab->start(role);
    Group reading(co_await asio::this_coro::executor);
    reading.spawn(read_all(*process, outcome.output));
    try {
      outcome.exit = co_await process->exit();
    } catch (...) {
      failure = std::current_exception();
    }
    co_await reading.join();
  } catch (...) {
    failure = std::current_exception();
  }
  co_await lab->close();
  if (failure) std::rethrow_exception(failure);
  co_return std::move(outcome);
}

// The same cases hold on fresh ground and in slots: ctest runs them on both.
bool is_strict() { return std::getenv("INTEROPER_TEST_STRICT") != nullptr; }

// Of a slot for one role, beside the role's own container.
std::size_t place_holders() { return is_strict() ? 0 : 1; }

LabOrder order_of(std::vector<Player> players) {
  LabOrder order;
  order.strict = is_strict();
  order.cell = "selftest~cell";
  order.players = std::move(players);
  return order;
}

Outcome play_one(const char* what, Player one) {
  Outcome outcome;
  in_runtime(fresh_run(what), [&](Runtime& runtime) -> Task<> {
    LabOrder order = order_of({std::move(one)});
    outcome = co_await play(runtime, std::move(order));
  });
  return outcome;
}

std::string failure_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const WorldError& error) {
    return error.reason() + ": " + error.what();
  }
  return "nothing was thrown";
}

// Everything on the engine with this label filter.
std::vector<std::string> left_with(const std::string& key, const std::string& value) {
  asio::io_context io;
  docker::Engine engine(io.get_executor(), docker::find_host({}).address);
  run(io, engine.connect());
  std::vector<std::string> names;
  const std::string filter = docker::label_filter(key, value);
  for (const auto& found : run(io, engine.containers(filter)))
    names.push_back("container " + found.name);
  for (const auto& found : run(io, engine.networks(filter)))
    names.push_back("network " + found.name);
  for (const auto& found : run(io, engine.volumes(filter)))
    names.push_back("volume " + found.name);
  return names;
}

}  // namespace

TEST_CASE("roles find each other by name, share /shared as users without rights, and have their names as host names") {
  Output worker_output;
  Output driver_output;
  Output guest_output;
  Exit ended;
  in_runtime(fresh_run("two"), [&](Runtime& runtime) -> Task<> {
    Player worker = shell("worker", "id -u; hostname; echo from-worker >/shared/w; echo ready; read x");
    worker.user = "1234:1234";
    Player driver = shell("driver", "ping -c 1 -w 5 worker >/dev/null && echo reached; cat /shared/w");  // ping needs root
    Player guest = shell("guest", "cat /shared/w; echo g >/shared/g; ls /shared");
    guest.user = "4321:4321";
    LabOrder order = order_of({std::move(worker), std::move(driver), std::move(guest)});
    auto lab = co_await runtime.open(std::move(order));
    auto first = co_await lab->start("worker");
    const bool ready = co_await read_until(*first, worker_output, "ready\n");
    CHECK(ready);
    auto second = co_await lab->start("driver");
    co_await read_all(*second, driver_output);
    ended = co_await second->exit();
    auto third = co_await lab->start("guest");
    co_await read_all(*third, guest_output);
    CHECK(first->image_id().starts_with("sha256:"));
    co_await lab->close();
  });
  CHECK(worker_output.out == "1234\nworker\nready\n");
  CHECK(driver_output.out == "reached\nfrom-worker\n");
  CHECK(guest_output.out == "from-worker\ng\nw\n");
  CHECK(guest_output.err.empty());
  CHECK(ended.code == 0);
}

TEST_CASE("two attempts at once do not see each other: names, addresses, /shared") {
  Output outputs[2];
  in_runtime(fresh_run("apart"), [&](Runtime& runtime) -> Task<> {
    LabOrder order = order_of({shell("worker", "echo mine >/shared/file; hostname -i; echo ready; read x"), shell("driver", "true")});
    auto first_lab = co_await runtime.open(std::move(order));
    auto first = co_await first_lab->start("worker");
    const bool ready = co_await read_until(*first, outputs[0], "ready\n");
    CHECK(ready);
    const std::string address = outputs[0].out.substr(0, outputs[0].out.find('\n'));
    LabOrder other = order_of(
        {shell("driver", "ls /shared; busybox timeout 2 ping -c 1 worker >/dev/null 2>&1 || echo no name; busybox timeout 2 ping -c 1 " +
                             address + " >/dev/null 2>&1 || echo no way")});
    auto second_lab = co_await runtime.open(std::move(other));
    auto second = co_await second_lab->start("driver");
    co_await read_all(*second, outputs[1]);
    co_await second_lab->close();
    co_await first_lab->close();
  });
  CHECK(outputs[1].out == "no name\nno way\n");
}

TEST_CASE("an image that is not there is said with what to do") {
  Player one = shell("worker", "true");
  one.image = "interoper-selftest-nowhere:latest";
  one.implementation = "nowhere";
  CHECK(failure_of([&] { play_one("noimage", one); }) ==
        "image-missing: the image interoper-selftest-nowhere:latest of nowhere, which is to play worker, is not there; run `interoper "
        "tests build nowhere`");
}

TEST_CASE("a command that the image does not have is the world's trouble, not the role's") {
  CHECK(failure_of([&] { play_one("nocommand", player("driver", {"th-test", "net-link", "driver"})); }) ==
        "command-missing: cannot run 'th-test' in the image interoper-selftest:latest (role driver): no such file or directory; see that "
        "the image has it as an "
        "executable in its PATH, or name another `command` in the test's header");
  // A process that says 127 itself is not that.
  CHECK(play_one("own127", shell("driver", "exit 127")).exit.code == 127);
}

TEST_CASE("what is to be kept of /shared is in the directory afterwards") {
  const fs::path directory = fs::temp_directory_path() / ("interoper-selftest-keep-" + std::to_string(::getpid()));
  in_runtime(fresh_run("keep"), [&](Runtime& runtime) -> Task<> {
    LabOrder order = order_of({shell("driver", "echo kept >/shared/file")});
    order.players.front().user = "1234";
    order.keep_shared = directory;
    co_await play(runtime, std::move(order));
  });
  std::ifstream file(directory / "file");
  std::string line;
  std::getline(file, line);
  CHECK(line == "kept");
  fs::remove_all(directory);
}

TEST_CASE("the host's network resolves the roles' names too") {
  Outcome outcome;
  in_runtime(fresh_run("host"), [&](Runtime& runtime) -> Task<> {
    LabOrder order = order_of(
        {shell("driver", "ping -c 1 -w 2 worker >/dev/null && echo reached; echo x >/shared/x && echo wrote"), shell("worker", "true")});
    order.host_network = true;
    outcome = co_await play(runtime, std::move(order));
  });
  CHECK(outcome.output.out == "reached\nwrote\n");
}

TEST_CASE("a second interrupt ends every wait at once, and nothing is left") {
  const std::string name = fresh_run("hurry");
  std::string thrown;
  in_runtime(name, [&](Runtime& runtime) -> Task<> {
    LabOrder order = order_of({shell("driver", "sleep 100")});
    auto lab = co_await runtime.open(std::move(order));
    auto process = co_await lab->start("driver");
    Group hurrying(co_await asio::this_coro::executor);
    const auto hurry = [&runtime]() -> Task<> {
      co_await sleep_for(std::chrono::milliseconds(100));
      runtime.hurry();
    };
    hurrying.spawn(hurry());
    try {
      co_await process->exit();
    } catch (const WorldError& error) {
      thrown = error.reason();
    }
    co_await hurrying.join();
    co_await lab->close();
  });
  CHECK(thrown == "interrupted");
  CHECK(left_with(docker::run_label, name).empty());
}

TEST_CASE("clean removes what a dead run left, and nothing of one that lives") {
  const std::string dead_run = fresh_run("dead");
  const std::string live_run = fresh_run("live");
  // The dead run: a child that is gone when we clean.
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    try {
      asio::io_context io;
      auto runtime = docker::make_docker_runtime(io.get_executor(), {});
      run(io, runtime->begin(dead_run));
      const auto leave = [&]() -> Task<> {
        LabOrder order = order_of({shell("driver", "sleep 100")});
        auto lab = co_await runtime->open(std::move(order));
        auto process = co_await lab->start("driver");
        ::_exit(0);
      };
      run(io, leave());
    } catch (...) {
    }
    ::_exit(1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  REQUIRE(status == 0);
  CHECK(left_with(docker::run_label, dead_run).size() == 3 + place_holders());

  in_runtime(live_run, [&](Runtime& runtime) -> Task<> {
    LabOrder order = order_of({shell("driver", "sleep 100")});
    auto lab = co_await runtime.open(std::move(order));
    auto process = co_await lab->start("driver");
    auto executor = co_await asio::this_coro::executor;
    docker::DockerOptions options;
    docker::CleanOptions wish;
    const auto cleaned = co_await docker::clean(executor, options, wish);
    int seen = 0;
    for (const auto& one : cleaned.runs) {
      if (one.run == dead_run) {
        ++seen;
        CHECK(one.removed);
        CHECK(one.trouble.empty());
        CHECK(one.containers.size() == 1 + place_holders());
      }
      if (one.run == live_run) {
        ++seen;
        CHECK_FALSE(one.removed);
        CHECK(one.owner == Life::alive);
      }
    }
    CHECK(seen == 2);
    co_await lab->close();
  });
  CHECK(left_with(docker::run_label, dead_run).empty());
  CHECK(left_with(docker::run_label, live_run).empty());
}

TEST_CASE("runs of two projects that have the same name keep to their own") {
  const std::string name = fresh_run("twin");
  std::array<int, 2> told{};
  REQUIRE(::pipe(told.data()) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    try {
      asio::io_context io;
      auto runtime = docker::make_docker_runtime(io.get_executor(), {});
      run(io, runtime->begin(name));
      const auto stay = [&]() -> Task<> {
        LabOrder order = order_of({shell("driver", "sleep 100")});
        auto lab = co_await runtime->open(std::move(order));
        auto process = co_await lab->start("driver");
        const bool is_told = ::write(told[1], "!", 1) == 1;
        if (is_told) ::pause();
      };
      run(io, stay());
    } catch (...) {
    }
    ::_exit(1);
  }
  ::close(told[1]);
  char byte = 0;
  REQUIRE(::read(told[0], &byte, 1) == 1);
  ::close(told[0]);
  CHECK(left_with(docker::run_label, name).size() == 3 + place_holders());

  in_runtime(name, [&](Runtime& runtime) -> Task<> {
    LabOrder order = order_of({shell("driver", "sleep 100")});
    auto lab = co_await runtime.open(std::move(order));
    co_await lab->close();
  });
  CHECK(left_with(docker::run_label, name).size() == 3 + place_holders());

  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  asio::io_context io;
  docker::DockerOptions options;
  docker::CleanOptions wish;
  run(io, docker::clean(io.get_executor(), options, wish));
  CHECK(left_with(docker::run_label, name).empty());
}

TEST_CASE("an image is built from a directory, and the second time nothing of it is done again") {
  const fs::path directory = fs::temp_directory_path() / ("interoper-selftest-build-" + std::to_string(::getpid()));
  fs::create_directories(directory / "sub");
  std::ofstream(directory / "Dockerfile") << "FROM " << image << "\nCOPY . /app\nRUN echo built; ls /app\n";
  std::ofstream(directory / ".dockerignore") << "*.log\n";
  std::ofstream(directory / "a.log") << "x";
  std::ofstream(directory / "sub/file") << "x";
  asio::io_context io;
  docker::Engine engine(io.get_executor(), docker::find_host({}).address);
  run(io, engine.connect());
  std::string output;
  const docker::Progress progress = [&](std::string_view line) { output.append(line).append("\n"); };
  const docker::ImageOrder order{"selftest", "interoper/selftest-build:latest", BuildSource{directory.string(), ""}};
  const docker::ImageMade first = run(io, docker::make_image(engine, order, progress));
  CHECK(output.find("built\nDockerfile\nsub\n") != std::string::npos);
  CHECK(first.id.starts_with("sha256:"));
  output.clear();
  const docker::ImageMade second = run(io, docker::make_image(engine, order, progress));
  CHECK(second.id == first.id);
  CHECK(output.find("built\nDockerfile") == std::string::npos);  // the step was not run again
  const auto facts = run(io, docker::facts_of_image(engine, order.reference));
  REQUIRE(facts);
  CHECK(facts->digest == first.id);
  CHECK(facts->source == "build " + directory.string());
  run(io, engine.untag_image(order.reference));
  fs::remove_all(directory);
}

TEST_CASE("how long a cell takes that does nothing", "[measure]") {
  std::vector<double> opens;
  std::vector<double> cells;
  in_runtime(fresh_run("measure"), [&](Runtime& runtime) -> Task<> {
    const auto ms = [](Clock::duration d) { return std::chrono::duration<double, std::milli>(d).count(); };
    for (int i = 0; i < 10; ++i) {
      const auto begin = Clock::now();
      LabOrder order = order_of({shell("worker", "echo ready; read x"), shell("driver", "echo ready; echo done")});
      auto lab = co_await runtime.open(std::move(order));
      opens.push_back(ms(Clock::now() - begin));
      Output output;
      auto worker = co_await lab->start("worker");
      co_await read_until(*worker, output, "ready\n");
      auto driver = co_await lab->start("driver");
      co_await read_all(*driver, output);
      co_await driver->exit();
      const auto verdict = Clock::now();
      co_await worker->signal(SIGTERM);
      co_await worker->exit();
      co_await lab->close();
      cells.push_back(ms(Clock::now() - begin));
      (void)verdict;
    }
  });
  std::sort(opens.begin(), opens.end());
  std::sort(cells.begin(), cells.end());
  std::cout << "two-role cell, " << (is_strict() ? "strict" : "pooled") << ": median " << cells[cells.size() / 2] << " ms, least "
            << cells.front() << " ms (open " << opens[opens.size() / 2] << " ms)\n";
}

int main(int argc, char** argv) {
  try {
    asio::io_context io;
    docker::Engine engine(io.get_executor(), docker::find_host({}).address);
    run(io, engine.connect());
    const std::string busybox = find_busybox();
    if (busybox.empty()) {
      std::cerr << "skipped: there is no busybox to make the image of (apt-get install busybox-static)\n";
      return 77;
    }
    run(io, engine.import_image(image, image_tar(busybox)));
  } catch (const WorldError& error) {
    std::cerr << "skipped: " << error.what() << "\n";
    return 77;
  }
  const int failures = Catch::Session().run(argc, argv);
  const auto left = left_with(docker::owner_label, own_mark());
  for (const std::string& name : left)
    std::cerr << "left behind: " << name << "\n";
  return failures != 0 || !left.empty() ? 1 : 0;
}
