#include "runtimes/docker/docker.hpp"

#include <cassert>
#include <cstdlib>

#include "runtimes/docker/clean.hpp"
#include "runtimes/docker/ground.hpp"
#include "runtimes/docker/host.hpp"
#include "runtimes/docker/images.hpp"
#include "runtimes/docker/lab.hpp"
#include "runtimes/docker/pool.hpp"
#include "runtimes/docker/workshop.hpp"

namespace interoper::docker {

namespace {

// The background removals of the last attempts; each takes about a second on a busy engine.
constexpr std::chrono::seconds removals_within{120};
// The user waits at a terminal: what is not gone by then is left to `clean`.
constexpr std::chrono::seconds hurried_end_within{10};
// Sweeping: a list of three kinds, and what they name.
constexpr std::chrono::seconds sweep_within{120};

// How long what was let go may take to see it.
constexpr std::chrono::milliseconds let_go_every{100};

WorldError run_is_over() { return {"engine-unreachable", "the container engine did not answer before the run was over"}; }

class DockerRuntime final : public Runtime {
 public:
  DockerRuntime(const Executor& executor, DockerOptions options) : executor_(executor), options_(std::move(options)) {}

  std::string_view name() const override { return "docker"; }

  Task<> begin(std::string run) override {
    assert(!workshop_);
    const std::string range = subnet_range(options_.subnets);
    co_await connect();
    auto workshop = std::make_unique<Workshop>(executor_, *engine_, std::move(run), range, options_.say);
    if (hurried_) workshop->hurried = hurried_;
    workshop->image_ids = options_.image_ids;
    workshop->check_hurry();
    co_await workshop->exits.begin();
    workshop_ = std::move(workshop);
    strict_ = make_strict_grounds(*workshop_);
    pooled_ = make_pooled_grounds(*workshop_);
    prepare_agents();
  }

  Task<std::unique_ptr<Lab>> open(LabOrder order) override {
    std::unique_ptr<Lab> lab;
    while (!lab) {
      workshop_->check_hurry();
      const bool in_a_slot = with_slots_ && fits_a_slot(order);
      try {
        lab = co_await open_lab(*workshop_, in_a_slot ? *pooled_ : *strict_, order);
      } catch (const WorldError& error) {
        // What makes attempts cheap is worth a sentence when it is missing, but no test.
        if (in_a_slot && error.reason() == "slot-failed") {
          do_without_slots(error);
        } else if (error.reason() == "agent-failed") {
          do_without_agents(error);
        } else {
          throw;
        }
      }
    }
    co_return std::move(lab);
  }

  Task<> end() override {
    if (!workshop_) co_return;
    const bool in_a_hurry = hurried_.has_value();
    Clock::duration patience = removals_within;
    Clock::duration sweep_patience = sweep_within;
    if (in_a_hurry) patience = sweep_patience = hurried_end_within;
    const auto deadline = Clock::now() + patience;
    co_await workshop_->removals.finish(deadline);
    co_await sweep(sweep_patience);
    // What still waits for an engine that does not answer is let go now; it must end before the workshop does.
    bool all_over = false;
    while (!all_over) {
      const bool deaf = co_await workshop_->exits.end();
      const auto soon = Clock::now() + let_go_every;
      const bool removed = co_await workshop_->removals.finish(soon);
      all_over = deaf && removed;
      if (!all_over) engine_->close_all(run_is_over());
    }
    strict_.reset();
    pooled_.reset();
    retired_agents_.reset();
    workshop_.reset();
  }

  void hurry() override {
    hurried_ = WorldError("interrupted", "interrupted: the container engine is not waited for any longer");
    if (workshop_) {
      workshop_->hurried = hurried_;
      workshop_->exits.fail(*hurried_);
    }
    if (engine_) engine_->close_all(*hurried_);
  }

  Task<std::optional<ImageFacts>> image_facts(std::string reference) override {
    if (!is_connected_) co_await connect();
    const auto built = options_.image_ids.find(reference);
    if (built != options_.image_ids.end()) reference = built->second;
    auto facts = co_await facts_of_image(*engine_, std::move(reference));
    co_return std::move(facts);
  }

  std::map<std::string, std::string> facts() const override {
    std::map<std::string, std::string> out;
    if (!engine_) return out;
    const EngineFacts& facts = engine_->facts();
    out["engine"] = facts.engine;
    out["engine_version"] = facts.version;
    out["engine_api"] = facts.api;
    out["engine_host"] = engine_->address().text();
    out["engine_os"] = facts.operating_system;
    out["engine_kernel"] = facts.kernel;
    out["oci_runtime"] = facts.runtime;
    out["storage_driver"] = facts.storage_driver;
    out["cgroup_version"] = facts.cgroup_version;
    out["cpus"] = std::to_string(facts.cpus);
    out["memory_bytes"] = std::to_string(facts.memory_bytes);
    return out;
  }

 private:
  void do_without_slots(const WorldError& why) {
    if (!with_slots_) return;
    with_slots_ = false;
    if (options_.say) options_.say(std::string(why.what()) + ": from now on every attempt gets a network of its own, which takes longer");
  }

  void do_without_agents(const WorldError& why) {
    if (!workshop_->agents) return;
    retired_agents_ = std::move(workshop_->agents);
    if (options_.say)
      options_.say(std::string(why.what()) + ": from now on the output of roles comes through the container engine, which takes longer");
  }

  void prepare_agents() {
    const char* const wanted = std::getenv("INTEROPER_DOCKER_AGENT");
    const bool is_unwanted = wanted != nullptr && std::string_view(wanted) == "0";
    if (!options_.with_agent || is_unwanted || engine_->address().unix_path.empty()) return;
    try {
      workshop_->agents = std::make_unique<AgentHome>(workshop_->name);
    } catch (const WorldError& error) {
      if (options_.say)
        options_.say(std::string(error.what()) + ": the output of roles comes through the container engine, which takes longer");
    }
  }

  Task<> connect() {
    const Host host = find_host(options_.host);
    engine_ = std::make_unique<Engine>(executor_, host.address);  // kept at once: `hurry` must be able to reach it
    co_await engine_->connect();
    is_connected_ = true;
  }

  Task<> sweep(Clock::duration patience) {
    const std::string filter = label_filter(workshop_->labels);
    const auto deadline = Clock::now() + patience;
    auto sweeping = sweep_once(filter);
    Group group(executor_);
    group.spawn(std::move(sweeping));
    bool done = co_await group.join_by(deadline);
    while (!done) {
      engine_->close_all(run_is_over());
      const auto soon = Clock::now() + let_go_every;
      done = co_await group.join_by(soon);
    }
  }

  Task<> sweep_once(std::string filter) {
    try {
      co_await remove_everything(*engine_, executor_, std::move(filter));
    } catch (const WorldError& error) {
      if (options_.say)
        options_.say(std::string("something of this run may be left on the container engine (") + error.what() +
                     "); `interoper clean` removes it");
    }
  }

  Executor executor_;
  DockerOptions options_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Workshop> workshop_;
  std::unique_ptr<Grounds> strict_;
  std::unique_ptr<Grounds> pooled_;
  std::unique_ptr<AgentHome> retired_agents_;  // did not work; attempts that began before may still stand in it
  bool with_slots_ = true;                     // false once the engine has refused to make one
  bool is_connected_ = false;
  std::optional<WorldError> hurried_;
};

}  // namespace

std::unique_ptr<Runtime> make_docker_runtime(const Executor& executor, DockerOptions options) {
  return std::make_unique<DockerRuntime>(executor, std::move(options));
}

}  // namespace interoper::docker
