#include "runtimes/sandbox/sandbox.hpp"

#include <cassert>

#include "runtimes/sandbox/lab.hpp"
#include "runtimes/sandbox/slots.hpp"

namespace interoper::sandbox {

namespace {

// Processes end at once when nobody holds them; the kernel takes their namespaces apart afterwards.
constexpr std::chrono::seconds end_within{30};
constexpr std::chrono::seconds hurried_end_within{10};
// A group is busy until the last process in it is not only dead, but gone.
constexpr std::chrono::seconds groups_within{5};
constexpr std::chrono::milliseconds groups_every{5};

class SandboxRuntime final : public Runtime {
 public:
  SandboxRuntime(const Executor& executor, SandboxOptions options) : executor_(executor), options_(std::move(options)) {}

  std::string_view name() const override { return "sandbox"; }

  Task<> begin(std::string run) override {
    assert(!workshop_);
    auto workshop = std::make_unique<Workshop>(executor_, std::move(run), options_.say);
    workshop->hurried = hurried_;
    co_await workshop->launcher.start();
    workshop->cgroups.begin(workshop->run);
    workshop_ = std::move(workshop);
    slots_ = std::make_unique<Slots>(*workshop_);
  }

  Task<std::unique_ptr<Lab>> open(LabOrder order) override {
    workshop_->check_hurry();
    auto lab = co_await open_lab(*workshop_, *slots_, std::move(order));
    co_return std::move(lab);
  }

  Task<> end() override {
    if (!workshop_) co_return;
    slots_->clear();
    Clock::duration patience = end_within;
    if (hurried_) patience = hurried_end_within;
    const auto deadline = Clock::now() + patience;
    const bool ended = co_await workshop_->launcher.end(deadline);
    const auto empty_by = Clock::now() + groups_within;
    bool empty = workshop_->cgroups.end();
    while (!empty && Clock::now() < empty_by) {
      co_await sleep_for(groups_every);
      empty = workshop_->cgroups.end();
    }
    if (!(ended && empty) && options_.say)
      options_.say("something of this run may be left (a process that the kernel has not ended yet?); `interoper clean` removes it");
    slots_.reset();
    workshop_.reset();
  }

  void hurry() override {
    hurried_ = WorldError("interrupted", "interrupted: nothing more is started");
    if (workshop_) workshop_->hurried = hurried_;
  }

  Task<std::optional<ImageFacts>> image_facts(std::string) override { co_return std::nullopt; }

  std::map<std::string, std::string> facts() const override {
    std::map<std::string, std::string> out;
    if (!workshop_) return out;
    out["sandbox"] = workshop_->launcher.is_privileged() ? "root" : "user namespaces";
    out["sandbox_memory_limit"] = workshop_->cgroups.memory_limit();
    out["sandbox_process_limit"] = workshop_->cgroups.process_limit();
    out["sandbox_cpu_limit"] = workshop_->cgroups.cpu_limit();
    return out;
  }

 private:
  Executor executor_;
  SandboxOptions options_;
  std::unique_ptr<Workshop> workshop_;
  std::unique_ptr<Slots> slots_;
  std::optional<WorldError> hurried_;
};

}  // namespace

std::unique_ptr<Runtime> make_sandbox_runtime(const Executor& executor, SandboxOptions options) {
  return std::make_unique<SandboxRuntime>(executor, std::move(options));
}

}  // namespace interoper::sandbox
