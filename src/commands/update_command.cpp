// `tests update`: test descriptions into the project.
#include <iostream>

#include "commands/commands.hpp"
#include "commands/project.hpp"
#include "suites/update.hpp"

namespace interoper {
namespace {

constexpr const char* default_suite = "telehash";  // what `tests update` fetches when nobody says from where

}  // namespace

int update_project(const Options& options) {
  UpdateOrder order;
  order.from = options.update_from;
  const std::filesystem::path shipped = shipped_folder();
  if (!shipped.empty()) order.shipped = (shipped / "tests-specs" / default_suite).string();
  if (order.from.empty() && order.shipped.empty()) {
    std::cerr
        << "error: the suites that ship with interoper are not found\nhelp: install it with `cmake --install`, run it from its build tree, "
           "or name a source with --from\n";
    return exit_trouble;
  }
  const UpdateResult result = update_tests(order);
  print_problems(result.problems);
  if (has_errors(result.problems)) return exit_bad_input;
  for (const UpdatedFile& file : result.files)
    std::cout << describe(file) << '\n';
  return exit_done;
}

}  // namespace interoper
