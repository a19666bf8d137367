// Serves a Site to browsers on this machine: HTTP/1.1 on the loopback interface, on a port that the kernel picks. Read-only, and only for
// requests that name this address as their host: a page of somebody else's that a browser resolves to us (DNS rebinding) gets nothing.
#pragma once

#include <cstdint>
#include <memory>

#include "base/task.hpp"
#include "inspector/site.hpp"

namespace interoper {

class Server {
 public:
  // Listens from now on. `site` must outlive the server. WorldError("no-port") when this machine has no loopback interface.
  Server(const Executor& executor, Site& site);
  ~Server();

  std::uint16_t port() const;
  // Answers until stop() is called.
  Task<> run();
  // Closes all connections; run() then ends.
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace interoper
