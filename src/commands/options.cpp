#include "commands/options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <map>

#include "base/duration.hpp"
#include "base/problem.hpp"
#include "commands/formats.hpp"
#include "engine/breaker.hpp"
#include "model/spec.hpp"

#ifndef INTEROPER_VERSION
#define INTEROPER_VERSION "unknown"
#endif

namespace interoper {
namespace {

constexpr int exit_usage = 2;

// What programs that call us go by.
constexpr const char* exit_statuses = R"(Exit status:
    0  at least one cell passed; none failed, erred or stayed unrun
    1  a cell failed
    2  wrong usage, or a faulty test, implementations file or report; nothing ran
    3  no failure, but a cell erred or stayed unrun, or an image did not build
    4  nothing was selected, or nothing of it could show anything
  130  interrupted; the report is written all the same)";
constexpr int most_jobs = 1024;
constexpr int most_attempts = 10'000;

// "--retries" -> INTEROPER_OPT_RETRIES: every long option can be set so; the command line wins.
void name_environment(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    if (option->get_lnames().empty() || !option->get_envname().empty()) continue;
    std::string variable = "INTEROPER_OPT_";
    const std::string& name = option->get_lnames().front();
    if (name == "help" || name == "version") continue;
    for (const char c : name)
      variable += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    option->envname(variable);
  }
}

// `NAME=VALUE`, both sides of the first `=`.
std::pair<std::string, std::string> split_assignment(const std::string& text, const std::string& option) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw CLI::ValidationError(option, "\"" + text + "\" is not NAME=VALUE");
  }
  return {text.substr(0, equals), text.substr(equals + 1)};
}

// Options as our documents write them: what a value is, and no variable behind each, which the footer says once.
class HelpFormat : public CLI::Formatter {
 public:
  std::string make_option_name(const CLI::Option* option, bool is_positional) const override {
    std::string name = CLI::Formatter::make_option_name(option, is_positional);
    return name.substr(0, name.find('{'));  // CLI11 writes the value that a bare flag means behind its name
  }
  std::string make_option_opts(const CLI::Option* option) const override {
    const std::string& text = option->get_option_text();
    return text.empty() || text.starts_with("[=") ? text : " " + text;
  }
};

// Lists take one value a use, so that what follows them stays an argument of its own.
CLI::Option* add_list(CLI::App& app, const std::string& names, std::vector<std::string>& values, const std::string& help) {
  return app.add_option(names, values, help)->type_size(1)->allow_extra_args(false)->take_all();
}

CLI::Option* add_each(CLI::App& app, const std::string& names, const std::function<void(const std::string&)>& take,
                      const std::string& help) {
  return app
      .add_option_function<std::vector<std::string>>(
          names,
          [take](const std::vector<std::string>& values) {
            for (const std::string& value : values)
              take(value);
          },
          help)
      ->type_size(1)
      ->allow_extra_args(false)
      ->take_all();
}

void add_selection(CLI::App& app, Options& options) {
  Selection& selection = options.selection;
  const std::string group = "Selection (globs; a leading ! excludes; each may be repeated)";
  add_list(app, "-t,--test", selection.tests, "tests with these names")->option_text("GLOB")->group(group);
  add_list(app, "-w,--worker", selection.roles["worker"], "implementations that play the worker")->option_text("GLOB")->group(group);
  add_list(app, "-d,--driver", selection.roles["driver"], "implementations that play the driver")->option_text("GLOB")->group(group);
  add_each(
      app, "--role",
      [&selection](const std::string& value) {
        const auto [role, glob] = split_assignment(value, "--role");
        selection.roles[role].push_back(glob);
      },
      "implementations that play any role; a suite's own roles are options too: --client GLOB")
      ->option_text("ROLE=GLOB")
      ->group(group);
  add_list(app, "--impl", selection.implementations, "implementations, in any role")->option_text("GLOB")->group(group);
  add_list(app, "--tag", selection.tags, "tests with these tags")->option_text("TAG")->group(group);
  add_each(
      app, "-p,--param",
      [&selection](const std::string& value) {
        const auto [name, glob] = split_assignment(value, "--param");
        selection.params[name].push_back(glob);
      },
      "values of a parameter beside its default; what a registry says of its matches (transport, draft, class, …) narrows instead")
      ->option_text("NAME=GLOB")
      ->group(group);
  app.add_option_function<std::string>(
         "--params", [&selection](const std::string& value) { selection.all_params = value == "all"; }, "all values of all parameters")
      ->option_text("all")
      ->check(CLI::IsMember({"all"}))
      ->group(group);
  add_each(
      app, "--set",
      [&selection](const std::string& value) {
        const auto [name, set] = split_assignment(value, "--set");
        selection.set[name] = set;
      },
      "this value of a parameter, whatever the test lists")
      ->option_text("NAME=VALUE")
      ->group(group);
  app.add_flag("--per-test", selection.per_test, "each test for itself, also in a suite that runs all of them at once; so does any -t")
      ->group(group);
  app.add_flag("--remote{only}", options.remote,
               "only matches in which somebody else runs a role, somewhere; --remote=no: only the others (default: both)")
      ->option_text("[=only|no]")
      ->check(CLI::IsMember({"only", "no"}))
      ->group(group);
  app.add_option("--target-draft", options.target_draft,
                 "the version by which a registry's matches are at, ahead or behind (default: the registry's own)")
      ->option_text("draft-NN")
      ->group(group);
}

void add_place(CLI::App& app, Options& options) {
  add_list(app, "--suite", options.suites,
           "a folder of tests, the name of a suite that ships, or another runner's registry: implementations.json of the MoQ interop "
           "runner (default: interop/tests); may be repeated")
      ->option_text("PATH");
  app.add_option("--dockerfile", options.dockerfile, "the Dockerfile of what is under test (default: Dockerfile)")->option_text("FILE");
}

void add_output(CLI::App& app, Options& options) {
  static const std::map<std::string, OutputFormat> formats = {
      {"human", OutputFormat::human}, {"json", OutputFormat::json}, {"tap", OutputFormat::tap}};
  static const std::map<std::string, ColorWhen> colors = {
      {"auto", ColorWhen::automatic}, {"always", ColorWhen::always}, {"never", ColorWhen::never}};
  const auto set_format = [&options](const std::string& value) { options.format = formats.at(value); };
  const auto set_color = [&options](const std::string& value) { options.color = colors.at(value); };
  app.add_option_function<std::string>("--format", set_format, "what goes to stdout (default: human)")
      ->option_text("human|json|tap")
      ->check(CLI::IsMember({"human", "json", "tap"}));
  app.add_option_function<std::string>("--color", set_color, "colours (default: auto)")
      ->option_text("auto|always|never")
      ->check(CLI::IsMember({"auto", "always", "never"}));
  app.add_flag("-q,--quiet", options.quiet, "only failures and the summary");
  app.add_flag("-v,--verbose", options.verbose, "every event as it happens, and what images are built from");
}

// A file for each format of the table.
void add_formats(CLI::App& app, Options& options) {
  for (const ReportFormat& format : report_formats()) {
    const std::string name = format.name;
    app.add_option_function<std::string>(
           "--" + name, [&options, name](const std::string& file) { options.outputs.emplace_back(name, file); }, format.help)
        ->option_text("FILE")
        ->group("Formats (a file each; - is standard output)");
  }
  app.add_option("--compat-results", options.compat_results, "a directory for results in the shape of the runner whose registry was read")
      ->option_text("DIR")
      ->group("Formats (a file each; - is standard output)");
}

std::chrono::nanoseconds duration_from(const std::string& option, const std::string& text) {
  const auto parsed = parse_go_duration(text);
  if (const auto* fault = std::get_if<std::string>(&parsed)) throw CLI::ValidationError(option, "\"" + text + "\": " + *fault);
  return std::get<std::chrono::nanoseconds>(parsed);
}

std::chrono::milliseconds budget_from(const std::string& text) {
  const auto budget = std::chrono::duration_cast<std::chrono::milliseconds>(duration_from("--budget", text));
  if (budget.count() <= 0) throw CLI::ValidationError("--budget", "\"" + text + "\" is no time in which anything could run");
  return budget;
}

std::chrono::milliseconds heartbeat_from(const std::string& text) {
  const auto interval = std::chrono::duration_cast<std::chrono::milliseconds>(duration_from("--heartbeat", text));
  if (interval.count() < 0) throw CLI::ValidationError("--heartbeat", "\"" + text + "\" is below zero");
  return interval;
}

Shard shard_from(const std::string& text) {
  const auto parsed = parse_shard(text);
  if (const auto* fault = std::get_if<std::string>(&parsed)) throw CLI::ValidationError("--shard", "\"" + text + "\": " + *fault);
  return std::get<Shard>(parsed);
}

void add_running(CLI::App& app, Options& options) {
  const auto set_jobs = [&options](const std::string& value) {
    int jobs = 0;
    if (value != "auto" && (!CLI::detail::lexical_cast(value, jobs) || jobs < 1 || jobs > most_jobs)) {
      throw CLI::ValidationError("--jobs", "\"" + value + "\" is neither `auto` nor a number from 1 to " + std::to_string(most_jobs));
    }
    options.jobs = jobs;
  };
  app.add_option_function<std::string>(
         "-j,--jobs", set_jobs,
         "cells at once (default: auto, by the cores and the memory there are and what each test says that it takes)")
      ->option_text("N|auto");
  app.add_option("--runtime", options.runtime, "what starts the processes (default: auto, sandbox for paths and docker for images)")
      ->option_text("docker|sandbox|auto")
      ->check(CLI::IsMember({"docker", "sandbox", "auto"}));
  app.add_option("--network", options.network, "a network for each attempt, or the host's own (default: private)")
      ->option_text("private|host")
      ->check(CLI::IsMember({"private", "host"}));
  app.add_option("--isolation", options.isolation,
                 "pooled: attempts follow each other in ready-made networks (default); strict: each has a fresh one")
      ->option_text("pooled|strict")
      ->check(CLI::IsMember({"pooled", "strict"}));
  app.add_option("--retries", options.retries, "attempts after one that did not pass (default: 0)")
      ->option_text("N")
      ->check(CLI::Range(0, most_attempts));
  app.add_option("--repeat", options.repeat, "how often each cell is run (default: 1)")
      ->option_text("N")
      ->check(CLI::Range(1, most_attempts));
  app.add_flag("--fail-fast", options.fail_fast, "start nothing more after a cell that did not pass");
  app.add_flag_callback(
      "--no-breaker", [&options] { options.breaker = false; },
      "run on also with an implementation that " + std::to_string(breaker_limit) + " times in a row used up its time");
  app.add_option_function<std::string>(
         "--budget", [&options](const std::string& value) { options.budget = budget_from(value); },
         "start nothing more after this time, for example 10m; what runs then ends, the rest is skipped")
      ->option_text("DURATION");
  app.add_option_function<std::string>(
         "--shard", [&options](const std::string& value) { options.shard = shard_from(value); },
         "run this part of the cells, for example 1/4; `interoper merge` joins the reports")
      ->option_text("I/N");
  app.add_option("--timeout-scale", options.timeout_scale, "multiply every timeout (default: 1)")
      ->option_text("X")
      ->check(CLI::Range(0.001, 1000.0))
      ->check([](const std::string& text) { return std::isnan(std::strtod(text.c_str(), nullptr)) ? text + " is no number" : ""; });
  app.add_option_function<std::uint64_t>(
         "--seed", [&options](const std::uint64_t& seed) { options.seed = seed; }, "INTEROPER_SEED of every role")
      ->option_text("N")
      // strtoull would take it, and make a large number of it
      ->check([](const std::string& text) { return text.starts_with('-') ? text + " is below zero" : ""; });
  app.add_option_function<std::string>(
         "--heartbeat", [&options](const std::string& value) { options.heartbeat = heartbeat_from(value); },
         "where there is no terminal: say what runs when nothing was said for so long (default: 1m; 0 = never)")
      ->option_text("DURATION");
  app.add_flag("--keep", options.keep, "keep what each attempt left in /shared, in the report");
  app.add_flag("--no-build", options.no_build, "do not build what is under test");
  app.add_option("--reports", options.reports, "where reports are written (default: interop/reports)")->option_text("DIR");
}

// A time on a timeline, counted from the attempt's begin; a number alone means seconds, as timelines show them.
std::int64_t timeline_us(const std::string& option, const std::string& text) {
  const bool is_number = !text.empty() && text.find_first_not_of("0123456789.") == std::string::npos;
  return std::chrono::duration_cast<std::chrono::microseconds>(duration_from(option, is_number ? text + "s" : text)).count();
}

CLI::App* add_command(CLI::App& parent, const std::string& name, const std::string& help, Verb verb, Options& options) {
  CLI::App* command = parent.add_subcommand(name, help);
  command->callback([&options, verb] { options.verb = verb; });
  return command;
}

void add_show(CLI::App& app, Options& options) {
  CLI::App* show = add_command(app, "show", "a report's cells, or one cell's timeline, in the terminal", Verb::show, options);
  show->add_option("REPORT", options.report, "a run's name, a folder, or `latest` (default)");
  show->add_option("CELL", options.cell, "a cell's id, the beginning of one, or a glob");
  const std::string cells = "Without CELL";
  add_list(*show, "--verdict", options.verdicts, "only cells with this verdict; may be repeated")
      ->option_text("VERDICT")
      ->check(CLI::IsMember({"passed", "failed", "unsupported", "skipped", "error", "aborted"}))
      ->group(cells);
  const std::string timeline = "With CELL";
  EventFilter& filter = options.view.filter;
  show->add_flag("-f,--follow", options.follow, "go on with what comes, until the attempt ends")->group(timeline);
  show->add_option("--attempt", options.view.attempt, "this attempt (default: the one that decided)")
      ->option_text("N")
      ->check(CLI::Range(1, most_attempts * most_attempts))
      ->group(timeline);
  add_list(*show, "--role", filter.roles, "only events of these roles")->option_text("GLOB")->group(timeline);
  add_list(*show, "--type", filter.types, "only events of these types; `log` is one")->option_text("GLOB")->group(timeline);
  show->add_option_function<std::string>(
          "--since", [&filter](const std::string& value) { filter.since_us = timeline_us("--since", value); },
          "only from this time on, counted from the beginning: 1.5s, 2m")
      ->option_text("TIME")
      ->group(timeline);
  show->add_option_function<std::string>(
          "--until", [&filter](const std::string& value) { filter.until_us = timeline_us("--until", value); }, "only up to this time")
      ->option_text("TIME")
      ->group(timeline);
  show->add_option("--grep", filter.grep, "only events that this regular expression is found in, as `grep -E` reads it")
      ->option_text("REGEX")
      ->check([](const std::string& text) {
        EventFilter only;
        only.grep = text;
        return EventSieve(only).fault();
      })
      ->group(timeline);
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(command->get_name());
  return names;
}

CLI::App* subcommand(CLI::App& app, const std::string& name) {
  for (CLI::App* command : app.get_subcommands([](CLI::App*) { return true; })) {
    if (command->get_name() == name) return command;
  }
  return nullptr;
}

// The command that the first arguments name, for `help COMMAND` and for hints; `known` is how many of them it took.
CLI::App* find_command(CLI::App& app, const std::vector<std::string>& words, std::string& unknown) {
  CLI::App* found = &app;
  for (const std::string& word : words) {
    CLI::App* next = subcommand(*found, word);
    if (next == nullptr) {
      if (!found->get_subcommands([](const CLI::App*) { return true; }).empty()) unknown = word;
      return found;
    }
    found = next;
  }
  return found;
}

// "interoper tests" for `update`: what stands before a command's own name.
std::string parents_of(const CLI::App& command) {
  std::string names;
  for (const CLI::App* parent = command.get_parent(); parent != nullptr; parent = parent->get_parent()) {
    names = parent->get_name() + (names.empty() ? "" : " ") + names;
  }
  return names;
}

int unknown_command(const CLI::App& near, const std::string& word) {
  const std::string guess = nearest(word, command_names(near));
  std::cerr << "error: there is no command \"" << word << "\"\n";
  std::cerr << "help: " << (guess.empty() ? "run `interoper help` for the list" : "did you mean `" + guess + "`?") << "\n";
  return exit_usage;
}

void add_tests(CLI::App& app, Options& options) {
  CLI::App* tests = app.add_subcommand("tests", "fetch test descriptions, build drivers' images, list cells");
  tests->require_subcommand(1);
  CLI::App* update =
      add_command(*tests, "update", "fetch the test descriptions into interop/tests: all or nothing", Verb::tests_update, options);
  update->add_option("--from", options.update_from, "a directory, an archive or a URL (default: the suite that ships)")
      ->option_text("DIR|FILE|URL");
  CLI::App* build =
      add_command(*tests, "build", "build the drivers' images; go on after one fails, and say which", Verb::tests_build, options);
  build->add_option("IMPLEMENTATION", options.implementations, "which ones (default: all)");
  CLI::App* list =
      add_command(*tests, "list", "tests, implementations, the cells, and the absent ones with reasons", Verb::tests_list, options);
  list->add_flag("--both", options.both, "as `test --both` would run them; default: as `tournament`");
  list->add_flag("--check", options.check, "say what is wrong with the suite and its implementations, and what looks like a mistake");
  add_selection(*list, options);
  for (CLI::App* command : {build, list}) {
    add_place(*command, options);
    add_output(*command, options);
  }
}

void add_commands(CLI::App& app, Options& options) {
  CLI::App* test = add_command(app, "test", "build what is under test and run it against every driver", Verb::test, options);
  test->add_flag("--both", options.both, "also with what is under test as the driver");
  CLI::App* tournament = add_command(app, "tournament", "everyone against everyone", Verb::tournament, options);
  for (CLI::App* command : {test, tournament}) {
    add_selection(*command, options);
    add_place(*command, options);
    add_running(*command, options);
    add_output(*command, options);
    add_formats(*command, options);
    command->footer(exit_statuses);
  }

  add_tests(app, options);
  add_show(app, options);
  CLI::App* show = subcommand(app, "show");
  CLI::App* inspect = add_command(app, "inspect", "look at a report in the browser", Verb::inspect, options);
  inspect->add_option("REPORT", options.report, "a run's name, a folder, a .dump file of the original tool, or `latest` (default)");
  inspect->add_option("--html", options.html, "write the page and the report into one file instead")->option_text("FILE");
  CLI::App* report = add_command(app, "report", "render a recorded run again, for machines and sites", Verb::report, options);
  report->add_option("REPORT", options.report, "a run's name, a folder, a .dump file of the original tool, or `latest` (default)");
  report->add_option("CELL", options.cell, "only cells with this id, with this beginning, or that match this glob");
  report->add_option("--reports", options.reports, "where reports are (default: interop/reports)")->option_text("DIR");
  add_formats(*report, options);
  CLI::App* judge = add_command(app, "judge", "judge a recorded run again", Verb::judge, options);
  judge->add_option("REPORT", options.report, "a run's name, a folder, or `latest` (default)");
  CLI::App* merge = add_command(app, "merge", "join the reports of a run's shards to one", Verb::merge, options);
  merge->add_option("REPORT", options.reports_to_merge, "the reports of all shards: runs' names, or folders")->required();
  merge->add_option("--out", options.merge_out, "the folder of the joined report; it must not be there yet")
      ->option_text("DIR")
      ->required();
  add_formats(*merge, options);
  for (CLI::App* command : {judge, merge})
    command->footer(exit_statuses);
  for (CLI::App* command : {show, inspect, judge, merge}) {
    command->add_option("--reports", options.reports, "where reports are (default: interop/reports)")->option_text("DIR");
    add_output(*command, options);
  }

  CLI::App* init = add_command(app, "init", "write the skeleton of a project that runs; what is there stays", Verb::init, options);
  init->add_flag("--docker", options.init_docker, "also a Dockerfile: tests run in containers, and not directly on this machine");
  CLI::App* doctor = add_command(app, "doctor", "what this machine can run, and how to mend what it cannot", Verb::doctor, options);
  CLI::App* clean = add_command(app, "clean", "remove what dead runs left behind", Verb::clean, options);
  clean->add_flag("--all", options.clean_all, "also what belongs to runs of which nobody here can tell whether they are alive");
  for (CLI::App* command : {doctor, clean})
    add_output(*command, options);
}

std::vector<std::string> long_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options())
    names.insert(names.end(), option->get_lnames().begin(), option->get_lnames().end());
  return names;
}

// Takes options that nobody here knows out of the arguments of a command that selects cells: they may name roles of its suite.
std::vector<const char*> take_role_wishes(const CLI::App& app, const CLI::App& command, const Options& options,
                                          std::vector<RoleWish>& wishes) {
  const std::vector<std::string>& arguments = options.argv;
  std::vector<const char*> rest;
  std::vector<std::string> known = long_names(command);
  const bool selects = std::find(known.begin(), known.end(), "impl") != known.end();  // `show` has a --role too, of another kind
  const std::vector<std::string> common = long_names(app);
  known.insert(known.end(), common.begin(), common.end());
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    const std::size_t equals = word.find('=');
    const std::string name = word.starts_with("--") ? word.substr(2, equals == std::string::npos ? equals : equals - 2) : "";
    if (!selects || !is_role_name(name) || std::find(known.begin(), known.end(), name) != known.end()) {
      rest.push_back(word.c_str());
      continue;
    }
    RoleWish wish{name, std::nullopt, nearest(name, known)};
    if (equals != std::string::npos) {
      wish.glob = word.substr(equals + 1);
    } else if (i + 1 < arguments.size() && !arguments[i + 1].starts_with('-')) {
      wish.glob = arguments[++i];
    }
    wishes.push_back(std::move(wish));
  }
  return rest;
}

// Of the command that was asked for, and no other: CLI11 reads the variables of all that have them, and what another command would make of
// one must not come after what the line says.
void name_environment_up(CLI::App* command) {
  for (; command != nullptr; command = command->get_parent())
    name_environment(*command);
}

}  // namespace

ParsedLine parse_command_line(int argc, const char* const* argv) {
  ParsedLine parsed;
  Options& options = parsed.options;
  options.argv.assign(argv, argv + argc);
  CLI::App app("the interop test engine for protocol implementations", "interoper");
  app.set_version_flag("--version", "interoper " INTEROPER_VERSION);
  app.add_option("-C", options.directory, "as if started in DIR")->option_text("DIR");
  app.fallthrough();
  app.formatter(std::make_shared<HelpFormat>());
  add_commands(app, options);
  app.add_subcommand("help", "this text, or a command's");
  app.footer("`interoper help COMMAND` lists a command's options. Every long option can be set as INTEROPER_OPT_<NAME>.");

  std::vector<std::string> words;
  bool skip = false;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const bool is_directory_option = word == "-C";
    if (skip || is_directory_option) {
      skip = is_directory_option;
      continue;
    }
    if (!word.empty() && word.front() == '-') break;
    words.push_back(word);
  }
  const bool asks_for_help = !words.empty() && words.front() == "help";
  if (asks_for_help) words.erase(words.begin());
  std::string unknown;
  CLI::App* named = find_command(app, words, unknown);
  if (!unknown.empty()) {
    parsed.exit_code = unknown_command(*named, unknown);
    return parsed;
  }
  name_environment_up(named);
  if (asks_for_help || argc == 1) {
    (asks_for_help ? std::cout : std::cerr) << named->help(parents_of(*named));
    parsed.exit_code = asks_for_help ? 0 : exit_usage;
    return parsed;
  }
  const std::vector<const char*> arguments = take_role_wishes(app, *named, options, options.role_wishes);
  try {
    app.parse(static_cast<int>(arguments.size()), arguments.data());
  } catch (const CLI::Success& success) {  // --help, --version
    parsed.exit_code = app.exit(success);
  } catch (const CLI::ParseError& error) {
    std::string where = "interoper help";
    for (const std::string& word : words) {
      if (named != &app && subcommand(app, word) != nullptr) where += " " + word;
    }
    std::cerr << "error: " << error.what() << "\nhelp: run `" << where << "` for what there is\n";
    parsed.exit_code = exit_usage;
  }
  using Remote = Selection::Remote;
  if (!options.remote.empty()) options.selection.remote = options.remote == "no" ? Remote::no : Remote::only;
  for (auto it = options.selection.roles.begin(); it != options.selection.roles.end();) {
    it = it->second.empty() ? options.selection.roles.erase(it) : std::next(it);
  }
  return parsed;
}

}  // namespace interoper
