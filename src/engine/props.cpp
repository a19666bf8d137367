#include "engine/props.hpp"

#include <algorithm>
#include <cassert>
#include <cstdlib>

#include "base/certificate.hpp"
#include "base/files.hpp"
#include "base/owner.hpp"
#include "base/problem.hpp"
#include "model/cell.hpp"

namespace interoper {
namespace {

namespace fs = std::filesystem;

constexpr const char* shared_source = "shared";
constexpr const char* out_source = "out";
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
  return error && named != nullptr ? fs::path(named) : usual;
}

}  // namespace

Props::Props(const Rules& rules, const std::string& run, fs::path report)
    : rules_(rules),
      directory_(temporary_directory() / ("interoper-" + run + "-" + short_hash(own_mark()) + "-props")),
      report_(std::move(report)) {}

Props::~Props() {
  std::error_code unimportant;  // what a role wrote as another user may not be ours to remove; `clean` names it
  if (is_claimed_) fs::remove_all(directory_, unimportant);
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

fs::path Props::place_for(const Mount& mount, const RoleSpec& role, const std::string& cell, int attempt) const {
  const fs::path root = report_.empty() ? directory_ / out_source : report_;
  return root / "cells" / cell / (std::to_string(attempt) + "-" + as_name(mount.target)) / role.name;
}

std::vector<Player::Bind> Props::binds(const RoleSpec& role, const std::string& cell, int attempt) {
  std::vector<Player::Bind> binds;
  for (const Mount& mount : role.mounts) {
    if (mount.source == shared_source) continue;  // LabOrder::shared
    if (mount.source == out_source) {
      if (report_.empty()) claim_directory();
      const fs::path place = place_for(mount, role, cell, attempt);
      make_directory(place.parent_path(), for_us_alone);
      make_directory(place, for_all_to_write);
      binds.push_back({place, mount.target, false});
      continue;
    }
    // The suite's reader knows no other names.
    assert(std::any_of(rules_.files.begin(), rules_.files.end(), [&](const MadeFiles& files) { return files.name == mount.source; }));
    binds.push_back({directory_ / mount.source, mount.target, true});
  }
  return binds;
}

void Props::tidy(const RoleSpec& role, const std::string& cell, int attempt) const {
  for (const Mount& mount : role.mounts) {
    if (mount.source != out_source) continue;
    const fs::path place = place_for(mount, role, cell, attempt);
    std::error_code not_empty;
    fs::remove(place, not_empty);
    fs::remove(place.parent_path(), not_empty);
  }
}

}  // namespace interoper
