#include "runtimes/docker/engine.hpp"

#include <algorithm>
#include <ctime>
#include <nlohmann/json.hpp>

#include "runtimes/docker/agent_words.hpp"
#include "runtimes/docker/engine_json.hpp"

namespace interoper::docker {

namespace {

// A first start of an image on a slow disk, behind other starts, has been seen to take half a minute.
constexpr std::chrono::seconds start_within{120};
// Removing a running container waits for the kernel to end its processes.
constexpr std::chrono::seconds remove_within{90};
// Asked before anything else runs: an engine that is slower than this is of no use.
constexpr std::chrono::seconds connect_within{15};
bool is_ok(const HttpResponse& response) { return response.status >= 200 && response.status < 300; }

// "Fri, 20 Nov 2026 22:19:35 GMT" (RFC 9110), 0 when it is none.
std::int64_t parse_http_date(std::string_view text) {
  std::tm parts{};
  const std::string copy(text);
  if (strptime(copy.c_str(), "%a, %d %b %Y %H:%M:%S", &parts) == nullptr) return 0;
  return timegm(&parts);
}

}  // namespace

EngineError::EngineError(const std::string& doing, int status, std::string message)
    : WorldError("engine-refused", "the container engine refuses to " + doing + ": " + message),
      status_(status),
      message_(std::move(message)) {}

Json parse_answer(const std::string& text) {
  Json value = Json::parse(text, nullptr, false);
  if (value.is_discarded())
    throw WorldError("engine-unreachable", "the container engine answers something that is no JSON; see that DOCKER_HOST names an engine");
  return value;
}

std::string message_of(const std::string& body) {
  const Json value = Json::parse(body, nullptr, false);
  if (value.is_object()) {
    std::string message = text_at(value, "message");
    if (message.empty()) message = text_at(value, "cause");
    if (!message.empty()) return message;
  }
  return body.substr(0, 300);
}

std::string text_at(const Json& object, const char* key) {
  if (!object.is_object()) return {};
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Labels labels_at(const Json& object, const char* key) {
  Labels labels;
  if (!object.is_object()) return labels;
  const auto found = object.find(key);
  if (found == object.end() || !found->is_object()) return labels;
  for (const auto& [name, value] : found->items()) {
    if (value.is_string()) labels[name] = value.get<std::string>();
  }
  return labels;
}

std::vector<std::string> words_at(const Json& object, const char* key) {
  std::vector<std::string> words;
  const auto found = object.is_object() ? object.find(key) : object.end();
  if (!object.is_object() || found == object.end() || !found->is_array()) return words;
  for (const Json& word : *found) {
    if (word.is_string()) words.push_back(word.get<std::string>());
  }
  return words;
}

std::int64_t number_at(const Json& object, const char* key) {
  if (!object.is_object()) return 0;
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<std::int64_t>() : 0;
}

bool flag_at(const Json& object, const char* key) {
  if (!object.is_object()) return false;
  const auto found = object.find(key);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}

std::string label_filter(std::string_view key, std::string_view value) {
  std::string text(key);
  if (!value.empty()) text.append("=").append(value);
  return Json{{"label", {text}}}.dump();
}

std::string label_filter(const Labels& labels) {
  Json all = Json::array();
  for (const auto& [key, value] : labels)
    all.push_back(std::string(key).append("=").append(value));
  return Json{{"label", std::move(all)}}.dump();
}

Engine::Engine(const Executor& executor, const HttpAddress& address)
    : http_(executor, address,
            HttpWords{"the container engine", "engine-unreachable",
                      "start it, or set DOCKER_HOST to one that runs (`interoper doctor` says what it finds)"}) {}

std::string Engine::versioned(const std::string& path) const { return prefix_ + path; }

Task<HttpResponse> Engine::call(std::string doing, std::string method, std::string path, std::string body, Clock::duration within) {
  HttpRequest request;
  request.method = std::move(method);
  request.target = versioned(path);
  request.body = std::move(body);
  request.within = within;
  HttpResponse response = co_await http_.send(std::move(request));
  if (!is_ok(response) && response.status != 304) throw EngineError(doing, response.status, message_of(response.body));
  co_return std::move(response);
}

namespace {

void take_version(const Json& version, EngineFacts& facts) {
  facts.version = text_at(version, "Version");
  facts.kernel = text_at(version, "KernelVersion");
  const auto components = version.find("Components");
  if (components == version.end() || !components->is_array()) return;
  for (const Json& component : *components) {
    const std::string name = text_at(component, "Name");
    if (name.find("Podman") != std::string::npos) facts.engine = "podman";
    if (name == "docker-init") facts.init_version = text_at(component, "Version");
  }
}

void take_info(const Json& info, EngineFacts& facts) {
  facts.cpus = std::max<int>(1, static_cast<int>(number_at(info, "NCPU")));
  facts.memory_bytes = number_at(info, "MemTotal");
  facts.storage_driver = text_at(info, "Driver");
  facts.cgroup_version = text_at(info, "CgroupVersion");
  facts.runtime = text_at(info, "DefaultRuntime");
  facts.operating_system = text_at(info, "OperatingSystem");
  const auto warnings = info.find("Warnings");
  if (warnings == info.end() || !warnings->is_array()) return;
  for (const Json& warning : *warnings) {
    if (warning.is_string()) facts.warnings.push_back(warning.get<std::string>());
  }
}

}  // namespace

Task<> Engine::connect() {
  prefix_.clear();
  facts_ = EngineFacts();
  const HttpResponse ping = co_await call("answer a ping", "GET", "/_ping", {}, connect_within);
  facts_.api = ping.header("api-version");
  if (facts_.api.empty()) {
    throw WorldError("engine-unreachable", "what answers at " + address().text() +
                                               " is no container engine (its answer to /_ping names no API version); " +
                                               "set DOCKER_HOST to one");
  }
  prefix_ = "/v" + facts_.api;
  clock_seconds_ = parse_http_date(ping.header("date"));
  const HttpResponse version = co_await call("say its version", "GET", "/version", {}, connect_within);
  take_version(parse_answer(version.body), facts_);
  const HttpResponse info = co_await call("describe itself", "GET", "/info", {}, connect_within);
  take_info(parse_answer(info.body), facts_);
}

namespace {

Json host_config_of(const ContainerOrder& order) {
  Json mounts = Json::array();
  if (!order.shared_volume.empty())
    mounts.push_back({{"Type", "volume"}, {"Source", order.shared_volume}, {"Target", shared_path}, {"VolumeOptions", {{"NoCopy", true}}}});
  if (!order.shared_directory.empty()) mounts.push_back({{"Type", "bind"}, {"Source", order.shared_directory}, {"Target", shared_path}});
  for (const HostBind& bind : order.binds)
    mounts.push_back({{"Type", "bind"}, {"Source", bind.source}, {"Target", bind.target}, {"ReadOnly", bind.read_only}});
  if (!order.agent_directory.empty())
    mounts.push_back({{"Type", "bind"}, {"Source", order.agent_directory}, {"Target", agent::directory}, {"ReadOnly", true}});
  Json host = {{"Init", order.agent_directory.empty()},
               {"LogConfig", {{"Type", "none"}, {"Config", Json::object()}}},
               {"SecurityOpt", {"no-new-privileges"}},
               {"NetworkMode", order.network_mode},
               {"Memory", order.memory_bytes},
               {"MemorySwap", order.memory_bytes},
               {"PidsLimit", order.pids},
               {"Mounts", std::move(mounts)}};
  if (order.cpus) host["NanoCpus"] = static_cast<std::int64_t>(*order.cpus * 1e9);
  if (!order.extra_hosts.empty()) host["ExtraHosts"] = order.extra_hosts;
  if (!order.sysctls.empty()) host["Sysctls"] = order.sysctls;
  return host;
}

Json body_of(const ContainerOrder& order) {
  Json env = Json::array();
  for (const auto& [name, value] : order.env)
    env.push_back(std::string(name).append("=").append(value));
  Json body = {{"Image", order.image_id},
               {"Env", std::move(env)},
               {"Labels", order.labels},
               {"AttachStdin", order.has_stdin},
               {"AttachStdout", true},
               {"AttachStderr", true},
               {"OpenStdin", order.has_stdin},
               {"StdinOnce", false},
               {"Tty", false},
               {"HostConfig", host_config_of(order)}};
  if (!order.entrypoint.empty()) body["Entrypoint"] = order.entrypoint;
  if (!order.command.empty()) body["Cmd"] = order.command;
  if (!order.user.empty()) body["User"] = order.user;
  if (!order.hostname.empty()) body["Hostname"] = order.hostname;
  if (!order.aliases.empty()) body["NetworkingConfig"] = {{"EndpointsConfig", {{order.network_mode, {{"Aliases", order.aliases}}}}}};
  return body;
}

// Bytes that are no UTF-8 (they can come from a test's header) are replaced, not thrown at.
std::string dump(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace

Task<std::string> Engine::create_container(ContainerOrder order) {
  const std::string doing = "create the container " + order.name;
  const std::string path = "/containers/create?name=" + url_escape(order.name);
  const std::string body = dump(body_of(order));
  const HttpResponse response = co_await call(doing, "POST", path, body);
  co_return text_at(parse_answer(response.body), "Id");
}

Task<std::unique_ptr<ByteStream>> Engine::attach(std::string id) {
  HttpRequest request;
  request.method = "POST";
  request.target = versioned("/containers/" + id + "/attach?stream=1&stdin=1&stdout=1&stderr=1");
  auto upgraded = co_await http_.upgrade(std::move(request));
  if (!upgraded.stream) throw EngineError("attach to a container", upgraded.response.status, message_of(upgraded.response.body));
  co_return std::move(upgraded.stream);
}

Task<> Engine::start(std::string id) {
  const std::string path = "/containers/" + id + "/start";
  co_await call("start a container", "POST", path, {}, start_within);
}

Task<> Engine::kill(std::string id, int signal) {
  const std::string path = "/containers/" + id + "/kill?signal=" + std::to_string(signal);
  try {
    co_await call("send a signal", "POST", path);
  } catch (const EngineError& error) {
    // Podman answers 500 for a container that has ended already.
    const bool has_ended =
        error.message().find("not running") != std::string::npos || error.message().find("improper") != std::string::npos;
    if (error.status() != 404 && error.status() != 409 && !has_ended) throw;
  }
}

Task<> Engine::remove_container(std::string id) {
  const std::string path = "/containers/" + id + "?force=1&v=1";
  try {
    co_await call("remove a container", "DELETE", path, {}, remove_within);
  } catch (const EngineError& error) {
    const bool under_way = error.status() == 409 && error.message().find("already in progress") != std::string::npos;
    if (error.status() != 404 && !under_way) throw;
  }
}

Task<std::optional<ContainerState>> Engine::state(std::string id) {
  const std::string path = "/containers/" + id + "/json";
  std::optional<ContainerState> state;
  try {
    const HttpResponse response = co_await call("inspect a container", "GET", path);
    const Json answer = parse_answer(response.body);
    const Json part = answer.value("State", Json::object());
    state.emplace();
    state->status = text_at(part, "Status");
    state->exit_code = static_cast<int>(number_at(part, "ExitCode"));
    state->oom_killed = flag_at(part, "OOMKilled");
    state->pid = static_cast<long>(number_at(part, "Pid"));
  } catch (const EngineError& error) {
    if (error.status() != 404) throw;
  }
  co_return state;
}

Task<NetworkFiles> Engine::network_files(std::string id) {
  const std::string path = "/containers/" + id + "/json";
  const HttpResponse response = co_await call("inspect a container", "GET", path);
  const Json answer = parse_answer(response.body);
  NetworkFiles files;
  const auto add = [&](const char* key, const char* target) {
    std::string source = text_at(answer, key);
    if (!source.empty()) files.push_back(HostBind{std::move(source), target, true});
  };
  add("HostsPath", "/etc/hosts");
  add("HostnamePath", "/etc/hostname");
  add("ResolvConfPath", "/etc/resolv.conf");
  co_return files;
}

Task<std::vector<Found>> Engine::containers(std::string filter) {
  const std::string path = "/containers/json?all=1&filters=" + url_escape(filter);
  const HttpResponse response = co_await call("list containers", "GET", path);
  std::vector<Found> found;
  for (const Json& one : parse_answer(response.body)) {
    Found container;
    container.id = text_at(one, "Id");
    container.labels = labels_at(one, "Labels");
    container.running = text_at(one, "State") == "running";
    const auto names = one.find("Names");
    if (names != one.end() && names->is_array() && !names->empty() && names->front().is_string())
      container.name = names->front().get<std::string>();
    if (container.name.starts_with('/')) container.name.erase(0, 1);
    found.push_back(std::move(container));
  }
  co_return std::move(found);
}

Task<std::string> Engine::create_network(NetworkOrder order) {
  const std::string doing = "create the network " + order.name;
  const Json body = {{"Name", order.name},     {"Driver", "bridge"},
                     {"CheckDuplicate", true}, {"Internal", order.internal},
                     {"Labels", order.labels}, {"IPAM", {{"Driver", "default"}, {"Config", {{{"Subnet", order.subnet}}}}}}};
  const std::string text = dump(body);
  const HttpResponse response = co_await call(doing, "POST", "/networks/create", text);
  co_return text_at(parse_answer(response.body), "Id");
}

Task<> Engine::remove_network(std::string id) {
  const std::string path = "/networks/" + id;
  try {
    co_await call("remove a network", "DELETE", path, {}, remove_within);
  } catch (const EngineError& error) {
    if (error.status() != 404) throw;
  }
}

Task<std::vector<Found>> Engine::networks(std::string filter) {
  const std::string path = "/networks?filters=" + url_escape(filter);
  const HttpResponse response = co_await call("list networks", "GET", path);
  std::vector<Found> found;
  for (const Json& one : parse_answer(response.body))
    found.push_back(Found{text_at(one, "Id"), text_at(one, "Name"), labels_at(one, "Labels")});
  co_return std::move(found);
}

Task<> Engine::create_memory_volume(std::string name, std::int64_t size_bytes, Labels labels) {
  const std::string doing = "create the volume " + name;
  const Json body = {{"Name", name},
                     {"Driver", "local"},
                     {"DriverOpts", {{"type", "tmpfs"}, {"device", "tmpfs"}, {"o", "size=" + std::to_string(size_bytes) + ",mode=1777"}}},
                     {"Labels", labels}};
  const std::string text = dump(body);
  co_await call(doing, "POST", "/volumes/create", text);
}

Task<> Engine::remove_volume(std::string name) {
  const std::string path = "/volumes/" + url_escape(name);
  try {
    co_await call("remove a volume", "DELETE", path, {}, remove_within);
  } catch (const EngineError& error) {
    if (error.status() != 404) throw;
  }
}

Task<std::vector<Found>> Engine::volumes(std::string filter) {
  const std::string path = "/volumes?filters=" + url_escape(filter);
  const HttpResponse response = co_await call("list volumes", "GET", path);
  std::vector<Found> found;
  const Json answer = parse_answer(response.body);
  const Json list = answer.is_object() ? answer.value("Volumes", Json()) : Json();
  for (const Json& one : list) {
    const std::string name = text_at(one, "Name");
    found.push_back(Found{name, name, labels_at(one, "Labels")});
  }
  co_return std::move(found);
}

Task<std::unique_ptr<HttpBody>> Engine::events(std::string filter, std::string since) {
  Json filters = Json::parse(filter);
  filters["type"] = {"container"};
  filters["event"] = {"die", "died", "oom", "kill"};  // Podman calls it "died"
  HttpRequest request;
  request.target = versioned("/events?since=" + since + "&filters=" + url_escape(filters.dump()));
  auto body = co_await http_.open(std::move(request));
  const int status = body->head().status;
  if (status != 200) throw EngineError("report events", status, "status " + std::to_string(status));
  co_return std::move(body);
}

}  // namespace interoper::docker
