// Files out of a zip or tar archive, into memory. Nothing is unpacked to disk, so that a hostile path has nowhere to go.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace interoper {

struct ArchivedFile {
  std::string path;  // inside the archive, without "./" in front
  std::string bytes;
};

// The regular files whose path `wanted` accepts. Absolute paths, and those with ".." in them, are passed over unseen.
// WorldError("fetch-failed") when `bytes` are no archive, a damaged one, or more than a suite of tests can be; `shown` names it.
std::vector<ArchivedFile> read_archive(std::string_view bytes, const std::string& shown, std::size_t largest_file_bytes,
                                       const std::function<bool(std::string_view path)>& wanted);

}  // namespace interoper
