// `test` and `tournament`: read, plan, build what is under test, run, report.
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <random>
#include <set>
#include <sstream>
#include <thread>
#include <tuple>

#include "base/machine.hpp"
#include "base/owner.hpp"
#include "commands/build.hpp"
#include "commands/commands.hpp"
#include "commands/earlier.hpp"
#include "commands/event_loop.hpp"
#include "commands/formats.hpp"
#include "commands/project.hpp"
#include "commands/screen.hpp"
#include "engine/bind.hpp"
#include "engine/plan.hpp"
#include "engine/run.hpp"
#include "engine/shard.hpp"
#include "reporters/recorder.hpp"
#include "runtimes/docker/docker.hpp"
#include "runtimes/either.hpp"
#include "runtimes/sandbox/sandbox.hpp"
#include "suites/digest.hpp"

namespace interoper {
namespace {

namespace fs = std::filesystem;

// The recorder gathers lines of a burst; what stands still for 200 ms should be on the disk.
constexpr int ticks_a_flush = 2;

std::uint64_t random_seed() {
  std::random_device device;
  return device();  // 32 bits: exact in every JSON reader
}

// Machines that share a plan must give their roles the same seed, and cannot agree on one: the suite has it.
std::uint64_t common_seed(const Suite& suite) {
  constexpr std::size_t digits = 8;  // 32 bits, as above
  const std::string hash = sha256(suite.digest).substr(0, digits);
  return std::stoul(hash, nullptr, 16);
}

// "2", "1.5"
std::string number_text(double number) {
  std::ostringstream text;
  text << number;
  return text.str();
}

// Shards of one plan have the same.
std::string plan_digest(const std::vector<Cell>& cells) {
  std::string ids;
  for (const Cell& cell : cells)
    ids += cell.id + "\n";
  return "sha256:" + sha256(ids);
}

std::map<std::string, std::string> host_facts() {
  std::map<std::string, std::string> facts;
  utsname names{};
  if (uname(&names) == 0) {
    facts["os"] = names.sysname;
    facts["kernel"] = names.release;
    facts["arch"] = names.machine;
  }
  facts["cores"] = std::to_string(std::thread::hardware_concurrency());
  const long pages = sysconf(_SC_PHYS_PAGES);
  const long page = sysconf(_SC_PAGE_SIZE);
  if (pages > 0 && page > 0) facts["memory_bytes"] = std::to_string(static_cast<long long>(pages) * page);
  return facts;
}

// Binds each test with each set of values once: one that does not fit is the user's problem, before anything runs.
Problems unbindable(const Plan& plan, const Project& project, const Options& options) {
  Problems problems;
  const auto specs = specs_by_name(project.suite);
  std::set<std::tuple<std::string, Params, Labels>> seen;
  for (const Cell& cell : plan.cells) {
    if (!seen.emplace(cell.test, cell.params, cell.labels).second) continue;
    const Spec& spec = *specs.at(cell.test);
    const auto bound = bind_script(spec, cell, project.suite.rules, options.timeout_scale);
    const auto* fault = std::get_if<BindFault>(&bound);
    if (fault == nullptr) continue;
    Problem problem;
    problem.file = spec.file;
    problem.what = fault->what + " (with " + cell.id + ")";
    problem.help = "check the values given with --set, the test's \"params\", or what the registry says of this match";
    problems.push_back(std::move(problem));
  }
  return problems;
}

ImplementationRecord record_of(const Implementation& implementation, Means means) {
  ImplementationRecord record;
  record.version = implementation.version;
  for (const RoleOffer& offer : implementation.roles) {
    RoleSourceRecord source;
    const Source* image = means == Means::path ? nullptr : image_source(implementation, offer.role);
    if (image == nullptr && implementation.path.empty()) continue;  // it is somewhere else, or does not play this here
    source.kind = image != nullptr ? "image" : "path";
    if (image != nullptr) source.image = image_reference(implementation, offer.role);
    source.source = image != nullptr ? describe(*image) : "path " + implementation.path;
    if (image != nullptr) {
      if (const auto* repo = std::get_if<RepoSource>(image)) source.url = repo->url;
    }
    record.roles[offer.role] = source;
  }
  return record;
}

// Whose only way to play a role is somewhere else.
void add_remote_sources(const Cell& cell, RunRecord& record) {
  for (const Casting& casting : cell.cast) {
    if (!is_remote(cell, casting.role)) continue;
    const auto [added, fresh] = record.implementations[casting.implementation].roles.try_emplace(casting.role);
    if (!fresh) continue;
    const auto url = cell.labels.find(casting.role + ".url");
    added->second.kind = "remote";
    if (url != cell.labels.end()) added->second.url = url->second;
  }
}

// Which runtimes a plan's cells need.
struct Needs {
  bool images = false, paths = false;
  bool local_image = false;  // one of the cells of images is played by what is under test
};

Needs needs_of(const Plan& plan, const Project& project, Means means) {
  Needs needs;
  for (const Cell& cell : plan.cells) {
    const Means what = means == Means::either ? means_of(cell, project.implementations) : means;
    (what == Means::image ? needs.images : needs.paths) = true;
    const auto is_local = [](const Casting& casting) { return casting.implementation == local_name; };
    if (what == Means::image && std::any_of(cell.cast.begin(), cell.cast.end(), is_local)) needs.local_image = true;
  }
  return needs;
}

RunRecord record_of(const Project& project, const Plan& plan, const Options& options, const std::string& id) {
  RunRecord record;
  record.id = id;
  record.owner = own_mark();
  record.started = std::chrono::system_clock::now();
  record.command = options.argv;
  record.version = INTEROPER_VERSION;
  const Needs needs = needs_of(plan, project, chosen_means(options));
  record.runtime = needs.images && needs.paths ? "docker, sandbox" : needs.paths ? "sandbox" : "docker";
  record.host = host_facts();
  record.seed = options.seed.value_or(options.shard ? common_seed(project.suite) : random_seed());
  record.suite.name = project.suite.name;
  record.suite.source = project.suite.source;
  record.suite.digest = project.suite.digest;
  record.suite.description = project.suite.description;
  const auto specs = specs_by_name(project.suite);
  std::set<std::string> playing;
  for (const Cell& cell : plan.cells) {
    record.cells.emplace_back();
    record.cells.back().cell = cell;
    for (const Casting& casting : cell.cast)
      playing.insert(casting.implementation);
    if (record.tests.count(cell.test) != 0) continue;
    const Spec& spec = *specs.at(cell.test);
    const Script script = std::get<Script>(bind_script(spec, cell, project.suite.rules, options.timeout_scale));
    record.tests[cell.test] = TestRecord{spec.title, script.timeout.count(), spec.file, spec.header, spec.description};
  }
  for (const Implementation& implementation : project.implementations) {
    if (playing.count(implementation.name) != 0)
      record.implementations[implementation.name] = record_of(implementation, chosen_means(options));
  }
  for (const Cell& cell : plan.cells)
    add_remote_sources(cell, record);
  record.absent = plan.absent;
  return record;
}

RunOptions run_options(const Options& options, const Machine& machine, const fs::path& folder) {
  RunOptions run;
  run.capacity = options.jobs > 0 ? capacity_of_jobs(options.jobs) : capacity_of_machine(machine.cores, machine.memory_bytes);
  run.retries = options.retries;
  run.repeat = options.repeat;
  run.fail_fast = options.fail_fast;
  run.breaker = options.breaker;
  run.host_network = options.network == "host";
  run.strict = options.isolation == "strict";
  run.timeout_scale = options.timeout_scale;
  run.report = fs::absolute(folder);
  run.keep = options.keep;
  return run;
}

Task<> tick_and_flush(Recorder& recorder, Screen& screen, const bool& finished, Notice& finishing) {
  const Predicate over = [&finished] { return finished; };
  int ticks = 0;
  while (!finished) {
    const auto next = Clock::now() + Screen::tick_every;
    co_await finishing.until(over, next);
    if (++ticks % ticks_a_flush == 0 || finished) recorder.flush();
    screen.tick();
  }
}

// One run from the first byte to the last; the exit status.
class RunCommand {
 public:
  RunCommand(const Options& options, Project project, Plan plan, std::optional<ShardRecord> shard)
      : options_(options),
        machine_(measure_machine()),
        project_(std::move(project)),
        started_(std::chrono::system_clock::now()),
        reports_(reports_folder(options)),
        id_(claim_run_folder(reports_, run_name(options.verb == Verb::tournament ? "tournament" : std::string(local_name), started_))),
        recorder_(reports_, id_),
        expectations_(plan.cells.size() > 1 ? earlier_durations(reports_) : Expectations()),
        screen_(options, reports_ / id_, [this](const Cell& cell) { return expectations_.of(cell.id, cell.test); }),
        record_(record_of(project_, plan, options, id_)),
        needs_(needs_of(plan, project_, chosen_means(options))) {
    record_.shard = std::move(shard);
    record_.host["usable_cores"] = number_text(machine_.cores);
  }

  int perform() {
    const auto work = [this](const Executor& executor) { return run_all(executor); };
    SignalCalls signals;
    signals.interrupted = [this](int count) { interrupted(count); };
    signals.asked = [this] { screen_.answer(); };
    signals.stopping = [this] { screen_.let_go(); };
    signals.resumed = [this] { screen_.come_back(); };
    run_on_loop(work, signals);
    screen_.finish();
    return tell_recorded(options_, reports_ / id_, exit_code_);
  }

 private:
  Task<> run_all(Executor executor) {
    interrupt_ = std::make_unique<Interrupt>(executor);
    std::map<std::string, std::string> image_ids;
    std::optional<WorldError> blocked;
    if (needs_.local_image && !options_.no_build) blocked = co_await build_local(executor, image_ids);
    runtime_ = make_runtime(executor, std::move(image_ids));
    Notice finishing(executor);
    Group flushing(executor);
    bool finished = false;
    flushing.spawn(tick_and_flush(recorder_, screen_, finished, finishing));
    Stage stage{project_.suite, project_.implementations,
                *runtime_,      {&recorder_, &screen_.progress(), &screen_.results()},
                *interrupt_,    run_options(options_, machine_, reports_ / id_),
                blocked};
    if (options_.budget) stage.options.start_nothing_after = began_ + *options_.budget;
    const bool side_by_side = stage.options.capacity.cells > 1 && record_.cells.size() > 1;
    if (side_by_side) stage.expectations = expectations_;
    std::exception_ptr failure;
    try {
      const RunRecord done = co_await run(std::move(stage), std::move(record_));
      exit_code_ = done.exit_code;
    } catch (...) {
      failure = std::current_exception();
    }
    finished = true;
    finishing.notify();
    co_await flushing.join();
    // They hold sockets and timers of the loop, which ends before this command does.
    runtime_.reset();
    interrupt_.reset();
    if (failure) std::rethrow_exception(failure);
  }

  // Nothing looks for a container engine when no cell needs one. A shard without cells has a runtime too, which is never begun.
  std::unique_ptr<Runtime> make_runtime(const Executor& executor, std::map<std::string, std::string> image_ids) {
    const auto say = [this](std::string_view sentence) { screen_.note("note: " + std::string(sentence) + "\n"); };
    std::unique_ptr<Runtime> for_paths;
    if (needs_.paths || !needs_.images) for_paths = sandbox::make_sandbox_runtime(executor, {say});
    if (!needs_.images) return for_paths;
    docker::DockerOptions docker_options;
    docker_options.say = say;
    docker_options.image_ids = std::move(image_ids);
    auto for_images = docker::make_docker_runtime(executor, std::move(docker_options));
    if (!for_paths) return for_images;
    return make_either_runtime(std::move(for_images), std::move(for_paths));
  }

  Task<std::optional<WorldError>> build_local(Executor executor, std::map<std::string, std::string>& ids) {
    ImageWorkshop workshop(executor, options_.verbose);
    workshop_ = &workshop;
    std::optional<WorldError> failed;
    try {
      co_await workshop.make(project_.implementations.front());
      ids = workshop.ids();
    } catch (const WorldError& error) {
      failed = error;
    }
    workshop_ = nullptr;
    co_return failed;
  }

  void interrupted(int count) {
    screen_.interrupted();
    if (count >= last_interrupt) {
      screen_.note("interrupted a third time: leaving everything as it is; `interoper clean` removes what is left\n");
      screen_.let_go();
      return;
    }
    if (workshop_ != nullptr) workshop_->hurry();
    if (interrupt_) interrupt_->raise();
    if (count == 1) {
      screen_.note("interrupted: ending what runs and writing the report; once more to end it at once\n");
    } else {
      screen_.note("interrupted again: ending everything now\n");
      if (runtime_) runtime_->hurry();
    }
  }

  const Options& options_;
  const Clock::time_point began_ = Clock::now();
  const Machine machine_;
  Project project_;
  std::chrono::system_clock::time_point started_;
  fs::path reports_;
  std::string id_;
  Recorder recorder_;
  Expectations expectations_;
  Screen screen_;
  RunRecord record_;
  Needs needs_;
  std::unique_ptr<Runtime> runtime_;
  std::unique_ptr<Interrupt> interrupt_;
  ImageWorkshop* workshop_ = nullptr;
  int exit_code_ = exit_trouble;
};

void print_nothing_under_test(const Options& options, const Project& project) {
  if (!project.registry.empty()) {
    std::cerr << "error: " << project.registry << " names everybody who plays, so that nothing here is under test\n"
              << "help: run `interoper tournament --impl NAME` with an entry of it\n";
    return;
  }
  const std::string wanted = options.runtime == "sandbox"  ? "th-test"
                             : options.runtime == "docker" ? options.dockerfile
                                                           : options.dockerfile + " or th-test";
  std::cerr << "error: there is no " << wanted
            << " here, so that nothing is under test\nhelp: run it in your project's folder, name another "
            << "Dockerfile with --dockerfile, or let the implementations play each other with `interoper tournament`\n";
}

int nothing_selected(const Plan& plan) {
  std::cerr << "error: no cell was selected\n";
  std::map<std::string, int> reasons;
  for (const Absent& absent : plan.absent)
    ++reasons[absent.reason];
  for (const auto& [reason, count] : reasons)
    std::cerr << "  " << count << " absent: " << reason << '\n';
  std::cerr << "help: `interoper tests list` shows every cell, and why the absent ones are\n";
  return exit_nothing;
}

}  // namespace

int run_cells(const Options& options) {
  LoadedProject loaded = load_project(options);
  Problems faults = std::move(loaded.problems);
  const Problems of_outputs = check_outputs(options);
  faults.insert(faults.end(), of_outputs.begin(), of_outputs.end());
  if (loaded.project) {
    const auto problem = no_compat_results(options, loaded.project->suite.name, loaded.project->suite.description);
    if (problem) faults.push_back(*problem);
  }
  print_problems(faults);
  if (!loaded.project || has_errors(faults)) return exit_bad_input;
  Project project = std::move(*loaded.project);
  if (options.verb == Verb::test && !project.has_local) {
    print_nothing_under_test(options, project);
    return exit_bad_input;
  }
  PlanOrder order;
  order.selection = project.selection;
  order.matches = options.verb == Verb::tournament ? Matches::everyone : options.both ? Matches::local_both_ways : Matches::local_as_tested;
  order.means = chosen_means(options);
  Plan planned = plan(project.suite, project.implementations, order, project.matching);
  const Problems problems = unbindable(planned, project, options);
  print_problems(problems);
  if (has_errors(problems)) return exit_bad_input;
  if (planned.cells.empty()) return nothing_selected(planned);
  std::optional<ShardRecord> shard;
  if (options.shard) {
    const std::string digest = plan_digest(planned.cells);
    shard = take_shard(*options.shard, planned.cells);
    shard->plan_digest = digest;
  }
  RunCommand command(options, std::move(project), std::move(planned), std::move(shard));
  return command.perform();
}

}  // namespace interoper
