// Reads values out of a JSON text that stands in a user's file, and says of everything that is wrong where it stands.
// All views that are handed in and out point into the file's text: that is how places are found.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_text.hpp"
#include "base/problem.hpp"

namespace interoper {

class JsonReader {
 public:
  // `file` as the user would write it. `text` and `problems` must outlive the reader.
  JsonReader(std::string_view text, std::string file, Problems& problems) : text_(text), file_(std::move(file)), problems_(problems) {}

  // `at` begins where the caret is to stand.
  void error(std::string_view at, std::string what, std::string help = {});
  void warning(std::string_view at, std::string what, std::string help = {});

  // The one JSON object that `part` of the text holds, or an error that calls it `name` ("the header").
  std::optional<std::string_view> only_object(std::string_view part, std::string_view name);

  // The members of an object; of duplicates the last, with a warning. `where` is added to messages (" in containers.worker").
  std::vector<JsonMember> members(std::string_view object, std::string_view where);
  // The same, with a warning for each key that is not among `known`, which is then left out.
  std::vector<JsonMember> members(std::string_view object, std::string_view where, const std::vector<std::string>& known);

  // The value as what it must be, or an error: "'timeout' must be a string, and is a number".
  std::optional<std::string> string(const std::string& key, std::string_view value);
  std::optional<bool> boolean(const std::string& key, std::string_view value);
  std::optional<double> number(const std::string& key, std::string_view value);
  // "'x' must be a whole number from 1 to 9, and is 0.5"; without an end when `most` is the largest int. `what` says what it is instead.
  std::optional<int> whole_number(const std::string& key, std::string_view value, int least, int most,
                                  std::string_view what = "a whole number");
  std::optional<std::string_view> object(const std::string& key, std::string_view value, const std::string& help = {});
  std::optional<std::vector<std::string_view>> array(const std::string& key, std::string_view value, const std::string& help = {});
  // An array of strings, none of which is empty.
  std::optional<std::vector<std::string>> strings(const std::string& key, std::string_view value);
  // An object whose values are strings; names are checked by the caller.
  std::optional<std::vector<JsonMember>> object_of_strings(const std::string& key, std::string_view value, const std::string& help = {});

  // {"NAME": "value"}: the members whose names can be those of environment variables.
  std::vector<JsonMember> variables(const std::string& key, std::string_view value);

  void wrong_type(const std::string& key, std::string_view value, std::string_view expected, std::string help = {});

  std::string_view text() const { return text_; }

 private:
  void add(Problem::Severity severity, std::string_view at, std::string what, std::string help);

  std::string_view text_;
  std::string file_;
  Problems& problems_;
};

// What comes after `object` in "'x' must be a string, and is …": "an object", "a number", "null", …
std::string_view json_kind(std::string_view value);

// Where the byte `offset` of a decoded string stands in the string as it is written (with quotes).
std::size_t written_offset(std::string_view quoted, std::size_t offset);

// "did you mean 'timeout'?", or all that is known when nothing is near.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& known);

// In the order of the text.
void sort_by_place(Problems& problems);

}  // namespace interoper
