// A Markdown file that begins with a JSON header: where the header stands in it, its title, and the rest. What the header
// means is not known here: tests (spec_reader) and what a suite's tests share (suite_loader) have the same form.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

namespace interoper {

struct Document {
  std::string_view header;       // the lines of the header's block as they stand in the file, without fences
  std::string title;             // the first heading's text without markup; empty when there is no heading
  std::string_view description;  // what follows the header's block, without blank lines around it
};

struct NoHeader {
  std::size_t offset = 0;  // byte in the text
  std::string what;
  std::string help;
};

// Source: CommonMark with the GFM extensions. `text` is UTF-8 without a byte order mark; the views point into it.
std::variant<Document, NoHeader> read_document(std::string_view text);

}  // namespace interoper
