// Where the container engine listens.
#pragma once

#include <string>
#include <vector>

#include "base/http.hpp"

namespace interoper::docker {

struct Host {
  HttpAddress address;
  std::string found_by;  // "--host"-like wish, "DOCKER_HOST", or "it is there"
};

// `wish`, else $DOCKER_HOST, else the first socket that exists of `usual_sockets()`, else the first of them.
// WorldError("engine-unreachable") when what is asked for cannot be spoken to.
Host find_host(const std::string& wish);

// /var/run/docker.sock, the rootless ones under $XDG_RUNTIME_DIR, Podman's.
std::vector<std::string> usual_sockets();

// Whether this machine seems to have an engine at all: $DOCKER_HOST names one, or one of the usual sockets is there.
bool is_engine_expected();

}  // namespace interoper::docker
