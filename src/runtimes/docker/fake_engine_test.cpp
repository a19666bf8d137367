#include "runtimes/docker/fake_engine.hpp"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/problem.hpp"
#include "fakes/loop.hpp"

namespace interoper::docker {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using Json = nlohmann::json;
using Socket = asio::local::stream_protocol::socket;
using SocketPtr = std::shared_ptr<Socket>;

namespace {

struct Thing {
  std::string kind, id, name;
  Json labels = Json::object();
  bool is_running = false;
  bool is_over = false;
  int code = 0;
  bool oom = false;
  SocketPtr attached;
  std::string input;
};

std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string parameter(const std::string& query, const std::string& name) {
  std::size_t at = 0;
  while (at < query.size()) {
    const std::size_t end = std::min(query.find('&', at), query.size());
    const std::string part = query.substr(at, end - at);
    if (part.starts_with(name + "=")) return unescape(part.substr(name.size() + 1));
    at = end + 1;
  }
  return {};
}

// Small pieces into a socket that somebody reads: it does not block.
void put_bytes(const SocketPtr& socket, std::string_view bytes) {
  if (!socket || !socket->is_open()) return;
  error_code ignored;
  asio::write(*socket, asio::buffer(bytes.data(), bytes.size()), ignored);
}

// Each label is `key` or `key=value`.
bool has_labels(const Thing& thing, const Json& labels) {
  return std::all_of(labels.begin(), labels.end(), [&](const std::string& label) {
    const std::size_t equals = label.find('=');
    const std::string key = label.substr(0, equals);
    if (!thing.labels.contains(key)) return false;
    return equals == std::string::npos || thing.labels.at(key) == label.substr(equals + 1);
  });
}

FakeAnswer refusal(int status, const std::string& message) { return {status, Json{{"message", message}}.dump()}; }

}  // namespace

struct FakeEngine::State : std::enable_shared_from_this<FakeEngine::State> {
  State(const Executor& executor, FakeEngine& owner_) : acceptor(executor), owner(&owner_) {}

  void listen() {
    std::filesystem::remove(path);
    const asio::local::stream_protocol::endpoint endpoint(path);
    acceptor.open();
    acceptor.bind(endpoint);
    acceptor.listen();
    asio::co_spawn(acceptor.get_executor(), serve(shared_from_this()), asio::detached);
  }
  void stop() {
    error_code ignored;
    acceptor.close(ignored);
    std::filesystem::remove(path);
    for (const auto& one : sockets) {
      if (const auto socket = one.lock()) socket->close(ignored);
    }
    sockets.clear();
    listeners.clear();
  }

  static Task<> serve(std::shared_ptr<State> self) {
    while (self->acceptor.is_open()) {
      error_code error;
      auto token = asio::redirect_error(asio::use_awaitable, error);
      auto socket = std::make_shared<Socket>(self->acceptor.get_executor());
      co_await self->acceptor.async_accept(*socket, token);
      if (error) co_return;
      self->sockets.push_back(socket);
      asio::co_spawn(self->acceptor.get_executor(), converse(self, socket), asio::detached);
    }
  }

  static Task<> converse(std::shared_ptr<State> self, SocketPtr socket) {
    beast::flat_buffer buffer;
    while (true) {
      http::request<http::string_body> message;
      error_code error;
      auto token = asio::redirect_error(asio::use_awaitable, error);
      co_await http::async_read(*socket, buffer, message, token);
      if (error || self->owner == nullptr) co_return;
      const FakeRequest request = self->note(message);
      if (request.path.ends_with("/attach")) {
        co_await self->attach(request, socket);
        co_return;
      }
      if (request.path == "/events") {
        self->listeners.push_back(socket);
        put_bytes(socket, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        co_return;
      }
      std::optional<FakeAnswer> answer;
      if (self->owner->answer) answer = self->owner->answer(request);
      if (!answer) answer = self->own_answer(request);
      if (answer->is_silence) {
        self->silenced.push_back(socket);
        co_return;
      }
      http::response<http::string_body> response;
      response.version(11);
      response.result(static_cast<unsigned>(answer->status));
      response.set("Api-Version", "1.41");
      response.set("Date", "Fri, 20 Nov 2026 22:19:35 GMT");
      response.body() = answer->status == 204 ? std::string() : answer->body;
      response.prepare_payload();
      co_await http::async_write(*socket, response, token);
      if (error) co_return;
    }
  }

  FakeRequest note(const http::request<http::string_body>& message) {
    FakeRequest request;
    request.method = std::string(message.method_string());
    std::string target(message.target());
    if (target.starts_with("/v1.")) target.erase(0, target.find('/', 1));
    const std::size_t mark = target.find('?');
    request.path = unescape(target.substr(0, mark));
    if (mark != std::string::npos) request.query = target.substr(mark + 1);
    request.body = message.body();
    requests.push_back(request);
    return request;
  }

  Thing* find(std::string_view id) {
    const auto found = std::find_if(things.begin(), things.end(), [&](const auto& one) { return one->id == id || one->name == id; });
    return found == things.end() ? nullptr : found->get();
  }

  Task<> attach(FakeRequest request, SocketPtr socket) {
    Thing* thing = find(request.path.substr(12, request.path.size() - 12 - 7));
    if (thing == nullptr) co_return;
    put_bytes(socket, "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n");
    thing->attached = socket;
    const std::string id = thing->id;
    char piece[4096];
    while (true) {
      error_code error;
      auto token = asio::redirect_error(asio::use_awaitable, error);
      const auto space = asio::buffer(piece);
      const std::size_t got = co_await socket->async_read_some(space, token);
      if (error) co_return;
      thing = find(id);
      if (thing != nullptr) thing->input.append(piece, got);
    }
  }

  FakeAnswer make(const std::string& kind, const std::string& name, const Json& body) {
    const bool is_taken =
        std::any_of(things.begin(), things.end(), [&](const auto& one) { return one->kind == kind && one->name == name; });
    if (is_taken) return refusal(409, "Conflict. The name \"" + name + "\" is already in use");
    auto thing = std::make_unique<Thing>();
    thing->kind = kind;
    thing->name = name;
    thing->id = kind == "volume" ? name : kind + std::to_string(++made);
    thing->labels = body.value("Labels", Json::object());
    const FakeAnswer created{201, Json{{"Id", thing->id}, {"Name", name}}.dump()};
    things.push_back(std::move(thing));
    return created;
  }

  Json list(const std::string& kind, const std::string& query) {
    const Json filters = Json::parse(parameter(query, "filters"));
    Json out = Json::array();
    for (const auto& one : things) {
      if (one->kind != kind || !has_labels(*one, filters.at("label"))) continue;
      Json entry = {{"Id", one->id}, {"Name", one->name}, {"Labels", one->labels}};
      if (kind == "container") entry["Names"] = {"/" + one->name};
      out.push_back(std::move(entry));
    }
    return kind == "volume" ? Json{{"Volumes", out}} : out;
  }

  FakeAnswer remove(const std::string& id) {
    Thing* thing = find(id);
    if (thing == nullptr) return refusal(404, "No such thing: " + id);
    if (thing->is_running) end(*thing, 137, true);
    std::erase_if(things, [&](const auto& one) { return one.get() == thing; });
    return {204, ""};
  }

  FakeAnswer own_answer(const FakeRequest& request) {
    if (request.path == "/_ping") return {200, "OK"};
    if (request.path == "/version") {
      Json components = Json::array({{{"Name", "Engine"}, {"Version", "20.10.24"}}});
      if (owner->has_init) components.push_back({{"Name", "docker-init"}, {"Version", "0.19.0"}});
      return {200, Json{{"Version", "20.10.24"}, {"KernelVersion", "6.1"}, {"Components", components}}.dump()};
    }
    if (request.path == "/info")
      return {
          200,
          R"({"NCPU":2,"MemTotal":8589934592,"Driver":"overlay2","CgroupVersion":"2","DefaultRuntime":"runc","OperatingSystem":"Debian 12"})"};
    if (request.path.starts_with("/images/") && request.method == "GET") {
      const auto found = owner->images.find(request.path.substr(8, request.path.size() - 8 - 5));
      return found == owner->images.end() ? refusal(404, "No such image") : FakeAnswer{200, found->second};
    }
    if (request.path == "/containers/json") return {200, list("container", request.query).dump()};
    if (request.path == "/networks" && request.method == "GET") return {200, list("network", request.query).dump()};
    if (request.path == "/volumes" && request.method == "GET") return {200, list("volume", request.query).dump()};
    if (request.path == "/networks/create" || request.path == "/volumes/create") {
      const Json body = Json::parse(request.body);
      return make(request.path == "/networks/create" ? "network" : "volume", body.at("Name"), body);
    }
    if (request.path == "/containers/create") return make("container", parameter(request.query, "name"), Json::parse(request.body));
    return about_one(request);
  }

  FakeAnswer about_one(const FakeRequest& request) {
    const std::size_t first = request.path.find('/', 1);
    const std::size_t second = request.path.find('/', first + 1);
    const std::string id = request.path.substr(first + 1, second == std::string::npos ? std::string::npos : second - first - 1);
    if (request.method == "DELETE") return remove(id);
    Thing* thing = find(id);
    if (thing == nullptr) return refusal(404, "No such container: " + id);
    if (request.path.ends_with("/start")) {
      thing->is_running = true;
      const std::string name = thing->name;
      if (owner->started)
        asio::post(acceptor.get_executor(), [self = shared_from_this(), name] {
          if (self->owner != nullptr) self->owner->started(name);
        });
      return {204, ""};
    }
    if (request.path.ends_with("/kill")) {
      if (!thing->is_running) return refusal(409, "Container " + id + " is not running");
      tell(*thing, "kill");
      end(*thing, 128 + std::stoi(parameter(request.query, "signal")), true);
      return {204, ""};
    }
    const Json state = {{"Status", thing->is_running ? "running" : "exited"}, {"ExitCode", thing->code}, {"OOMKilled", thing->oom}};
    return {200, Json{{"State", state}}.dump()};
  }

  void tell(const Thing& thing, const char* action) {
    const Json event = {{"Type", "container"},
                        {"Action", action},
                        {"Actor", {{"ID", thing.id}, {"Attributes", {{"exitCode", std::to_string(thing.code)}, {"name", thing.name}}}}},
                        {"timeNano", 1795214647710940552 + ++moments}};
    const std::string line = event.dump() + "\n";
    char size[20];
    std::snprintf(size, sizeof size, "%zx\r\n", line.size());
    for (const SocketPtr& socket : listeners)
      put_bytes(socket, size + line + "\r\n");
  }

  void end(Thing& thing, int code, bool is_told) {
    thing.is_running = false;
    thing.is_over = true;
    thing.code = code;
    if (is_told) tell(thing, "die");
    error_code ignored;
    if (thing.attached) thing.attached->close(ignored);
  }

  asio::local::stream_protocol::acceptor acceptor;
  FakeEngine* owner;
  std::string path;
  std::vector<std::weak_ptr<Socket>> sockets;
  std::vector<SocketPtr> listeners;
  std::vector<SocketPtr> silenced;
  std::vector<std::unique_ptr<Thing>> things;
  std::vector<FakeRequest> requests;
  int made = 0;
  std::int64_t moments = 0;
};

FakeEngine::FakeEngine(const Executor& executor) : state_(std::make_shared<State>(executor, *this)) {
  static int count = 0;
  state_->path = std::filesystem::temp_directory_path() /
                 ("interoper-fake-engine-" + std::to_string(::getpid()) + "-" + std::to_string(++count) + ".sock");
  state_->listen();
}

FakeEngine::~FakeEngine() {
  state_->owner = nullptr;
  state_->stop();
}

std::string FakeEngine::host() const { return "unix://" + state_->path; }

void FakeEngine::write_raw(const std::string& name, std::string_view bytes) {
  if (Thing* thing = state_->find(name)) put_bytes(thing->attached, bytes);
}

void FakeEngine::write_out(const std::string& name, std::string_view bytes, bool is_stderr) {
  const auto size = static_cast<std::uint32_t>(bytes.size());
  std::string frame = {static_cast<char>(is_stderr ? 2 : 1), 0, 0, 0};
  for (const unsigned shift : {24U, 16U, 8U, 0U})
    frame += static_cast<char>(size >> shift & 255U);
  write_raw(name, frame.append(bytes));
}

void FakeEngine::die(const std::string& name, int code, bool with_oom, bool is_told) {
  Thing* thing = state_->find(name);
  if (thing == nullptr) return;
  thing->oom = with_oom;
  if (with_oom && is_told) state_->tell(*thing, "oom");
  state_->end(*thing, code, is_told);
}

void FakeEngine::tell_signal(const std::string& name) {
  if (const Thing* thing = state_->find(name)) state_->tell(*thing, "kill");
}

std::string FakeEngine::input(const std::string& name) const {
  const Thing* thing = state_->find(name);
  return thing == nullptr ? std::string() : thing->input;
}

void FakeEngine::break_events() {
  error_code ignored;
  for (const SocketPtr& socket : state_->listeners)
    socket->close(ignored);
  state_->listeners.clear();
}

void FakeEngine::stop() { state_->stop(); }
void FakeEngine::listen() { state_->listen(); }

const std::vector<FakeRequest>& FakeEngine::requests() const { return state_->requests; }

std::size_t FakeEngine::count(std::string_view method, std::string_view path_prefix) const {
  return static_cast<std::size_t>(std::count_if(state_->requests.begin(), state_->requests.end(), [&](const FakeRequest& request) {
    return request.method == method && request.path.starts_with(path_prefix);
  }));
}

const FakeRequest* FakeEngine::find(std::string_view method, std::string_view path_prefix) const {
  const auto found = std::find_if(state_->requests.rbegin(), state_->requests.rend(), [&](const FakeRequest& request) {
    return request.method == method && request.path.starts_with(path_prefix);
  });
  return found == state_->requests.rend() ? nullptr : &*found;
}

std::vector<std::string> FakeEngine::left() const {
  std::vector<std::string> names;
  for (const auto& one : state_->things)
    names.push_back(one->kind + " " + one->name);
  return names;
}

void FakeEngine::put(const std::string& kind, const std::string& name, const std::map<std::string, std::string>& labels) {
  state_->make(kind, name, Json{{"Labels", labels}});
}

struct Loop::State {
  asio::io_context io;
};

Loop::Loop() : state_(std::make_unique<State>()) {}
Loop::~Loop() = default;

Executor Loop::executor() const { return state_->io.get_executor(); }

void Loop::run(Task<> task) {
  // Longer than any deadline that a test waits for.
  constexpr std::chrono::seconds patience{30};
  fakes::run(state_->io, std::move(task), patience);
}

std::string failure_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const WorldError& error) {
    return error.reason() + ": " + error.what();
  }
  return "nothing was thrown";
}

}  // namespace interoper::docker
