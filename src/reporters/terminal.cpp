#include "reporters/terminal.hpp"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "base/visible.hpp"
#include "reporters/no_pipe_signal.hpp"

namespace interoper {
namespace {

constexpr std::size_t longest_verdict = 11;  // "unsupported"

std::string_view code_of(Colour colour, bool rich) {
  switch (colour) {
    case Colour::red: return rich ? "38;5;166" : "31";
    case Colour::green: return rich ? "38;5;36" : "36";
    case Colour::yellow: return rich ? "38;5;178" : "33";
    case Colour::magenta: return rich ? "38;5;175" : "35";
    case Colour::cyan: return rich ? "38;5;74" : "34";
    case Colour::dim: return "2";
    case Colour::bold: return "1";
  }
  return "0";
}

bool names_utf8(std::string locale) {
  std::transform(locale.begin(), locale.end(), locale.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return locale.find("utf-8") != std::string::npos || locale.find("utf8") != std::string::npos;
}

}  // namespace

Style style_for(ColorWhen when, const Surroundings& surroundings) {
  const auto value = [&](const char* name) { return surroundings.environment ? surroundings.environment(name) : std::string(); };
  Style style;
  const bool wanted = surroundings.is_terminal && value("NO_COLOR").empty() && value("TERM") != "dumb";
  style.colour = when == ColorWhen::always || (when == ColorWhen::automatic && wanted);
  style.columns = surroundings.is_terminal ? surroundings.columns : 0;
  style.rich = value("TERM").find("256color") != std::string::npos || value("TERM").find("direct") != std::string::npos ||
               value("COLORTERM") == "truecolor" || value("COLORTERM") == "24bit";
  style.links = surroundings.is_terminal && when != ColorWhen::never && value("TERM") != "dumb" && value("TERM") != "linux";
  style.utf8 = false;
  for (const char* const name : {"LC_ALL", "LC_CTYPE", "LANG"}) {  // the first that is set counts (POSIX)
    const std::string locale = value(name);
    if (locale.empty()) continue;
    style.utf8 = names_utf8(locale);
    break;
  }
  return style;
}

Style style_of(int descriptor, ColorWhen when) {
  Surroundings surroundings;
  surroundings.is_terminal = ::isatty(descriptor) == 1;
  winsize size{};
  if (surroundings.is_terminal && ::ioctl(descriptor, TIOCGWINSZ, &size) == 0) surroundings.columns = size.ws_col;
  surroundings.environment = [](const char* name) {
    const char* const value = std::getenv(name);
    return std::string(value != nullptr ? value : "");
  };
  return style_for(when, surroundings);
}

std::string paint(Colour colour, std::string_view text, const Style& style) {
  if (!style.colour || text.empty()) return std::string(text);
  return "\x1b[" + std::string(code_of(colour, style.rich)) + "m" + std::string(text) + "\x1b[0m";
}

std::string link(std::string_view text, const std::string& url, const Style& style) {
  if (!style.links || url.empty()) return std::string(text);
  return "\x1b]8;;" + url + "\x1b\\" + std::string(text) + "\x1b]8;;\x1b\\";
}

std::string_view glyph(Verdict verdict, const Style& style) {
  switch (verdict) {
    case Verdict::passed: return style.utf8 ? "\u2714" : "+";
    case Verdict::failed: return style.utf8 ? "\u2718" : "x";
    case Verdict::unsupported: return style.utf8 ? "\u25CB" : "o";
    case Verdict::skipped: return style.utf8 ? "\u2013" : "-";
    case Verdict::error: return "!";
    case Verdict::aborted: return style.utf8 ? "\u25A0" : "#";
  }
  return "?";
}

Colour colour_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::passed: return Colour::green;
    case Verdict::failed: return Colour::red;
    case Verdict::unsupported:
    case Verdict::skipped: return Colour::dim;
    case Verdict::error: return Colour::magenta;
    case Verdict::aborted: return Colour::yellow;
  }
  return Colour::bold;
}

std::string verdict_label(Verdict verdict, const Style& style) {
  const std::string label = std::string(glyph(verdict, style)) + " " + std::string(to_string(verdict));
  return paint(colour_of(verdict), label, style) + std::string(longest_verdict + 2 - columns_of(label), ' ');
}

std::string padded(std::string_view text, std::size_t columns) {
  const std::size_t width = columns_of(text);
  return std::string(text) + std::string(width < columns ? columns - width : 0, ' ');
}

std::string padded_left(std::string_view text, std::size_t columns) {
  const std::size_t width = columns_of(text);
  return std::string(width < columns ? columns - width : 0, ' ') + std::string(text);
}

std::string without_blanks_behind(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

void StandardStream::write(std::string_view text) noexcept {
  if (error_ != 0 || text.empty()) return;
  const NoPipeSignal guard;
  while (!text.empty()) {
    const ssize_t n = ::write(descriptor_, text.data(), text.size());
    if (n > 0) {
      text.remove_prefix(static_cast<std::size_t>(n));
    } else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      pollfd writable{descriptor_, POLLOUT, 0};  // somebody made the stream non-blocking: wait as a blocking one would
      ::poll(&writable, 1, -1);
    } else if (n == 0 || errno != EINTR) {
      error_ = n == 0 ? EIO : errno;
      return;
    }
  }
}

}  // namespace interoper
