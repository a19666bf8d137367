#include "inspector/server.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <optional>
#include <set>

namespace interoper {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;
using Connection = beast::tcp_stream;

// A browser keeps connections for its next request; one that is forgotten costs a descriptor.
constexpr std::chrono::minutes idle_within{2};
// A million events are thirty megabytes; a browser on a loaded machine reads them in seconds.
constexpr std::chrono::minutes written_within{2};
// A request is a line and a browser's headers.
constexpr std::uint32_t most_header_bytes = 16 * 1024;
// Browsers open six to one host.
constexpr std::size_t most_connections = 64;

// Only our own files, no other host, and no page around ours.
constexpr const char* content_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";

using Request = http::request<http::empty_body>;
using Response = http::response<http::string_body>;

std::string_view target_of(const Request& request) { return {request.target().data(), request.target().size()}; }

// Nothing when the request may be answered.
std::optional<Answer> refusal_of(const Request& request, const std::set<std::string>& hosts) {
  const auto refusal = [](int status, const char* text) { return Answer{status, "text/plain; charset=utf-8", std::string(text) + "\n"}; };
  if (!hosts.contains(std::string(request[http::field::host])))
    return refusal(403, "this is interoper's page for the person at this machine: open the address that it printed");
  if (request.method() != http::verb::get && request.method() != http::verb::head) return refusal(405, "only GET and HEAD are served");
  return std::nullopt;
}

Response response_to(Answer answer, const Request& request) {
  Response response(static_cast<http::status>(answer.status), request.version());
  response.set(http::field::content_type, answer.type);
  response.set(http::field::cache_control, "no-store");
  response.set("Content-Security-Policy", content_policy);
  response.set("Cross-Origin-Resource-Policy", "same-origin");
  response.set("Cross-Origin-Opener-Policy", "same-origin");
  response.set("X-Content-Type-Options", "nosniff");
  response.set("Referrer-Policy", "no-referrer");
  response.keep_alive(request.keep_alive());
  const std::size_t size_bytes = answer.body.size();
  if (request.method() != http::verb::head) response.body() = std::move(answer.body);
  response.content_length(size_bytes);
  return response;
}

}  // namespace

struct Server::State {
  State(const Executor& given, Site& served) : executor(given), site(served), acceptor(given), talks(given) {}

  Task<> talk(std::shared_ptr<Connection> connection) {
    beast::flat_buffer buffer(most_header_bytes);
    boost::system::error_code error;
    auto token = asio::redirect_error(asio::use_awaitable, error);
    bool more = true;
    while (more && !stopped) {
      http::request_parser<http::empty_body> parser;
      parser.header_limit(most_header_bytes);
      connection->expires_after(idle_within);
      co_await http::async_read(*connection, buffer, parser, token);
      if (error) break;
      std::optional<Answer> answer = refusal_of(parser.get(), hosts);
      // A long timeline is read between the answers to others.
      while (!answer && !stopped && site.prepare(target_of(parser.get())))
        co_await yield_turn();
      if (stopped) break;
      if (!answer) answer = site.answer(target_of(parser.get()));
      Response response = response_to(std::move(*answer), parser.get());
      more = response.keep_alive();
      connection->expires_after(written_within);
      co_await http::async_write(*connection, response, token);
      if (error) break;
    }
    connection->close();
    open.erase(connection);
  }

  const Executor executor;
  Site& site;
  tcp::acceptor acceptor;
  std::set<std::string> hosts;
  std::set<std::shared_ptr<Connection>> open;
  Group talks;
  bool stopped = false;
};

Server::Server(const Executor& executor, Site& site) : state_(std::make_unique<State>(executor, site)) {
  try {
    const tcp::endpoint anywhere(asio::ip::address_v4::loopback(), 0);
    state_->acceptor.open(anywhere.protocol());
    state_->acceptor.bind(anywhere);
    state_->acceptor.listen();
  } catch (const boost::system::system_error& error) {
    throw WorldError("no-port", std::string("cannot listen on 127.0.0.1: ") + error.code().message());
  }
  const std::string at = ":" + std::to_string(port());
  state_->hosts = {"127.0.0.1" + at, "localhost" + at};
}

Server::~Server() = default;

std::uint16_t Server::port() const { return state_->acceptor.local_endpoint().port(); }

Task<> Server::run() {
  boost::system::error_code error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  while (!state_->stopped) {
    tcp::socket socket = co_await state_->acceptor.async_accept(token);
    if (state_->stopped) break;
    if (error) {  // too many open files: it passes
      constexpr std::chrono::milliseconds breath{100};
      co_await sleep_for(breath);
      continue;
    }
    if (state_->open.size() >= most_connections) continue;  // closes it
    auto connection = std::make_shared<Connection>(std::move(socket));
    state_->open.insert(connection);
    state_->talks.spawn(state_->talk(connection));
  }
  co_await state_->talks.join();
}

void Server::stop() {
  state_->stopped = true;
  boost::system::error_code ignored;
  state_->acceptor.close(ignored);
  for (const auto& connection : state_->open)
    connection->close();
}

}  // namespace interoper
