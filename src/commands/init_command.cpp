// `init`: the skeleton of a project that runs. It ships as files (examples/skeleton), so that it can be read and run where it stands.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <iostream>

#include "base/files.hpp"
#include "base/problem.hpp"
#include "commands/commands.hpp"
#include "commands/project.hpp"

namespace interoper {
namespace {

namespace fs = std::filesystem;

constexpr std::array<const char*, 5> always = {"th-test", "interop/tests/hello.md", "interop/tests/_implementations.json",
                                               "interop/.gitignore", ".github/workflows/interop.yml"};
constexpr const char* with_docker = "Dockerfile";
constexpr std::size_t largest_bytes = std::size_t{64} * 1024;

[[noreturn]] void cannot_write(const fs::path& path, int error) {
  throw WorldError(disk_reason(error, "write-failed"), disk_sentence("write", path, error));
}

void write_all(int descriptor, std::string_view bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      const int error = errno;
      ::close(descriptor);
      ::unlink(path.c_str());
      cannot_write(path, error);
    }
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

// False, and nothing is touched, when something of that name is there: what a user has is never overwritten.
bool write_new(const fs::path& path, std::string_view bytes, mode_t mode) {
  std::error_code error;
  if (path.has_parent_path()) fs::create_directories(path.parent_path(), error);
  if (error) cannot_write(path.parent_path(), error.value());
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (descriptor < 0 && errno == EEXIST) return false;
  if (descriptor < 0) cannot_write(path, errno);
  write_all(descriptor, bytes, path);
  ::close(descriptor);
  return true;
}

void add(const fs::path& skeleton, const fs::path& name) {
  const std::string content = read_whole(skeleton / name, largest_bytes);
  const bool is_program = ::access((skeleton / name).c_str(), X_OK) == 0;
  const mode_t mode = is_program ? 0777 : 0666;  // minus the umask
  const bool written = write_new(name, content, mode);
  std::cout << (written ? "wrote  " : "kept   ") << name.string() << (written ? "" : ": it is there already") << '\n';
}

}  // namespace

int init_project(const Options& options) {
  const fs::path skeleton = shipped_folder() / "examples" / "skeleton";
  std::error_code error;
  if (!fs::is_directory(skeleton, error)) {
    std::cerr << "error: the skeleton that ships with interoper is not found\nhelp: install interoper with `cmake --install`, or run it "
                 "from its build tree\n";
    return exit_trouble;
  }
  for (const char* name : always)
    add(skeleton, name);
  if (options.init_docker) add(skeleton, with_docker);
  std::cout << "now run `interoper test`; then make th-test call your implementation, and list others in "
               "interop/tests/_implementations.json\n";
  return exit_done;
}

}  // namespace interoper
