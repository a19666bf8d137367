// The two kinds of trouble that are not an implementation's fault (docs/architecture.md): a user's file is wrong (Problem, collected
// and shown all in one go), and the world fails (WorldError: daemon gone, disk full; caught where an attempt is conducted and in main).
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace interoper {

struct Problem {
  enum class Severity { error, warning };
  Severity severity = Severity::error;
  std::string file;         // as the user would write it; empty = the command line
  std::size_t line = 0;     // from 1; 0 = the file as a whole
  std::size_t column = 0;   // from 1, in characters (not bytes)
  std::string what;         // lower case, present tense: what is wrong, and what was expected
  std::string help;         // what to do; may be empty
  std::string source_line;  // the line it stands in, for the caret; may be empty
};

using Problems = std::vector<Problem>;

// `FILE:LINE:COLUMN: error: WHAT`, the source line with a caret, and `help: …`, each line ended by a newline.
std::string render(const Problem& problem);
std::string render(const Problems& problems);

bool has_errors(const Problems& problems);

// Line and column (from 1, columns in UTF-8 characters) of a byte offset, and the line's text.
struct Position {
  std::size_t line = 1;
  std::size_t column = 1;
  std::string_view text;
};
Position position_at(std::string_view text, std::size_t offset);

// The candidate nearest to `word` (edit distance, at most a third of its length but at least 1), or empty.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

// The world failed. `what()` is a whole sentence for people: what failed, why, and what to do.
// `reason` is a short word for reports ("image-missing", "engine-unreachable", "disk-full", …).
class WorldError : public std::runtime_error {
 public:
  WorldError(std::string reason, const std::string& sentence) : std::runtime_error(sentence), reason_(std::move(reason)) {}
  const std::string& reason() const { return reason_; }

 private:
  std::string reason_;
};

}  // namespace interoper
