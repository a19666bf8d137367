#include "commands/check.hpp"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <map>
#include <set>

#include "commands/event_loop.hpp"
#include "reporters/terminal.hpp"
#include "runtimes/docker/engine.hpp"
#include "runtimes/docker/host.hpp"
#include "runtimes/docker/images.hpp"

namespace interoper {
namespace {

namespace fs = std::filesystem;

// Asks the engine for every image; the sentence says why it could not be asked.
struct ImagesFound {
  std::set<std::string> present;
  std::string trouble;
};

ImagesFound look_for(const std::set<std::string>& references) {
  ImagesFound found;
  const auto work = [&](const Executor& executor) -> Task<> {
    try {
      const docker::Host host = docker::find_host("");
      docker::Engine engine(executor, host.address);
      co_await engine.connect();
      for (const std::string& reference : references) {
        const auto facts = co_await docker::facts_of_image(engine, reference);
        if (facts) found.present.insert(reference);
      }
    } catch (const WorldError& error) {
      found.trouble = error.what();
    }
  };
  run_on_loop(work);
  return found;
}

class Check {
 public:
  Check(const Project& project, const PlanOrder& order, std::size_t warnings)
      : project_(project), plan_(plan(project.suite, project.implementations, order, project.matching)), warnings_(warnings) {}

  int perform() {
    std::size_t widest = 0;
    for (const Implementation& implementation : project_.implementations)
      widest = std::max(widest, implementation.name.size());
    std::cout << "implementations (" << project_.implementations.size() << "), cells (" << plan_.cells.size() << ")\n";
    for (const Implementation& implementation : project_.implementations) {
      for (const RoleOffer& offer : implementation.roles)
        std::cout << "  " << padded(implementation.name, widest) << "  " << share_of(implementation, offer.role) << '\n';
    }
    look_at_files();
    look_at_images();
    std::cout << (warnings_ == 0 ? "nothing is wrong" : std::to_string(warnings_) + (warnings_ == 1 ? " warning" : " warnings")) << '\n';
    return exit_done;
  }

 private:
  void warn(const std::string& sentence) {
    std::cerr << "warning: " << sentence << '\n';
    ++warnings_;
  }

  // "client: 40 cells", or why there is none.
  std::string share_of(const Implementation& implementation, const std::string& role) const {
    const auto plays = [&](const std::vector<Casting>& cast) { return cast_in(cast, role) == implementation.name; };
    const auto cells = std::count_if(plan_.cells.begin(), plan_.cells.end(), [&](const Cell& cell) { return plays(cell.cast); });
    if (cells > 0) return role + ": " + std::to_string(cells) + (cells == 1 ? " cell" : " cells");
    const std::vector<std::string>& order = project_.suite.rules.role_order;
    if (std::find(order.begin(), order.end(), role) == order.end()) return role + ": no cell, since no test of this suite has this role";
    // Many casts, few kinds of reasons: a kind with one reason only is told in full.
    std::map<std::string, std::map<std::string, std::size_t>> kinds;
    for (const Absent& absent : plan_.absent) {
      if (plays(absent.cast)) ++kinds[absent.reason.substr(0, absent.reason.find(':'))][absent.reason];
    }
    std::string text;
    for (const auto& [kind, reasons] : kinds) {
      std::size_t count = 0;
      for (const auto& [reason, times] : reasons)
        count += times;
      text += (text.empty() ? ": " : "; ") + (reasons.size() == 1 ? reasons.begin()->first : kind) + " (" + std::to_string(count) + ")";
    }
    return role + ": no cell" + text;
  }

  void look_at_files() {
    std::error_code error;
    for (const Implementation& implementation : project_.implementations) {
      if (!implementation.path.empty() && !fs::exists(fs::path(implementation.path) / "th-test", error))
        warn(implementation.name + ": there is no th-test in " + implementation.path);
      std::set<std::string> seen;
      for (const RoleOffer& offer : implementation.roles) {
        const Source* source = image_source(implementation, offer.role);
        const auto* build = source == nullptr ? nullptr : std::get_if<BuildSource>(source);
        if (build == nullptr) continue;
        const fs::path file =
            (fs::path(build->directory) / (build->dockerfile.empty() ? "Dockerfile" : build->dockerfile)).lexically_normal();
        if (fs::is_regular_file(file, error) || !seen.insert(file.string()).second) continue;
        warn(implementation.name + " as " + offer.role + " cannot be built: there is no " + file.string());
      }
    }
  }

  void look_at_images() {
    std::set<std::string> references;
    for (const Implementation& implementation : project_.implementations) {
      for (const RoleOffer& offer : implementation.roles) {
        if (image_source(implementation, offer.role) != nullptr) references.insert(image_reference(implementation, offer.role));
      }
    }
    if (references.empty()) return;
    const ImagesFound found = look_for(references);
    if (!found.trouble.empty()) {
      std::cout << "images (" << references.size() << "): not looked for: " << found.trouble << '\n';
      return;
    }
    std::cout << "images (" << references.size() << "): " << found.present.size() << " on the engine\n";
    std::set<std::string> told;
    for (const Implementation& implementation : project_.implementations) {
      for (const RoleOffer& offer : implementation.roles) {
        const Source* source = image_source(implementation, offer.role);
        const std::string reference = source == nullptr ? "" : image_reference(implementation, offer.role);
        if (source == nullptr || found.present.count(reference) != 0) continue;
        if (!told.insert(implementation.name + " " + reference).second) continue;
        const bool ready = std::holds_alternative<ImageSource>(*source);
        warn("the image of " + implementation.name + " as " + offer.role + " is not on the engine: " + reference +
             (ready ? "; it is pulled when a cell needs it" : "; `interoper tests build " + implementation.name + "` makes it"));
      }
    }
  }

  const Project& project_;
  const Plan plan_;
  std::size_t warnings_;
};

}  // namespace

int check_project(const Options& options, const Project& project, const PlanOrder& order, std::size_t warnings) {
  if (options.format != OutputFormat::human) {
    std::cerr << "error: --check tells its findings to people only\nhelp: leave --format out\n";
    return exit_bad_input;
  }
  return Check(project, order, warnings).perform();
}

}  // namespace interoper
