// The port to whatever starts processes. The engine knows runtimes only through this file; a runtime knows nothing of tests,
// verdicts or events. Trouble of the world is thrown as WorldError; what a process does is never an exception.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/task.hpp"
#include "model/spec.hpp"

namespace interoper {

enum class Stream { out, err };

// A piece of a process's output. `bytes` empty = both streams have ended and all that was written has been handed over.
struct Chunk {
  Stream stream = Stream::out;
  std::string_view bytes;  // valid until the next read
};

struct Exit {
  int code = 0;  // 128 + n for a signal n
  std::optional<int> signal;
  bool oom = false;  // killed because it used more memory than its limit
};

// One role of an attempt, as a runtime needs it.
struct Player {
  std::string role;
  std::string implementation;
  std::string image;                 // reference; empty for a `path` implementation
  bool pull = false;                 // fetch the image when it is absent (a ready image, not one we build)
  std::string path;                  // directory of a `path` implementation
  std::vector<std::string> command;  // empty = the image's own
  std::vector<std::pair<std::string, std::string>> env;
  std::string user;
  Limits limits;
  // Directories of this machine -> where the process sees them. Writable ones have room for whatever it writes; what it leaves there may
  // belong to another user, and it is the runtime's part, where it can, that we may read and remove it when the process has ended.
  struct Bind {
    std::filesystem::path directory;
    std::string target;
    bool read_only = true;
  };
  std::vector<Bind> binds;
  std::vector<std::string> aliases;  // names by which the others find it, beside its role
  bool has_stdin = true;             // false: its stdin is at its end from the beginning, and Process::write is false
};

// What an attempt needs around its processes.
struct LabOrder {
  std::string cell;  // cell id, for labels
  int attempt = 1;
  bool outside = false;                              // roles may reach what lies outside the attempt
  bool host_network = false;                         // --network host
  bool strict = false;                               // --isolation strict: nothing may be shared with another attempt
  bool shared = true;                                // there is a /shared
  std::optional<std::filesystem::path> keep_shared;  // --keep: leave the content of /shared in this directory
  std::vector<Player> players;
};

// A started process. Destroying it does not end it: Lab::close does.
class Process {
 public:
  virtual ~Process() = default;

  // The next piece of output; an empty one at the end of both streams. What is not read slows the process down (back-pressure).
  virtual Task<Chunk> read() = 0;

  // Writes to its stdin. False when nobody can read it any more; never throws for that. A write that waits for a process that does
  // not read returns false when that process has ended, or its Lab is closed.
  virtual Task<bool> write(std::string_view bytes) = 0;

  // Sends a signal; a process that is gone already is no error.
  virtual Task<> signal(int number) = 0;

  // Waits until a UDP socket is bound to `port`, at any address, in the network that the process is in. False when the process has ended,
  // or its Lab is closed, before that. WorldError("cannot-look") where the runtime has no way to see sockets.
  virtual Task<bool> bound_udp(int port) = 0;

  // Returns when the process itself has ended (what it left running is killed by then). Somebody must read meanwhile: an engine tells
  // the end only after it has handed over the output.
  virtual Task<Exit> exit() = 0;

  // ID of the image that runs; empty where there is none.
  virtual std::string image_id() const = 0;
};

// The place of one attempt: its network, its /shared, its processes.
class Lab {
 public:
  virtual ~Lab() = default;

  // Starts the process that plays `role` (one of the order's players), at most once for each.
  virtual Task<std::unique_ptr<Process>> start(std::string_view role) = 0;

  // Ends and removes all that open and start made, also after a failure of either. Must be awaited before the Lab is destroyed.
  // What cannot be removed now is left to Runtime::end and to `clean`. Never throws.
  virtual Task<> close() = 0;
};

struct ImageFacts {  // for reports
  std::string id, digest, source, revision, platform;
};

class Runtime {
 public:
  virtual ~Runtime() = default;

  virtual std::string_view name() const = 0;

  // Before the first attempt: looks whether the runtime can be used at all; WorldError when not.
  virtual Task<> begin(std::string run) = 0;

  // Makes the place for one attempt. Nothing of the order's processes runs yet, but everything that can be made ahead has been:
  // a missing image or command shows here or at start.
  virtual Task<std::unique_ptr<Lab>> open(LabOrder order) = 0;

  // After the last attempt: everything that carries this run's name is gone when it returns. Never throws.
  virtual Task<> end() = 0;

  // The user is in a hurry (second interrupt): whatever waits for the outside gives up now with WorldError("interrupted", …).
  // `end` may still be called, and then works with short deadlines.
  virtual void hurry() = 0;

  // What is known of an image, nothing when it is absent or the runtime has none.
  virtual Task<std::optional<ImageFacts>> image_facts(std::string reference) = 0;

  // For reports: {"engine": "…", "engine_version": "…", …}
  virtual std::map<std::string, std::string> facts() const = 0;
};

}  // namespace interoper
