// What the runtime and the agent in a role's container say to each other: records on a unix socket of the kind SOCK_SEQPACKET. Both run
// on one machine, so a record is the struct as it lies in memory.
//
//   agent   → hello      once it is there; with it come three descriptors: the writing end of the role's stdin, the reading ends of its
//                        stdout and its stderr
//   runtime → go         run the role's command now
//   agent   → started    `number` = 0, or the errno of why it cannot be run
//   runtime → signal     `number` for the role
//   runtime → watch      `number` is a port; say when a UDP socket is bound to it
//   agent   → bound      one is: bound to the port `number`, at whatever address, after `go`
//   agent   → ended      the role has ended and all that it left is killed; `number` is its status as waitpid(2) gives it
//
// When the runtime goes away, so does the agent, and with it everything in its container.
#pragma once

#include <cstddef>
#include <cstdint>

namespace interoper::docker::agent {

// Where a container finds the agent and the socket: a read-only mount of a directory that only this role has.
constexpr const char* directory = "/.interoper";
constexpr const char* program_path = "/.interoper/agent";
constexpr const char* door_path = "/.interoper/door";

// Its arguments: directories of this machine that the role may write to (absolute paths), this, the role's command.
constexpr const char* end_of_directories = "--";

enum class Word : std::uint32_t { hello = 1, go, started, signal, watch, bound, ended };

struct Record {
  Word word = Word::hello;
  std::int32_t number = 0;
  std::uint32_t memory_ran_out = 0;  // of `ended`: how often the kernel killed something here because of memory
};

constexpr std::size_t descriptors_of_hello = 3;

}  // namespace interoper::docker::agent
