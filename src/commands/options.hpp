// What the command line says (interface §8), as values. CLI11 stays in options.cpp.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/plan.hpp"
#include "engine/shard.hpp"
#include "reporters/show.hpp"
#include "reporters/terminal.hpp"

namespace interoper {

enum class Verb { none, test, tournament, tests_update, tests_build, tests_list, show, inspect, report, judge, merge, init, doctor, clean };
enum class OutputFormat { human, json, tap };

// `--NAME GLOB`, where no option is called so: the name of one of the suite's roles, or a typing error. That is known when the suite is.
struct RoleWish {
  std::string name;
  std::optional<std::string> glob;
  std::string near;  // the option that is called nearly so; empty = none
};

struct Options {
  Verb verb = Verb::none;
  std::string directory;            // -C; empty = here
  std::vector<std::string> suites;  // --suite; none = interop/tests
  std::string dockerfile = "Dockerfile";
  Selection selection;
  std::vector<RoleWish> role_wishes;
  std::string remote;        // --remote: `only`, `no`; empty = both
  std::string target_draft;  // --target-draft; empty = the registry's own
  bool check = false;        // tests list --check
  bool both = false;
  int jobs = 0;  // 0 = auto
  std::string runtime = "auto";
  std::string network = "private";
  std::string isolation = "pooled";
  int retries = 0;
  int repeat = 1;
  bool fail_fast = false;
  bool breaker = true;
  std::optional<std::chrono::milliseconds> budget;
  std::optional<Shard> shard;
  double timeout_scale = 1;
  std::optional<std::uint64_t> seed;
  bool keep = false;
  bool no_build = false;
  std::string reports;  // empty = interop/reports
  OutputFormat format = OutputFormat::human;
  ColorWhen color = ColorWhen::automatic;
  std::chrono::milliseconds heartbeat = std::chrono::minutes(1);  // 0: never
  bool quiet = false;
  bool verbose = false;
  std::string update_from;                                   // tests update --from
  std::vector<std::string> implementations;                  // tests build [IMPLEMENTATION…]
  std::string report;                                        // show, inspect, report, judge: REPORT
  std::string cell;                                          // show, report: CELL
  TimelineView view;                                         // show: --attempt, --role, --type, --since, --until, --grep
  std::vector<std::string> verdicts;                         // show: --verdict
  bool follow = false;                                       // show: --follow
  std::string html;                                          // inspect --html
  std::vector<std::pair<std::string, std::string>> outputs;  // --junit FILE and its like: format and file, in the table's order
  std::string compat_results;                                // --compat-results DIR
  std::vector<std::string> reports_to_merge;                 // merge: REPORT…
  std::string merge_out;                                     // merge --out
  bool init_docker = false;                                  // init --docker
  bool clean_all = false;                                    // clean --all
  std::vector<std::string> argv;                             // the whole command line, for the report
};

// Either the options, or an exit code when there is nothing more to do: help and version were printed (0), the line is wrong (2).
struct ParsedLine {
  Options options;
  std::optional<int> exit_code;
};
ParsedLine parse_command_line(int argc, const char* const* argv);

}  // namespace interoper
