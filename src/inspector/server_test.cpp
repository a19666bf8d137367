#include "inspector/server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "base/http.hpp"
#include "reporters/recorder.hpp"
#include "reporters/sample_test.hpp"

using namespace interoper;

namespace {

// Serves the sample run, asks it once, and ends it.
HttpResponse ask(HttpRequest request, const std::string& host = "") {
  const TestFolder folder;
  Recorder recorder(folder.path(), claim_run_folder(folder.path(), "run"));
  tell_sample(recorder);
  Site site(open_recording(recorder.folder()));
  boost::asio::io_context io(1);
  Server server(io.get_executor(), site);
  HttpResponse response;
  const std::string port = std::to_string(server.port());
  if (!host.empty()) request.headers.emplace_back("Host", host == "own" ? "localhost:" + port : host);
  const auto work = [&]() -> Task<> {
    HttpClient client(io.get_executor(), HttpAddress{"", "127.0.0.1", port}, HttpWords{});
    HttpRequest asked = request;
    response = co_await client.send(std::move(asked));
    server.stop();
  };
  std::exception_ptr failure;
  boost::asio::co_spawn(io, server.run(), boost::asio::detached);
  boost::asio::co_spawn(io, work(), [&](std::exception_ptr ended) {
    failure = ended;
    server.stop();
  });
  io.run();
  if (failure) std::rethrow_exception(failure);
  return response;
}

HttpRequest get(const std::string& target) {
  HttpRequest request;
  request.target = target;
  return request;
}

}  // namespace

TEST_CASE("the server answers with a strict content policy, and keeps nothing in caches") {
  const HttpResponse response = ask(get("/"));
  CHECK(response.status == 200);
  const std::string policy(response.header("content-security-policy"));
  CHECK(policy.find("default-src 'none'") == 0);
  CHECK(policy.find("unsafe") == std::string::npos);
  CHECK(response.header("cache-control") == "no-store");
  CHECK(response.header("x-content-type-options") == "nosniff");
  CHECK(response.header("access-control-allow-origin").empty());
}

TEST_CASE("the server answers only those who know it by its own name") {
  CHECK(ask(get("/report.json"), "own").status == 200);
  for (const char* host : {"evil.example", "localhost", "127.0.0.1", "evil.example:80"})
    CHECK(ask(get("/report.json"), host).status == 403);
}

TEST_CASE("the server only reads") {
  HttpRequest request = get("/report.json");
  request.method = "POST";
  CHECK(ask(request).status == 405);
  CHECK(ask(get("/nothing")).status == 404);
}
