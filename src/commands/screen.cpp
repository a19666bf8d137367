#include "commands/screen.hpp"

#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <cstdlib>

#include "commands/formats.hpp"
#include "commands/github.hpp"
#include "reporters/annotations.hpp"
#include "reporters/console.hpp"
#include "reporters/json_lines.hpp"
#include "reporters/tap.hpp"
#include "reporters/terminal.hpp"

namespace interoper {
namespace {

// A burst goes out in pieces of this size, also between two draws.
constexpr std::size_t most_above_bytes = std::size_t{64} * 1024;
// Narrower than this an area says nothing.
constexpr std::size_t least_columns = 20;

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr ? value : "";
}

winsize size_of_terminal() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0) size = {};
  return size;
}

bool is_same_terminal(int one, int other) {
  struct stat a{};
  struct stat b{};
  return ::isatty(one) == 1 && ::isatty(other) == 1 && ::fstat(one, &a) == 0 && ::fstat(other, &b) == 0 && a.st_rdev == b.st_rdev;
}

// Only where somebody looks: not in CI (whose logs keep every frame), not on a terminal that cannot move its cursor, not when the user
// wants quiet, and not between the lines of a format for machines.
bool can_have_area(const Options& options) {
  if (::isatty(STDERR_FILENO) != 1 || options.quiet || !variable("CI").empty()) return false;
  if (options.format != OutputFormat::human && ::isatty(STDOUT_FILENO) == 1) return false;
  return variable("TERM") != "dumb" && !variable("TERM").empty();
}

// As terminals want it: with the host, so that one that shows another machine does not open a file of its own.
std::string file_url(const std::filesystem::path& path) {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  std::string url = "file://" + std::string(host.data());
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (const char c : path.string()) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || std::string_view("/-._~").find(c) != std::string_view::npos)
      url += c;
    else
      url += {'%', digits[byte >> 4U], digits[byte & 15U]};
  }
  return url;
}

}  // namespace

Screen::Screen(const Options& options, const std::filesystem::path& report, Expected expected)
    : options_(options),
      one_terminal_(is_same_terminal(STDOUT_FILENO, STDERR_FILENO)),
      has_area_(can_have_area(options)),
      has_keys_(has_area_ && ::isatty(STDOUT_FILENO) == 1),  // a pager behind stdout reads the keys itself
      out_(STDOUT_FILENO),
      err_(STDERR_FILENO),
      progress_({[] { return Clock::now(); }, std::move(expected)}),
      keyboard_(STDIN_FILENO) {
  const bool to_err_only = takes_stdout(options);  // a format has standard output for itself
  const auto logged = [](TextSink sink) { return under_github() ? without_workflow_commands(std::move(sink)) : sink; };
  const TextSink to_err = logged([this](std::string_view text) { print_err(text); });
  const TextSink to_out = to_err_only ? to_err : logged([this](std::string_view text) { print_out(text); });
  switch (options.format) {
    case OutputFormat::json: results_ = std::make_unique<JsonLines>(report, [this](std::string_view text) { print_out(text); }); break;
    case OutputFormat::tap: results_ = std::make_unique<Tap>(to_out); break;
    case OutputFormat::human: {
      ConsoleOptions console;
      console.out = style_of(to_err_only ? STDERR_FILENO : STDOUT_FILENO, options.color);
      console.err = style_of(STDERR_FILENO, options.color);
      console.quiet = options.quiet;
      console.verbose = options.verbose;
      console.report = report;
      console.report_url = file_url(std::filesystem::absolute(report));
      results_ = std::make_unique<Console>(console, to_out, to_err);
    }
  }
}

Screen::~Screen() { finish(); }

void Screen::print_out(std::string_view text) { print(out(), text); }
void Screen::print_err(std::string_view text) { print(err_, text); }

void Screen::print(PatientStream& stream, std::string_view text) {
  last_word_ = Clock::now();
  if (!has_area_ || &stream != &err_) {
    stream.write(text);
    return;
  }
  above_ += text;
  if (above_.size() >= most_above_bytes) draw(false);
}

void Screen::draw(bool with_area) {
  const winsize size = size_of_terminal();
  Style style = style_of(STDERR_FILENO, options_.color);
  style.columns = size.ws_col;
  std::vector<AreaLine> lines;
  // A reader who paused (Ctrl-S) must not find a heap of frames.
  const bool shows = with_area && size.ws_col >= least_columns && !err_.keeps_something() && is_in_foreground(STDERR_FILENO);
  if (shows) lines = progress_.area(style, size.ws_row > 1 ? size.ws_row / 2U : 1U);
  err_.write(area_.draw(above_, lines, size.ws_col));
  above_.clear();
}

void Screen::look_for_keys() {
  if (!has_keys_ || !progress_.is_running()) return;
  if (keyboard_.keys().find_first_of("tT") != std::string::npos) answer();
}

void Screen::answer() { print_err(progress_.answer(style_of(STDERR_FILENO, options_.color))); }

void Screen::sign_of_life() {
  if (options_.heartbeat.count() == 0 || options_.quiet || !progress_.is_running()) return;
  if (Clock::now() - last_word_ < options_.heartbeat) return;
  print_err(progress_.heartbeat(style_of(STDERR_FILENO, options_.color)));
}

void Screen::tick() {
  out_.drain();
  err_.drain();
  if (!has_area_) {
    sign_of_life();
    return;
  }
  look_for_keys();
  if (Clock::now() - last_draw_ < tick_every) return;
  last_draw_ = Clock::now();
  draw(true);
}

void Screen::let_go() {
  if (has_area_) draw(false);
  keyboard_.release();
}

void Screen::finish() {
  let_go();
  err_.finish();
  out_.finish();
}

}  // namespace interoper
