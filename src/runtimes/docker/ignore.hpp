// .dockerignore: which files of a directory are not sent to the engine. Docker's rules (docs.docker.com, "Build context",
// .dockerignore files), of which the surprising ones are: the last line that matches decides, a line that matches a folder matches all
// in it, and patterns are always relative to the root.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace interoper::docker {

class IgnoreRules {
 public:
  IgnoreRules() = default;
  // The text of a .dockerignore file.
  explicit IgnoreRules(std::string_view text);

  // `path` is relative to the root, with slashes, without a leading one.
  bool ignores(std::string_view path) const;

  // Whether something in an ignored folder may be wanted all the same (`!`).
  bool has_exceptions() const;

 private:
  struct Rule {
    std::string pattern;
    bool is_exception = false;
  };
  std::vector<Rule> rules_;
};

// Go's filepath.Match (* ? [a-z] [^a-z] and \ before a character), and `**` for any number of folders.
bool matches_pattern(std::string_view pattern, std::string_view path);

}  // namespace interoper::docker
