#include "runtimes/docker/shared_place.hpp"

#include "base/owner.hpp"

namespace interoper::docker {

namespace {

namespace fs = std::filesystem;

// Room for what tests exchange in /shared; it is memory of the engine's host.
constexpr std::int64_t shared_size_bytes = std::int64_t{512} * 1024 * 1024;
void make_directory_for_all(const fs::path& directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (!error) fs::permissions(directory, fs::perms::all | fs::perms::sticky_bit, error);
  if (error) throw WorldError("shared-failed", "cannot make the directory " + directory.string() + " for /shared: " + error.message());
}

}  // namespace

Task<> SharedPlace::make(const LabOrder& order, std::string name, Labels labels) {
  if (!order.shared) co_return;
  name_ = std::move(name);
  is_kept_ = order.keep_shared.has_value();
  if (is_kept_) directory_ = fs::absolute(*order.keep_shared);
  if (!is_kept_ && workshop_.shared_in_memory) co_await make_volume(std::move(labels));
  if (has_volume_) co_return;
  if (!is_kept_) {
    directory_ = fs::temp_directory_path() / name_;
    make_directory_for_all(directory_);
    leave_mark(directory_);
    directory_ /= "shared";
  }
  make_directory_for_all(directory_);
}

void SharedPlace::furnish(ContainerOrder& order) const {
  if (has_volume_) order.shared_volume = name_;
  if (!has_volume_) order.shared_directory = directory_.string();
}

Task<> SharedPlace::make_volume(Labels labels) {
  try {
    co_await workshop_.engine.create_memory_volume(name_, shared_size_bytes, std::move(labels));
    has_volume_ = true;
  } catch (const EngineError& error) {
    workshop_.shared_in_memory = false;
    if (workshop_.say)
      workshop_.say("the container engine makes no volumes in memory (" + error.message() + "): /shared is a directory under " +
                    fs::temp_directory_path().string() + ", without a size limit");
  }
}

Task<> SharedPlace::remove() {
  if (has_volume_) {
    const std::function<Task<>()> remove = [this] { return workshop_.engine.remove_volume(name_); };
    co_await remove_when_free(remove);
    has_volume_ = false;
  }
  if (directory_.empty() || is_kept_) co_return;
  std::error_code ignored;  // files of a container's root may not be ours to remove; `clean` names the directory
  fs::remove_all(directory_.parent_path(), ignored);
}

}  // namespace interoper::docker
