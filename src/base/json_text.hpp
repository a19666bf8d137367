// JSON as text: a strict RFC 8259 scanner that finds members and never converts a value, so that what a process wrote stays
// as it was to the letter: 1e400, 9007199254740993, duplicate keys, the spelling of escapes. Not a document model: that is nlohmann/json.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace interoper {

struct JsonFault {
  std::size_t offset = 0;  // byte where the text stops being JSON
  std::string what;        // "expected ',' or '}'", lower case
};

struct JsonMember {
  std::string key;           // decoded
  std::string_view written;  // the whole member, `"key": value`, as written
  std::string_view value;    // the value's text, without blanks around it
};

// Nothing when `text` is one JSON value with nothing but blanks around it. Strings must be UTF-8.
std::optional<JsonFault> json_fault(std::string_view text);

// The JSON value at the start of `text` (after blanks): its text, or the fault. What follows it is not looked at.
struct JsonPrefix {
  std::string_view value;
  std::optional<JsonFault> fault;
};
JsonPrefix json_prefix(std::string_view text);

// The members of an object, in order, duplicates included. Nothing when `text` is not exactly one valid JSON object.
std::optional<std::vector<JsonMember>> json_members(std::string_view text);

// The same for who reads a million lines: each member is told, its key decoded, and nothing is kept. False when `text` is not exactly one
// valid JSON object; some members may have been told by then.
bool json_each_member(std::string_view text, const std::function<void(std::string_view key, std::string_view value)>& take);

// A member of an object as json_glance sees it: what it is, not how it is written.
struct JsonGlance {
  enum class Kind { string, whole_number, other };
  std::string_view key;  // decoded; valid during the call, like `text`
  Kind kind = Kind::other;
  std::string_view text;     // of a string, decoded
  std::uint64_t number = 0;  // of a whole number that is not negative
};

// Tells the members of the object that `text` is, in order, duplicates included: three times faster than json_members. False when it sees
// no object; then json_members has the last word, because some that are one are too deep or hold too large a number for a quick look.
bool json_glance(std::string_view text, const std::function<void(const JsonGlance&)>& tell);

// The elements of an array. Nothing when `text` is not exactly one valid JSON array.
std::optional<std::vector<std::string_view>> json_elements(std::string_view text);

// The text of the value under `path` ("in.peer" looks into objects); with duplicate keys the last counts, as in most readers.
// A key that itself holds dots is found too: the longest key that fits is tried first. `object` must be valid.
std::optional<std::string_view> json_at(std::string_view object, std::string_view path);

// What stands there as text: a string decoded, anything else as it is written; empty when nothing does.
std::string json_text_at(std::string_view object, std::string_view path);

// The number that stands there, without its fraction. Nothing when none does, or when it does not fit.
std::optional<std::int64_t> json_integer_at(std::string_view object, std::string_view path);

// The decoded string, when `value` is a JSON string.
std::optional<std::string> json_string(std::string_view value);

// `text` as a JSON string with its quotes; bytes that are no UTF-8 become U+FFFD.
std::string json_quote(std::string_view text);

// Equal as JSON values: the spelling of strings, numbers (1 = 1.0 = 1e0) and blanks does not matter, nor the order of keys.
bool json_equal(std::string_view a, std::string_view b);

// One spelling for all spellings of a string or number: equal ones give the same text. Other values stay as they are written.
std::string json_spelling(std::string_view value);

bool is_utf8(std::string_view text);

}  // namespace interoper
