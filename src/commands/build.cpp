#include "commands/build.hpp"

#include <algorithm>
#include <iostream>

#include "base/duration.hpp"
#include "base/visible.hpp"
#include "commands/commands.hpp"
#include "commands/event_loop.hpp"
#include "commands/project.hpp"
#include "runtimes/docker/engine.hpp"
#include "runtimes/docker/host.hpp"
#include "runtimes/docker/images.hpp"

namespace interoper {

ImageWorkshop::ImageWorkshop(const Executor& executor, bool verbose) : executor_(executor), verbose_(verbose) {}

ImageWorkshop::~ImageWorkshop() = default;

Task<> ImageWorkshop::make(const Implementation& implementation) {
  std::vector<docker::ImageOrder> orders = docker::image_orders(implementation);
  if (orders.empty()) co_return;  // no engine is needed for nothing
  if (!engine_) {
    const docker::Host host = docker::find_host("");
    engine_ = std::make_unique<docker::Engine>(executor_, host.address);
    co_await engine_->connect();
  }
  docker::Progress progress;
  if (verbose_) progress = [](std::string_view line) { std::cerr << "  " << visible(line) << '\n'; };
  for (docker::ImageOrder& order : orders) {
    const auto began = Clock::now();
    const std::string what = order.implementation + " (" + describe(order.source) + ")";
    if (verbose_) std::cerr << "building " << what << '\n';
    const std::string reference = order.reference;
    const docker::ImageMade made = co_await docker::make_image(*engine_, std::move(order), progress);
    ids_[reference] = made.id;
    std::cerr << "built " << what << " in " << human_duration(Clock::now() - began);
    if (!made.revision.empty()) std::cerr << ", revision " << made.revision.substr(0, 12);
    std::cerr << '\n';
  }
}

void ImageWorkshop::hurry() {
  if (engine_) engine_->close_all(WorldError("interrupted", "interrupted while images were built"));
}

namespace {

Task<> build_all(ImageWorkshop& workshop, const std::vector<const Implementation*>& wanted, std::vector<std::string>& failed,
                 const bool& stop) {
  for (const Implementation* implementation : wanted) {
    if (stop) co_return;
    try {
      co_await workshop.make(*implementation);
    } catch (const WorldError& error) {
      std::cerr << "error: " << implementation->name << " was not built: " << error.what() << '\n';
      failed.push_back(implementation->name);
    }
  }
}

// What of a registry's implementation is ours to build. Its ready images are the user's, and are pulled when a cell needs them.
Implementation buildable_part(Implementation implementation) {
  auto& roles = implementation.roles;
  const auto is_ready = [](const RoleOffer& offer) { return !offer.source || !std::holds_alternative<BuildSource>(*offer.source); };
  roles.erase(std::remove_if(roles.begin(), roles.end(), is_ready), roles.end());
  return implementation;
}

void keep_buildable(Project& project, const std::vector<std::string>& named) {
  std::vector<Implementation> buildable;
  for (const Implementation& implementation : project.implementations) {
    const bool is_named = std::find(named.begin(), named.end(), implementation.name) != named.end();
    Implementation part = buildable_part(implementation);
    if (part.roles.empty() && is_named) std::cerr << implementation.name << ": nothing to build, its images are ready ones\n";
    if (!part.roles.empty() || is_named) buildable.push_back(std::move(part));
  }
  project.implementations = std::move(buildable);
}

// The implementations that were named, or all; nothing and a message for a name that is not there.
std::optional<std::vector<const Implementation*>> wanted_implementations(const Options& options, const Project& project) {
  std::vector<const Implementation*> wanted;
  std::vector<std::string> known;
  for (const Implementation& implementation : project.implementations) {
    known.push_back(implementation.name);
    const auto named = std::find(options.implementations.begin(), options.implementations.end(), implementation.name);
    const bool by_default = options.implementations.empty() && implementation.name != local_name;
    if (by_default || named != options.implementations.end()) wanted.push_back(&implementation);
  }
  for (const std::string& name : options.implementations) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const std::string guess = nearest(name, known);
    std::cerr << "error: there is no implementation \"" << name << "\"\n";
    std::cerr << "help: " << (guess.empty() ? "`interoper tests list` shows them" : "did you mean \"" + guess + "\"?") << '\n';
    return std::nullopt;
  }
  return wanted;
}

}  // namespace

int build_tests(const Options& options) {
  LoadedProject loaded = load_project(options);
  print_problems(loaded.problems);
  if (!loaded.project) return exit_bad_input;
  if (loaded.project->matching) keep_buildable(*loaded.project, options.implementations);
  const auto wanted = wanted_implementations(options, *loaded.project);
  if (!wanted) return exit_bad_input;
  if (wanted->empty()) {
    std::cerr << "there is nothing to build: no implementation with something to build is listed\n";
    return exit_done;
  }
  std::vector<std::string> failed;
  bool interrupted = false;
  ImageWorkshop* running = nullptr;
  const auto work = [&](const Executor& executor) -> Task<> {
    ImageWorkshop workshop(executor, options.verbose);
    running = &workshop;
    co_await build_all(workshop, *wanted, failed, interrupted);
    running = nullptr;
  };
  SignalCalls signals;
  signals.interrupted = [&](int) {
    interrupted = true;
    if (running != nullptr) running->hurry();
  };
  run_on_loop(work, signals);
  if (interrupted) return exit_interrupted;
  if (failed.empty()) return exit_done;
  std::cerr << "not built:";
  for (const std::string& name : failed)
    std::cerr << ' ' << name;
  std::cerr << '\n';
  return exit_trouble;
}

}  // namespace interoper
