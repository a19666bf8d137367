#include "runtimes/docker/workshop.hpp"

#include <algorithm>
#include <cctype>

#include "base/owner.hpp"
#include "model/cell.hpp"

namespace interoper::docker {

namespace {

// Measured: beyond twice the cores further starts only lengthen each other (runtime-floor §2).
constexpr std::size_t starts_per_core = 2;

}  // namespace

std::string name_part(std::string_view text, std::size_t limit_bytes) {
  std::string out(text);
  for (char& c : out) {
    const bool is_allowed = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == '-';
    if (!is_allowed) c = '_';
  }
  if (out == text && out.size() <= limit_bytes) return out;
  const std::string hash = "-" + short_hash(text);
  out.resize(std::min(out.size(), limit_bytes - hash.size()));
  return out + hash;
}

Workshop::Workshop(const Executor& executor_, Engine& engine_, std::string run_, std::string_view subnet_range,
                   std::function<void(std::string_view)> say_)
    : executor(executor_),
      engine(engine_),
      run(std::move(run_)),
      name(name_part(run, 80) + "-" + short_hash(own_mark())),
      labels{{run_label, run}, {owner_label, own_mark()}},
      exits(executor_, engine_, label_filter(labels)),
      removals(executor_),
      subnets(subnet_range, name),
      starts(executor_, starts_per_core * static_cast<std::size_t>(engine_.facts().cpus)),
      network_creates(executor_, 1),
      pulls(executor_, 1),
      say(std::move(say_)) {}

namespace {

constexpr int removals_tried_at_most = 5;
constexpr std::chrono::milliseconds pause_between_removals{200};

bool is_in_use(const EngineError& error) {
  return error.message().find("active endpoints") != std::string::npos || error.message().find("in use") != std::string::npos ||
         error.message().find("being used") != std::string::npos;
}

}  // namespace

Task<> remove_when_free(std::function<Task<>()> remove) {
  for (int tried = 1;; ++tried) {
    try {
      co_await remove();
      co_return;
    } catch (const EngineError& error) {
      if (!is_in_use(error) || tried >= removals_tried_at_most) throw;
    }
    co_await sleep_for(pause_between_removals);
  }
}

}  // namespace interoper::docker
