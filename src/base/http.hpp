// A small HTTP/1.1 client for a server next door: unix sockets and plain TCP, kept connections, bodies that stream in both
// directions, and the upgrade to a raw two-way stream that container engines use for attach. It follows no redirects, speaks
// no TLS and knows no cookies: who needs those has curl. One thread; every call is a coroutine with a deadline.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/problem.hpp"
#include "base/task.hpp"

namespace interoper {

// Where a server listens: either a unix socket or a TCP port.
struct HttpAddress {
  std::string unix_path;
  std::string host, port;
  std::string text() const;  // as DOCKER_HOST spells it: unix:///path or tcp://host:port
};

// Reads what DOCKER_HOST may hold: unix:///path, tcp://host:port, http://host:port, or a plain absolute path.
// WorldError("engine-unreachable") for https, ssh, npipe and everything else, with what to do instead.
HttpAddress http_address(std::string_view text);

// An answer comes within milliseconds from an idle server; a busy engine has been seen to take ten seconds for one call.
constexpr std::chrono::seconds http_answer_within{60};
// Far above any list or inspection we ask for; a body that is larger is no answer to our question.
constexpr std::size_t http_body_limit = std::size_t{32} * 1024 * 1024;

// A request body that is made while it is sent, so that it need not fit into memory.
class HttpUpload {
 public:
  virtual ~HttpUpload() = default;
  // Puts the next piece into `piece` (empty before). False at the end. May throw WorldError: the request then fails with it.
  virtual bool next(std::string& piece) = 0;
};

struct HttpRequest {
  std::string method = "GET";
  std::string target = "/";
  std::string body;
  std::string content_type = "application/json";  // of the body, when there is one
  HttpUpload* upload = nullptr;                   // instead of `body`; must outlive the call
  std::vector<std::pair<std::string, std::string>> headers;
  Clock::duration within = http_answer_within;  // send: the whole exchange; open and upgrade: until the answer's header has come
  std::size_t body_limit = http_body_limit;
};

struct HttpResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;
  std::string_view header(std::string_view lower_case_name) const;  // empty when absent
};

// An answer whose body is read piece by piece. Destroying it before its end closes the connection.
class HttpBody {
 public:
  virtual ~HttpBody() = default;
  // Status and headers; the body member stays empty.
  virtual const HttpResponse& head() const = 0;
  // The next piece, empty at the end; valid until the next call. WorldError when the connection breaks or nothing comes until then.
  virtual Task<std::string_view> read_some(Clock::time_point deadline) = 0;
  // Whoever reads gets the end at once.
  virtual void close() = 0;
};

// What a connection becomes after an upgrade: bytes in both directions. One reader and one writer at a time.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  // The next bytes, empty at the end or after close; valid until the next call. WorldError when the connection breaks.
  // There is no deadline here: the other side may rightly be silent. close() and HttpClient::close_all() end the wait.
  virtual Task<std::string_view> read_some() = 0;
  // False when the other side does not take it any more.
  virtual Task<bool> write(std::string_view bytes) = 0;
  virtual void half_close() = 0;  // no more bytes from us
  virtual void close() = 0;
};

// How the client speaks of its server in messages.
struct HttpWords {
  std::string peer = "the server";        // "the container engine"
  std::string reason = "unreachable";     // WorldError::reason() of every failure to reach it
  std::string help = "see that it runs";  // what to do when it cannot be reached
};

class HttpClient {
 public:
  HttpClient(const Executor& executor, HttpAddress address, HttpWords words);
  HttpClient(HttpClient&&) noexcept;
  HttpClient& operator=(HttpClient&&) noexcept;
  ~HttpClient();  // closes what is kept; streams handed out live on

  const HttpAddress& address() const;

  // One exchange. Any status is an answer, not an error. A request on a kept connection that the server has meanwhile closed is sent
  // again on a new one, if nothing of it can have been acted on: GET and HEAD always, others only when not a byte was sent.
  Task<HttpResponse> send(HttpRequest request);

  // The same, but the body streams.
  Task<std::unique_ptr<HttpBody>> open(HttpRequest request);

  // Asks for a raw stream (`Connection: Upgrade`, `Upgrade: tcp`). The server agrees with 101, or with 200 and a body without end.
  // Otherwise `stream` is null and `response` is what it said.
  struct Upgraded {
    HttpResponse response;
    std::unique_ptr<ByteStream> stream;
  };
  Task<Upgraded> upgrade(HttpRequest request);

  // Everything that waits fails now with this error; later calls work with new connections.
  void close_all(const WorldError& why);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// `text` for use inside a URL path or query: everything but letters, digits and -._~ as %XX.
std::string url_escape(std::string_view text);

}  // namespace interoper
