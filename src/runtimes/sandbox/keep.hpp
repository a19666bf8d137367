// --keep: what an attempt left in /shared, copied to where the user finds it.
#pragma once

#include <filesystem>

namespace interoper::sandbox {

// Copies the directory that `shared` (a descriptor) stands for to `to`: directories, regular files, and links as they are (never what they
// point at). Pipes, sockets and devices stay behind. WorldError("disk-full", "write-failed") when it cannot.
void keep_files(int shared, const std::filesystem::path& to);

}  // namespace interoper::sandbox
