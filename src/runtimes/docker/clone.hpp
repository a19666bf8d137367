// A git repository at one revision, in a temporary directory that goes when this goes.
#pragma once

#include <filesystem>
#include <string>

#include "model/implementation.hpp"

namespace interoper::docker {

class Clone {
 public:
  // Fetches with the `git` program, without history where the server allows it, and never asks anyone for a password.
  // WorldError("clone-failed") with git's own words.
  explicit Clone(const RepoSource& source);
  Clone(const Clone&) = delete;
  Clone& operator=(const Clone&) = delete;
  ~Clone();

  const std::filesystem::path& directory() const { return directory_; }
  const std::string& revision() const { return revision_; }  // the commit's full hash

 private:
  void fetch(const RepoSource& source);
  std::filesystem::path directory_;
  std::string revision_;
};

}  // namespace interoper::docker
