#include "runtimes/sandbox/wire.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <system_error>

#include "base/descriptor_passing.hpp"

namespace interoper::sandbox {

namespace asio = boost::asio;

namespace {

// Sends it whole or not at all; the error, 0 for none.
int send_now(int socket, const std::string& bytes, const std::vector<int>& descriptors) {
  constexpr int flags = MSG_NOSIGNAL | MSG_DONTWAIT;
  return send_passing(socket, bytes.data(), bytes.size(), descriptors.data(), descriptors.size(), flags) < 0 ? errno : 0;
}

// EAGAIN when there is none yet.
int receive_now(int socket, Packet& packet) {
  static std::array<char, packet_limit_bytes> buffer;  // one thread
  PassedDescriptors passed;
  ssize_t count = receive_passing(socket, buffer.data(), buffer.size(), passed, MSG_DONTWAIT);
  // The other end went before it had read all of ours: told once, and ahead of what it had said before.
  if (count < 0 && errno == ECONNRESET) count = receive_passing(socket, buffer.data(), buffer.size(), passed, MSG_DONTWAIT);
  if (count < 0) return errno;
  packet.bytes.assign(buffer.data(), static_cast<std::size_t>(count));
  packet.descriptors.clear();
  for (const int number : passed)
    packet.descriptors.emplace_back(number);
  return 0;
}

}  // namespace

struct Wire::Inside {
  Inside(const Executor& executor, int descriptor) : socket(executor, descriptor), alarm(executor) {}
  asio::posix::stream_descriptor socket;
  asio::steady_timer alarm;
};

Wire::Wire(const Executor& executor, Descriptor socket) : inside_(std::make_unique<Inside>(executor, socket.release())) {}
Wire::Wire(Wire&&) noexcept = default;
Wire& Wire::operator=(Wire&&) noexcept = default;
Wire::~Wire() = default;

Task<bool> Wire::send(std::string bytes, std::vector<int> descriptors) {
  if (bytes.size() > packet_limit_bytes) {
    throw WorldError("too-large", "a role's command and environment are larger than " + std::to_string(packet_limit_bytes) +
                                      " bytes; shorten them, or hand the data over in a file");
  }
  while (inside_->socket.is_open()) {
    const int error = send_now(inside_->socket.native_handle(), bytes, descriptors);
    if (error == 0) co_return true;
    if (error == EINTR) continue;
    if (error != EAGAIN) co_return false;
    boost::system::error_code woken;
    auto token = asio::redirect_error(asio::use_awaitable, woken);
    co_await inside_->socket.async_wait(asio::posix::stream_descriptor::wait_write, token);
    if (woken) co_return false;
  }
  co_return false;
}

Task<Packet> Wire::receive(Clock::time_point deadline) {
  Packet packet;
  if (!inside_->socket.is_open()) co_return std::move(packet);
  const bool is_patient = deadline == Clock::time_point::max();
  int error = receive_now(inside_->socket.native_handle(), packet);
  // A handler that is on its way already must not reach what comes after this wait.
  const auto waiting = std::make_shared<bool>(true);
  if (error == EAGAIN && !is_patient) {
    Inside* inside = inside_.get();
    inside->alarm.expires_at(deadline);
    inside->alarm.async_wait([inside, waiting](const boost::system::error_code& ended) {
      if (!ended && *waiting) inside->socket.cancel();
    });
  }
  while (error == EAGAIN || error == EINTR) {
    boost::system::error_code woken;
    auto token = asio::redirect_error(asio::use_awaitable, woken);
    co_await inside_->socket.async_wait(asio::posix::stream_descriptor::wait_read, token);
    if (woken || !inside_->socket.is_open()) break;
    error = receive_now(inside_->socket.native_handle(), packet);
  }
  *waiting = false;
  if (!is_patient) inside_->alarm.cancel();
  co_return std::move(packet);
}

void Wire::close() {
  boost::system::error_code ignored;
  inside_->socket.close(ignored);
}

WorldError no_descriptors(const std::string& what) {
  return {"sandbox-failed", "cannot make " + what + ": " + std::generic_category().message(errno) +
                                "; run fewer cells at once (-j), or raise the limit of open files (ulimit -n)"};
}

WirePair make_wire_pair() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) throw no_descriptors("a pair of sockets");
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw no_descriptors("a pipe");
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

RemoteFault unpack_fault(Unpacker& packet) {
  RemoteFault fault;
  fault.step = packet.text();
  fault.error = static_cast<int>(packet.number());
  return fault;
}

}  // namespace interoper::sandbox
