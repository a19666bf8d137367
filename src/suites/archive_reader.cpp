#include "suites/archive_reader.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <array>
#include <filesystem>
#include <memory>
#include <optional>

#include "base/problem.hpp"

namespace interoper {
namespace {

// Against archives that unpack to far more than they are: a repository of tests with all its history is smaller.
constexpr std::int64_t most_unpacked_bytes = std::int64_t{1024} * 1024 * 1024;
constexpr std::size_t most_entries = 200'000;
constexpr std::size_t most_wanted_bytes = std::size_t{256} * 1024 * 1024;

constexpr std::size_t piece_bytes = 65536;

using Archive = std::unique_ptr<archive, decltype(&archive_read_free)>;

[[noreturn]] void fail(const std::string& shown, const std::string& why) {
  throw WorldError("fetch-failed", "cannot read " + shown + ": " + why);
}

[[noreturn]] void fail_as(archive* from, const std::string& shown) {
  const char* text = archive_error_string(from);
  std::string why = text == nullptr ? "it is damaged" : text;
  if (why == "Unrecognized archive format")
    why = "it is no zip or tar archive; for a git repository write git+https://… or a URL that ends in .git";
  fail(shown, why);
}

// The path inside the archive; nothing when it leads elsewhere.
std::optional<std::string> inner_path(archive_entry* entry) {
  const char* name = archive_entry_pathname_utf8(entry);
  if (name == nullptr) name = archive_entry_pathname(entry);
  if (name == nullptr) return std::nullopt;
  const std::filesystem::path written(name);
  if (written.is_absolute()) return std::nullopt;
  for (const auto& part : written) {
    if (part == "..") return std::nullopt;
  }
  return written.lexically_normal().string();
}

std::string content(archive* from, const std::string& shown, const std::string& path, std::size_t largest_file_bytes) {
  std::string bytes;
  std::array<char, piece_bytes> piece{};
  for (;;) {
    const la_ssize_t count = archive_read_data(from, piece.data(), piece.size());
    if (count < 0) fail_as(from, shown);
    if (count == 0) return bytes;
    bytes.append(piece.data(), static_cast<std::size_t>(count));
    if (bytes.size() > largest_file_bytes) fail(shown, path + " is larger than " + std::to_string(largest_file_bytes) + " bytes");
  }
}

}  // namespace

std::vector<ArchivedFile> read_archive(std::string_view bytes, const std::string& shown, std::size_t largest_file_bytes,
                                       const std::function<bool(std::string_view path)>& wanted) {
  const Archive reader(archive_read_new(), archive_read_free);
  archive_read_support_filter_all(reader.get());
  archive_read_support_format_tar(reader.get());
  archive_read_support_format_zip(reader.get());
  if (archive_read_open_memory(reader.get(), bytes.data(), bytes.size()) != ARCHIVE_OK) fail_as(reader.get(), shown);

  std::vector<ArchivedFile> files;
  std::size_t entries = 0;
  std::size_t kept_bytes = 0;
  for (;;) {
    archive_entry* entry = nullptr;
    const int status = archive_read_next_header(reader.get(), &entry);
    if (status == ARCHIVE_EOF) break;
    if (status < ARCHIVE_WARN) fail_as(reader.get(), shown);
    const bool flood =
        ++entries > most_entries || archive_filter_bytes(reader.get(), 0) > most_unpacked_bytes || kept_bytes > most_wanted_bytes;
    if (flood) fail(shown, "it unpacks to more than a suite of tests can be");
    const auto path = inner_path(entry);
    const bool regular = archive_entry_filetype(entry) == AE_IFREG && archive_entry_hardlink(entry) == nullptr;
    if (!path || !regular || !wanted(*path)) continue;
    files.push_back({*path, content(reader.get(), shown, *path, largest_file_bytes)});
    kept_bytes += files.back().bytes.size();
  }
  if (entries == 0) fail(shown, "it is empty");
  return files;
}

}  // namespace interoper
