// `inspect`: a recorded run in the browser, or as one file.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "base/files.hpp"
#include "commands/commands.hpp"
#include "commands/event_loop.hpp"
#include "commands/project.hpp"
#include "commands/recorded.hpp"
#include "inspector/page.hpp"
#include "inspector/server.hpp"
#include "inspector/single_file.hpp"
#include "reporters/recording.hpp"
#include "reporters/terminal.hpp"

namespace interoper {
namespace {

// Somebody sits before a screen that belongs to us.
bool has_screen() {
  const auto is_set = [](const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr && *value != '\0';
  };
  return !is_set("CI") && (is_set("DISPLAY") || is_set("WAYLAND_DISPLAY"));
}

// Starts the user's browser and forgets it: it outlives us, and belongs to nobody here. No browser is no trouble: the address is printed.
void open_browser(const std::string& address) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::setsid();
    if (::fork() != 0) ::_exit(0);
    const int nothing = ::open("/dev/null", O_RDWR);
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
      ::dup2(nothing, stream);
    ::execlp("xdg-open", "xdg-open", address.c_str(), static_cast<char*>(nullptr));
    ::_exit(0);
  }
  if (child > 0) ::waitpid(child, nullptr, 0);
}

void serve(Site& site) {
  Server* running = nullptr;
  const auto work = [&](const Executor& executor) -> Task<> {
    Server server(executor, site);
    running = &server;
    const std::string address = "http://127.0.0.1:" + std::to_string(server.port()) + "/";
    StandardStream out(STDOUT_FILENO);
    out.write(address + "\n");
    std::cerr << "this is " << site.recording().run.id << "; Ctrl-C ends it\n";
    if (has_screen()) open_browser(address);
    co_await server.run();
    running = nullptr;
  };
  SignalCalls signals;
  signals.interrupted = [&](int) {
    if (running != nullptr) running->stop();
  };
  run_on_loop(work, signals);
}

}  // namespace

int inspect_report(const Options& options) {
  const auto resolved = resolve_report(reports_folder(options), options.report);
  std::optional<Recording> opened = open_or_explain(resolved);
  if (!opened) return exit_bad_input;
  if (embedded_page().script.empty()) {
    std::cerr << "error: " << no_page << "\nhelp: install Node.js and npm, and build again with -D INTEROPER_PAGE=ON\n";
    return exit_trouble;
  }
  Site site(std::move(*opened));
  if (options.html.empty()) {
    serve(site);
  } else {
    write_whole(options.html, single_file(site));
  }
  return exit_done;
}

}  // namespace interoper
