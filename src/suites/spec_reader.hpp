// One Markdown file -> one Spec (interface §3). Pure text work: files are read by suite_loader.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/problem.hpp"
#include "model/spec.hpp"
#include "suites/document.hpp"

namespace interoper {

struct ReadSpec {
  std::optional<Spec> spec;  // absent when a problem is an error
  Problems problems;         // in the order of the text
};

// `file_text`: the whole file. `shown_file`: its path as the user would write it, for messages. `name`: the test's name.
ReadSpec read_spec(std::string_view file_text, const std::string& shown_file, const std::string& name, const Rules& rules);

// The same from a header that was kept (a report's), to judge again.
ReadSpec read_header(std::string_view header_json, const std::string& name, const std::string& title, const std::string& description,
                     const std::string& shown_file, const Rules& rules);

// The text without a byte order mark.
std::string_view without_mark(std::string_view text);

// The parts of a Markdown file without its mark, as tests and `_suite.md` are; nothing, and a problem, when it has no header. The views
// point into `text`.
std::optional<Document> read_file_text(std::string_view text, const std::string& shown_file, Problems& problems);

// Byte offset at which `text` stops being UTF-8; its size when it does not.
std::size_t utf8_end(std::string_view text);

}  // namespace interoper
