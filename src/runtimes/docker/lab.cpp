#include "runtimes/docker/lab.hpp"

#include <algorithm>
#include <cassert>
#include <cctype>
#include <cstring>

#include "runtimes/docker/agent_words.hpp"
#include "runtimes/docker/role_process.hpp"
#include "runtimes/opening.hpp"

namespace interoper::docker {

namespace {

// The first agent of a busy machine has taken seconds; one that does not come by then never will.
constexpr std::chrono::seconds hello_within{30};
// An agent answers at once.
constexpr std::chrono::seconds answer_within{60};

// An errno in the words of a shell, without their capital.
std::string in_words(int error) {
  std::string words = std::strerror(error);
  words.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(words.front())));
  return words;
}

bool holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

// What the engine's refusal to start means for the user.
WorldError start_failure(const RoleContainer& running, const EngineError& error, Workshop& workshop) {
  const std::string& words = error.message();
  const std::string who = running.role + " in the image " + running.image;
  for (const Player::Bind& bind : running.binds) {
    if (!holds(words, bind.directory.string())) continue;
    return {"mount-failed", "cannot start " + who + ": the container engine cannot show it the directory " + bind.directory.string() +
                                " at " + bind.target + " (" + words + "); an engine on another machine does not see our directories"};
  }
  if (running.agent && (holds(words, agent::program_path) || holds(words, "bind source path") || holds(words, "bind mount")))
    return {"agent-failed", "the container engine cannot use the agent (" + words + ")"};
  if (holds(words, "docker-init") || holds(words, "catatonit") || holds(words, "init binary"))
    return {"init-missing", "cannot start " + who + ": the container engine finds no init to put in front of it (" + words +
                                "); install `tini` (Debian, Ubuntu: apt-get install tini; Podman: catatonit)"};
  const bool is_command =
      holds(words, "exec: \"") && (holds(words, "not found") || holds(words, "no such file") || holds(words, "permission denied"));
  if (is_command) return command_missing(running, {}, words);
  if (holds(words, "mount") && workshop.shared_in_memory && holds(words, "tmpfs")) {
    workshop.shared_in_memory = false;
    if (workshop.say)
      workshop.say("the container engine cannot mount a volume in memory: from now on /shared is a directory, without a size limit");
  }
  if (holds(words, "unable to find user") || holds(words, "no matching entries in passwd"))
    return {"start-failed", "cannot start " + who + ": the image does not know the user that the test's header names (" + words + ")"};
  return {"start-failed", "cannot start " + who + ": " + words};
}

// Removes the containers side by side, then the ground under them.
Task<> remove_all(Workshop& workshop, std::vector<std::string> ids, std::shared_ptr<Ground> ground) {
  Group all(workshop.executor);
  for (const std::string& id : ids)
    all.spawn(workshop.engine.remove_container(id));
  co_await all.join();
  for (const std::string& id : ids)
    workshop.exits.forget(id);
  if (ground) co_await ground->clear();
}

class DockerLab final : public Lab {
 public:
  DockerLab(Workshop& workshop, LabOrder order) : workshop_(workshop), order_(std::move(order)), watching_(workshop.executor) {
    name_ = "interoper-" + workshop_.name + "-" + std::to_string(workshop_.next_number++);
    labels_ = workshop_.labels;
    labels_[cell_label] = order_.cell;
    labels_[attempt_label] = std::to_string(order_.attempt);
  }

  Task<> open(Grounds& grounds) {
    for (const Player& player : order_.players) {
      auto role = std::make_shared<RoleContainer>();
      role->role = player.role;
      role->implementation = player.implementation;
      role->image = player.image;
      role->binds = player.binds;
      role->has_stdin = player.has_stdin;
      const ImageFound image = co_await image_of(workshop_, player);
      role->image_id = image.id;
      role->command = image.entrypoint;  // as the engine does it: a command stands behind the image's entrypoint
      const auto& words = player.command.empty() ? image.command : player.command;
      role->command.insert(role->command.end(), words.begin(), words.end());
      roles_.push_back(std::move(role));
    }
    workshop_.check_hurry();
    ground_ = co_await grounds.prepare(order_, name_, labels_);
    workshop_.check_hurry();
    watching_.spawn(watch_the_engine());
    Group all(workshop_.executor);
    for (std::size_t i = 0; i < roles_.size(); ++i)
      all.spawn(make_ready(i));
    co_await all.join();
  }

  Task<std::unique_ptr<Process>> start(std::string_view role) override {
    const std::string wanted(role);
    const auto found = std::find_if(roles_.begin(), roles_.end(), [&](const auto& one) { return one->role == wanted; });
    assert(found != roles_.end());
    const std::shared_ptr<RoleContainer>& starting = *found;
    assert(!starting->is_started);
    starting->is_started = true;
    workshop_.check_hurry();
    if (starting->agent) {
      co_await let_go(*starting);
      co_return make_agent_process(workshop_, starting);
    }
    starting->stream = co_await workshop_.engine.attach(starting->id);
    co_await start_container(*starting);
    co_return make_attached_process(workshop_, starting);
  }

  Task<> close() override {
    if (is_closed_) co_return;
    is_closed_ = true;
    bool all_gone = true;
    std::vector<std::string> ids;
    for (const auto& role : roles_) {
      if (role->stream) role->stream->close();
      if (role->ending && !role->ending->code && !role->ending->killed_at) role->ending->killed_at = Clock::now();
      if (!role->id.empty()) ids.push_back(role->id);
      const bool is_gone = role->agent && (!role->is_started || role->agent->ended());
      all_gone = all_gone && is_gone;
      if (role->agent) co_await role->agent->close();
    }
    workshop_.exits.changed();
    co_await watching_.join();
    if (all_gone && ground_) ground_->vacate();
    std::shared_ptr<Ground> ground = std::move(ground_);
    Workshop& workshop = workshop_;
    std::function<Task<>()> work = [&workshop, ids, ground] { return remove_all(workshop, ids, ground); };
    co_await workshop_.removals.add(std::move(work));
  }

 private:
  // Containers outlive an engine that dies, and an agent would go on talking; but nothing of it could be trusted or removed.
  Task<> watch_the_engine() {
    const Predicate over = [this] { return is_closed_ || workshop_.exits.has_failed(); };
    const auto no_deadline = Clock::time_point::max();
    co_await workshop_.exits.hear(over, no_deadline);
    for (const auto& role : roles_) {
      if (role->agent) role->agent->hang_up();
    }
  }

  // Its container; with an agent also started, so that only a word is missing for the role to run.
  Task<> make_ready(std::size_t index) {
    const Player& player = order_.players[index];
    RoleContainer& role = *roles_[index];
    ContainerOrder order;
    order.name = name_ + "-" + name_part(player.role, 63);
    order.image_id = role.image_id;
    order.command = player.command;
    order.env = player.env;
    order.user = player.user;
    order.has_stdin = player.has_stdin;
    order.labels = labels_;
    order.labels[role_label] = player.role;
    order.memory_bytes = player.limits.memory_bytes ? static_cast<std::int64_t>(*player.limits.memory_bytes) : default_memory_bytes;
    order.cpus = player.limits.cpus;
    order.pids = player.limits.pids.value_or(default_pids);
    for (const Player::Bind& bind : role.binds)
      order.binds.push_back(HostBind{bind.directory.string(), bind.target, bind.read_only});
    ground_->furnish(player, order);
    if (workshop_.agents) put_agent_in_front(role, order);
    try {
      role.id = co_await workshop_.engine.create_container(std::move(order));
    } catch (const EngineError& error) {
      throw start_failure(role, error, workshop_);
    }
    if (!role.agent) co_return;
    co_await start_container(role);
    co_await wait_for_hello(role);
  }

  void put_agent_in_front(RoleContainer& role, ContainerOrder& order) {
    if (role.command.empty()) throw command_missing(role, {}, "the image names none, and neither does the test's header");
    const std::filesystem::path place = workshop_.agents->furnish();
    order.agent_directory = place.string();
    order.entrypoint = {agent::program_path};
    if (!order.shared_directory.empty()) order.entrypoint.emplace_back(shared_path);
    for (const Player::Bind& bind : role.binds) {
      if (!bind.read_only) order.entrypoint.push_back(bind.target);
    }
    order.entrypoint.emplace_back(agent::end_of_directories);
    order.command = role.command;
    Workshop& workshop = workshop_;
    role.agent = make_agent(workshop_.executor, place, role.has_stdin, [&workshop] { workshop.exits.changed(); });
  }

  Task<> start_container(RoleContainer& role) {
    role.ending = workshop_.exits.expect(role.id);
    const Gate::Pass pass = co_await workshop_.starts.enter();
    workshop_.check_hurry();
    try {
      co_await workshop_.engine.start(role.id);
    } catch (const EngineError& error) {
      throw start_failure(role, error, workshop_);
    }
  }

  Task<> wait_for_hello(RoleContainer& role) {
    const Predicate settled = [this, &role] {
      return role.agent->is_here() || role.agent->is_lost() || role.ending->code || workshop_.exits.has_failed();
    };
    const auto deadline = Clock::now() + hello_within;
    co_await workshop_.exits.hear(settled, deadline);
    workshop_.check_hurry();
    if (role.agent->is_here()) co_return;
    if (role.ending->code || workshop_.exits.has_failed()) co_await workshop_.exits.wait(role.id, role.ending);  // throws what it knows
    throw WorldError("agent-failed",
                     "the agent in the container of " + role.role +
                         " cannot reach interoper (an engine on another machine, or a rule of the system that forbids it?)");
  }

  // The role's command runs when it returns.
  Task<> let_go(RoleContainer& role) {
    role.agent->go();
    const Predicate settled = [this, &role] { return role.agent->started() || role.agent->is_lost() || workshop_.exits.has_failed(); };
    const auto deadline = Clock::now() + answer_within;
    co_await workshop_.exits.hear(settled, deadline);
    workshop_.check_hurry();
    if (role.agent->started()) {
      if (*role.agent->started() != 0) throw command_missing(role, {}, in_words(*role.agent->started()));
      co_return;
    }
    if (role.agent->is_lost() || workshop_.exits.has_failed()) co_await workshop_.exits.wait(role.id, role.ending);
    throw WorldError("start-failed",
                     "the container of " + role.role + " in the image " + role.image + " ended before the role's command could run");
  }

  Workshop& workshop_;
  LabOrder order_;
  std::string name_;
  Labels labels_;
  std::vector<std::shared_ptr<RoleContainer>> roles_;
  std::unique_ptr<Ground> ground_;
  Group watching_;
  bool is_closed_ = false;
};

}  // namespace

Task<ImageFound> image_of(Workshop& workshop, const Player& player) {
  const auto known = workshop.images.find(player.image);
  if (known != workshop.images.end()) co_return known->second;
  const auto built = workshop.image_ids.find(player.image);
  const std::string reference = built == workshop.image_ids.end() ? player.image : built->second;
  auto image = co_await workshop.engine.image(reference);
  std::string why = "is not there";
  bool is_refused = false;
  if (!image && player.pull) {
    const Gate::Pass pass = co_await workshop.pulls.enter();
    workshop.check_hurry();
    // Another attempt may have pulled it meanwhile, or somebody else.
    image = co_await workshop.engine.image(reference);
    if (!image && workshop.refused_pulls.count(reference) == 0) {
      try {
        Progress silent;
        co_await workshop.engine.pull_image(reference, silent);
      } catch (const EngineError& error) {
        workshop.refused_pulls[reference] = error.message();
      }
      image = co_await workshop.engine.image(reference);
    }
    const auto refused = workshop.refused_pulls.find(reference);
    is_refused = refused != workshop.refused_pulls.end();
    if (is_refused) why = "is not there and cannot be pulled: " + refused->second;
  }
  if (!image) {
    const bool is_the_tests_own = player.implementation == player.image;  // named in the test's header
    const std::string who =
        is_the_tests_own ? ", which the test's header names to play " : " of " + player.implementation + ", which is to play ";
    const std::string make = "run `interoper tests build " + player.implementation + "`";
    const std::string help = is_the_tests_own ? "pull or build it, or correct the header"
                             : is_refused     ? "see that its name is right and its registry can be reached, or load it into the engine"
                                              : make;
    throw WorldError("image-missing", "the image " + player.image + who + player.role + ", " + why + "; " + help);
  }
  workshop.images[player.image] = *image;
  co_return *image;
}

Task<std::unique_ptr<Lab>> open_lab(Workshop& workshop, Grounds& grounds, LabOrder order) {
  auto lab = std::make_unique<DockerLab>(workshop, std::move(order));
  Task<> opening = lab->open(grounds);
  return opened_or_closed(std::move(lab), std::move(opening));
}

}  // namespace interoper::docker
