// A build context: the tar of a directory without what .dockerignore names, made piece by piece while it is sent.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/http.hpp"

namespace interoper::docker {

class IgnoreRules;

// More is a forgotten .dockerignore (a build folder, a disk image), not a context.
constexpr std::uint64_t context_limit_bytes = std::uint64_t{8} << 30U;
constexpr std::size_t context_limit_files = 1'000'000;

class Context final : public HttpUpload {
 public:
  // `dockerfile` is relative to the directory and may lie outside it; empty = Dockerfile. The tree is looked at here, the files are
  // read in next(). WorldError("build-failed") when the directory or the Dockerfile is not there, something cannot be read, or it
  // is too big.
  Context(const std::filesystem::path& directory, const std::string& dockerfile);
  ~Context() override;

  // What POST /build is to be told: the Dockerfile's path inside the tar.
  const std::string& dockerfile() const { return dockerfile_; }
  std::size_t files() const;
  std::uint64_t bytes() const { return bytes_; }

  bool next(std::string& piece) override;

 private:
  struct Entry;
  struct Writer;
  void walk(const std::filesystem::path& directory, const std::string& prefix, const IgnoreRules& rules);
  void add(Entry entry);
  void begin_entry(const Entry& entry);
  void continue_entry();

  std::filesystem::path root_;
  std::string dockerfile_;
  std::vector<Entry> entries_;  // sorted by path: the same tree gives the same tar
  std::uint64_t bytes_ = 0;
  std::size_t next_entry_ = 0;
  std::unique_ptr<Writer> writer_;
};

}  // namespace interoper::docker
