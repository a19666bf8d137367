// Writes XML 1.0 piece by piece, one element a line. What XML cannot hold (control characters, bytes that are no UTF-8) is made visible.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reporters/terminal.hpp"

namespace interoper {

// `text` between tags or in quotes: markup escaped, newlines kept, everything else as `visible` shows it.
std::string xml_escaped(std::string_view text);

class XmlWriter {
 public:
  explicit XmlWriter(const TextSink& out);  // writes the declaration

  XmlWriter& begin(std::string_view name);
  // Between `begin` and the first `text` or child. Newlines are shown as `\n`: readers would make blanks of them.
  XmlWriter& attribute(std::string_view name, std::string_view value);
  XmlWriter& text(std::string_view text);
  XmlWriter& end();

 private:
  struct Level {
    std::string name;
    bool open = true;       // its begin tag is not closed yet
    bool has_text = false;  // blanks and new lines would be part of it
  };
  void close_tag();

  const TextSink& out_;
  std::vector<Level> levels_;
};

}  // namespace interoper
