#include "base/http.hpp"

#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch.hpp>
#include <deque>
#include <filesystem>
#include <optional>

#include "fakes/loop.hpp"

using namespace interoper;
using fakes::run;

namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Socket = asio::local::stream_protocol::socket;
using namespace std::chrono_literals;

// What a server does with one connection.
class Peer {
 public:
  explicit Peer(Socket socket) : socket_(std::move(socket)) {}

  // Up to and with the end of a request's header; what follows stays for the next call.
  Task<std::string> request() {
    error_code error;
    auto token = asio::redirect_error(asio::use_awaitable, error);
    auto buffer = asio::dynamic_buffer(held_);
    const std::size_t size = co_await asio::async_read_until(socket_, buffer, "\r\n\r\n", token);
    std::string text = held_.substr(0, size);
    held_.erase(0, size);
    co_return error ? std::string() : text;
  }
  // Everything until these bytes have come.
  Task<std::string> until(std::string end) {
    error_code error;
    auto token = asio::redirect_error(asio::use_awaitable, error);
    auto buffer = asio::dynamic_buffer(held_);
    const std::size_t size = co_await asio::async_read_until(socket_, buffer, end, token);
    std::string text = held_.substr(0, size);
    held_.erase(0, size);
    co_return text;
  }
  Task<> say(std::string text) {
    error_code error;
    auto token = asio::redirect_error(asio::use_awaitable, error);
    const auto bytes = asio::buffer(text);
    co_await asio::async_write(socket_, bytes, token);
  }
  // Until the other side closes or half-closes; what it wrote.
  Task<std::string> rest() {
    error_code error;
    auto token = asio::redirect_error(asio::use_awaitable, error);
    char piece[4096];
    while (!error) {
      const auto space = asio::buffer(piece);
      const std::size_t got = co_await socket_.async_read_some(space, token);
      held_.append(piece, got);
    }
    co_return held_;
  }
  void close() { socket_.close(); }

 private:
  Socket socket_;
  std::string held_;
};

using Script = std::function<Task<>(Peer&)>;

// Plays one script for each connection, in order; the last one again and again.
class Server {
 public:
  Server(asio::io_context& io, std::vector<Script> scripts)
      : path_(std::filesystem::temp_directory_path() / ("interoper-http-test-" + std::to_string(::getpid()) + ".sock")),
        acceptor_(io),
        scripts_(std::move(scripts)) {
    std::filesystem::remove(path_);
    const asio::local::stream_protocol::endpoint endpoint(path_.string());
    acceptor_.open();
    acceptor_.bind(endpoint);
    acceptor_.listen();
    asio::co_spawn(io, serve(), asio::detached);
  }
  ~Server() { std::filesystem::remove(path_); }

  HttpAddress address() const { return http_address("unix://" + path_.string()); }
  std::size_t connections() const { return connections_; }

 private:
  Task<> serve() {
    while (true) {
      error_code error;
      auto token = asio::redirect_error(asio::use_awaitable, error);
      Socket socket = co_await acceptor_.async_accept(token);
      if (error) co_return;
      const Script script = scripts_[std::min(connections_, scripts_.size() - 1)];
      ++connections_;
      asio::co_spawn(acceptor_.get_executor(), play(script, std::move(socket)), asio::detached);
    }
  }
  static Task<> play(Script script, Socket socket) {
    Peer peer(std::move(socket));
    co_await script(peer);
  }

  std::filesystem::path path_;
  asio::local::stream_protocol::acceptor acceptor_;
  std::vector<Script> scripts_;
  std::size_t connections_ = 0;
};

Task<> answer_all(Peer& peer) {
  while (true) {
    const std::string request = co_await peer.request();
    if (request.empty()) co_return;
    co_await peer.say("HTTP/1.1 200 OK\r\nX-Kind: Test\r\nContent-Length: 2\r\n\r\nOK");
  }
}

HttpClient client_of(asio::io_context& io, const HttpAddress& address) {
  return HttpClient(io.get_executor(), address, HttpWords{"the engine", "engine-unreachable", "start it"});
}

HttpRequest request_of(std::string method, std::string target, std::string body = {}) {
  HttpRequest request;
  request.method = std::move(method);
  request.target = std::move(target);
  request.body = std::move(body);
  return request;
}

std::string failure_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const WorldError& error) {
    return error.reason() + ": " + error.what();
  }
  return "nothing was thrown";
}

// The socket's path differs from test run to test run.
std::string without(std::string text, const std::string& part) {
  const std::size_t at = text.find(part);
  if (at != std::string::npos) text.replace(at, part.size(), "HERE");
  return text;
}

}  // namespace

TEST_CASE("addresses are read as DOCKER_HOST spells them") {
  CHECK(http_address("unix:///var/run/docker.sock").unix_path == "/var/run/docker.sock");
  CHECK(http_address("/var/run/docker.sock").text() == "unix:///var/run/docker.sock");
  CHECK(http_address("tcp://10.0.0.1:2375").text() == "tcp://10.0.0.1:2375");
  CHECK(http_address("tcp://engine").text() == "tcp://engine:2375");
  CHECK(http_address("http://engine:80/").port == "80");
  CHECK(http_address("tcp://[::1]:2375").host == "::1");

  const auto fails = [](const std::string& text) { return failure_of([&] { http_address(text); }); };
  CHECK(fails("unix://docker.sock") ==
        "engine-unreachable: the engine's address 'unix://docker.sock' holds no absolute path; write unix:///var/run/docker.sock");
  CHECK(fails("https://engine:2376") ==
        "engine-unreachable: the engine's address 'https://engine:2376' asks for TLS, which is not spoken here; use the engine's unix "
        "socket, or forward it "
        "with ssh");
  CHECK(fails("ssh://me@there") ==
        "engine-unreachable: the engine's address 'ssh://me@there' is an SSH one, which is not spoken here; forward the socket (`ssh -NL "
        "/tmp/engine.sock:/var/run/docker.sock HOST`) and set DOCKER_HOST=unix:///tmp/engine.sock");
  CHECK(fails("npipe:////./pipe/x") ==
        "engine-unreachable: the engine's address 'npipe:////./pipe/x' is none that is known; write unix:///path/of/socket or "
        "tcp://host:port");
  CHECK(fails("tcp://host:port") ==
        "engine-unreachable: the engine's address 'tcp://host:port' is none that is known; write tcp://host:port");
  CHECK(fails("unix:///" + std::string(200, 'x')).find("107 bytes") != std::string::npos);
}

TEST_CASE("text is escaped for URLs") { CHECK(url_escape("a-Z_0.~ {\"x\":1}/\xC3\xA4") == "a-Z_0.~%20%7B%22x%22%3A1%7D%2F%C3%A4"); }

TEST_CASE("an answer has status, headers and body, and the connection is kept") {
  asio::io_context io;
  Server server(io, {answer_all});
  HttpClient client = client_of(io, server.address());
  for (int i = 0; i < 3; ++i) {
    const HttpResponse response = run(io, client.send(request_of("POST", "/x", "{}")));
    CHECK(response.status == 200);
    CHECK(response.header("x-kind") == "Test");
    CHECK(response.header("absent").empty());
    CHECK(response.body == "OK");
  }
  CHECK(server.connections() == 1);
}

TEST_CASE("what is asked is what is sent") {
  asio::io_context io;
  std::string seen;
  Server server(io, {[&seen](Peer& peer) -> Task<> {
                  seen = co_await peer.until("{}");
                  co_await peer.say("HTTP/1.1 204 No Content\r\n\r\n");
                }});
  HttpClient client = client_of(io, server.address());
  HttpRequest request = request_of("PUT", "/path?q=1", "{}");
  request.headers.emplace_back("X-Extra", "yes");
  const HttpResponse response = run(io, client.send(std::move(request)));
  CHECK(response.status == 204);
  CHECK(seen ==
        "PUT /path?q=1 HTTP/1.1\r\nHost: localhost\r\nUser-Agent: interoper\r\nX-Extra: yes\r\nContent-Type: "
        "application/json\r\nContent-Length: 2\r\n\r\n{}");
}

TEST_CASE("a kept connection that the server has closed is not used again") {
  asio::io_context io;
  const Script once = [](Peer& peer) -> Task<> {
    co_await peer.request();
    co_await peer.say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  };
  Server server(io, {once});
  HttpClient client = client_of(io, server.address());
  CHECK(run(io, client.send(request_of("GET", "/"))).status == 200);
  io.poll();
  CHECK(run(io, client.send(request_of("POST", "/"))).status == 200);
  CHECK(server.connections() == 2);
}

TEST_CASE("a connection that breaks under a request: only what is safe is sent again") {
  asio::io_context io;
  const Script breaks = [](Peer& peer) -> Task<> {
    co_await peer.request();
    co_await peer.say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    co_await peer.request();
  };
  SECTION("GET") {
    Server server(io, {breaks, answer_all});
    HttpClient client = client_of(io, server.address());
    run(io, client.send(request_of("GET", "/")));
    CHECK(run(io, client.send(request_of("GET", "/"))).body == "OK");
    CHECK(server.connections() == 2);
  }
  SECTION("POST") {
    Server server(io, {breaks, answer_all});
    HttpClient client = client_of(io, server.address());
    run(io, client.send(request_of("GET", "/")));
    const std::string failure = failure_of([&] { run(io, client.send(request_of("POST", "/start?x=1"))); });
    CHECK(without(failure, server.address().text()) ==
          "engine-unreachable: the engine at HERE closed the connection (POST /start); start it");
    CHECK(server.connections() == 1);
  }
}

TEST_CASE("a server that says nothing runs into the deadline") {
  asio::io_context io;
  Server server(io, {[](Peer& peer) -> Task<> { co_await peer.rest(); }});
  HttpClient client = client_of(io, server.address());
  HttpRequest request = request_of("GET", "/info");
  request.within = 30ms;
  const std::string failure = failure_of([&] { run(io, client.send(std::move(request))); });
  CHECK(without(failure, server.address().text()) ==
        "engine-unreachable: the engine at HERE does not answer in time (GET /info); start it");
}

TEST_CASE("a body that never ends, or is too long, is cut off with a sentence") {
  asio::io_context io;
  Server server(io, {[](Peer& peer) -> Task<> {
                  co_await peer.request();
                  co_await peer.say("HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + std::string(3000000, 'x'));
                  co_await peer.rest();
                }});
  HttpClient client = client_of(io, server.address());
  HttpRequest request = request_of("GET", "/big");
  request.body_limit = std::size_t{2} << 20U;
  const std::string failure = failure_of([&] { run(io, client.send(request)); });
  CHECK(without(failure, server.address().text()) ==
        "engine-unreachable: the engine at HERE answers GET /big with more than 2 MiB; see that the address is right");
  request.body_limit = std::size_t{3} << 20U;
  CHECK(run(io, client.send(request)).body.size() == 3000000);
}

TEST_CASE("a header that is too long, and what is no HTTP, are errors") {
  asio::io_context io;
  Server server(io, {[](Peer& peer) -> Task<> {
                       co_await peer.request();
                       co_await peer.say("HTTP/1.1 200 OK\r\nX: " + std::string(200000, 'x') + "\r\n\r\n");
                       co_await peer.rest();
                     },
                     [](Peer& peer) -> Task<> {
                       co_await peer.request();
                       co_await peer.say("SSH-2.0-OpenSSH_9.2\r\n\r\n");
                       co_await peer.rest();
                     }});
  HttpClient client = client_of(io, server.address());
  const std::string header = failure_of([&] { run(io, client.send(request_of("GET", "/"))); });
  CHECK(without(header, server.address().text()) ==
        "engine-unreachable: the engine at HERE does not answer in HTTP (GET /: header limit exceeded); see that the address is right");
  const std::string ssh = failure_of([&] { run(io, client.send(request_of("GET", "/"))); });
  CHECK(without(ssh, server.address().text()) ==
        "engine-unreachable: the engine at HERE does not answer in HTTP (GET /: bad version); see that the address is right");
}

TEST_CASE("nobody there") {
  asio::io_context io;
  HttpClient client = client_of(io, http_address("unix:///nonexistent/engine.sock"));
  CHECK(failure_of([&] { run(io, client.send(request_of("GET", "/"))); }) ==
        "engine-unreachable: cannot reach the engine at unix:///nonexistent/engine.sock: there is no such socket; start it");
  asio::ip::tcp::acceptor taken(io, {asio::ip::make_address("127.0.0.1"), 0});
  const std::string address = "tcp://127.0.0.1:" + std::to_string(taken.local_endpoint().port());
  taken.close();
  HttpClient other = client_of(io, http_address(address));
  CHECK(failure_of([&] { run(io, other.send(request_of("GET", "/"))); }) ==
        "engine-unreachable: cannot reach the engine at " + address + ": nothing listens there; start it");
}

TEST_CASE("TCP works too") {
  asio::io_context io;
  asio::ip::tcp::acceptor acceptor(io, {asio::ip::make_address("127.0.0.1"), 0});
  const auto serve = [&acceptor]() -> Task<> {
    auto socket = co_await acceptor.async_accept(asio::use_awaitable);
    std::string text;
    auto buffer = asio::dynamic_buffer(text);
    co_await asio::async_read_until(socket, buffer, "\r\n\r\n", asio::use_awaitable);
    const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntcp";
    const auto bytes = asio::buffer(answer);
    co_await asio::async_write(socket, bytes, asio::use_awaitable);
  };
  asio::co_spawn(io, serve(), asio::detached);
  HttpClient client = client_of(io, http_address("tcp://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port())));
  CHECK(run(io, client.send(request_of("GET", "/"))).body == "tcp");
}

TEST_CASE("a body can be read as it comes, and closed") {
  asio::io_context io;
  Server server(io, {[](Peer& peer) -> Task<> {
                  co_await peer.request();
                  co_await peer.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
                  co_await sleep_for(20ms);
                  co_await peer.say("3\r\ntwo\r\n");
                  co_await peer.rest();
                }});
  HttpClient client = client_of(io, server.address());
  auto body = run(io, client.open(request_of("GET", "/events")));
  const auto never = Clock::time_point::max();
  CHECK(body->head().status == 200);
  CHECK(run(io, body->read_some(never)) == "one");
  CHECK(run(io, body->read_some(never)) == "two");
  SECTION("a deadline") {
    const std::string failure = failure_of([&] { run(io, body->read_some(Clock::now() + 20ms)); });
    CHECK(without(failure, server.address().text()) ==
          "engine-unreachable: the engine at HERE does not answer in time (GET /events); start it");
  }
  SECTION("closed while somebody reads") {
    const auto close = [&body]() -> Task<> {
      co_await sleep_for(10ms);
      body->close();
    };
    asio::co_spawn(io, close(), asio::detached);
    CHECK(run(io, body->read_some(never)).empty());
    CHECK(run(io, body->read_some(never)).empty());
  }
}

TEST_CASE("a body that breaks off is no end") {
  asio::io_context io;
  Server server(io, {[](Peer& peer) -> Task<> {
                  co_await peer.request();
                  co_await peer.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
                }});
  HttpClient client = client_of(io, server.address());
  auto body = run(io, client.open(request_of("GET", "/build")));
  const auto never = Clock::time_point::max();
  CHECK(run(io, body->read_some(never)) == "one");
  const std::string failure = failure_of([&] { run(io, body->read_some(never)); });
  CHECK(without(failure, server.address().text()) == "engine-unreachable: the engine at HERE closed the connection (GET /build); start it");
}

namespace {

class Pieces final : public HttpUpload {
 public:
  explicit Pieces(std::deque<std::string> pieces) : pieces_(std::move(pieces)) {}
  bool next(std::string& piece) override {
    if (pieces_.empty()) return false;
    if (pieces_.front() == "throw") throw WorldError("build-failed", "cannot read a file");
    piece = pieces_.front();
    pieces_.pop_front();
    return !pieces_.empty();
  }

 private:
  std::deque<std::string> pieces_;
};

}  // namespace

TEST_CASE("an upload is sent in chunks while it is made") {
  asio::io_context io;
  std::string seen;
  Server server(io, {[&seen](Peer& peer) -> Task<> {
                  co_await peer.request();
                  seen = co_await peer.until("0\r\n\r\n");
                  co_await peer.say("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nmade");
                }});
  HttpClient client = client_of(io, server.address());
  Pieces upload({"first", "", "second piece"});
  HttpRequest request = request_of("POST", "/build");
  request.upload = &upload;
  CHECK(run(io, client.send(request)).body == "made");
  CHECK(seen == "5\r\nfirst\r\nc\r\nsecond piece\r\n0\r\n\r\n");
}

TEST_CASE("a server that refuses an upload before its end is heard") {
  asio::io_context io;
  Server server(io, {[](Peer& peer) -> Task<> {
                  co_await peer.request();
                  co_await peer.say("HTTP/1.1 400 Bad Request\r\nContent-Length: 7\r\nConnection: close\r\n\r\nno file");
                }});
  HttpClient client = client_of(io, server.address());
  std::deque<std::string> much(200, std::string(65536, 'x'));
  Pieces upload(much);
  HttpRequest request = request_of("POST", "/build");
  request.upload = &upload;
  const HttpResponse response = run(io, client.send(request));
  CHECK(response.status == 400);
  CHECK(response.body == "no file");
}

TEST_CASE("what an upload throws is the request's failure") {
  asio::io_context io;
  Server server(io, {[](Peer& peer) -> Task<> { co_await peer.rest(); }});
  HttpClient client = client_of(io, server.address());
  Pieces upload({"first", "throw"});
  HttpRequest request = request_of("POST", "/build");
  request.upload = &upload;
  CHECK(failure_of([&] { run(io, client.send(request)); }) == "build-failed: cannot read a file");
}

TEST_CASE("an upgrade gives bytes in both directions, and loses none that came with the header") {
  asio::io_context io;
  std::string seen;
  std::string sent;
  bool is_over = false;
  Server server(io, {[&](Peer& peer) -> Task<> {
                  seen = co_await peer.request();
                  co_await peer.say("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nearly ");
                  sent = co_await peer.rest();
                  co_await peer.say("late");
                  peer.close();
                  is_over = true;
                }});
  HttpClient client = client_of(io, server.address());
  auto upgraded = run(io, client.upgrade(request_of("POST", "/attach")));
  REQUIRE(upgraded.stream);
  CHECK(upgraded.response.status == 101);
  CHECK(seen.find("Connection: Upgrade\r\nUpgrade: tcp\r\n") != std::string::npos);
  CHECK(run(io, upgraded.stream->read_some()) == "early ");
  CHECK(run(io, upgraded.stream->write("to you")));
  upgraded.stream->half_close();
  CHECK(run(io, upgraded.stream->read_some()) == "late");
  CHECK(run(io, upgraded.stream->read_some()).empty());
  CHECK(run(io, upgraded.stream->read_some()).empty());
  CHECK(sent == "to you");
  while (!is_over)
    io.run_one();
  CHECK_FALSE(run(io, upgraded.stream->write(std::string(1 << 20, 'x'))));
}

TEST_CASE("an engine that answers 200 to an upgrade means it too; a refusal is an answer") {
  asio::io_context io;
  Server server(io, {[](Peer& peer) -> Task<> {
                       co_await peer.request();
                       co_await peer.say("HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\nraw");
                       co_await peer.rest();
                     },
                     [](Peer& peer) -> Task<> {
                       co_await peer.request();
                       co_await peer.say("HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nnot there");
                       co_await peer.rest();
                     }});
  HttpClient client = client_of(io, server.address());
  auto first = run(io, client.upgrade(request_of("POST", "/attach")));
  REQUIRE(first.stream);
  CHECK(run(io, first.stream->read_some()) == "raw");
  auto second = run(io, client.upgrade(request_of("POST", "/attach")));
  CHECK_FALSE(second.stream);
  CHECK(second.response.status == 404);
  CHECK(second.response.body == "not there");
}

TEST_CASE("closing everything wakes all who wait, with the reason, and later calls work") {
  asio::io_context io;
  const Script silent = [](Peer& peer) -> Task<> { co_await peer.rest(); };
  const Script raw = [](Peer& peer) -> Task<> {
    co_await peer.request();
    co_await peer.say("HTTP/1.1 101 UPGRADED\r\n\r\n");
    co_await peer.rest();
  };
  Server server(io, {raw, silent, answer_all});
  HttpClient client = client_of(io, server.address());
  auto upgraded = run(io, client.upgrade(request_of("POST", "/attach")));
  Group group(io.get_executor());
  std::vector<std::string> failures;
  const auto note = [&failures](const WorldError& error) { failures.push_back(error.reason() + ": " + error.what()); };
  const auto send = [&]() -> Task<> {
    HttpRequest request = request_of("GET", "/slow");
    try {
      co_await client.send(std::move(request));
    } catch (const WorldError& error) {
      note(error);
    }
  };
  const auto read = [&]() -> Task<> {
    try {
      co_await upgraded.stream->read_some();
    } catch (const WorldError& error) {
      note(error);
    }
  };
  group.spawn(send());
  group.spawn(read());
  const auto hurry = [&]() -> Task<bool> {
    co_await sleep_for(20ms);
    client.close_all(WorldError("interrupted", "in a hurry"));
    const auto deadline = Clock::now() + 1s;
    const bool all = co_await group.join_by(deadline);
    co_return all;
  };
  CHECK(run(io, hurry()));
  CHECK(failures == std::vector<std::string>(2, "interrupted: in a hurry"));
  CHECK(run(io, client.send(request_of("GET", "/"))).body == "OK");
}
