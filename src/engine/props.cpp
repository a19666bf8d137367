#include "engine/props.hpp"

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <cstring>

#include "base/certificate.hpp"
#include "base/files.hpp"
#include "base/owner.hpp"
#include "base/problem.hpp"
#include "base/visible.hpp"
#include "model/cell.hpp"

namespace interoper {
namespace {

namespace fs = std::filesystem;

constexpr const char* shared_source = "shared";
constexpr const char* out_source = "out";
constexpr const char* shared_directory = "/shared";
constexpr auto for_all_to_read = static_cast<fs::perms>(0755);
constexpr auto file_for_all_to_read = static_cast<fs::perms>(0644);
// As /tmp: roles run as whatever user their suite says. Only they come here: what a role leaves that is root in its container (a program
// with the set-user-ID bit) must not lie open on this machine.
constexpr auto for_all_to_write = static_cast<fs::perms>(01777);
constexpr auto for_us_alone = static_cast<fs::perms>(0700);

void make_directory(const fs::path& directory, fs::perms permissions) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (!error) fs::permissions(directory, permissions, error);  // whatever the umask
  if (error) {
    throw WorldError(disk_reason(error.value(), "temporary-failed"), "cannot make the directory " + directory.string() + " for a role: " +
                                                                         error.message() + "; see that there is room and that you may");
  }
}

void write_for_all(const fs::path& file, const std::string& text) {
  write_whole(file, text);
  std::error_code error;
  fs::permissions(file, file_for_all_to_read, error);
  if (error) throw WorldError("temporary-failed", "cannot let every user read " + file.string() + ": " + error.message());
}

CertificateWish wish_of(const CertificateOrder& order) { return CertificateWish{order.key, order.days, order.names}; }

// "/var/mlog" -> "var-mlog"
std::string as_name(const std::string& target) {
  std::string name = target.substr(std::min(target.find_first_not_of('/'), target.size()));
  std::replace(name.begin(), name.end(), '/', '-');
  return name;
}

// Most runs need nothing there: one that is no directory is trouble only when something is to be made in it.
fs::path temporary_directory() {
  std::error_code error;
  const fs::path usual = fs::temp_directory_path(error);
  const char* const named = std::getenv("TMPDIR");
  return fs::absolute(error && named != nullptr ? fs::path(named) : usual);
}

// The rest is counted.
constexpr std::size_t most_in_a_sentence = 3;
constexpr std::size_t longest_name_bytes = 60;

// `not all of what was left in /mlog is kept: "passwd" (a symbolic link), "pipe" (a FIFO), and 10 more`
std::string left_out_sentence(const std::string& directory, const Leavings& found) {
  std::string sentence = "not all of what was left in " + directory + " is kept: ";
  const std::size_t named = std::min(found.left_out.size(), most_in_a_sentence);
  for (std::size_t i = 0; i < named; ++i) {
    const Leavings::LeftOut& one = found.left_out[i];
    sentence += (i == 0 ? "\"" : ", \"") + visible(one.path, false, longest_name_bytes) + "\" (" + one.why + ")";
  }
  if (found.left_out_count > named) sentence += ", and " + std::to_string(found.left_out_count - named) + " more";
  return sentence;
}

std::string not_removed_sentence(const std::string& directory, const fs::path& place, int error) {
  return "what was left in " + directory + " cannot be removed from " + place.string() + ": " + std::strerror(error) +
         "; if it belongs to another user, remove it as root";
}

}  // namespace

Props::Props(const Rules& rules, const std::string& run, fs::path report)
    : rules_(rules),
      directory_(temporary_directory() / ("interoper-" + run + "-" + short_hash(own_mark()) + "-props")),
      report_(std::move(report)) {}

Props::~Props() {
  if (is_claimed_)
    remove_directory(directory_, owner_file);  // what a role wrote as another user may not be ours to remove; `clean` names it
}

void Props::claim_directory() {
  if (is_claimed_) return;
  std::error_code error;
  // Where everybody may make directories, one that is there already is somebody else's.
  if (!fs::create_directory(directory_, error)) {
    const std::string why = error ? error.message() : "it is there already";
    throw WorldError(disk_reason(error.value(), "temporary-failed"), "cannot make the directory " + directory_.string() + ": " + why +
                                                                         "; see that there is room, and that TMPDIR names a directory "
                                                                         "you may write to");
  }
  is_claimed_ = true;
  make_directory(directory_, for_all_to_read);
  leave_mark(directory_);
}

void Props::make() {
  for (const MadeFiles& files : rules_.files) {
    claim_directory();
    const fs::path place = directory_ / files.name;
    make_directory(place, for_all_to_read);
    const Certificate made = make_certificate(wish_of(files.certificate));
    write_for_all(place / files.certificate.certificate_file, made.certificate_pem);
    write_for_all(place / files.certificate.key_file, made.key_pem);
  }
}

fs::path Props::place_of(const std::string& directory, const std::string& cell, int attempt) {
  return fs::path("cells") / cell / (std::to_string(attempt) + "-" + as_name(directory));
}

fs::path Props::make_writable(const fs::path& place) {
  claim_directory();
  const fs::path made = directory_ / place;
  make_directory(made.parent_path(), for_us_alone);
  make_directory(made, for_all_to_write);
  return made;
}

std::vector<Player::Bind> Props::binds(const RoleSpec& role, const std::string& cell, int attempt) {
  std::vector<Player::Bind> binds;
  for (const Mount& mount : role.mounts) {
    if (mount.source == shared_source) continue;  // LabOrder::shared
    if (mount.source == out_source) {
      binds.push_back({make_writable(place_of(mount.target, cell, attempt) / role.name), mount.target, false});
      continue;
    }
    // The suite's reader knows no other names.
    assert(std::any_of(rules_.files.begin(), rules_.files.end(), [&](const MadeFiles& files) { return files.name == mount.source; }));
    binds.push_back({directory_ / mount.source, mount.target, true});
  }
  return binds;
}

fs::path Props::kept_shared(const std::string& cell, int attempt) {
  return make_writable(place_of(shared_directory, cell, attempt) / shared_source);
}

Task<std::vector<LeftOut>> Props::collect(const std::vector<RoleSpec>& roles, std::string cell, int attempt, const Predicate& hurried) {
  std::vector<LeftOut> left_out;
  if (!is_claimed_) co_return left_out;
  for (const RoleSpec& role : roles) {
    for (const Mount& mount : role.mounts) {
      if (mount.source != out_source) continue;
      LeftOut of;
      of.role = role.name;
      of.directory = mount.target;
      fs::path place = place_of(mount.target, cell, attempt) / role.name;
      co_await collect_one(std::move(of), std::move(place), hurried, left_out);
    }
  }
  LeftOut shared;
  shared.directory = shared_directory;
  fs::path place = place_of(shared_directory, cell, attempt);
  co_await collect_one(std::move(shared), std::move(place), hurried, left_out);
  co_return left_out;
}

Task<> Props::collect_one(LeftOut of, fs::path place, const Predicate& hurried, std::vector<LeftOut>& left_out) const {
  const fs::path from = of.role.empty() ? directory_ / place / shared_source : directory_ / place;
  if (!report_.empty()) {
    fs::path to = report_ / place;
    const LeavingsLimits limits;
    Leavings found = co_await keep_leavings(from, std::move(to), limits);
    if (found.left_out_count > 0) {
      left_out.push_back(of);
      left_out.back().what = left_out_sentence(of.directory, found);
      left_out.back().count = found.left_out_count;
      left_out.back().entries = std::move(found.left_out);
    }
  }
  const int error = co_await remove_leavings(from, hurried);
  std::error_code not_empty;  // another role's may stand beside it
  fs::remove(from.parent_path(), not_empty);
  fs::remove(from.parent_path().parent_path(), not_empty);
  if (error == 0) co_return;
  of.what = not_removed_sentence(of.directory, from, error);
  left_out.push_back(std::move(of));
}

}  // namespace interoper
