#include "runtimes/docker/context.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "base/problem.hpp"
#include "runtimes/docker/ignore.hpp"

namespace interoper::docker {

namespace {

namespace fs = std::filesystem;

// What is read from a file and sent at a time.
constexpr std::size_t piece_bytes = std::size_t{256} * 1024;
// Name inside the tar of a Dockerfile that lies outside the directory.
constexpr const char* outer_dockerfile = ".interoper.Dockerfile";

WorldError build_failure(const std::string& sentence) { return {"build-failed", sentence}; }

std::string words_of(int error) { return std::strerror(error); }

}  // namespace

struct Context::Entry {
  std::string path;  // in the tar
  fs::path file;     // on disk
  struct stat facts{};
  std::string link;
};

// The tar that is being written, and the file that is being read.
struct Context::Writer {
  Writer() : tar(archive_write_new()) {
    archive_write_set_format_pax_restricted(tar);
    archive_write_set_bytes_per_block(tar, 0);
    archive_write_open(tar, this, nullptr, append, nullptr);
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer() { archive_write_free(tar); }

  static la_ssize_t append(archive*, void* self, const void* bytes, size_t size) {
    static_cast<Writer*>(self)->made.append(static_cast<const char*>(bytes), size);
    return static_cast<la_ssize_t>(size);
  }

  archive* tar;
  std::string made;    // not handed over yet
  std::ifstream file;  // open while one is being read
  std::string file_name;
  std::uint64_t left = 0;  // of its size when the tree was looked at
  bool is_closed = false;
};

Context::Context(const fs::path& directory, const std::string& dockerfile)
    : root_(fs::absolute(directory).lexically_normal()), dockerfile_(dockerfile) {
  std::error_code error;
  if (!fs::is_directory(root_, error)) throw build_failure("there is no directory " + root_.string() + " to build an image from");
  if (dockerfile_.empty()) dockerfile_ = "Dockerfile";
  const fs::path wanted = (root_ / dockerfile_).lexically_normal();
  if (!fs::is_regular_file(wanted, error))
    throw build_failure("there is no " + wanted.string() + " to build an image from; write one, or name another with `dockerfile`");
  dockerfile_ = wanted.lexically_relative(root_).generic_string();
  const bool is_outside = dockerfile_.empty() || dockerfile_.starts_with("../") || dockerfile_ == "..";
  if (is_outside) dockerfile_ = outer_dockerfile;

  IgnoreRules rules;
  std::ifstream ignore(root_ / ".dockerignore", std::ios::binary);
  if (ignore) {
    std::stringstream text;
    text << ignore.rdbuf();
    rules = IgnoreRules(text.str());
  }
  walk(root_, "", rules);
  if (is_outside) {
    Entry entry;
    entry.path = dockerfile_;
    entry.file = wanted;
    if (::stat(wanted.c_str(), &entry.facts) != 0) throw build_failure("cannot read " + wanted.string() + ": " + words_of(errno));
    add(std::move(entry));
  }
  std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) { return a.path < b.path; });
  writer_ = std::make_unique<Writer>();
}

Context::~Context() = default;

std::size_t Context::files() const { return entries_.size(); }

void Context::add(Entry entry) {
  bytes_ += S_ISREG(entry.facts.st_mode) ? static_cast<std::uint64_t>(entry.facts.st_size) : 0;
  entries_.push_back(std::move(entry));
  if (bytes_ <= context_limit_bytes && entries_.size() <= context_limit_files) return;
  throw build_failure("the directory " + root_.string() + " is too big to build an image from (more than " +
                      (bytes_ > context_limit_bytes ? std::to_string(context_limit_bytes >> 30U) + " GiB"
                                                    : std::to_string(context_limit_files) + " files") +
                      "); name what the image does not need in " + (root_ / ".dockerignore").string());
}

void Context::walk(const fs::path& directory, const std::string& prefix, const IgnoreRules& rules) {
  std::error_code error;
  fs::directory_iterator entries(directory, error);
  if (error)
    throw build_failure("cannot read the directory " + directory.string() + ": " + error.message() +
                        "; make it readable, or name it in .dockerignore");
  for (const fs::directory_entry& one : entries) {
    Entry entry;
    entry.path = prefix + one.path().filename().string();
    entry.file = one.path();
    if (::lstat(entry.file.c_str(), &entry.facts) != 0) continue;  // gone meanwhile
    const bool is_directory = S_ISDIR(entry.facts.st_mode);
    // The engine needs these two to build, and drops them itself when they are ignored.
    const bool is_needed = entry.path == dockerfile_ || entry.path == ".dockerignore";
    const bool is_ignored = !is_needed && rules.ignores(entry.path);
    const bool may_hold_wanted = rules.has_exceptions() || dockerfile_.starts_with(entry.path + "/");
    const std::string path = entry.path;
    if (S_ISLNK(entry.facts.st_mode)) entry.link = fs::read_symlink(entry.file, error).string();
    const bool is_file = S_ISREG(entry.facts.st_mode) || S_ISLNK(entry.facts.st_mode) || is_directory;
    if (!is_ignored && is_file) add(std::move(entry));
    if (is_directory && (!is_ignored || may_hold_wanted)) walk(one.path(), path + "/", rules);
  }
}

void Context::begin_entry(const Entry& entry) {
  Writer& writer = *writer_;
  archive_entry* header = archive_entry_new();
  archive_entry_set_pathname(header, entry.path.c_str());
  archive_entry_set_filetype(header, entry.facts.st_mode & S_IFMT);
  archive_entry_set_perm(header, entry.facts.st_mode & 07777);
  archive_entry_set_mtime(header, entry.facts.st_mtim.tv_sec, 0);
  // Owner and group stay root, as the docker program sends them: who checked it out must not change the image.
  const bool has_content = S_ISREG(entry.facts.st_mode);
  archive_entry_set_size(header, has_content ? entry.facts.st_size : 0);
  if (!entry.link.empty()) archive_entry_set_symlink(header, entry.link.c_str());
  const int result = archive_write_header(writer.tar, header);
  archive_entry_free(header);
  if (result < ARCHIVE_WARN) throw build_failure("cannot put " + entry.file.string() + " into a tar: " + archive_error_string(writer.tar));
  if (!has_content) return;
  writer.file.open(entry.file, std::ios::binary);
  if (!writer.file)
    throw build_failure("cannot read " + entry.file.string() + ": " + words_of(errno) + "; make it readable, or name it in " +
                        (root_ / ".dockerignore").string());
  writer.file_name = entry.file.string();
  writer.left = static_cast<std::uint64_t>(entry.facts.st_size);
}

void Context::continue_entry() {
  Writer& writer = *writer_;
  std::string bytes(static_cast<std::size_t>(std::min<std::uint64_t>(piece_bytes, writer.left)), '\0');
  writer.file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  const auto got = static_cast<std::size_t>(writer.file.gcount());
  if (got < bytes.size() && writer.file.bad()) throw build_failure("cannot read " + writer.file_name + ": " + words_of(errno));
  archive_write_data(writer.tar, bytes.data(), got);
  writer.left -= got;
  // A file that has become shorter is filled up with zeros by the tar writer.
  if (writer.left == 0 || got < bytes.size()) {
    writer.file.close();
    writer.file.clear();
    writer.left = 0;
  }
}

bool Context::next(std::string& piece) {
  Writer& writer = *writer_;
  while (writer.made.size() < piece_bytes && !writer.is_closed) {
    if (writer.file.is_open()) {
      continue_entry();
    } else if (next_entry_ < entries_.size()) {
      begin_entry(entries_[next_entry_++]);
    } else {
      archive_write_close(writer.tar);
      writer.is_closed = true;
    }
  }
  piece = std::move(writer.made);
  writer.made.clear();
  return !writer.is_closed;
}

}  // namespace interoper::docker
