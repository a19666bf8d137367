// What src/runtimes/runtime.hpp promises, as one list of cases that every runtime is held against. $INTEROPER_TEST_RUNTIME names the one.
#define CATCH_CONFIG_RUNNER
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "fakes/loop.hpp"
#include "runtime_contract/worlds.hpp"

namespace {

namespace asio = boost::asio;
using namespace interoper;
using contract::Ability;
using contract::Steps;

std::unique_ptr<contract::World> world;

// True when the world lacks it; said once for each case.
bool lacks(Ability ability, const char* what) {
  if (world->has(ability)) return false;
  WARN("left out on " << world->name() << ", which has no " << what);
  return true;
}

// ---- one run of a runtime ------------------------------------------------------------------------

// Runs `body` between begin and end, also when it throws; afterwards nothing of the run may be there.
void in_runtime(const std::function<Task<>(Runtime&)>& body) {
  static int count = 0;
  const std::string name = "selftest-contract-" + std::to_string(::getpid()) + "-" + std::to_string(++count);
  std::exception_ptr failure;
  {
    asio::io_context io;
    const std::unique_ptr<Runtime> runtime = world->runtime(io.get_executor());
    fakes::run(io, runtime->begin(name));
    try {
      fakes::run(io, body(*runtime));
    } catch (...) {
      failure = std::current_exception();
    }
    fakes::run(io, runtime->end());
  }
  const std::vector<std::string> left = world->left(name);
  for (const std::string& one : left)
    FAIL_CHECK("left behind: " << one);
  if (failure) std::rethrow_exception(failure);
}

LabOrder order_of(std::vector<Player> players) {
  LabOrder order;
  order.cell = "selftest~contract";
  order.players = std::move(players);
  world->settle(order);
  return order;
}

struct Outcome {
  Exit exit;
  std::string out, err;
};

Task<> read_all(Process& process, Outcome& outcome) {
  while (true) {
    const Chunk chunk = co_await process.read();
    if (chunk.bytes.empty()) break;
    (chunk.stream == Stream::out ? outcome.out : outcome.err).append(chunk.bytes);
  }
}

Task<bool> read_until(Process& process, Outcome& outcome, std::string text) {
  while (outcome.out.find(text) == std::string::npos) {
    const Chunk chunk = co_await process.read();
    if (chunk.bytes.empty()) co_return false;
    (chunk.stream == Stream::out ? outcome.out : outcome.err).append(chunk.bytes);
  }
  co_return true;
}

// Reads and waits for the end at once, as a Process wants it.
Task<> to_the_end(Process& process, Outcome& outcome) {
  const Executor executor = co_await asio::this_coro::executor;
  Group reading(executor);
  reading.spawn(read_all(process, outcome));
  std::exception_ptr failure;
  try {
    outcome.exit = co_await process.exit();
  } catch (...) {
    failure = std::current_exception();
  }
  co_await reading.join();
  if (failure) std::rethrow_exception(failure);
}

// Runs `body` with an open Lab, and closes it whatever happens.
Task<> in_lab(Runtime& runtime, std::vector<Player> players, std::function<Task<>(Lab&)> body) {
  LabOrder order = order_of(std::move(players));
  std::unique_ptr<Lab> lab = co_await runtime.open(std::move(order));
  std::exception_ptr failure;
  try {
    co_await body(*lab);
  } catch (...) {
    failure = std::current_exception();
  }
  co_await lab->close();
  if (failure) std::rethrow_exception(failure);
}

Task<> play(Runtime& runtime, Player player, Outcome& outcome) {
  const std::string role = player.role;
  const std::function<Task<>(Lab&)> body = [&](Lab& lab) -> Task<> {
    const std::unique_ptr<Process> process = co_await lab.start(role);
    co_await to_the_end(*process, outcome);
  };
  std::vector<Player> players;
  players.push_back(std::move(player));
  co_await in_lab(runtime, std::move(players), body);
}

Outcome outcome_of(const Steps& steps, const std::function<void(Player&)>& change = {}) {
  Outcome outcome;
  const auto body = [&](Runtime& runtime) -> Task<> {
    Player player = world->player("driver", steps);
    if (change) change(player);
    co_await play(runtime, std::move(player), outcome);
  };
  in_runtime(body);
  return outcome;
}

// One role whose process is started, and what a case does with it.
void with_process(const Steps& steps, const std::function<Task<>(Process&, Outcome&)>& act, Outcome& outcome) {
  const auto body = [&](Runtime& runtime) -> Task<> {
    const std::function<Task<>(Lab&)> inside = [&](Lab& lab) -> Task<> {
      const std::unique_ptr<Process> process = co_await lab.start("driver");
      co_await act(*process, outcome);
    };
    std::vector<Player> players;
    players.push_back(world->player("driver", steps));
    co_await in_lab(runtime, std::move(players), inside);
  };
  in_runtime(body);
}

// Whether a stream of numbered lines is whole, without keeping it.
class Numbered {
 public:
  void take(std::string_view bytes) {
    for (const char byte : bytes) {
      good_ = good_ && byte == expected_[at_];
      if (++at_ == 10) {
        at_ = 0;
        ++lines_;
        std::snprintf(expected_, sizeof expected_, "%09ld\n", lines_);
      }
    }
  }
  bool is_whole(long lines) const { return good_ && at_ == 0 && lines_ == lines; }
  long lines() const { return lines_; }

 private:
  char expected_[32] = "000000000\n";
  int at_ = 0;
  long lines_ = 0;
  bool good_ = true;
};

long resident_kb() {
  std::ifstream file("/proc/self/statm");
  long size = 0;
  long resident = 0;
  file >> size >> resident;
  return resident * (::sysconf(_SC_PAGESIZE) / 1024);
}

std::string reason_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const WorldError& error) {
    return error.reason();
  }
  return "nothing was thrown";
}

// What is stuck fails the test and does not hang it.
constexpr unsigned all_within_s = 480;

}  // namespace

// ---- output --------------------------------------------------------------------------------------

TEST_CASE("both streams come whole and in their order, also a last line without its newline; then the end") {
  const Outcome outcome = outcome_of({"out=one\n", "err=first\n", "out=two\n", "err=second\n", "out=last"});
  CHECK(outcome.out == "one\ntwo\nlast");
  CHECK(outcome.err == "first\nsecond\n");
  CHECK(outcome.exit.code == 0);
  CHECK_FALSE(outcome.exit.signal);
  CHECK_FALSE(outcome.exit.oom);
}

TEST_CASE("a process that writes nothing has an end too, and it is told as often as one asks") {
  Outcome outcome;
  bool again = true;
  const auto act = [&](Process& process, Outcome& result) -> Task<> {
    co_await to_the_end(process, result);
    const Chunk chunk = co_await process.read();
    again = !chunk.bytes.empty();
  };
  with_process({}, act, outcome);
  CHECK(outcome.out.empty());
  CHECK(outcome.err.empty());
  CHECK_FALSE(again);
}

TEST_CASE("a hundred megabytes come whole") {
  const bool real = world->has(Ability::real_processes);
  const long lines = real ? 10'000'000 : 100'000;
  Numbered numbered;
  Outcome outcome;
  const auto act = [&](Process& process, Outcome& result) -> Task<> {
    while (true) {
      const Chunk chunk = co_await process.read();
      if (chunk.bytes.empty()) break;
      numbered.take(chunk.bytes);
    }
    result.exit = co_await process.exit();
  };
  const long before = resident_kb();
  with_process({"flood=" + std::to_string(lines), "exit=3"}, act, outcome);
  CHECK(numbered.is_whole(lines));
  CHECK(outcome.exit.code == 3);
  if (real) CHECK(resident_kb() - before < 64 * 1024);
}

TEST_CASE("what nobody reads waits in the process, and is there when somebody does") {
  if (lacks(Ability::real_processes, "pipes")) return;
  constexpr long lines = 2'000'000;
  Numbered numbered;
  long grown_kb = 0;
  Outcome outcome;
  const auto act = [&](Process& process, Outcome& result) -> Task<> {
    const long before = resident_kb();
    co_await sleep_for(std::chrono::milliseconds(700));
    grown_kb = resident_kb() - before;
    while (true) {
      const Chunk chunk = co_await process.read();
      if (chunk.bytes.empty()) break;
      numbered.take(chunk.bytes);
    }
    result.exit = co_await process.exit();
  };
  with_process({"flood=" + std::to_string(lines)}, act, outcome);
  CHECK(numbered.is_whole(lines));
  CHECK(grown_kb < 8 * 1024);
}

TEST_CASE("output is read to its end also long after the exit") {
  Outcome outcome;
  const auto act = [&](Process& process, Outcome& result) -> Task<> {
    result.exit = co_await process.exit();
    co_await sleep_for(std::chrono::milliseconds(300));
    co_await read_all(process, result);
  };
  with_process({"out=early\n", "flood=2000", "out=late\n"}, act, outcome);
  CHECK(outcome.out.size() == 6 + 20'000 + 5);
  CHECK(outcome.out.ends_with("late\n"));
}

// ---- the end -------------------------------------------------------------------------------------

TEST_CASE("every exit status is told as it is") {
  std::vector<int> statuses{0, 1, 2, 126, 127, 128, 129, 137, 143, 255};
  if (world->has(Ability::all_statuses)) {
    statuses.clear();
    for (int status = 0; status <= 255; ++status)
      statuses.push_back(status);
  }
  const auto body = [&](Runtime& runtime) -> Task<> {
    for (const int status : statuses) {
      Outcome outcome;
      Player player = world->player("driver", {"exit=" + std::to_string(status)});
      co_await play(runtime, std::move(player), outcome);
      CHECK(outcome.exit.code == status);
      CHECK_FALSE(outcome.exit.oom);
    }
  };
  in_runtime(body);
}

TEST_CASE("a process that ends by a signal is told with it") {
  if (lacks(Ability::real_processes, "signals of its own")) return;
  const auto body = [&](Runtime& runtime) -> Task<> {
    for (const int number : {SIGHUP, SIGINT, SIGILL, SIGABRT, SIGKILL, SIGSEGV, SIGPIPE, SIGTERM, SIGSYS, 34, 64}) {
      Outcome outcome;
      Player player = world->player("driver", {"out=x", "die=" + std::to_string(number)});
      co_await play(runtime, std::move(player), outcome);
      INFO("signal " << number);
      CHECK(outcome.exit.code == 128 + number);
      CHECK(outcome.exit.signal.value_or(0) == number);
      CHECK_FALSE(outcome.exit.oom);
      CHECK(outcome.out == "x");
    }
  };
  in_runtime(body);
}

TEST_CASE("signals reach the process, and one that is gone is no error") {
  for (const int number : {SIGTERM, SIGKILL}) {
    Outcome outcome;
    const auto act = [&](Process& process, Outcome& result) -> Task<> {
      const bool is_there = co_await read_until(process, result, "here\n");
      CHECK(is_there);
      co_await process.signal(number);
      co_await to_the_end(process, result);
      co_await process.signal(number);
      co_await process.signal(SIGKILL);
    };
    with_process({"out=here\n", "hang"}, act, outcome);
    CHECK(outcome.exit.code == 128 + number);
    CHECK(outcome.exit.signal.value_or(0) == number);
    CHECK_FALSE(outcome.exit.oom);
  }
}

TEST_CASE("who ignores SIGTERM goes by SIGKILL") {
  Outcome outcome;
  const auto act = [&](Process& process, Outcome& result) -> Task<> {
    co_await read_until(process, result, "here\n");
    co_await process.signal(SIGTERM);
    co_await process.signal(SIGKILL);
    co_await to_the_end(process, result);
  };
  with_process({"ignore=15", "out=here\n", "hang"}, act, outcome);
  CHECK(outcome.exit.signal.value_or(0) == SIGKILL);
}

TEST_CASE("what a process left running is killed with it, though it holds the pipes") {
  if (lacks(Ability::real_processes, "grandchildren")) return;
  const Outcome outcome = outcome_of({"grandchild", "out=parent\n", "exit=7"});
  CHECK(outcome.exit.code == 7);
  CHECK(outcome.out.find("parent\n") != std::string::npos);
}

TEST_CASE("a process is never the first of its kind") {
  if (lacks(Ability::real_processes, "process ids")) return;
  CHECK(outcome_of({"pid"}).out == "not first\n");
}

// ---- stdin ---------------------------------------------------------------------------------------

TEST_CASE("stdin reaches the process in order, and nobody after its end") {
  Outcome outcome;
  bool first = false;
  bool late = true;
  const auto act = [&](Process& process, Outcome& result) -> Task<> {
    first = co_await process.write("one\ntwo\n");
    co_await to_the_end(process, result);
    late = co_await process.write("too late\n");
  };
  with_process({"read", "read"}, act, outcome);
  CHECK(first);
  CHECK_FALSE(late);
  CHECK(outcome.out == "got one\ngot two\n");
  CHECK(outcome.exit.code == 0);
}

TEST_CASE("a stdin that the order wants empty is at its end at once") {
  if (lacks(Ability::real_processes, "descriptors")) return;
  Outcome outcome;
  bool taken = true;
  const auto body = [&](Runtime& runtime) -> Task<> {
    const std::function<Task<>(Lab&)> inside = [&](Lab& lab) -> Task<> {
      const std::unique_ptr<Process> process = co_await lab.start("driver");
      taken = co_await process->write("nobody reads this\n");
      co_await to_the_end(*process, outcome);
    };
    std::vector<Player> players;
    players.push_back(world->player("driver", {"read", "out=there\n"}));
    players[0].has_stdin = false;
    co_await in_lab(runtime, std::move(players), inside);
  };
  in_runtime(body);
  CHECK_FALSE(taken);
  CHECK(outcome.out == "got \nthere\n");
  CHECK(outcome.exit.code == 0);
}

TEST_CASE("a write to who never reads waits, stops nobody, and ends with the process") {
  const std::string letters(4 * 1024 * 1024, 'x');
  Outcome outcome;
  bool taken = true;
  const auto act = [&](Process& process, Outcome& result) -> Task<> {
    const Executor executor = co_await asio::this_coro::executor;
    Group writing(executor);
    const auto write = [&]() -> Task<> { taken = co_await process.write(letters); };
    writing.spawn(write());
    const bool is_there = co_await read_until(process, result, "here\n");
    CHECK(is_there);
    co_await process.signal(SIGKILL);
    co_await to_the_end(process, result);
    co_await writing.join();
  };
  with_process({"out=here\n", "hang"}, act, outcome);
  CHECK_FALSE(taken);
  CHECK(outcome.exit.signal.value_or(0) == SIGKILL);
}

TEST_CASE("a closed stdin is no trouble") {
  if (lacks(Ability::real_processes, "descriptors")) return;
  Outcome outcome;
  const auto act = [&](Process& process, Outcome& result) -> Task<> {
    co_await read_until(process, result, "closed\n");
    co_await process.write("nobody reads this\n");
    co_await process.signal(SIGTERM);
    co_await to_the_end(process, result);
  };
  with_process({"close-stdin", "out=closed\n", "hang"}, act, outcome);
  CHECK(outcome.exit.signal.value_or(0) == SIGTERM);
}

// ---- what a role sees ----------------------------------------------------------------------------

TEST_CASE("a role has its environment, its arguments as they are, and its user") {
  if (lacks(Ability::real_processes, "environment")) return;
  const auto change = [](Player& player) {
    player.env = {{"A", "1"}, {"B", " two words; \"$HOME\" \n"}, {"C", ""}};
    if (world->has(Ability::users)) player.user = "4321:4321";
  };
  const Outcome outcome = outcome_of({"env=A", "env=B", "env=C", "env=D", "out= $A * \"\\ \n", "out=", "user"}, change);
  const std::string user = world->has(Ability::users) ? "4321" : std::to_string(::getuid());
  CHECK(outcome.out == "A=1\nB= two words; \"$HOME\" \n\nC=\nD=?\n $A * \"\\ \nuser " + user + "\n");
}

TEST_CASE("roles have names that resolve, and share an empty /shared; the next attempt has its own") {
  if (lacks(Ability::real_processes, "network")) return;
  const auto body = [&](Runtime& runtime) -> Task<> {
    for (int attempt = 0; attempt < 2; ++attempt) {
      Outcome worker;
      Outcome driver;
      const std::function<Task<>(Lab&)> inside = [&](Lab& lab) -> Task<> {
        const std::unique_ptr<Process> first = co_await lab.start("worker");
        const bool written = co_await read_until(*first, worker, "written\n");
        CHECK(written);
        const std::unique_ptr<Process> second = co_await lab.start("driver");
        co_await to_the_end(*second, driver);
      };
      std::vector<Player> players;
      players.push_back(world->player("worker", {"host", "list=/shared", "write=/shared/w", "out=written\n", "hang"}));
      players.push_back(world->player("driver", {"host", "list=/shared", "show=/shared/w", "resolve=worker", "resolve=driver",
                                                 "resolve=nobody-at-all", "write=/shared/d", "list=/shared"}));
      if (world->has(Ability::users)) {
        players[0].user = "1234:1234";
        players[1].user = "4321:4321";
      }
      co_await in_lab(runtime, std::move(players), inside);
      CHECK(worker.out == "worker\n[]\nwritten\n");
      const bool either = driver.out.ends_with("[w d]\n") || driver.out.ends_with("[d w]\n");
      CHECK(either);
      CHECK(driver.out.substr(0, driver.out.rfind('[')) == "driver\n[w]\n/shared/w\nworker yes\ndriver yes\nnobody-at-all no\n");
    }
  };
  in_runtime(body);
}

TEST_CASE("two labs at once do not see each other") {
  if (lacks(Ability::real_processes, "network")) return;
  Outcome one;
  Outcome other;
  const auto body = [&](Runtime& runtime) -> Task<> {
    const std::function<Task<>(Lab&)> outer = [&](Lab& lab) -> Task<> {
      const std::unique_ptr<Process> first = co_await lab.start("worker");
      const bool written = co_await read_until(*first, one, "written\n");
      CHECK(written);
      Player player = world->player("driver", {"list=/shared", "resolve=worker"});
      co_await play(runtime, std::move(player), other);
    };
    std::vector<Player> players;
    players.push_back(world->player("worker", {"write=/shared/w", "out=written\n", "hang"}));
    co_await in_lab(runtime, std::move(players), outer);
  };
  in_runtime(body);
  CHECK(other.out == "[]\nworker no\n");
}

TEST_CASE("memory and processes have limits") {
  if (lacks(Ability::memory_limits, "memory limits")) return;
  const auto little = [](Player& player) { player.limits.memory_bytes = std::uint64_t{32} << 20U; };
  const Outcome eaten = outcome_of({"out=x", "eat=400"}, little);
  CHECK(eaten.exit.code == 137);
  if (!lacks(Ability::says_memory_ran_out, "the reason of a kill")) CHECK(eaten.exit.oom);
  CHECK(eaten.out == "x");
  const auto few = [](Player& player) { player.limits.pids = 20; };
  const Outcome forked = outcome_of({"forks=100"}, few);
  CHECK(forked.out == "refused\n");
  CHECK(forked.exit.code == 0);
}

TEST_CASE("a role is found by its aliases too, and the next attempt's roles by theirs") {
  if (lacks(Ability::real_processes, "network")) return;
  const auto body = [&](Runtime& runtime) -> Task<> {
    for (const char* owner : {"worker", "driver"}) {
      const std::string other = owner == std::string("worker") ? "driver" : "worker";
      Outcome driver;
      const std::function<Task<>(Lab&)> inside = [&](Lab& lab) -> Task<> {
        const std::unique_ptr<Process> first = co_await lab.start("worker");
        const std::unique_ptr<Process> second = co_await lab.start("driver");
        co_await to_the_end(*second, driver);
      };
      const std::string by_first = std::string("relay=") + owner;
      const std::string by_second = std::string("moq-relay=") + owner;
      const std::string wrong = "relay=" + other;
      std::vector<Player> players;
      players.push_back(world->player("worker", {"hang"}));
      players.push_back(world->player("driver", {"same=worker=driver", "same=" + by_first, "same=" + by_second, "same=" + wrong}));
      players[owner == std::string("worker") ? 0 : 1].aliases = {"relay", "moq-relay"};
      co_await in_lab(runtime, std::move(players), inside);
      CHECK(driver.out == "worker=driver no\n" + by_first + " yes\n" + by_second + " yes\n" + wrong + " no\n");
    }
  };
  in_runtime(body);
}

TEST_CASE("without a /shared there is none") {
  if (lacks(Ability::real_processes, "file systems")) return;
  Outcome outcome;
  const auto body = [&](Runtime& runtime) -> Task<> {
    LabOrder order = order_of({world->player("driver", {"write=/shared/x", "list=/shared"})});
    order.shared = false;
    const std::unique_ptr<Lab> lab = co_await runtime.open(std::move(order));
    const std::unique_ptr<Process> process = co_await lab->start("driver");
    co_await to_the_end(*process, outcome);
    co_await lab->close();
  };
  in_runtime(body);
  CHECK(outcome.out.starts_with("! "));
  CHECK(outcome.out.find("x]") == std::string::npos);
}

namespace {

// A directory of this machine with a file in it, and one in which everybody may write.
struct Directories {
  std::filesystem::path root =
      std::filesystem::temp_directory_path() / ("interoper-contract-binds-" + std::to_string(::getpid()) + world->name());
  std::filesystem::path certs = root / "certs";
  std::filesystem::path out = root / "out of it";

  Directories() {
    std::filesystem::create_directories(certs);
    std::filesystem::create_directories(out);
    std::filesystem::permissions(out, std::filesystem::perms::all | std::filesystem::perms::sticky_bit);
    std::ofstream(certs / "cert.pem") << "a certificate\n";
  }
  ~Directories() { std::filesystem::remove_all(root); }
  void put_into(Player& player) const {
    player.binds.push_back({certs, "/certs", true});
    player.binds.push_back({out, "/mlog/deep", false});
  }
};

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("a role sees directories of this machine where the order wants them, and writes only where it may") {
  if (lacks(Ability::binds, "directories of this machine")) return;
  const Directories directories;
  const auto change = [&](Player& player) {
    directories.put_into(player);
    if (world->has(Ability::users)) player.user = "4321:4321";
  };
  const Outcome outcome =
      outcome_of({"list=/certs", "show=/certs/cert.pem", "write=/certs/mine", "list=/mlog/deep", "write=/mlog/deep/trace"}, change);
  CHECK(outcome.out == "[cert.pem]\na certificate\n! Read-only file system\n[]\n");
  CHECK(content_of(directories.out / "trace") == "/mlog/deep/trace\n");
  CHECK_FALSE(std::filesystem::exists(directories.certs / "mine"));
  struct stat facts{};
  REQUIRE(::stat((directories.out / "trace").c_str(), &facts) == 0);
  CHECK(facts.st_uid == (world->has(Ability::users) ? 4321 : ::getuid()));
  // What one role sees the next one on the same place does not.
  CHECK(outcome_of({"list=/certs"}).out.find("cert.pem") == std::string::npos);
}

TEST_CASE("what another user hid in a directory of this machine can be read and removed when that has ended") {
  if (lacks(Ability::binds, "directories of this machine")) return;
  if (lacks(Ability::opens, "other users' files")) return;
  const Directories directories;
  const auto change = [&](Player& player) {
    directories.put_into(player);
    player.user = "4321:4321";
  };
  outcome_of({"hide=/mlog/deep/hidden"}, change);
  struct stat facts{};
  REQUIRE(::stat((directories.out / "hidden").c_str(), &facts) == 0);
  CHECK((facts.st_mode & 0777U) == 0777);
  REQUIRE(::stat((directories.out / "hidden" / "inside").c_str(), &facts) == 0);
  CHECK((facts.st_mode & 0777U) == 0644);
}

TEST_CASE("a directory that is not there is the world's trouble") {
  if (lacks(Ability::binds, "directories of this machine")) return;
  const auto change = [](Player& player) { player.binds.push_back({"/nowhere/at/all", "/certs", true}); };
  CHECK(reason_of([&] { outcome_of({}, change); }) == "mount-failed");
}

// ---- sockets, seen from outside ------------------------------------------------------------------

namespace {

Task<> look(Process& process, bool& is_bound) { is_bound = co_await process.bound_udp(4443); }

// What bound_udp says of a process that does this; the process is ended afterwards.
bool sees_bound(const Steps& steps) {
  bool is_bound = false;
  Outcome outcome;
  const auto act = [&](Process& process, Outcome& result) -> Task<> {
    const Executor executor = co_await asio::this_coro::executor;
    Group reading(executor);
    reading.spawn(read_all(process, result));
    co_await look(process, is_bound);
    co_await process.signal(SIGKILL);
    co_await process.exit();
    co_await reading.join();
  };
  with_process(steps, act, outcome);
  return is_bound;
}

}  // namespace

TEST_CASE("a UDP socket is seen when it is bound, early or late") {
  if (lacks(Ability::sockets, "sight of sockets")) return;
  CHECK(sees_bound({"udp=4443", "hang"}));
  CHECK(sees_bound({"sleep=300", "udp=4443", "hang"}));
  if (world->has(Ability::real_processes)) CHECK(sees_bound({"sleep=30", "udp6=4443", "hang"}));
}

TEST_CASE("what is not that socket is not taken for it: another port, TCP, a process that ends before") {
  if (lacks(Ability::sockets, "sight of sockets")) return;
  Steps steps = {"udp=44430", "udp=443", "sleep=200"};
  if (world->has(Ability::real_processes)) steps.insert(steps.begin(), "tcp=4443");
  CHECK_FALSE(sees_bound(steps));
  CHECK_FALSE(sees_bound({"exit=3"}));
}

TEST_CASE("the sockets of an attempt before are not those of the next, and those of another role are its own") {
  if (lacks(Ability::real_processes, "network")) return;
  if (lacks(Ability::sockets, "sight of sockets")) return;
  const auto body = [&](Runtime& runtime) -> Task<> {
    for (const bool binds : {true, false}) {
      bool worker = !binds;
      bool driver = true;
      const std::function<Task<>(Lab&)> inside = [&](Lab& lab) -> Task<> {
        const std::unique_ptr<Process> first = co_await lab.start("worker");
        co_await look(*first, worker);
        const std::unique_ptr<Process> second = co_await lab.start("driver");
        co_await look(*second, driver);
      };
      std::vector<Player> players;
      // The second time it ends by itself: nobody may say before that it has bound.
      players.push_back(world->player("worker", binds ? Steps{"grandchild", "udp=4443", "hang"} : Steps{"sleep=200"}));
      players.push_back(world->player("driver", {"sleep=100"}));
      co_await in_lab(runtime, std::move(players), inside);
      CHECK(worker == binds);
      CHECK_FALSE(driver);
    }
  };
  in_runtime(body);
}

TEST_CASE("closing a lab ends who waits for a socket") {
  if (lacks(Ability::sockets, "sight of sockets")) return;
  bool is_bound = true;
  const auto body = [&](Runtime& runtime) -> Task<> {
    LabOrder order = order_of({world->player("driver", {"out=here\n", "hang"})});
    std::unique_ptr<Lab> lab = co_await runtime.open(std::move(order));
    const std::unique_ptr<Process> process = co_await lab->start("driver");
    Outcome outcome;
    co_await read_until(*process, outcome, "here\n");
    const Executor executor = co_await asio::this_coro::executor;
    Group waiting(executor);
    waiting.spawn(look(*process, is_bound));
    co_await lab->close();
    co_await waiting.join();
  };
  in_runtime(body);
  CHECK_FALSE(is_bound);
}

TEST_CASE("how long after it is bound a socket is seen", "[.measure]") {
  if (lacks(Ability::real_processes, "clocks")) return;
  constexpr int times = 9;
  for (const int late_ms : {0, 20, 100, 500, 2000}) {
    std::vector<long> microseconds;
    const auto body = [&](Runtime& runtime) -> Task<> {
      for (int i = 0; i < times; ++i) {
        const std::function<Task<>(Lab&)> inside = [&](Lab& lab) -> Task<> {
          const std::unique_ptr<Process> process = co_await lab.start("driver");
          bool is_bound = false;
          co_await look(*process, is_bound);
          const auto seen = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now().time_since_epoch()).count();
          Outcome outcome;
          co_await read_until(*process, outcome, "\n");
          if (is_bound) microseconds.push_back(seen - std::atol(outcome.out.c_str()));
        };
        std::vector<Player> players;
        // A little more than was said, so that attempts do not fall on the same beat.
        players.push_back(world->player("driver", {"sleep=" + std::to_string(late_ms + i), "udp=4443", "now", "hang"}));
        co_await in_lab(runtime, std::move(players), inside);
      }
    };
    in_runtime(body);
    std::sort(microseconds.begin(), microseconds.end());
    REQUIRE(microseconds.size() == times);
    std::cout << world->name() << ": bound " << late_ms << " ms after the start, seen after " << microseconds[times / 2] << " us (median), "
              << microseconds.back() << " us (longest)\n";
  }
}

// ---- trouble -------------------------------------------------------------------------------------

TEST_CASE("a command, an image or a directory that is not there is the world's trouble, and leaves nothing") {
  const auto play_it = [](const std::function<Player()>& make) {
    return reason_of([&] {
      Outcome outcome;
      const auto body = [&](Runtime& runtime) -> Task<> {
        Player player = make();
        co_await play(runtime, std::move(player), outcome);
      };
      in_runtime(body);
    });
  };
  CHECK(play_it([] { return world->without_command("driver"); }) == "command-missing");
  const std::string reason = play_it([] { return world->without_place("driver"); });
  const bool either = reason == "image-missing" || reason == "path-missing";
  CHECK(either);
}

TEST_CASE("a lab can be closed at every stage, and closed again") {
  enum class Stage { opened, running, written_to, ended };
  const auto body = [&](Runtime& runtime) -> Task<> {
    for (const Stage stage : {Stage::opened, Stage::running, Stage::written_to, Stage::ended}) {
      std::vector<Player> players;
      players.push_back(world->player("worker", {"out=here\n", "hang"}));
      Steps steps{"out=here\n"};
      if (stage == Stage::written_to) steps.emplace_back("read");
      steps.emplace_back(stage == Stage::ended ? "exit=3" : "hang");
      players.push_back(world->player("driver", steps));
      LabOrder order = order_of(std::move(players));
      std::unique_ptr<Lab> lab = co_await runtime.open(std::move(order));
      std::unique_ptr<Process> process;
      Outcome outcome;
      if (stage != Stage::opened) {
        process = co_await lab->start("driver");
        co_await read_until(*process, outcome, "here\n");
      }
      if (stage == Stage::written_to) co_await process->write("x\n");
      if (stage == Stage::ended) co_await to_the_end(*process, outcome);
      co_await lab->close();
      co_await lab->close();
    }
  };
  in_runtime(body);
}

TEST_CASE("closing a lab ends who waits for its processes") {
  Outcome outcome;
  const auto body = [&](Runtime& runtime) -> Task<> {
    std::vector<Player> players;
    players.push_back(world->player("driver", {"out=here\n", "hang"}));
    LabOrder order = order_of(std::move(players));
    std::unique_ptr<Lab> lab = co_await runtime.open(std::move(order));
    const std::unique_ptr<Process> process = co_await lab->start("driver");
    co_await read_until(*process, outcome, "here\n");
    const Executor executor = co_await asio::this_coro::executor;
    Group waiting(executor);
    const auto wait = [&]() -> Task<> {
      try {
        co_await to_the_end(*process, outcome);
      } catch (const WorldError&) {
        // Or it says that it cannot know.
      }
    };
    waiting.spawn(wait());
    co_await lab->close();
    co_await waiting.join();
  };
  in_runtime(body);
}

TEST_CASE("in a hurry every wait ends, and nothing is left") {
  if (lacks(Ability::hurry, "waits for the outside")) return;
  std::string reason = "nothing was thrown";
  const auto body = [&](Runtime& runtime) -> Task<> {
    const std::function<Task<>(Lab&)> inside = [&](Lab& lab) -> Task<> {
      const std::unique_ptr<Process> process = co_await lab.start("driver");
      Outcome outcome;
      co_await read_until(*process, outcome, "here\n");
      runtime.hurry();
      LabOrder order = order_of({world->player("worker", {})});
      const std::unique_ptr<Lab> refused = co_await runtime.open(std::move(order));
      co_await refused->close();
    };
    std::vector<Player> players;
    players.push_back(world->player("driver", {"out=here\n", "hang"}));
    try {
      co_await in_lab(runtime, std::move(players), inside);
    } catch (const WorldError& error) {
      reason = error.reason();
    }
  };
  in_runtime(body);
  CHECK(reason == "interrupted");
}

int main(int argc, char** argv) {
  const char* const named = std::getenv("INTEROPER_TEST_RUNTIME");
  const std::string name = named != nullptr ? named : "scripted";
  std::string why_not;
  world = contract::make_world(name, why_not);
  if (!world) {
    std::cerr << "skipped: " << why_not << "\n";
    return 77;
  }
  std::signal(SIGPIPE, SIG_IGN);  // as src/main.cpp does
  ::alarm(all_within_s);
  const int failures = Catch::Session().run(argc, argv);
  world.reset();
  return failures == 0 ? 0 : 1;
}
