#include "runtimes/docker/ground.hpp"

#include "runtimes/docker/network.hpp"
#include "runtimes/docker/shared_place.hpp"

namespace interoper::docker {

namespace {

class StrictGround final : public Ground {
 public:
  explicit StrictGround(Workshop& workshop) : executor_(workshop.executor), network_(workshop), shared_(workshop) {}

  // `order` must live until it returns.
  Task<> make(const LabOrder& order, std::string name, Labels labels) {
    for (const Player& player : order.players) {
      for (std::string& one : names_of(player))
        names_.push_back(std::move(one));
    }
    host_network_ = order.host_network;
    Group both(executor_);
    if (!host_network_) both.spawn(network_.make(name, order.players.size(), !order.outside, labels));
    both.spawn(shared_.make(order, name, labels));
    co_await both.join();
  }

  void furnish(const Player& player, ContainerOrder& order) const override {
    shared_.furnish(order);
    if (!host_network_) {
      order.hostname = player.role;
      order.network_mode = network_.name();
      order.aliases = names_of(player);
      return;
    }
    order.network_mode = "host";
    for (const std::string& one : names_)
      order.extra_hosts.push_back(one + ":127.0.0.1");
  }

  Task<> clear() override {
    co_await network_.remove();
    co_await shared_.remove();
  }

 private:
  Executor executor_;
  Network network_;
  SharedPlace shared_;
  std::vector<std::string> names_;  // of all players
  bool host_network_ = false;
};

class StrictGrounds final : public Grounds {
 public:
  explicit StrictGrounds(Workshop& workshop) : workshop_(workshop) {}

  Task<std::unique_ptr<Ground>> prepare(const LabOrder& order, std::string name, Labels labels) override {
    auto ground = std::make_unique<StrictGround>(workshop_);
    Task<> making = ground->make(order, std::move(name), std::move(labels));
    co_await made_or_cleared(*ground, std::move(making));
    std::unique_ptr<Ground> made = std::move(ground);
    co_return std::move(made);
  }

 private:
  Workshop& workshop_;
};

}  // namespace

Task<> made_or_cleared(Ground& ground, Task<> making) {
  std::exception_ptr failure;
  try {
    co_await std::move(making);
  } catch (...) {
    failure = std::current_exception();
  }
  if (!failure) co_return;
  try {
    co_await ground.clear();
  } catch (const WorldError&) {
    // The sweep finds it by its labels.
  }
  std::rethrow_exception(failure);
}

std::vector<std::string> names_of(const Player& player) {
  std::vector<std::string> names = {player.role};
  names.insert(names.end(), player.aliases.begin(), player.aliases.end());
  return names;
}

std::unique_ptr<Grounds> make_strict_grounds(Workshop& workshop) { return std::make_unique<StrictGrounds>(workshop); }

}  // namespace interoper::docker
