// The Docker Engine API, as much of it as we use, with types (docs.docker.com/reference/api/engine; Podman serves it too).
// One call, one function; no policy: what is run when, and what its failure means for an attempt, is decided elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/http.hpp"
#include "base/problem.hpp"
#include "base/task.hpp"

namespace interoper::docker {

using Labels = std::map<std::string, std::string>;

// The engine answered, and refused. `what()` is a sentence around its own words, which are in `message`.
class EngineError : public WorldError {
 public:
  EngineError(const std::string& doing, int status, std::string message);
  int status() const { return status_; }
  const std::string& message() const { return message_; }

 private:
  int status_;
  std::string message_;
};

struct EngineFacts {
  std::string engine = "docker";  // or "podman"
  std::string version;            // "20.10.24"
  std::string api;                // "1.41"
  std::string init_version;       // of the init that it puts in front of processes; empty = it names none
  std::string runtime;            // "runc"
  std::string storage_driver;     // "overlay2"
  std::string cgroup_version;     // "1", "2"
  std::string kernel;
  std::string operating_system;
  int cpus = 1;
  std::int64_t memory_bytes = 0;
  std::vector<std::string> warnings;
};

// The contract's directory for all roles of an attempt.
constexpr const char* shared_path = "/shared";

// A file or directory of the engine's host, and where a container sees it.
struct HostBind {
  std::string source, target;
  bool read_only = true;
};

// POST /containers/create
struct ContainerOrder {
  std::string name;
  std::string image_id;
  std::vector<std::string> entrypoint;  // empty = the image's own
  std::vector<std::string> command;     // Cmd, behind the entrypoint; empty = the image's own, when the entrypoint is too
  std::string agent_directory;          // of the engine's host, mounted read-only for the agent; empty = the engine's init is in front
  std::vector<std::pair<std::string, std::string>> env;
  std::string user;
  bool has_stdin = true;
  std::string hostname;  // empty = the engine's choice
  Labels labels;
  std::string network_mode;          // "host", "none", "container:<id>", or a network's name
  std::vector<std::string> aliases;  // names on that network
  std::vector<std::string> extra_hosts;
  std::string shared_volume;     // mounted at /shared; either this
  std::string shared_directory;  // or this directory of the engine's host, or neither
  std::vector<HostBind> binds;
  std::int64_t memory_bytes = 0;
  std::optional<double> cpus;
  int pids = 0;
  std::map<std::string, std::string> sysctls;  // of the network's namespace
};

// POST /networks/create with driver bridge
struct NetworkOrder {
  std::string name;
  std::string subnet;  // "10.231.0.0/28"
  bool internal = true;
  Labels labels;
};

// GET /containers/{id}/json, State
struct ContainerState {
  std::string status;  // "created", "running", "exited", …
  int exit_code = 0;
  bool oom_killed = false;
  long pid = 0;  // of its first process, as the engine's host numbers it; 0 = it does not run
};

// GET /containers/{id}/json: the files with which the engine gives a container its names. Empty where the engine names none.
using NetworkFiles = std::vector<HostBind>;

// An object that carries our labels.
struct Found {
  std::string id;  // a volume's is its name
  std::string name;
  Labels labels;
  bool running = false;  // containers only
};

// GET /images/{name}/json
struct ImageFound {
  std::string id;
  std::vector<std::string> repo_digests;  // "name@sha256:…"
  Labels labels;
  std::string os, architecture, variant;
  std::vector<std::string> entrypoint, command;  // what it runs when nobody says anything
};

using Progress = std::function<void(std::string_view line)>;

// POST /build
struct BuildOrder {
  std::string tag;
  std::string dockerfile;  // path inside the context
  Labels labels;
};
struct BuildOutcome {
  bool ok = false;
  std::string image_id;
  std::string error;                    // the engine's words
  std::string last_step;                // "Step 1/4 : FROM debian:bookworm-slim"
  std::vector<std::string> last_lines;  // of its output, oldest first
};

// A label filter: `key` alone, or `key=value`.
std::string label_filter(std::string_view key, std::string_view value = {});
// What has all of these.
std::string label_filter(const Labels& labels);

class Engine {
 public:
  Engine(const Executor& executor, const HttpAddress& address);

  // GET /_ping, /version, /info. Takes over the API version that the engine offers. WorldError("engine-unreachable") when it cannot.
  Task<> connect();
  const EngineFacts& facts() const { return facts_; }
  const HttpAddress& address() const { return http_.address(); }
  // The engine's own clock, seconds since 1970, when it was last asked: event streams are asked for from then on.
  std::int64_t clock_seconds() const { return clock_seconds_; }

  Task<std::string> create_container(ContainerOrder order);  // its ID
  // The raw stream of stdin, stdout and stderr; output comes in frames (frames.hpp).
  Task<std::unique_ptr<ByteStream>> attach(std::string id);
  Task<> start(std::string id);
  Task<> kill(std::string id, int signal);  // one that is gone, or does not run, is no error
  Task<> remove_container(std::string id);  // also a running one, with its anonymous volumes; one that is gone is no error
  Task<std::optional<ContainerState>> state(std::string id);  // nothing when it is gone
  Task<NetworkFiles> network_files(std::string id);
  Task<std::vector<Found>> containers(std::string filter);

  Task<std::string> create_network(NetworkOrder order);
  Task<> remove_network(std::string id);
  Task<std::vector<Found>> networks(std::string filter);

  Task<> create_memory_volume(std::string name, std::int64_t size_bytes, Labels labels);  // a tmpfs that everyone may write to
  Task<> remove_volume(std::string name);
  Task<std::vector<Found>> volumes(std::string filter);

  // GET /events: exits, memory kills and signals of the containers with this label, from `since` (seconds, fraction after a dot) on.
  Task<std::unique_ptr<HttpBody>> events(std::string filter, std::string since);

  Task<std::optional<ImageFound>> image(std::string reference);
  Task<> tag_image(std::string id, std::string repository, std::string tag);
  Task<> untag_image(std::string reference);  // removes the image too when that was its last name
  Task<> pull_image(std::string reference, Progress progress);
  Task<BuildOutcome> build(BuildOrder order, HttpUpload& context, Progress progress);
  // Makes an image of one layer out of a tar of a file system (POST /images/create?fromSrc=-).
  Task<std::string> import_image(std::string reference, std::string tar);

  // Everything that waits for the engine fails now with this error.
  void close_all(const WorldError& why) { http_.close_all(why); }

 private:
  Task<HttpResponse> call(std::string doing, std::string method, std::string path, std::string body = {},
                          Clock::duration within = http_answer_within);
  std::string versioned(const std::string& path) const;

  HttpClient http_;
  EngineFacts facts_;
  std::string prefix_;  // "/v1.41"
  std::int64_t clock_seconds_ = 0;
};

// "name:tag@digest" -> {"name", "tag" or digest}; the tag is "latest" when none is given.
std::pair<std::string, std::string> split_reference(std::string_view reference);

}  // namespace interoper::docker
