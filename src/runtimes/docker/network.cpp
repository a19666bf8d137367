#include "runtimes/docker/network.hpp"

namespace interoper::docker {

namespace {

// Subnets of other programs in our range: rarely one, never a row of so many.
constexpr int subnets_tried_at_most = 64;
// What engines say of a subnet that something else has: Docker's "Pool overlaps with other one on this address space",
// Podman's "subnet … is already used on the host or by another config".
bool is_subnet_taken(const EngineError& error) {
  return error.message().find("overlap") != std::string::npos || error.message().find("already used") != std::string::npos;
}

}  // namespace

Task<> Network::make(std::string name, std::size_t roles, bool internal, Labels labels) {
  name_ = std::move(name);
  const Gate::Pass pass = co_await workshop_.network_creates.enter();
  NetworkOrder order;
  order.name = name_;
  order.internal = internal;
  order.labels = std::move(labels);
  for (int tried = 1; id_.empty(); ++tried) {
    workshop_.check_hurry();
    order.subnet = workshop_.subnets.take(roles);
    try {
      id_ = co_await workshop_.engine.create_network(order);
      subnet_ = order.subnet;
    } catch (const EngineError& error) {
      // The taken subnet is not given back: nobody in this run need try it again.
      if (is_subnet_taken(error) && tried < subnets_tried_at_most) continue;
      workshop_.subnets.give_back(order.subnet);
      const std::string help = is_subnet_taken(error) ? "; " + std::to_string(tried) +
                                                            " subnets were tried: set INTEROPER_DOCKER_SUBNETS to a range that is free"
                                                      : "";
      throw WorldError("network-failed", "cannot make a network for the attempt: " + error.message() + help);
    }
  }
}

Task<> Network::remove() {
  if (id_.empty()) co_return;
  const std::function<Task<>()> remove = [this] { return workshop_.engine.remove_network(id_); };
  co_await remove_when_free(remove);
  id_.clear();
  workshop_.subnets.give_back(subnet_);
}

}  // namespace interoper::docker
