// The line to an agent, with the test as the agent. The program itself is tried in real containers (selftest/docker).
#include "runtimes/docker/agent.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>

#include "base/descriptor_passing.hpp"
#include "base/owner.hpp"
#include "base/problem.hpp"
#include "runtimes/docker/agent_words.hpp"
#include "runtimes/docker/fake_engine.hpp"

using namespace interoper;
using namespace interoper::docker;
using agent::Record;
using agent::Word;
namespace fs = std::filesystem;

namespace {

// The agent's side of the line.
struct Peer {
  int line = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  int in[2], out[2], err[2];

  bool knock(const fs::path& place) const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    (place / "door").string().copy(address.sun_path, sizeof address.sun_path - 1);
    return ::connect(line, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  void hello() {
    for (int* const ends : {in, out, err})
      REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    const int given[] = {in[1], out[0], err[0]};
    const Record record;
    REQUIRE(send_passing(line, &record, sizeof record, given, std::size(given), 0) == sizeof record);
    for (const int end : given)
      ::close(end);
  }
  void say(Word word, int number, std::uint32_t memory = 0) const {
    Record record;
    record.word = word;
    record.number = number;
    record.memory_ran_out = memory;
    REQUIRE(::send(line, &record, sizeof record, 0) == sizeof record);
  }
  Record heard() const {
    Record record;
    REQUIRE(::recv(line, &record, sizeof record, 0) == sizeof record);
    return record;
  }
  ~Peer() { ::close(line); }
};

struct Stage {
  Loop loop;
  AgentHome home{"agent-test-" + std::to_string(::getpid())};
  fs::path place = home.furnish();
  int changes = 0;
  std::unique_ptr<Agent> agent = make_agent(loop.executor(), place, true, [this] { ++changes; });
  Peer peer;

  void settle() { loop.run(sleep_for(std::chrono::milliseconds(30))); }
  void meet() {
    REQUIRE(peer.knock(place));
    peer.hello();
    settle();
    REQUIRE(agent->is_here());
  }
  std::string read() {
    std::string all;
    loop.run(read_all(all));
    return all;
  }
  Task<> read_all(std::string& all) const {
    while (true) {
      const Pipes::Piece piece = co_await agent->pipes().read();
      if (piece.bytes.empty()) break;
      all.append(piece.bytes);
    }
  }
  ~Stage() { loop.run(agent->close()); }
};

}  // namespace

TEST_CASE("a role's life, as its agent tells it") {
  Stage stage;
  CHECK_FALSE(stage.agent->is_here());
  stage.meet();
  CHECK_FALSE(stage.agent->started());
  stage.agent->go();
  CHECK(stage.peer.heard().word == Word::go);
  stage.peer.say(Word::started, 0);
  stage.settle();
  CHECK(stage.agent->started() == 0);
  CHECK(stage.agent->signal(SIGTERM));
  const Record signal = stage.peer.heard();
  CHECK(signal.word == Word::signal);
  CHECK(signal.number == SIGTERM);
  REQUIRE(::write(stage.peer.out[1], "bye", 3) == 3);
  stage.peer.say(Word::ended, 9, 1);
  stage.settle();
  REQUIRE(stage.agent->ended());
  CHECK(stage.agent->ended()->status == 9);
  CHECK(stage.agent->ended()->memory_ran_out);
  // The pipe is still open on the other side: what has ended says no more.
  CHECK(stage.read() == "bye");
  CHECK(stage.changes >= 3);
}

TEST_CASE("a port that is watched is bound when the agent says so, and stays so") {
  Stage stage;
  stage.meet();
  stage.agent->watch(4443);
  const Record watch = stage.peer.heard();
  CHECK(watch.word == Word::watch);
  CHECK(watch.number == 4443);
  CHECK_FALSE(stage.agent->has_bound(4443));
  const int before = stage.changes;
  stage.peer.say(Word::bound, 4443);
  stage.settle();
  CHECK(stage.agent->has_bound(4443));
  CHECK_FALSE(stage.agent->has_bound(44430));
  CHECK(stage.changes > before);
  stage.peer.say(Word::ended, 0);
  stage.settle();
  CHECK(stage.agent->has_bound(4443));
}

TEST_CASE("why a command cannot be run") {
  Stage stage;
  stage.meet();
  stage.peer.say(Word::started, ENOENT);
  stage.settle();
  CHECK(stage.agent->started() == ENOENT);
}

TEST_CASE("an agent that goes away without a word is lost, and its role's output ends") {
  Stage stage;
  stage.meet();
  REQUIRE(::write(stage.peer.err[1], "last", 4) == 4);
  ::shutdown(stage.peer.line, SHUT_RDWR);
  stage.settle();
  CHECK(stage.agent->is_lost());
  CHECK_FALSE(stage.agent->ended());
  CHECK_FALSE(stage.agent->signal(SIGTERM));
  CHECK(stage.read() == "last");
}

TEST_CASE("what is no agent's word ends the line") {
  Stage stage;
  SECTION("before the hello") {
    REQUIRE(stage.peer.knock(stage.place));
    stage.peer.say(Word::hello, 0);  // without its descriptors
  }
  SECTION("after it") {
    stage.meet();
    stage.peer.say(Word::go, 0);
  }
  SECTION("too short") {
    REQUIRE(stage.peer.knock(stage.place));
    REQUIRE(::send(stage.peer.line, "x", 1, 0) == 1);
  }
  SECTION("an end before the hello") {
    REQUIRE(stage.peer.knock(stage.place));
    stage.peer.say(Word::ended, 0);
  }
  stage.settle();
  CHECK(stage.agent->is_lost());
}

TEST_CASE("only the first who knocks is let in") {
  Stage stage;
  stage.meet();
  Peer second;
  CHECK_FALSE(second.knock(stage.place));
}

TEST_CASE("a line that is closed ends all waits, and leaves no directory") {
  Stage stage;
  stage.meet();
  stage.agent->hang_up();
  CHECK(stage.read().empty());
  CHECK(stage.agent->is_lost());
  stage.loop.run(stage.agent->close());
  CHECK_FALSE(fs::exists(stage.place));
}

TEST_CASE("the agents' directory has its owner's mark, a program for everyone, and is gone at the end") {
  fs::path directory;
  {
    AgentHome home("agent-test-home-" + std::to_string(::getpid()));
    const fs::path place = home.furnish();
    directory = place.parent_path();
    struct stat found{};
    REQUIRE(::stat((place / "agent").c_str(), &found) == 0);
    CHECK((found.st_mode & 0777U) == 0755);
    CHECK(fs::exists(directory / owner_file));
    CHECK(home.furnish() != place);
  }
  CHECK_FALSE(fs::exists(directory));
}

TEST_CASE("a directory that is there already is somebody else's") {
  const std::string name = "agent-test-twice-" + std::to_string(::getpid());
  AgentHome first(name);
  CHECK_THROWS_AS(AgentHome(name), WorldError);
}
