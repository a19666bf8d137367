#include "runtimes/docker/pause.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <array>
#include <memory>

#include "base/embedded.hpp"
#include "base/problem.hpp"

// The program itself, as the build made it (pause_program.cc).
INTEROPER_EMBED(pause, INTEROPER_PAUSE_FILE)

namespace interoper::docker {

namespace {

// Other content, other name: an older interoper's image is never taken for ours.
constexpr const char* pause_reference = "interoper/pause:1";
// The program has a few kilobytes; a tar adds three blocks and fills up to 10 KiB.
constexpr std::size_t tar_limit_bytes = std::size_t{1} << 20U;

// A tar that holds nothing but the program.
std::string pause_tar() {
  const std::string_view program = embedded_pause();
  std::string tar(tar_limit_bytes, '\0');
  std::size_t used = 0;
  const std::unique_ptr<archive, decltype(&archive_write_free)> writer(archive_write_new(), archive_write_free);
  const std::unique_ptr<archive_entry, decltype(&archive_entry_free)> entry(archive_entry_new(), archive_entry_free);
  archive_write_set_format_ustar(writer.get());
  archive_write_open_memory(writer.get(), tar.data(), tar.size(), &used);
  archive_entry_set_pathname(entry.get(), pause_command + 1);
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  constexpr int executable_for_all = 0755;
  archive_entry_set_perm(entry.get(), executable_for_all);
  archive_entry_set_size(entry.get(), static_cast<la_int64_t>(program.size()));
  archive_write_header(writer.get(), entry.get());
  archive_write_data(writer.get(), program.data(), program.size());
  archive_write_close(writer.get());
  tar.resize(used);
  return tar;
}

}  // namespace

Task<std::string> pause_image(Engine& engine) {
  const std::string reference = pause_reference;
  const auto known = co_await engine.image(reference);
  if (known) co_return known->id;
  std::string id;
  try {
    std::string tar = pause_tar();
    id = co_await engine.import_image(reference, std::move(tar));
  } catch (const EngineError& error) {
    throw WorldError("slot-failed", error.what());
  }
  co_return id;
}

}  // namespace interoper::docker
