#include "runtimes/docker/host.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

namespace interoper::docker {

namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

}  // namespace

std::vector<std::string> usual_sockets() {
  std::vector<std::string> paths = {"/var/run/docker.sock"};
  const std::string runtime = environment("XDG_RUNTIME_DIR");
  if (!runtime.empty()) {
    paths.push_back(runtime + "/docker.sock");
    paths.push_back(runtime + "/podman/podman.sock");
  }
  paths.emplace_back("/run/podman/podman.sock");
  return paths;
}

bool is_engine_expected() {
  if (!environment("DOCKER_HOST").empty()) return true;
  const auto paths = usual_sockets();
  return std::any_of(paths.begin(), paths.end(), [](const std::string& path) {
    std::error_code ignored;
    return std::filesystem::is_socket(path, ignored);
  });
}

Host find_host(const std::string& wish) {
  if (!wish.empty()) return {http_address(wish), "as asked"};
  const std::string from_environment = environment("DOCKER_HOST");
  if (!from_environment.empty()) return {http_address(from_environment), "DOCKER_HOST"};
  const auto paths = usual_sockets();
  for (const std::string& path : paths) {
    std::error_code ignored;
    if (std::filesystem::is_socket(path, ignored)) return {http_address(path), "it is there"};
  }
  return {http_address(paths.front()), "the usual place"};
}

}  // namespace interoper::docker
