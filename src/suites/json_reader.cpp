#include "suites/json_reader.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <tuple>

namespace interoper {
namespace {

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words)
    out += (out.empty() ? "" : ", ") + word;
  return out;
}

// What people write when they think of another notation.
std::string syntax_help(std::string_view text, const JsonFault& fault) {
  const char found = fault.offset < text.size() ? text[fault.offset] : '\0';
  const std::string_view before = text.substr(0, fault.offset);
  const std::size_t last = before.find_last_not_of(" \t\r\n");
  const bool after_comma = last != std::string_view::npos && before[last] == ',';
  if (after_comma && (found == '}' || found == ']')) return "remove the comma before it";
  if (found == '/' || found == '#') return "JSON has no comments: write them below, in the description";
  if (found == '\'') return "use double quotes";
  return {};
}

bool is_high_surrogate(std::string_view escape) {
  return escape.size() >= 4 && (escape[2] | 0x20) == 'd' && std::string_view("89abAB").find(escape[3]) != std::string_view::npos;
}

bool is_low_surrogate(std::string_view escape) {
  return escape.size() >= 6 && escape[0] == '\\' && escape[1] == 'u' && (escape[2] | 0x20) == 'd' &&
         std::string_view("cdefCDEF").find(escape[3]) != std::string_view::npos;
}

}  // namespace

std::string_view json_kind(std::string_view value) {
  switch (value.empty() ? '\0' : value.front()) {
    case '{': return "an object";
    case '[': return "an array";
    case '"': return "a string";
    case 't':
    case 'f': return "true or false";
    case 'n': return "null";
    default: return "a number";
  }
}

std::size_t written_offset(std::string_view quoted_text, std::size_t offset) {
  const std::size_t end = quoted_text.size() - 1;
  std::size_t at = 1;
  std::size_t decoded = 0;
  while (at < end && decoded < offset) {
    std::size_t length = 1;
    if (quoted_text[at] == '\\') {
      length = quoted_text[at + 1] == 'u' ? 6 : 2;
      const std::string_view rest = quoted_text.substr(at, end - at);
      if (length == 6 && is_high_surrogate(rest) && is_low_surrogate(rest.substr(6))) length = 12;
    }
    decoded += length == 1 ? 1 : json_string('"' + std::string(quoted_text.substr(at, length)) + '"')->size();
    at += length;
  }
  return at;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& known) {
  std::string near = nearest(word, known);
  for (const std::string& candidate : known) {
    if (near.empty() && lower(candidate) == lower(word)) near = candidate;
  }
  if (!near.empty()) return "did you mean " + quoted(near) + "?";
  return known.empty() ? std::string() : "known are: " + joined(known);
}

void sort_by_place(Problems& problems) {
  std::sort(problems.begin(), problems.end(), [](const Problem& a, const Problem& b) {
    return std::tie(a.file, a.line, a.column, a.what) < std::tie(b.file, b.line, b.column, b.what);
  });
}

void JsonReader::add(Problem::Severity severity, std::string_view at, std::string what, std::string help) {
  const Position position = position_at(text_, static_cast<std::size_t>(at.data() - text_.data()));
  problems_.push_back({severity, file_, position.line, position.column, std::move(what), std::move(help), std::string(position.text)});
}

void JsonReader::error(std::string_view at, std::string what, std::string help) {
  add(Problem::Severity::error, at, std::move(what), std::move(help));
}

void JsonReader::warning(std::string_view at, std::string what, std::string help) {
  add(Problem::Severity::warning, at, std::move(what), std::move(help));
}

std::optional<std::string_view> JsonReader::only_object(std::string_view part, std::string_view name) {
  const JsonPrefix prefix = json_prefix(part);
  if (prefix.fault) {
    error(part.substr(prefix.fault->offset), std::string(name) + " is no JSON: " + prefix.fault->what, syntax_help(part, *prefix.fault));
    return std::nullopt;
  }
  if (prefix.value.front() != '{') {
    error(prefix.value, std::string(name) + " must be a JSON object, and is " + std::string(json_kind(prefix.value)));
    return std::nullopt;
  }
  const auto value_end = static_cast<std::size_t>(prefix.value.data() - part.data()) + prefix.value.size();
  const std::size_t more = part.find_first_not_of(" \t\r\n", value_end);
  if (more != std::string_view::npos) {
    error(part.substr(more), std::string(name) + " goes on after its JSON object", "leave one JSON object there and nothing else");
    return std::nullopt;
  }
  return prefix.value;
}

std::vector<JsonMember> JsonReader::members(std::string_view object, std::string_view where) {
  std::vector<JsonMember> all = json_members(object).value_or(std::vector<JsonMember>{});
  std::map<std::string_view, std::size_t> last;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto [entry, fresh] = last.emplace(all[i].key, i);
    if (fresh) continue;
    warning(all[i].written, "the key " + quoted(all[i].key) + " stands here twice" + std::string(where) + "; the last one counts",
            "remove one of them");
    entry->second = i;
  }
  std::vector<JsonMember> kept;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (last.at(all[i].key) == i) kept.push_back(all[i]);
  }
  return kept;
}

std::vector<JsonMember> JsonReader::members(std::string_view object, std::string_view where, const std::vector<std::string>& known) {
  std::vector<JsonMember> found = members(object, where);
  const auto is_unknown = [&](const JsonMember& member) {
    if (std::find(known.begin(), known.end(), member.key) != known.end()) return false;
    warning(member.written, "unknown key " + quoted(member.key) + std::string(where), did_you_mean(member.key, known));
    return true;
  };
  found.erase(std::remove_if(found.begin(), found.end(), is_unknown), found.end());
  return found;
}

void JsonReader::wrong_type(const std::string& key, std::string_view value, std::string_view expected, std::string help) {
  error(value, quoted(key) + " must be " + std::string(expected) + ", and is " + std::string(json_kind(value)), std::move(help));
}

std::optional<std::string> JsonReader::string(const std::string& key, std::string_view value) {
  std::optional<std::string> text = json_string(value);
  if (!text) {
    const bool scalar = value.front() != '{' && value.front() != '[' && value != "null";
    wrong_type(key, value, "a string", scalar ? "write \"" + std::string(value) + "\"" : "");
    return std::nullopt;
  }
  const std::size_t nul = text->find('\0');
  if (nul == std::string::npos) return text;
  error(value.substr(written_offset(value, nul)), quoted(key) + " holds a NUL character, which no process can be given");
  return std::nullopt;
}

std::optional<bool> JsonReader::boolean(const std::string& key, std::string_view value) {
  if (value == "true") return true;
  if (value == "false") return false;
  const auto text = json_string(value);
  wrong_type(key, value, "true or false", text && (*text == "true" || *text == "false") ? "write it without quotes" : "");
  return std::nullopt;
}

std::optional<int> JsonReader::whole_number(const std::string& key, std::string_view value, int least, int most, std::string_view what) {
  const auto number = this->number(key, value);
  if (!number) return std::nullopt;
  if (*number >= least && *number <= most && *number == std::floor(*number)) return static_cast<int>(*number);
  const std::string end = most == std::numeric_limits<int>::max() ? "" : " to " + std::to_string(most);
  error(value, quoted(key) + " must be " + std::string(what) + " from " + std::to_string(least) + end + ", and is " + std::string(value));
  return std::nullopt;
}

std::optional<double> JsonReader::number(const std::string& key, std::string_view value) {
  if (json_kind(value) != "a number") {
    const auto text = json_string(value);
    const bool in_quotes = text && !json_fault(*text) && json_kind(*text) == "a number";
    wrong_type(key, value, "a number", in_quotes ? "write it without quotes: " + *text : "");
    return std::nullopt;
  }
  double parsed = 0;
  const auto [end, fault] = std::from_chars(value.data(), value.data() + value.size(), parsed);
  if (fault == std::errc() && end == value.data() + value.size()) return parsed;
  error(value, quoted(key) + " is out of range");
  return std::nullopt;
}

std::optional<std::string_view> JsonReader::object(const std::string& key, std::string_view value, const std::string& help) {
  if (value.front() == '{') return value;
  wrong_type(key, value, "an object", help);
  return std::nullopt;
}

std::optional<std::vector<std::string_view>> JsonReader::array(const std::string& key, std::string_view value, const std::string& help) {
  if (value.front() == '[') return json_elements(value);
  wrong_type(key, value, "an array", help);
  return std::nullopt;
}

std::optional<std::vector<std::string>> JsonReader::strings(const std::string& key, std::string_view value) {
  const auto elements = array(key, value, value.front() == '"' ? "write [" + std::string(value) + "]" : "");
  if (!elements) return std::nullopt;
  std::vector<std::string> texts;
  bool good = true;
  for (std::size_t i = 0; i < elements->size(); ++i) {
    const std::string_view element = (*elements)[i];
    const std::string name = key + "[" + std::to_string(i) + "]";
    auto text = string(name, element);
    if (text && text->empty()) {
      error(element, quoted(name) + " is empty");
      text.reset();
    }
    good = good && text;
    if (text) texts.push_back(std::move(*text));
  }
  if (!good) return std::nullopt;
  return texts;
}

std::optional<std::vector<JsonMember>> JsonReader::object_of_strings(const std::string& key, std::string_view value,
                                                                     const std::string& help) {
  if (!object(key, value, help)) return std::nullopt;
  std::vector<JsonMember> all = members(value, " in " + key);
  const auto is_wrong = [&](const JsonMember& member) { return !string(key + "." + member.key, member.value); };
  all.erase(std::remove_if(all.begin(), all.end(), is_wrong), all.end());
  return all;
}

std::vector<JsonMember> JsonReader::variables(const std::string& key, std::string_view value) {
  std::vector<JsonMember> all = object_of_strings(key, value, R"(write {"NAME": "value"})").value_or(std::vector<JsonMember>{});
  const auto is_wrong = [&](const JsonMember& member) {
    const bool wrong = member.key.empty() || member.key.find_first_of(std::string_view("=\0", 2)) != std::string::npos;
    if (wrong) error(member.written, quoted(member.key) + " cannot name an environment variable");
    return wrong;
  };
  all.erase(std::remove_if(all.begin(), all.end(), is_wrong), all.end());
  return all;
}

}  // namespace interoper
