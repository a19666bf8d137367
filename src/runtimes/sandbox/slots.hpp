// Slots (launcher/slot.hpp) from interoper's side: made when needed, used by attempts that follow each other, ended with the run.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/problem.hpp"
#include "base/task.hpp"
#include "runtimes/runtime.hpp"
#include "runtimes/sandbox/cgroups.hpp"
#include "runtimes/sandbox/launcher.hpp"
#include "runtimes/sandbox/outside.hpp"
#include "runtimes/sandbox/wire.hpp"

namespace interoper::sandbox {

// What all attempts of a run share.
struct Workshop {
  Workshop(const Executor& on, std::string run_name, std::function<void(std::string_view)> say_it);

  Executor executor;
  std::string run;
  std::function<void(std::string_view sentence)> say;  // may be empty
  Launcher launcher;
  Cgroups cgroups;
  std::optional<WorldError> hurried;  // the user is in a hurry: nothing new is begun

  void check_hurry() const {
    if (hurried) throw WorldError(*hurried);
  }
  // Says it once a run.
  void say_once(const std::string& sentence);

 private:
  std::vector<std::string> said_;
};

// The place of one role.
struct Place {
  int process = 0;  // that stands in it
  Wire wire;
  Cgroup cgroup;
  std::optional<UserNetwork> outside;
};

class Slot {
 public:
  Slot(Workshop& workshop, std::string key, Wire wire) : workshop_(workshop), key_(std::move(key)), wire_(std::move(wire)) {}
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;
  ~Slot();

  const std::string& key() const { return key_; }
  Place& place(std::size_t role) { return places_[role]; }

  // Mounts what the attempt needs. A descriptor of /shared, when it is kept.
  Task<Descriptor> begin(AttemptOrder order);
  // The attempt's processes are gone: so are its mounts now. False when the next attempt must not come here.
  Task<bool> end();

 private:
  friend class Slots;
  Task<> take_over(const SlotOrder& order, std::vector<Wire> places);
  Task<Packet> ask(std::string bytes);

  Workshop& workshop_;
  std::string key_;
  Wire wire_;
  std::vector<Place> places_;
};

class Slots {
 public:
  explicit Slots(Workshop& workshop) : workshop_(workshop) {}

  // One that is free, or a new one. WorldError("sandbox-unavailable") with what to do when none can be made, "too-many-roles" when the
  // order has more than most_roles.
  Task<std::unique_ptr<Slot>> take(const LabOrder& order);
  // `reusable`: its last attempt left nothing behind.
  void give_back(std::unique_ptr<Slot> slot, bool reusable);
  void clear() { free_.clear(); }

 private:
  Task<std::unique_ptr<Slot>> make(std::string key, SlotOrder order);

  Workshop& workshop_;
  std::vector<std::unique_ptr<Slot>> free_;
};

}  // namespace interoper::sandbox
