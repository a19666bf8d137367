#include "runtimes/docker/pool.hpp"

#include <algorithm>

#include "runtimes/docker/network.hpp"
#include "runtimes/docker/pause.hpp"
#include "runtimes/docker/shared_place.hpp"

namespace interoper::docker {

namespace {

// What an attempt leaves in a network's namespace (addresses that were resolved, counters) must not add up for ever.
constexpr int uses_at_most = 200;
// A place holder sleeps; this is room for its init.
constexpr std::int64_t holder_memory_bytes = std::int64_t{16} * 1024 * 1024;
constexpr int holder_pids = 8;
// A server that closes first leaves its port taken for a minute (TIME_WAIT); the next attempt on the slot must find it free.
const std::map<std::string, std::string> holder_sysctls = {{"net.ipv4.tcp_max_tw_buckets", "0"}};

class Slot {
 public:
  Slot(Workshop& workshop, std::string key, std::map<std::string, std::vector<std::string>> names)
      : workshop_(workshop), key_(std::move(key)), names_(std::move(names)), network_(workshop) {}

  Task<> make(bool internal) {
    const std::string name = "interoper-" + workshop_.name + "-slot" + std::to_string(workshop_.next_number++);
    co_await network_.make(name, names_.size(), internal, workshop_.labels);
    const std::string image = co_await pause_image(workshop_.engine);
    Group holders(workshop_.executor);
    for (const auto& [role, names] : names_)
      holders.spawn(hold(name, image, role));
    co_await holders.join();
  }

  Task<> remove() {
    Group all(workshop_.executor);
    for (const auto& [role, holder] : holders_)
      all.spawn(workshop_.engine.remove_container(holder.id));
    co_await all.join();
    for (const auto& [role, holder] : holders_)
      workshop_.exits.forget(holder.id);
    holders_.clear();
    co_await network_.remove();
  }

  // Nobody has ended one of its place holders, and it has not served too often.
  bool is_good() const {
    const bool all_alive = std::all_of(holders_.begin(), holders_.end(), [](const auto& one) { return !one.second.ending->code; });
    return all_alive && holders_.size() == names_.size() && uses_ < uses_at_most;
  }

  void use() { ++uses_; }
  const std::string& key() const { return key_; }
  // Puts a container into the place of `role`.
  void furnish(const std::string& role, ContainerOrder& order) const {
    const Holder& holder = holders_.at(role);
    order.network_mode = "container:" + holder.id;
    // The engine would share these with the place, writable: what one attempt wrote would be the next one's names.
    order.binds.insert(order.binds.end(), holder.network_files.begin(), holder.network_files.end());
  }

 private:
  struct Holder {
    std::string id;
    std::shared_ptr<Ending> ending;
    NetworkFiles network_files;
  };

  Task<> hold(std::string name, std::string image, std::string role) {
    ContainerOrder order;
    order.name = name + "-" + role;
    order.image_id = std::move(image);
    order.command = {pause_command};
    order.hostname = role;
    order.labels = workshop_.labels;
    order.labels[role_label] = role;
    order.network_mode = name;
    order.aliases = names_.at(role);
    order.memory_bytes = holder_memory_bytes;
    order.pids = holder_pids;
    order.sysctls = holder_sysctls;
    try {
      const std::string id = co_await workshop_.engine.create_container(std::move(order));
      holders_[role] = Holder{id, workshop_.exits.expect(id), {}};
      const Gate::Pass pass = co_await workshop_.starts.enter();
      co_await workshop_.engine.start(id);
      NetworkFiles files = co_await workshop_.engine.network_files(id);
      holders_[role].network_files = std::move(files);
    } catch (const EngineError& error) {
      throw WorldError("slot-failed", error.what());
    }
  }

  Workshop& workshop_;
  std::string key_;
  std::map<std::string, std::vector<std::string>> names_;  // role -> how the others find it
  Network network_;
  std::map<std::string, Holder> holders_;
  int uses_ = 0;
};

// Free slots. It outlives the grounds that stand on its slots, because they give them back to it.
class Pool {
 public:
  explicit Pool(Workshop& workshop) : workshop_(workshop) {}

  Task<std::unique_ptr<Slot>> take(const LabOrder& order) {
    std::map<std::string, std::vector<std::string>> names;
    std::string key = order.outside ? "outside" : "internal";
    for (const Player& player : order.players) {
      names[player.role] = names_of(player);
      key += ";";
      for (const std::string& name : names[player.role])
        key += " " + name;
    }
    for (auto it = free_.begin(); it != free_.end(); ++it) {
      if ((*it)->key() != key) continue;
      std::unique_ptr<Slot> slot = std::move(*it);
      free_.erase(it);
      if (slot->is_good()) co_return std::move(slot);
      co_await discard(std::move(slot));
      break;  // the others are as old; a new one serves longer
    }
    auto slot = std::make_unique<Slot>(workshop_, key, std::move(names));
    std::exception_ptr failure;
    try {
      co_await slot->make(!order.outside);
    } catch (...) {
      failure = std::current_exception();
    }
    if (failure) {
      co_await discard(std::move(slot));
      std::rethrow_exception(failure);
    }
    co_return std::move(slot);
  }

  // Takes it when it is good for another attempt.
  void give_back(std::unique_ptr<Slot>& slot) {
    if (slot->is_good()) free_.push_back(std::move(slot));
  }

  Task<> discard(std::unique_ptr<Slot> slot) {
    try {
      co_await slot->remove();
    } catch (const WorldError&) {
      // The sweep at the end of the run finds it by its labels.
    }
  }

 private:
  Workshop& workshop_;
  std::vector<std::unique_ptr<Slot>> free_;
};

class PooledGround final : public Ground {
 public:
  PooledGround(Workshop& workshop, Pool& pool) : executor_(workshop.executor), pool_(pool), shared_(workshop) {}

  // `order` must live until it returns.
  Task<> make(const LabOrder& order, std::string name, Labels labels) {
    Group both(executor_);
    both.spawn(take_slot(order));
    both.spawn(shared_.make(order, std::move(name), std::move(labels)));
    co_await both.join();
    slot_->use();
  }

  void furnish(const Player& player, ContainerOrder& order) const override {
    shared_.furnish(order);
    slot_->furnish(player.role, order);
  }

  void vacate() override { pool_.give_back(slot_); }

  Task<> clear() override {
    if (slot_) pool_.give_back(slot_);
    if (slot_) co_await pool_.discard(std::move(slot_));
    co_await shared_.remove();
  }

 private:
  Task<> take_slot(const LabOrder& order) { slot_ = co_await pool_.take(order); }

  Executor executor_;
  Pool& pool_;
  SharedPlace shared_;
  std::unique_ptr<Slot> slot_;
};

class PooledGrounds final : public Grounds {
 public:
  explicit PooledGrounds(Workshop& workshop) : workshop_(workshop), pool_(workshop) {}

  Task<std::unique_ptr<Ground>> prepare(const LabOrder& order, std::string name, Labels labels) override {
    auto ground = std::make_unique<PooledGround>(workshop_, pool_);
    Task<> making = ground->make(order, std::move(name), std::move(labels));
    co_await made_or_cleared(*ground, std::move(making));
    std::unique_ptr<Ground> made = std::move(ground);
    co_return std::move(made);
  }

 private:
  Workshop& workshop_;
  Pool pool_;
};

}  // namespace

bool fits_a_slot(const LabOrder& order) { return !order.strict && !order.host_network; }

std::unique_ptr<Grounds> make_pooled_grounds(Workshop& workshop) { return std::make_unique<PooledGrounds>(workshop); }

}  // namespace interoper::docker
