// Splits a header's `command` into words as a shell splits words: quotes and backslashes, no expansion.
// Source: go-shellwords, as the telehash contract gives it (§1.2), except that a trailing backslash is an error here.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace interoper {

struct ShellFault {
  std::size_t offset = 0;  // byte of the quote that is never closed, or of the trailing backslash
  std::string what;
};

std::variant<std::vector<std::string>, ShellFault> split_shell_words(std::string_view text);

// The words as one line that a shell would read back as the same words.
std::string join_shell_words(const std::vector<std::string>& words);

}  // namespace interoper
