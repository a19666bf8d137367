#include "runtimes/docker/lab.hpp"

#include <algorithm>
#include <cassert>
#include <csignal>
#include <exception>

#include "runtimes/docker/frames.hpp"

namespace interoper::docker {

namespace {

// The complaint of an init is one line; an output that is longer is the role's own.
constexpr std::size_t first_output_bytes = 1024;
// The rest of the output comes within milliseconds of the exit, when somebody reads it.
constexpr std::chrono::seconds last_output_within{3};
// The engine's word that memory ran out may come after its word that the process ended.
constexpr std::chrono::milliseconds oom_word_within{2000};
// Statuses of a shell, and of inits, for a command that cannot be run.
constexpr int cannot_execute = 126;
constexpr int not_found = 127;
constexpr int killed = 128 + SIGKILL;
constexpr int highest_signal = 64;

// One role's container.
struct Running {
  std::string role, implementation, image, image_id, id;
  std::vector<std::string> command;
  bool is_started = false;
  std::unique_ptr<ByteStream> stream;
  std::shared_ptr<Ending> ending;
};

bool holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

class DockerProcess final : public Process {
 public:
  DockerProcess(Workshop& workshop, std::shared_ptr<Running> running)
      : workshop_(workshop), running_(std::move(running)), drained_(workshop.executor) {}

  Task<Chunk> read() override {
    while (!is_drained_) {
      const auto chunk = frames_.next();
      if (chunk) {
        remember(chunk->bytes);
        co_return *chunk;
      }
      const std::string_view bytes = co_await running_->stream->read_some();
      frames_.feed(bytes);
      is_drained_ = bytes.empty();
    }
    drained_.notify();
    co_return Chunk();
  }

  Task<bool> write(std::string_view bytes) override {
    if (running_->ending->code) co_return false;
    const bool taken = co_await running_->stream->write(bytes);
    co_return taken;
  }

  Task<> signal(int number) override {
    if (running_->ending->code) co_return;
    if (number == SIGKILL && !running_->ending->killed_at) {
      running_->ending->killed_at = Clock::now();
      workshop_.exits.changed();
    }
    ++running_->ending->signals_sent;
    co_await workshop_.engine.kill(running_->id, number);
  }

  Task<Exit> exit() override {
    co_await workshop_.exits.wait(running_->id, running_->ending);
    Exit exit;
    exit.code = *running_->ending->code;
    if (exit.code > 128 && exit.code <= 128 + highest_signal) exit.signal = exit.code - 128;
    if (exit.code == killed && !running_->ending->killed_at) exit.oom = co_await ran_out_of_memory();
    if (exit.code == not_found || exit.code == cannot_execute) co_await check_command();
    co_return exit;
  }

  std::string image_id() const override { return running_->image_id; }

 private:
  void remember(std::string_view bytes) {
    total_bytes_ += bytes.size();
    if (first_output_.size() < first_output_bytes) first_output_.append(bytes.substr(0, first_output_bytes - first_output_.size()));
  }

  // SIGKILL that we did not send: the kernel, because of memory, or somebody on the engine's host.
  Task<bool> ran_out_of_memory() {
    const Predicate told = [this] { return running_->ending->oom; };
    if (told()) co_return true;
    const auto state = co_await workshop_.engine.state(running_->id);
    if (state && state->oom_killed) co_return true;
    const auto deadline = Clock::now() + oom_word_within;
    const bool late = co_await workshop_.exits.hear(told, deadline);
    if (late) co_return true;
    const auto later = co_await workshop_.engine.state(running_->id);
    co_return later && later->oom_killed;
  }

  // With an init in front, a command that is missing in the image shows only as the init's complaint.
  Task<> check_command() {
    const Predicate drained = [this] { return is_drained_; };
    const auto deadline = Clock::now() + last_output_within;
    co_await drained_.until(drained, deadline);
    if (total_bytes_ > first_output_bytes) co_return;
    const InitComplaint complaint = read_init_complaint(first_output_);
    if (complaint.why.empty()) co_return;
    std::string command = complaint.command;
    if (command.empty() && !running_->command.empty()) command = running_->command.front();
    throw WorldError("command-missing",
                     "cannot run '" + command + "' in the image " + running_->image + " (role " + running_->role + "): " + complaint.why +
                         "; see that the image has it as an executable in its PATH, or name another `command` in the test's header");
  }

  Workshop& workshop_;
  std::shared_ptr<Running> running_;
  Frames frames_;
  bool is_drained_ = false;
  Notice drained_;
  std::string first_output_;
  std::size_t total_bytes_ = 0;
};

// What the engine's refusal to start means for the user.
WorldError start_failure(const Running& running, const EngineError& error, Workshop& workshop) {
  const std::string& words = error.message();
  const std::string who = running.role + " in the image " + running.image;
  if (holds(words, "docker-init") || holds(words, "catatonit") || holds(words, "init binary"))
    return {"init-missing", "cannot start " + who + ": the container engine finds no init to put in front of it (" + words +
                                "); install `tini` (Debian, Ubuntu: apt-get install tini; Podman: catatonit)"};
  const bool is_command =
      holds(words, "exec: \"") && (holds(words, "not found") || holds(words, "no such file") || holds(words, "permission denied"));
  if (is_command) {
    const std::string command = running.command.empty() ? "its command" : "'" + running.command.front() + "'";
    return {"command-missing",
            "cannot run " + command + " in the image " + running.image + " (role " + running.role + "): " + words +
                "; see that the image has it as an executable in its PATH, or name another `command` in the test's header"};
  }
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
  DockerLab(Workshop& workshop, LabOrder order) : workshop_(workshop), order_(std::move(order)) {
    name_ = "interoper-" + workshop_.name + "-" + std::to_string(workshop_.next_number++);
    labels_ = workshop_.labels;
    labels_[cell_label] = order_.cell;
    labels_[attempt_label] = std::to_string(order_.attempt);
  }

  Task<> open(Grounds& grounds) {
    for (const Player& player : order_.players) {
      auto role = std::make_shared<Running>();
      role->role = player.role;
      role->implementation = player.implementation;
      role->image = player.image;
      role->command = player.command;
      role->image_id = co_await image_id_of(workshop_, player);
      roles_.push_back(std::move(role));
    }
    workshop_.check_hurry();
    ground_ = co_await grounds.prepare(order_, name_, labels_);
    workshop_.check_hurry();
    Group all(workshop_.executor);
    for (std::size_t i = 0; i < roles_.size(); ++i)
      all.spawn(make_container(i));
    co_await all.join();
  }

  Task<std::unique_ptr<Process>> start(std::string_view role) override {
    const std::string wanted(role);
    const auto found = std::find_if(roles_.begin(), roles_.end(), [&](const auto& one) { return one->role == wanted; });
    assert(found != roles_.end());
    std::shared_ptr<Running> running = *found;
    assert(!running->is_started);
    running->is_started = true;
    workshop_.check_hurry();
    running->stream = co_await workshop_.engine.attach(running->id);
    running->ending = workshop_.exits.expect(running->id);
    const Gate::Pass pass = co_await workshop_.starts.enter();
    workshop_.check_hurry();
    try {
      co_await workshop_.engine.start(running->id);
    } catch (const EngineError& error) {
      throw start_failure(*running, error, workshop_);
    }
    std::unique_ptr<Process> process = std::make_unique<DockerProcess>(workshop_, running);
    co_return std::move(process);
  }

  Task<> close() override {
    if (is_closed_) co_return;
    is_closed_ = true;
    std::vector<std::string> ids;
    for (const auto& role : roles_) {
      if (role->stream) role->stream->close();
      if (role->ending && !role->ending->code && !role->ending->killed_at) role->ending->killed_at = Clock::now();
      if (!role->id.empty()) ids.push_back(role->id);
    }
    workshop_.exits.changed();
    std::shared_ptr<Ground> ground = std::move(ground_);
    Workshop& workshop = workshop_;
    std::function<Task<>()> work = [&workshop, ids, ground] { return remove_all(workshop, ids, ground); };
    co_await workshop_.removals.add(std::move(work));
  }

 private:
  Task<> make_container(std::size_t index) {
    const Player& player = order_.players[index];
    Running& role = *roles_[index];
    ContainerOrder order;
    order.name = name_ + "-" + name_part(player.role, 63);
    order.image_id = role.image_id;
    order.command = player.command;
    order.env = player.env;
    order.user = player.user;
    order.labels = labels_;
    order.labels[role_label] = player.role;
    order.memory_bytes = player.limits.memory_bytes ? static_cast<std::int64_t>(*player.limits.memory_bytes) : default_memory_bytes;
    order.cpus = player.limits.cpus;
    order.pids = player.limits.pids.value_or(default_pids);
    ground_->furnish(player.role, order);
    try {
      role.id = co_await workshop_.engine.create_container(std::move(order));
    } catch (const EngineError& error) {
      throw start_failure(role, error, workshop_);
    }
  }

  Workshop& workshop_;
  LabOrder order_;
  std::string name_;
  Labels labels_;
  std::vector<std::shared_ptr<Running>> roles_;
  std::unique_ptr<Ground> ground_;
  bool is_closed_ = false;
};

}  // namespace

InitComplaint read_init_complaint(std::string_view output) {
  // tini: "[FATAL tini (7)] exec th-test failed: No such file or directory\n"
  // catatonit: "ERROR (catatonit:2): failed to exec pid1: No such file or directory\n"
  while (output.ends_with('\n') || output.ends_with('\r'))
    output.remove_suffix(1);
  InitComplaint complaint;
  if (output.find('\n') != std::string_view::npos) return complaint;
  constexpr std::string_view exec = "] exec ";
  constexpr std::string_view failed = " failed: ";
  constexpr std::string_view other = "failed to exec pid1: ";
  if (output.starts_with("[FATAL tini (")) {
    const std::size_t begin = output.find(exec);
    const std::size_t end = output.rfind(failed);
    if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) return complaint;
    complaint.command = output.substr(begin + exec.size(), end - begin - exec.size());
    complaint.why = output.substr(end + failed.size());
  } else if (output.starts_with("ERROR (catatonit:") && output.find(other) != std::string_view::npos) {
    complaint.why = output.substr(output.find(other) + other.size());
  }
  if (!complaint.why.empty()) complaint.why.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(complaint.why.front())));
  return complaint;
}

Task<std::string> image_id_of(Workshop& workshop, const Player& player) {
  const auto known = workshop.image_ids.find(player.image);
  if (known != workshop.image_ids.end()) co_return known->second;
  auto image = co_await workshop.engine.image(player.image);
  std::string why = "is not there";
  if (!image && player.pull) {
    const Gate::Pass pass = co_await workshop.pulls.enter();
    workshop.check_hurry();
    image = co_await workshop.engine.image(player.image);  // another attempt may have pulled it meanwhile
    if (!image) {
      try {
        Progress silent;
        co_await workshop.engine.pull_image(player.image, silent);
      } catch (const EngineError& error) {
        why = "is not there and cannot be pulled: " + error.message();
      }
      image = co_await workshop.engine.image(player.image);
    }
  }
  if (!image) {
    throw WorldError("image-missing", "the image " + player.image + " of " + player.implementation + ", which is to play " + player.role +
                                          ", " + why + "; run `interoper tests build " + player.implementation + "`");
  }
  workshop.image_ids[player.image] = image->id;
  co_return image->id;
}

Task<std::unique_ptr<Lab>> open_lab(Workshop& workshop, Grounds& grounds, LabOrder order) {
  auto lab = std::make_unique<DockerLab>(workshop, std::move(order));
  std::exception_ptr failure;
  try {
    co_await lab->open(grounds);
  } catch (...) {
    failure = std::current_exception();
  }
  if (failure) {
    co_await lab->close();
    std::rethrow_exception(failure);
  }
  std::unique_ptr<Lab> opened = std::move(lab);
  co_return std::move(opened);
}

}  // namespace interoper::docker
