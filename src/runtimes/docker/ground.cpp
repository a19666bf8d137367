#include "runtimes/docker/ground.hpp"

#include <filesystem>

#include "base/owner.hpp"

namespace interoper::docker {

namespace {

namespace fs = std::filesystem;

// Room for what tests exchange in /shared; it is memory of the engine's host.
constexpr std::int64_t shared_size_bytes = std::int64_t{512} * 1024 * 1024;
// Subnets of other programs in our range: rarely one, never a row of so many.
constexpr int subnets_tried_at_most = 64;
// A network or volume is in use for a moment after its last container has gone.
constexpr int removals_tried_at_most = 5;
constexpr std::chrono::milliseconds pause_between_removals{200};

// What engines say of a subnet that something else has: Docker's "Pool overlaps with other one on this address space",
// Podman's "subnet … is already used on the host or by another config".
bool is_subnet_taken(const EngineError& error) {
  return error.message().find("overlap") != std::string::npos || error.message().find("already used") != std::string::npos;
}

bool is_in_use(const EngineError& error) {
  return error.message().find("active endpoints") != std::string::npos || error.message().find("in use") != std::string::npos ||
         error.message().find("being used") != std::string::npos;
}

void make_directory_for_all(const fs::path& directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (!error) fs::permissions(directory, fs::perms::all | fs::perms::sticky_bit, error);
  if (error) throw WorldError("shared-failed", "cannot make the directory " + directory.string() + " for /shared: " + error.message());
}

class StrictGround final : public Ground {
 public:
  StrictGround(Workshop& workshop, std::string name, Labels labels)
      : workshop_(workshop), name_(std::move(name)), labels_(std::move(labels)) {}

  // `order` must live until it returns.
  Task<> make(const LabOrder& order) {
    for (const Player& player : order.players)
      roles_.push_back(player.role);
    host_network_ = order.host_network;
    is_kept_ = order.keep_shared.has_value();
    if (is_kept_) directory_ = fs::absolute(*order.keep_shared);
    Group both(workshop_.executor);
    if (!host_network_) both.spawn(make_network(order.players.size(), !order.outside));
    if (!is_kept_ && workshop_.shared_in_memory) both.spawn(make_volume());
    co_await both.join();
    if (has_volume_) co_return;
    if (!is_kept_) {
      directory_ = fs::temp_directory_path() / name_;
      make_directory_for_all(directory_);
      leave_mark(directory_);
      directory_ /= "shared";
    }
    make_directory_for_all(directory_);
  }

  void furnish(const std::string& role, ContainerOrder& order) const override {
    if (has_volume_) order.shared_volume = name_;
    if (!has_volume_) order.shared_directory = directory_.string();
    if (!host_network_) {
      order.hostname = role;
      order.network_mode = name_;
      order.aliases = {role};
      return;
    }
    order.network_mode = "host";
    for (const std::string& one : roles_)
      order.extra_hosts.push_back(one + ":127.0.0.1");
  }

  Task<> clear() override {
    if (!network_id_.empty()) co_await remove_network();
    if (has_volume_) co_await remove_volume();
    if (directory_.empty() || is_kept_) co_return;
    std::error_code ignored;  // files of a container's root may not be ours to remove; `clean` names the directory
    fs::remove_all(directory_.parent_path(), ignored);
  }

 private:
  Task<> make_network(std::size_t roles, bool internal) {
    const Gate::Pass pass = co_await workshop_.network_creates.enter();
    NetworkOrder order;
    order.name = name_;
    order.internal = internal;
    order.labels = labels_;
    for (int tried = 1; network_id_.empty(); ++tried) {
      workshop_.check_hurry();
      order.subnet = workshop_.subnets.take(roles);
      try {
        network_id_ = co_await workshop_.engine.create_network(order);
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

  Task<> make_volume() {
    try {
      co_await workshop_.engine.create_memory_volume(name_, shared_size_bytes, labels_);
      has_volume_ = true;
    } catch (const EngineError& error) {
      workshop_.shared_in_memory = false;
      if (workshop_.say)
        workshop_.say("the container engine makes no volumes in memory (" + error.message() + "): /shared is a directory under " +
                      fs::temp_directory_path().string() + ", without a size limit");
    }
  }

  Task<> remove_network() {
    for (int tried = 1; !network_id_.empty(); ++tried) {
      try {
        co_await workshop_.engine.remove_network(network_id_);
        network_id_.clear();
        workshop_.subnets.give_back(subnet_);
      } catch (const EngineError& error) {
        if (!is_in_use(error) || tried >= removals_tried_at_most) throw;
      }
      if (!network_id_.empty()) co_await sleep_for(pause_between_removals);
    }
  }

  Task<> remove_volume() {
    for (int tried = 1; has_volume_; ++tried) {
      try {
        co_await workshop_.engine.remove_volume(name_);
        has_volume_ = false;
      } catch (const EngineError& error) {
        if (!is_in_use(error) || tried >= removals_tried_at_most) throw;
      }
      if (has_volume_) co_await sleep_for(pause_between_removals);
    }
  }

  Workshop& workshop_;
  std::string name_;
  Labels labels_;
  std::vector<std::string> roles_;
  bool host_network_ = false;
  std::string network_id_;
  std::string subnet_;
  bool has_volume_ = false;
  fs::path directory_;
  bool is_kept_ = false;
};

class StrictGrounds final : public Grounds {
 public:
  explicit StrictGrounds(Workshop& workshop) : workshop_(workshop) {}

  Task<std::unique_ptr<Ground>> prepare(const LabOrder& order, std::string name, Labels labels) override {
    auto ground = std::make_unique<StrictGround>(workshop_, std::move(name), std::move(labels));
    std::exception_ptr failure;
    try {
      co_await ground->make(order);
    } catch (...) {
      failure = std::current_exception();
    }
    if (failure) {
      try {
        co_await ground->clear();
      } catch (const WorldError&) {
        // The sweep finds it by its labels.
      }
      std::rethrow_exception(failure);
    }
    std::unique_ptr<Ground> made = std::move(ground);
    co_return std::move(made);
  }

 private:
  Workshop& workshop_;
};

}  // namespace

std::unique_ptr<Grounds> make_strict_grounds(Workshop& workshop) { return std::make_unique<StrictGrounds>(workshop); }

}  // namespace interoper::docker
