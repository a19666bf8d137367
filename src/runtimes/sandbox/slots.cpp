#include "runtimes/sandbox/slots.hpp"

#include <algorithm>

#include "runtimes/sandbox/explain.hpp"

namespace interoper::sandbox {

namespace {

// A slot makes namespaces, interfaces and mounts: milliseconds, on a machine that has time for it. While the kernel takes hundreds of
// network namespaces apart, new ones wait.
constexpr std::chrono::seconds slot_within{60};

WorldError slot_is_gone() {
  return {"sandbox-died",
          "a process of the sandbox is gone or hangs: somebody killed it, or the machine's memory ran out (see dmesg); run the "
          "test again"};
}

std::string aliases_of(const Player& player) {
  std::string text;
  for (const std::string& alias : player.aliases)
    text += (text.empty() ? "" : " ") + alias;
  return text;
}

std::string key_of(const LabOrder& order) {
  std::string key = order.host_network ? "host" : order.outside ? "outside" : "private";
  for (const Player& player : order.players)
    key += "; " + player.role + " " + aliases_of(player);
  return key;
}

SlotOrder slot_order(const LabOrder& order) {
  SlotOrder slot;
  slot.joint = order.host_network ? Joint::host : Joint::apart;
  slot.outside = order.outside && !order.host_network;
  for (const Player& player : order.players) {
    slot.roles.push_back(player.role);
    slot.aliases.push_back(aliases_of(player));
  }
  return slot;
}

}  // namespace

Workshop::Workshop(const Executor& on, std::string run_name, std::function<void(std::string_view)> say_it)
    : executor(on), run(std::move(run_name)), say(std::move(say_it)), launcher(on) {}

void Workshop::say_once(const std::string& sentence) {
  if (!say || std::find(said_.begin(), said_.end(), sentence) != said_.end()) return;
  said_.push_back(sentence);
  say(sentence);
}

Slot::~Slot() {
  // Its processes end as their sockets are closed; a group is empty a moment later, and removed at the end of the run.
  for (Place& place : places_)
    workshop_.cgroups.remove(place.cgroup);
}

Task<Packet> Slot::ask(std::string bytes) {
  const bool sent = co_await wire_.send(std::move(bytes));
  if (!sent) throw slot_is_gone();
  const auto deadline = Clock::now() + slot_within;
  Packet reply = co_await wire_.receive(deadline);
  if (reply.bytes.empty()) throw slot_is_gone();
  co_return std::move(reply);
}

Task<> Slot::take_over(const SlotOrder& order, std::vector<Wire> places) {
  const auto deadline = Clock::now() + slot_within;
  const Packet hello = co_await wire_.receive(deadline);
  if (hello.bytes.empty()) throw slot_is_gone();
  Unpacker words(hello.bytes);
  const Word word = words.word();
  if (word == Word::fault) throw unavailable(unpack_fault(words), look_at_kernel());
  for (Wire& place : places) {
    const int process = static_cast<int>(words.number());
    Cgroup cgroup = workshop_.cgroups.make({process});
    places_.push_back(Place{process, std::move(place), std::move(cgroup), std::nullopt});
    if (!order.outside) continue;
    UserNetwork outside = co_await UserNetwork::start(workshop_.executor, process);
    places_.back().outside.emplace(std::move(outside));
  }
}

Task<Descriptor> Slot::begin(AttemptOrder order) {
  std::string bytes = pack(order);
  Packet reply = co_await ask(std::move(bytes));
  Unpacker words(reply.bytes);
  const Word word = words.word();
  if (word == Word::fault) throw unavailable(unpack_fault(words), look_at_kernel());
  Descriptor directory;
  if (!reply.descriptors.empty()) directory = std::move(reply.descriptors.front());
  co_return std::move(directory);
}

Task<bool> Slot::end() {
  std::string bytes = Packer(Word::end).take();
  const Packet reply = co_await ask(std::move(bytes));
  Unpacker words(reply.bytes);
  const Word word = words.word();
  co_return word == Word::ready&& words.number() != 0;
}

Task<std::unique_ptr<Slot>> Slots::take(const LabOrder& order) {
  if (order.players.size() > most_roles) {
    throw WorldError("too-many-roles", "the test has " + std::to_string(order.players.size()) + " roles, and the sandbox plays at most " +
                                           std::to_string(most_roles) + "; leave some out, or run it in containers (--runtime docker)");
  }
  std::string key = key_of(order);
  const auto fits = [&key](const std::unique_ptr<Slot>& slot) { return slot->key() == key; };
  const auto found = std::find_if(free_.begin(), free_.end(), fits);
  if (found != free_.end() && !order.strict) {
    std::unique_ptr<Slot> slot = std::move(*found);
    free_.erase(found);
    co_return std::move(slot);
  }
  SlotOrder wanted = slot_order(order);
  std::unique_ptr<Slot> made = co_await make(std::move(key), std::move(wanted));
  co_return std::move(made);
}

Task<std::unique_ptr<Slot>> Slots::make(std::string key, SlotOrder order) {
  WirePair own = make_wire_pair();
  std::vector<Wire> places;
  std::vector<Descriptor> there;
  for (std::size_t i = 0; i < order.roles.size(); ++i) {
    WirePair pair = make_wire_pair();
    places.emplace_back(workshop_.executor, std::move(pair.here));
    there.push_back(std::move(pair.there));
  }
  Wire wire(workshop_.executor, std::move(own.here));
  co_await workshop_.launcher.make_slot(order, std::move(own.there), std::move(there));
  auto slot = std::make_unique<Slot>(workshop_, std::move(key), std::move(wire));
  co_await slot->take_over(order, std::move(places));
  co_return std::move(slot);
}

void Slots::give_back(std::unique_ptr<Slot> slot, bool reusable) {
  if (reusable) free_.push_back(std::move(slot));
}

}  // namespace interoper::sandbox
