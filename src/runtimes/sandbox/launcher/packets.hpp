// Packets with descriptors over a socket, the blocking side (runtimes/sandbox/wire.hpp is the other).
#pragma once

#include <string>
#include <vector>

#include "runtimes/sandbox/launcher/fault.hpp"

namespace interoper::sandbox {

struct Packet {
  std::string bytes;             // empty = the other end is gone
  std::vector<int> descriptors;  // ours now, closed on exec
};

Packet receive(int socket);
// A peer that is gone is no error here: the next receive tells.
void send(int socket, const std::string& bytes, const std::vector<int>& descriptors = {});
void send_fault(int socket, const Fault& fault);

// Closes every descriptor but the standard streams and these.
void keep_only(std::vector<int> descriptors);

}  // namespace interoper::sandbox
