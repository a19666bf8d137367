#include "reporters/json_writer.hpp"

#include <utility>

#include "base/json_text.hpp"

namespace interoper {

// A comma and a blank or a new line, before a key or before an element.
void JsonWriter::separate() {
  if (levels_.empty()) return;
  Level& level = levels_.back();
  if (!level.empty) text_ += ',';
  if (!level.one_line) {
    text_ += '\n';
    text_.append(levels_.size(), ' ');
  } else if (!level.empty) {
    text_ += ' ';
  }
  level.empty = false;
}

void JsonWriter::before_value() {
  if (!std::exchange(after_key_, false)) separate();
}

JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  text_ += json_quote(name);
  text_ += ": ";
  after_key_ = true;
  return *this;
}

JsonWriter& JsonWriter::open(char bracket, Layout layout) {
  before_value();
  levels_.push_back({one_line() || layout == Layout::one_line, true});
  text_ += bracket;
  return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
  const Level level = levels_.back();
  levels_.pop_back();
  if (!level.one_line && !level.empty) {
    text_ += '\n';
    text_.append(levels_.size(), ' ');
  }
  text_ += bracket;
  return *this;
}

JsonWriter& JsonWriter::scalar(std::string_view text) {
  before_value();
  text_ += text;
  return *this;
}

JsonWriter& JsonWriter::string(std::string_view value) { return scalar(json_quote(value)); }

JsonWriter& JsonWriter::json(std::string_view json, std::string_view otherwise) {
  const JsonPrefix prefix = json_prefix(json);
  const bool valid = !prefix.fault && !json_fault(json);
  before_value();
  const std::size_t begin = text_.size();
  text_ += valid ? prefix.value : otherwise;
  if (one_line()) {  // inside JSON a newline can only stand between tokens
    for (std::size_t i = begin; i < text_.size(); ++i) {
      if (text_[i] == '\n' || text_[i] == '\r') text_[i] = ' ';
    }
  }
  return *this;
}

}  // namespace interoper
