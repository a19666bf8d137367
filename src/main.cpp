// interoper: verbs -> rooms.
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <exception>
#include <iostream>

#include "base/problem.hpp"
#include "commands/commands.hpp"
#include "commands/options.hpp"
#include "commands/project.hpp"

namespace {

// Started with a closed stdin, stdout or stderr, the next file or socket would get its number, and our words.
void fill_standard_streams() {
  int descriptor = 0;
  while (descriptor >= 0 && descriptor <= STDERR_FILENO)
    descriptor = ::open("/dev/null", O_RDWR);
  if (descriptor > STDERR_FILENO) ::close(descriptor);
}

int perform(const interoper::Options& options) {
  using interoper::Verb;
  if (const auto problem = interoper::enter_directory(options)) {
    interoper::print_problems({*problem});
    return interoper::exit_bad_input;
  }
  switch (options.verb) {
    case Verb::test:
    case Verb::tournament: return interoper::run_cells(options);
    case Verb::tests_update: return interoper::update_project(options);
    case Verb::tests_build: return interoper::build_tests(options);
    case Verb::tests_list: return interoper::list_tests(options);
    case Verb::show: return interoper::show_report(options);
    case Verb::inspect: return interoper::inspect_report(options);
    case Verb::report: return interoper::render_report(options);
    case Verb::judge: return interoper::judge_report(options);
    case Verb::merge: return interoper::merge_reports(options);
    case Verb::init: return interoper::init_project(options);
    case Verb::doctor: return interoper::doctor(options);
    case Verb::clean: return interoper::clean(options);
    case Verb::none: break;
  }
  return interoper::exit_bad_input;
}

}  // namespace

int main(int argc, char** argv) {
  fill_standard_streams();
  std::signal(SIGPIPE, SIG_IGN);  // a reader that has gone is an error of the write, never the end of a run
  const interoper::ParsedLine line = interoper::parse_command_line(argc, argv);
  if (line.exit_code) return *line.exit_code;
  try {
    return perform(line.options);
  } catch (const interoper::WorldError& error) {
    std::cerr << "error: " << error.what() << '\n';
    return interoper::exit_trouble;
  } catch (const std::exception& error) {
    std::cerr << "error: interoper met something that it does not know: " << error.what()
              << "\nhelp: this is a defect of interoper; please report it\n";
    return interoper::exit_trouble;
  }
}
