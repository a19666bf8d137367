// Writes JSON in the order it is told, for people to read and diff: one member a line, small things on one line.
// Not a document model; texts that are JSON already (headers, values of measurements) are spliced in unharmed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace interoper {

class JsonWriter {
 public:
  enum class Layout { lines, one_line };

  // With one_line the whole text has no newline at all, whatever is spliced in.
  explicit JsonWriter(Layout layout) : layout_(layout) {}

  // `layout` one_line: this object or array and all in it stand on one line. Within such a one everything does.
  JsonWriter& begin_object(Layout layout = Layout::lines) { return open('{', layout); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array(Layout layout = Layout::lines) { return open('[', layout); }
  JsonWriter& end_array() { return close(']'); }
  JsonWriter& key(std::string_view name);

  JsonWriter& string(std::string_view value);
  JsonWriter& number(std::int64_t value) { return scalar(std::to_string(value)); }
  JsonWriter& number(std::uint64_t value) { return scalar(std::to_string(value)); }
  JsonWriter& number(int value) { return scalar(std::to_string(value)); }
  JsonWriter& boolean(bool value) { return scalar(value ? "true" : "false"); }
  JsonWriter& null() { return scalar("null"); }
  // `json` must be valid JSON; when it is not, `otherwise` is written: a report must open whatever was put into it.
  JsonWriter& json(std::string_view json, std::string_view otherwise);

  std::string take() { return std::move(text_); }

 private:
  struct Level {
    bool one_line;
    bool empty;
  };
  JsonWriter& open(char bracket, Layout layout);
  JsonWriter& close(char bracket);
  JsonWriter& scalar(std::string_view text);
  void before_value();
  void separate();
  bool one_line() const { return levels_.empty() ? layout_ == Layout::one_line : levels_.back().one_line; }

  Layout layout_;
  std::string text_;
  std::vector<Level> levels_;
  bool after_key_ = false;
};

}  // namespace interoper
