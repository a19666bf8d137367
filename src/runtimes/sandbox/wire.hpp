// One end of a packet socket to the launcher, a slot, a place or an init (parcel.hpp says what is said), on the event loop.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/descriptor.hpp"
#include "base/problem.hpp"
#include "base/task.hpp"
#include "runtimes/sandbox/parcel.hpp"

namespace interoper::sandbox {

struct Packet {
  std::string bytes;  // empty: the other end is gone, or nothing came in time
  std::vector<Descriptor> descriptors;
};

class Wire {
 public:
  Wire(const Executor& executor, Descriptor socket);
  Wire(Wire&&) noexcept;
  Wire& operator=(Wire&&) noexcept;
  ~Wire();

  // Copies of `descriptors` go with it. False when the other end is gone. WorldError("too-large") for more than packet_limit_bytes.
  Task<bool> send(std::string bytes, std::vector<int> descriptors = {});
  // One receive at a time.
  Task<Packet> receive(Clock::time_point deadline = Clock::time_point::max());
  void close();

 private:
  struct Inside;  // Asio's
  std::unique_ptr<Inside> inside_;
};

// Two ends of one packet socket, closed on exec.
struct WirePair {
  Descriptor here, there;
};
WirePair make_wire_pair();

// WorldError("sandbox-failed") when this process may have no more descriptors, as for make_wire_pair.
struct Pipe {
  Descriptor read, write;  // closed on exec
};
Pipe make_pipe();
// That error, for another thing that could not be made (errno says why).
WorldError no_descriptors(const std::string& what);

// Why the other side could not, from the packet behind Word::fault.
struct RemoteFault {
  std::string step;
  int error = 0;
};
RemoteFault unpack_fault(Unpacker& packet);

}  // namespace interoper::sandbox
