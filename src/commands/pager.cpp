#include "commands/pager.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <sstream>

namespace interoper {
namespace {

bool is_in_path(const std::string& program) {
  const char* const path = std::getenv("PATH");
  std::istringstream folders(path != nullptr ? path : "");
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (::access((std::filesystem::path(folder) / program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

// The user's, else `less` where there is one. A PAGER that is empty, or `cat`, means none.
std::string pager_command() {
  const char* const wanted = std::getenv("PAGER");
  const std::string command = wanted != nullptr ? wanted : is_in_path("less") ? "less" : "";
  return command == "cat" ? "" : command;
}

}  // namespace

Pager::Pager(bool wanted) : out_(STDOUT_FILENO) {
  winsize size{};
  if (!wanted || ::isatty(STDOUT_FILENO) != 1 || ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return;
  command_ = pager_command();
  rows_ = size.ws_row;
}

void Pager::start() {
  // Colours pass, long lines are not broken, a short text needs no key; what the user has set counts.
  ::setenv("LESS", "FRSX", 0);
  std::signal(SIGINT, SIG_IGN);  // means the pager, which stays
  std::signal(SIGQUIT, SIG_IGN);
  pager_ = ::popen(command_.c_str(), "we");
  if (pager_ == nullptr) {
    command_.clear();
    out_.write(held_);
  } else {
    gone_ = std::fwrite(held_.data(), 1, held_.size(), pager_) != held_.size();
  }
  held_.clear();
}

void Pager::write(std::string_view text) {
  if (pager_ != nullptr) {
    if (!gone_) gone_ = std::fwrite(text.data(), 1, text.size(), pager_) != text.size();
    return;
  }
  if (command_.empty()) {
    out_.write(text);
    return;
  }
  held_ += text;
  lines_ += static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  if (lines_ >= rows_) start();
}

Pager::~Pager() {
  out_.write(held_);
  if (pager_ != nullptr) ::pclose(pager_);
}

}  // namespace interoper
