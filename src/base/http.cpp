#include "base/http.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <cctype>
#include <optional>

namespace interoper {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using Socket = asio::generic::stream_protocol::socket;
using Parser = http::response_parser<http::buffer_body>;

namespace {

// An engine's headers are a few hundred bytes.
constexpr std::uint32_t header_limit_bytes = 64 * 1024;
// One read from a socket; container engines frame output in pieces of at most 32 KiB.
constexpr std::size_t read_piece_bytes = std::size_t{64} * 1024;
// More are never idle at once: that many calls run side by side at most when a run ends.
constexpr std::size_t idle_connections_at_most = 16;

}  // namespace

// A socket and what came from it that nobody has taken yet. Shared with the alarms that may have to close it.
struct Connection {
  explicit Connection(const Executor& executor) : socket(executor), buffer(read_piece_bytes + header_limit_bytes) {
    buffer.reserve(read_piece_bytes);  // otherwise Beast reads 512 bytes at a time
  }

  void close() {
    error_code ignored;
    socket.close(ignored);
  }
  void expire() {
    timed_out = true;
    close();
  }

  Socket socket;
  beast::flat_buffer buffer;
  std::optional<WorldError> doom;  // why close_all closed it
  bool timed_out = false;
  bool closed_by_owner = false;
  bool kept = false;  // it has served an exchange before
};
using ConnectionPtr = std::shared_ptr<Connection>;

namespace {

// Closes a connection at a deadline. The flag, not the timer, decides whether a handler that is queued already may act.
class Alarm {
 public:
  Alarm(const ConnectionPtr& connection, Clock::time_point deadline) : timer_(connection->socket.get_executor()) {
    if (deadline == Clock::time_point::max()) return;
    timer_.expires_at(deadline);
    timer_.async_wait([connection, armed = armed_](const error_code& error) {
      if (!error && *armed) connection->expire();
    });
  }
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;
  ~Alarm() {
    *armed_ = false;
    timer_.cancel();
  }

 private:
  asio::steady_timer timer_;
  std::shared_ptr<bool> armed_ = std::make_shared<bool>(true);
};

// Whether the server has closed a kept connection, or sent what nobody asked for, while it lay idle.
bool is_stale(Connection& connection) {
  char byte = 0;
  const ssize_t n = ::recv(connection.socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return n >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

HttpResponse head_of(const Parser& parser) {
  HttpResponse response;
  response.status = static_cast<int>(parser.get().result_int());
  for (const auto& field : parser.get())
    response.headers.emplace_back(lower_case(std::string_view(field.name_string().data(), field.name_string().size())),
                                  std::string(field.value().data(), field.value().size()));
  return response;
}

bool is_gone(const error_code& error) {
  return error == asio::error::eof || error == asio::error::connection_reset || error == asio::error::broken_pipe ||
         error == http::error::end_of_stream || error == http::error::partial_message || error == asio::error::not_connected;
}

}  // namespace

struct HttpClient::State : std::enable_shared_from_this<HttpClient::State> {
  State(const Executor& executor_, HttpAddress address_, HttpWords words_)
      : executor(executor_), address(std::move(address_)), words(std::move(words_)) {}

  Task<ConnectionPtr> connect(Clock::time_point deadline, std::string doing);
  Task<error_code> reach(ConnectionPtr connection) const;
  Task<error_code> put(ConnectionPtr connection, HttpRequest& request, bool wants_upgrade, bool& sent_any);
  Task<error_code> put_upload(ConnectionPtr connection, HttpUpload& upload);

  // Sends the request and reads the answer's header.
  struct Exchange {
    ConnectionPtr connection;
    std::unique_ptr<Parser> parser;
  };
  Task<Exchange> exchange(HttpRequest& request, bool wants_upgrade, Clock::time_point deadline);

  ConnectionPtr take_idle();
  void keep(const ConnectionPtr& connection);
  void watch(const ConnectionPtr& connection);
  // Never returns: says in words why `connection` failed.
  [[noreturn]] void fail(const Connection& connection, const error_code& error, const std::string& doing) const;

  Executor executor;
  HttpAddress address;
  HttpWords words;
  std::vector<ConnectionPtr> idle;
  std::vector<std::weak_ptr<Connection>> live;
};

void HttpClient::State::fail(const Connection& connection, const error_code& error, const std::string& doing) const {
  if (connection.doom) throw WorldError(*connection.doom);
  const std::string where = words.peer + " at " + address.text();
  if (connection.timed_out) throw WorldError(words.reason, where + " does not answer in time (" + doing + "); " + words.help);
  std::string why = error.message();
  if (error == asio::error::connection_refused) why = "nothing listens there";
  if (error.value() == ENOENT && error.category() == boost::system::system_category()) why = "there is no such socket";
  if (error.value() == ENOTSOCK || error.value() == EPROTOTYPE) why = "that is no stream socket";
  if (error == asio::error::access_denied) {
    throw WorldError(words.reason, "cannot reach " + where +
                                       ": permission denied; add yourself to the group that owns the socket (usually `sudo " +
                                       "usermod -aG docker $USER`, then log in again)");
  }
  if (is_gone(error)) throw WorldError(words.reason, where + " closed the connection (" + doing + "); " + words.help);
  if (error.category() == http::make_error_code(http::error::bad_version).category())
    throw WorldError(words.reason, where + " does not answer in HTTP (" + doing + ": " + why + "); see that the address is right");
  throw WorldError(words.reason, "cannot reach " + where + ": " + why + "; " + words.help);
}

void HttpClient::State::watch(const ConnectionPtr& connection) {
  std::erase_if(live, [](const auto& one) { return one.expired(); });
  live.push_back(connection);
}

ConnectionPtr HttpClient::State::take_idle() {
  while (!idle.empty()) {
    ConnectionPtr connection = std::move(idle.back());
    idle.pop_back();
    if (connection->socket.is_open() && !is_stale(*connection)) return connection;
  }
  return nullptr;
}

void HttpClient::State::keep(const ConnectionPtr& connection) {
  if (!connection->socket.is_open() || connection->buffer.size() > 0 || idle.size() >= idle_connections_at_most) return;
  connection->kept = true;
  idle.push_back(connection);
}

Task<error_code> HttpClient::State::reach(ConnectionPtr connection) const {
  error_code error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  if (!address.unix_path.empty()) {
    const asio::local::stream_protocol::endpoint path(address.unix_path);
    const Socket::endpoint_type endpoint(path);
    co_await connection->socket.async_connect(endpoint, token);
    co_return error;
  }
  asio::ip::tcp::resolver resolver(executor);
  auto found = co_await resolver.async_resolve(address.host, address.port, token);
  if (error) co_return error;
  error = asio::error::host_not_found;
  for (const auto& entry : found) {
    const Socket::endpoint_type endpoint(entry.endpoint());
    error_code ignored;
    if (!connection->timed_out) connection->socket.close(ignored);
    if (connection->timed_out || connection->doom) break;
    co_await connection->socket.async_connect(endpoint, token);
    if (error) continue;
    connection->socket.set_option(asio::ip::tcp::no_delay(true), ignored);
    break;
  }
  co_return error;
}

Task<ConnectionPtr> HttpClient::State::connect(Clock::time_point deadline, std::string doing) {
  auto connection = std::make_shared<Connection>(executor);
  watch(connection);
  Alarm alarm(connection, deadline);
  const error_code error = co_await reach(connection);
  if (error || connection->doom || connection->timed_out) fail(*connection, error, doing);
  co_return connection;
}

Task<error_code> HttpClient::State::put_upload(ConnectionPtr connection, HttpUpload& upload) {
  error_code error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  std::string piece;
  bool more = true;
  while (more && !error) {
    piece.clear();
    more = upload.next(piece);
    if (piece.empty()) continue;
    const auto chunk = http::make_chunk(asio::const_buffer(piece.data(), piece.size()));
    co_await asio::async_write(connection->socket, chunk, token);
  }
  if (error) co_return error;
  const auto last = http::make_chunk_last();
  co_await asio::async_write(connection->socket, last, token);
  co_return error;
}

Task<error_code> HttpClient::State::put(ConnectionPtr connection, HttpRequest& request, bool wants_upgrade, bool& sent_any) {
  http::request<http::string_body> message;
  message.version(11);
  message.method_string(request.method);
  message.target(request.target);
  message.set(http::field::host, address.unix_path.empty() ? address.host + ":" + address.port : "localhost");
  message.set(http::field::user_agent, "interoper");
  for (const auto& [name, value] : request.headers)
    message.set(name, value);
  if (request.upload != nullptr || !request.body.empty()) message.set(http::field::content_type, request.content_type);
  if (wants_upgrade) {
    message.set(http::field::connection, "Upgrade");
    message.set(http::field::upgrade, "tcp");
  }
  error_code error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  if (request.upload == nullptr) {
    message.body() = request.body;
    message.prepare_payload();
    const std::size_t sent = co_await http::async_write(connection->socket, message, token);
    sent_any = sent > 0;
    co_return error;
  }
  message.chunked(true);
  http::request_serializer<http::string_body> serializer(message);
  const std::size_t sent = co_await http::async_write_header(connection->socket, serializer, token);
  sent_any = sent > 0;
  if (error) co_return error;
  error = co_await put_upload(connection, *request.upload);
  co_return error;
}

Task<HttpClient::State::Exchange> HttpClient::State::exchange(HttpRequest& request, bool wants_upgrade, Clock::time_point deadline) {
  const std::string doing = request.method + " " + request.target.substr(0, request.target.find('?'));
  while (true) {
    ConnectionPtr connection = take_idle();
    if (!connection) connection = co_await connect(deadline, doing);
    Alarm alarm(connection, deadline);
    bool sent_any = false;
    error_code error = co_await put(connection, request, wants_upgrade, sent_any);
    // A server that refuses an upload answers and stops reading: its answer says more than our failed write.
    const bool refused_upload = error && request.upload != nullptr && is_gone(error);
    auto parser = std::make_unique<Parser>();
    parser->header_limit(header_limit_bytes);
    parser->body_limit(boost::none);
    if (request.method == "HEAD") parser->skip(true);
    std::size_t got = 0;
    if (!error || refused_upload) {
      error = error_code();
      auto token = asio::redirect_error(asio::use_awaitable, error);
      got = co_await http::async_read_header(connection->socket, connection->buffer, *parser, token);
    }
    if (!error) {
      Exchange done;
      done.connection = std::move(connection);
      done.parser = std::move(parser);
      co_return std::move(done);
    }
    const bool is_safe = request.method == "GET" || request.method == "HEAD" || !sent_any;
    const bool may_retry = connection->kept && is_gone(error) && got == 0 && is_safe && !connection->doom && request.upload == nullptr;
    connection->close();
    if (!may_retry) fail(*connection, error, doing);
  }
}

namespace {

// The rest of an answer. `give_back` is told of the connection once it can serve another exchange.
class Body final : public HttpBody {
 public:
  using Fail = std::function<void(const Connection&, const error_code&)>;
  Body(ConnectionPtr connection, std::unique_ptr<Parser> parser, std::function<void(const ConnectionPtr&)> give_back, Fail fail)
      : connection_(std::move(connection)), parser_(std::move(parser)), give_back_(std::move(give_back)), fail_(std::move(fail)) {
    head_ = head_of(*parser_);
    finish_if_done();
  }
  ~Body() override {
    if (connection_) connection_->close();
  }

  const HttpResponse& head() const override { return head_; }

  Task<std::string_view> read_some(Clock::time_point deadline) override {
    if (!connection_) co_return std::string_view();
    Alarm alarm(connection_, deadline);
    ConnectionPtr connection = connection_;
    piece_.resize(read_piece_bytes);
    std::size_t got = 0;
    while (got == 0 && !parser_->is_done()) {
      auto& body = parser_->get().body();
      body.data = piece_.data();
      body.size = piece_.size();
      error_code error;
      auto token = asio::redirect_error(asio::use_awaitable, error);
      co_await http::async_read_some(connection->socket, connection->buffer, *parser_, token);
      got = piece_.size() - body.size;
      if (error == http::error::need_buffer) error = error_code();
      if (!error) continue;
      if (connection->closed_by_owner) co_return std::string_view();
      if (got == 0) fail_(*connection, error);  // what came before the break is handed over first
      break;
    }
    finish_if_done();
    co_return std::string_view(piece_.data(), got);
  }

  void close() override {
    if (!connection_) return;
    connection_->closed_by_owner = true;
    connection_->close();
  }

 private:
  void finish_if_done() {
    if (!connection_ || !parser_->is_done()) return;
    if (parser_->keep_alive()) {
      give_back_(connection_);
    } else {
      connection_->close();
    }
    connection_.reset();
  }

  ConnectionPtr connection_;  // null after the end
  std::unique_ptr<Parser> parser_;
  std::function<void(const ConnectionPtr&)> give_back_;
  Fail fail_;
  HttpResponse head_;
  std::string piece_;
};

class RawStream final : public ByteStream {
 public:
  using Fail = std::function<void(const Connection&, const error_code&)>;
  RawStream(ConnectionPtr connection, Fail fail) : connection_(std::move(connection)), fail_(std::move(fail)) {}
  ~RawStream() override { connection_->close(); }

  Task<std::string_view> read_some() override {
    ConnectionPtr connection = connection_;
    beast::flat_buffer& buffer = connection->buffer;
    buffer.consume(taken_);
    taken_ = 0;
    error_code error;
    if (buffer.size() == 0) {
      auto token = asio::redirect_error(asio::use_awaitable, error);
      auto space = buffer.prepare(read_piece_bytes);
      const std::size_t got = co_await connection->socket.async_read_some(space, token);
      buffer.commit(got);
    }
    taken_ = buffer.size();
    if (error && taken_ == 0 && error != asio::error::eof && !connection->closed_by_owner) fail_(*connection, error);
    co_return std::string_view(static_cast<const char*>(buffer.data().data()), taken_);
  }

  Task<bool> write(std::string_view bytes) override {
    ConnectionPtr connection = connection_;
    error_code error;
    auto token = asio::redirect_error(asio::use_awaitable, error);
    const asio::const_buffer all(bytes.data(), bytes.size());
    co_await asio::async_write(connection->socket, all, token);
    co_return !error;
  }

  void half_close() override {
    error_code ignored;
    connection_->socket.shutdown(Socket::shutdown_send, ignored);
  }

  void close() override {
    connection_->closed_by_owner = true;
    connection_->close();
  }

 private:
  ConnectionPtr connection_;
  Fail fail_;
  std::size_t taken_ = 0;  // bytes at the buffer's front that the caller has seen
};

}  // namespace

std::string HttpAddress::text() const { return unix_path.empty() ? "tcp://" + host + ":" + port : "unix://" + unix_path; }

HttpAddress http_address(std::string_view text) {
  const auto fail = [&](const std::string& why) -> WorldError {
    return {"engine-unreachable", "the engine's address '" + std::string(text) + "' " + why};
  };
  HttpAddress address;
  std::string_view rest = text;
  const auto drop = [&](std::string_view prefix) {
    if (!rest.starts_with(prefix)) return false;
    rest.remove_prefix(prefix.size());
    return true;
  };
  if (drop("unix://") || rest.starts_with('/')) {
    if (!rest.starts_with('/')) throw fail("holds no absolute path; write unix:///var/run/docker.sock");
    // sockaddr_un has room for 107 bytes and a zero.
    if (rest.size() > 107) throw fail("is a longer path than a socket can have (107 bytes); use a shorter one, or a link to it");
    address.unix_path = rest;
    return address;
  }
  if (drop("ssh://"))
    throw fail(
        "is an SSH one, which is not spoken here; forward the socket (`ssh -NL /tmp/engine.sock:/var/run/docker.sock HOST`) and set "
        "DOCKER_HOST=unix:///tmp/engine.sock");
  if (drop("https://")) throw fail("asks for TLS, which is not spoken here; use the engine's unix socket, or forward it with ssh");
  if (!drop("tcp://") && !drop("http://")) throw fail("is none that is known; write unix:///path/of/socket or tcp://host:port");
  while (rest.ends_with('/'))
    rest.remove_suffix(1);
  const std::size_t colon = rest.rfind(':');
  const bool has_port = colon != std::string_view::npos && rest.find(']', colon) == std::string_view::npos;
  std::string_view host = rest.substr(0, has_port ? colon : rest.size());
  const std::string_view port = has_port ? rest.substr(colon + 1) : "2375";
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const bool is_number = !port.empty() && port.size() <= 5 && port.find_first_not_of("0123456789") == std::string_view::npos;
  if (host.empty() || !is_number || host.find('/') != std::string_view::npos) throw fail("is none that is known; write tcp://host:port");
  address.host = host;
  address.port = port;
  return address;
}

std::string_view HttpResponse::header(std::string_view lower_case_name) const {
  for (const auto& [name, value] : headers) {
    if (name == lower_case_name) return value;
  }
  return {};
}

HttpClient::HttpClient(const Executor& executor, HttpAddress address, HttpWords words)
    : state_(std::make_shared<State>(executor, std::move(address), std::move(words))) {}
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;
HttpClient::~HttpClient() = default;

const HttpAddress& HttpClient::address() const { return state_->address; }

namespace {

// What a body or stream needs of its client after it has been handed out: the client may be gone by then.
template <class State>
std::unique_ptr<Body> body_of(const std::shared_ptr<State>& state, typename State::Exchange done, const std::string& doing) {
  std::weak_ptr<State> owner = state;
  auto give_back = [owner](const ConnectionPtr& connection) {
    if (auto still = owner.lock()) still->keep(connection);
  };
  auto fail = [state, doing](const Connection& connection, const error_code& error) { state->fail(connection, error, doing); };
  return std::make_unique<Body>(std::move(done.connection), std::move(done.parser), std::move(give_back), std::move(fail));
}

Clock::time_point deadline_in(Clock::duration within) {
  return within == Clock::duration::max() ? Clock::time_point::max() : Clock::now() + within;
}

}  // namespace

Task<std::unique_ptr<HttpBody>> HttpClient::open(HttpRequest request) {
  auto state = state_;
  const auto deadline = deadline_in(request.within);
  auto done = co_await state->exchange(request, false, deadline);
  std::unique_ptr<HttpBody> body = body_of(state, std::move(done), request.method + " " + request.target);
  co_return std::move(body);
}

Task<HttpResponse> HttpClient::send(HttpRequest request) {
  auto state = state_;
  const auto deadline = deadline_in(request.within);
  const std::size_t limit = request.body_limit;
  auto done = co_await state->exchange(request, false, deadline);
  auto body = body_of(state, std::move(done), request.method + " " + request.target);
  HttpResponse response = body->head();
  while (true) {
    const std::string_view piece = co_await body->read_some(deadline);
    if (piece.empty()) break;
    if (response.body.size() + piece.size() > limit) {
      throw WorldError(state->words.reason, state->words.peer + " at " + state->address.text() + " answers " + request.method + " " +
                                                request.target + " with more than " + std::to_string(limit >> 20U) +
                                                " MiB; see that the address is right");
    }
    response.body.append(piece);
  }
  co_return std::move(response);
}

Task<HttpClient::Upgraded> HttpClient::upgrade(HttpRequest request) {
  auto state = state_;
  const auto deadline = deadline_in(request.within);
  const std::size_t limit = request.body_limit;
  const std::string doing = request.method + " " + request.target;
  auto done = co_await state->exchange(request, true, deadline);
  Upgraded upgraded;
  upgraded.response = head_of(*done.parser);
  const int status = upgraded.response.status;
  const bool endless = status == 200 && !done.parser->chunked() && !done.parser->content_length();
  if (status == 101 || endless) {
    auto fail = [state, doing](const Connection& connection, const error_code& error) { state->fail(connection, error, doing); };
    upgraded.stream = std::make_unique<RawStream>(std::move(done.connection), std::move(fail));
    co_return std::move(upgraded);
  }
  auto body = body_of(state, std::move(done), doing);
  while (upgraded.response.body.size() < limit) {
    const std::string_view piece = co_await body->read_some(deadline);
    if (piece.empty()) break;
    upgraded.response.body.append(piece);
  }
  co_return std::move(upgraded);
}

void HttpClient::close_all(const WorldError& why) {
  state_->idle.clear();
  for (const auto& one : state_->live) {
    const ConnectionPtr connection = one.lock();
    if (!connection || !connection->socket.is_open()) continue;
    connection->doom = why;
    connection->close();
  }
}

std::string url_escape(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || std::string_view("-._~").find(c) != std::string_view::npos) {
      out += c;
    } else {
      out += '%';
      out += digits[byte >> 4U];
      out += digits[byte & 15U];
    }
  }
  return out;
}

}  // namespace interoper
