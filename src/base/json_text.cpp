#include "base/json_text.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <utility>

namespace interoper {
namespace {

constexpr std::string_view replacement_character = "\xEF\xBF\xBD";  // U+FFFD

unsigned char byte(char c) { return static_cast<unsigned char>(c); }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

// Bytes that stand for themselves inside a string: printable ASCII without `"` and `\`.
constexpr std::array<bool, 256> make_plain() {
  std::array<bool, 256> plain{};
  for (std::size_t c = 0x20; c < 0x80; ++c)
    plain[c] = c != '"' && c != '\\';
  return plain;
}
constexpr std::array<bool, 256> plain = make_plain();

// True when all eight bytes at `text` are plain: eight comparisons in one word.
bool eight_plain(const char* text) {
  constexpr std::uint64_t ones = 0x0101010101010101ULL;
  constexpr std::uint64_t tops = 0x8080808080808080ULL;
  std::uint64_t word = 0;
  std::memcpy(&word, text, sizeof word);
  const std::uint64_t quotes = word ^ (ones * '"');
  const std::uint64_t backslashes = word ^ (ones * '\\');
  // A byte below n borrows from its top bit; a byte that has the top bit already is not ASCII and stops us as well.
  const std::uint64_t found = (word - ones * 0x20) | (quotes - ones) | (backslashes - ones) | word;
  return (found & tops) == 0;
}

// Length of the well-formed UTF-8 sequence (of two to four bytes) at `at`, 0 when there is none. RFC 3629 §4.
std::size_t sequence_length(const char* at, const char* end) {
  const auto left = static_cast<std::size_t>(end - at);
  const auto follows = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
    return i < left && byte(at[i]) >= low && byte(at[i]) <= high;
  };
  const unsigned lead = byte(*at);
  if (lead >= 0xC2 && lead <= 0xDF) return follows(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const unsigned low = lead == 0xE0 ? 0xA0 : 0x80;   // no overlong spelling
    const unsigned high = lead == 0xED ? 0x9F : 0xBF;  // no surrogate
    return follows(1, low, high) && follows(2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const unsigned low = lead == 0xF0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xF4 ? 0x8F : 0xBF;  // nothing above U+10FFFF
    return follows(1, low, high) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

// Which of the open containers are objects: one bit each, so that two million levels take a quarter of a megabyte and no stack.
class Nesting {
 public:
  bool empty() const { return depth_ == 0; }
  bool in_object() const { return (top_ & 1U) != 0; }
  void push(bool object) {
    if (depth_ != 0 && depth_ % 64 == 0) full_.push_back(top_);
    top_ = (top_ << 1) | (object ? 1U : 0U);
    ++depth_;
  }
  void pop() {
    --depth_;
    top_ >>= 1;
    if (depth_ != 0 && depth_ % 64 == 0) {
      top_ = full_.back();
      full_.pop_back();
    }
  }

 private:
  std::uint64_t top_ = 0;  // the innermost levels, innermost in the lowest bit
  std::vector<std::uint64_t> full_;
  std::size_t depth_ = 0;
};

struct Ignore {
  void open(const char*) {}
  void close(const char*) {}
  void scalar(const char*, const char*) {}
  void key(const char*, const char*) {}
};

class Scanner {
 public:
  explicit Scanner(std::string_view text) : begin_(text.data()), at_(text.data()), end_(text.data() + text.size()) {}

  const char* at() const { return at_; }
  bool at_end() const { return at_ == end_; }
  JsonFault fault() const { return {fault_offset_, fault_what_}; }

  void blanks() {
    while (at_ != end_ && is_blank(*at_))
      ++at_;
  }

  bool take(char c) {
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }

  // Goes behind the value that starts here, telling `visitor` what it passes. False at the first fault.
  template <class Visitor>
  bool value(Visitor& visitor);
  bool value() {
    Ignore ignore;
    return value(ignore);
  }

  // Goes behind `"key" :`.
  template <class Visitor>
  bool key(Visitor& visitor) {
    if (at_ == end_ || *at_ != '"') return fail(at_, "expected a key in double quotes");
    const char* start = at_;
    if (!string()) return false;
    visitor.key(start, at_);
    blanks();
    return take(':') || fail(at_, "expected ':'");
  }

  bool fail(const char* where, const char* what) {
    fault_offset_ = static_cast<std::size_t>(where - begin_);
    fault_what_ = what;
    return false;
  }

 private:
  bool scalar();
  bool word(std::string_view expected);
  bool number();
  bool string();
  bool escape();

  const char* begin_;
  const char* at_;
  const char* end_;
  std::size_t fault_offset_ = 0;
  const char* fault_what_ = "";
};

template <class Visitor>
bool Scanner::value(Visitor& visitor) {
  Nesting nesting;
  for (;;) {
    blanks();
    const char* start = at_;
    if (take('{')) {
      visitor.open(start);
      blanks();
      if (!take('}')) {
        nesting.push(true);
        if (!key(visitor)) return false;
        continue;
      }
      visitor.close(at_);
    } else if (take('[')) {
      visitor.open(start);
      blanks();
      if (!take(']')) {
        nesting.push(false);
        continue;
      }
      visitor.close(at_);
    } else {
      if (!scalar()) return false;
      visitor.scalar(start, at_);
    }
    // Behind a value: close what ends here, until another value must follow.
    for (;;) {
      if (nesting.empty()) return true;
      blanks();
      const bool object = nesting.in_object();
      if (take(',')) {
        blanks();
        if (object && !key(visitor)) return false;
        break;
      }
      if (!take(object ? '}' : ']')) return fail(at_, object ? "expected ',' or '}'" : "expected ',' or ']'");
      visitor.close(at_);
      nesting.pop();
    }
  }
}

bool Scanner::scalar() {
  if (at_ == end_) return fail(at_, "expected a value");
  switch (*at_) {
    case '"': return string();
    case 't': return word("true");
    case 'f': return word("false");
    case 'n': return word("null");
    default: break;
  }
  if (*at_ == '-' || is_digit(*at_)) return number();
  return fail(at_, "expected a value");
}

bool Scanner::word(std::string_view expected) {
  const std::string_view rest(at_, static_cast<std::size_t>(end_ - at_));
  if (rest.substr(0, expected.size()) != expected) return fail(at_, "expected a value");
  at_ += expected.size();
  return true;
}

bool Scanner::number() {
  const auto digits = [this] {
    const char* first = at_;
    while (at_ != end_ && is_digit(*at_))
      ++at_;
    return at_ != first;
  };
  take('-');
  if (!take('0') && !digits()) return fail(at_, "expected a digit");
  if (at_ != end_ && is_digit(*at_)) return fail(at_, "a number does not start with 0");
  if (take('.') && !digits()) return fail(at_, "expected a digit");
  if (take('e') || take('E')) {
    if (!take('+')) take('-');
    if (!digits()) return fail(at_, "expected a digit");
  }
  return true;
}

bool Scanner::string() {
  const char* start = at_++;
  for (;;) {
    while (end_ - at_ >= 8 && eight_plain(at_))
      at_ += 8;
    while (at_ != end_ && plain[byte(*at_)])
      ++at_;
    if (at_ == end_) return fail(start, "a string is never closed");
    const char c = *at_;
    if (c == '"') {
      ++at_;
      return true;
    }
    if (c == '\\') {
      if (!escape()) return false;
    } else if (byte(c) < 0x20) {
      return fail(at_, "a control character inside a string must be written as an escape");
    } else {
      const std::size_t length = sequence_length(at_, end_);
      if (length == 0) return fail(at_, "a string is not UTF-8 here");
      at_ += length;
    }
  }
}

bool Scanner::escape() {
  const char* start = at_++;
  if (at_ == end_) return fail(start, "a string is never closed");
  const char c = *at_++;
  if (c != 'u') return std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos || fail(start, "an unknown escape");
  for (int i = 0; i < 4; ++i, ++at_) {
    const bool hex = at_ != end_ && (is_digit(*at_) || (*at_ >= 'a' && *at_ <= 'f') || (*at_ >= 'A' && *at_ <= 'F'));
    if (!hex) return fail(start, "expected four hexadecimal digits after '\\u'");
  }
  return true;
}

std::string_view between(const char* begin, const char* end) { return {begin, static_cast<std::size_t>(end - begin)}; }

// --- strings -----------------------------------------------------------------------------------------------------------------

void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&out](std::uint32_t value) { out += static_cast<char>(static_cast<unsigned char>(value)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | (code >> 6));
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | (code >> 12));
    put(0x80 | ((code >> 6) & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | (code >> 18));
    put(0x80 | ((code >> 12) & 0x3F));
    put(0x80 | ((code >> 6) & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

std::uint32_t four_hex(std::string_view text) {
  std::uint32_t code = 0;
  for (const char c : text.substr(0, 4))
    code = code * 16 + static_cast<std::uint32_t>(is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
  return code;
}

// Decodes the text after `\u` and returns how many bytes of it were used. A lone surrogate has no character: U+FFFD.
std::size_t append_unicode_escape(std::string& out, std::string_view rest) {
  const std::uint32_t code = four_hex(rest);
  const bool high = code >= 0xD800 && code <= 0xDBFF;
  const bool low = code >= 0xDC00 && code <= 0xDFFF;
  if (high && rest.size() >= 10 && rest[4] == '\\' && rest[5] == 'u') {
    const std::uint32_t second = four_hex(rest.substr(6));
    if (second >= 0xDC00 && second <= 0xDFFF) {
      append_utf8(out, 0x10000 + ((code - 0xD800) << 10) + (second - 0xDC00));
      return 10;
    }
  }
  append_utf8(out, high || low ? 0xFFFD : code);
  return 4;
}

// `quoted` is a valid JSON string with its quotes.
std::string decode(std::string_view quoted) {
  std::string_view rest = quoted.substr(1, quoted.size() - 2);
  std::string out;
  out.reserve(rest.size());
  for (;;) {
    const std::size_t escape = rest.find('\\');
    out.append(rest.substr(0, escape));
    if (escape == std::string_view::npos) return out;
    const char c = rest[escape + 1];
    rest.remove_prefix(escape + 2);
    switch (c) {
      case 'b': out += '\b'; break;
      case 'f': out += '\f'; break;
      case 'n': out += '\n'; break;
      case 'r': out += '\r'; break;
      case 't': out += '\t'; break;
      case 'u': rest.remove_prefix(append_unicode_escape(out, rest)); break;
      default: out += c; break;
    }
  }
}

bool has_escape(std::string_view quoted) { return quoted.find('\\') != std::string_view::npos; }

// Both valid JSON strings with their quotes.
bool same_string(std::string_view a, std::string_view b) {
  if (!has_escape(a) && !has_escape(b)) return a == b;
  return decode(a) == decode(b);
}

// --- numbers -----------------------------------------------------------------------------------------------------------------

// A number as its significant digits and a power of ten: 120 and 1.2e2 are both 12 × 10^1.
struct Decimal {
  bool negative = false;
  std::string digits;           // without zeros at either end; empty = zero
  std::int64_t power = 0;       // of the last digit
  std::string_view huge_power;  // the exponent as written (without leading zeros), when it fits no integer
  bool huge_negative = false;
  bool operator==(const Decimal&) const = default;
};

Decimal normalise(std::string_view number) {
  constexpr std::size_t longest_power = 17;  // digits that fit std::int64_t with room for the shifts below
  Decimal result;
  if (number.front() == '-') {
    result.negative = true;
    number.remove_prefix(1);
  }
  const std::size_t e = number.find_first_of("eE");
  const std::string_view mantissa = number.substr(0, e);
  const std::size_t dot = mantissa.find('.');
  result.digits = mantissa.substr(0, dot);
  if (dot != std::string_view::npos) {
    result.digits += mantissa.substr(dot + 1);
    result.power -= static_cast<std::int64_t>(mantissa.size() - dot - 1);
  }
  result.digits.erase(0, std::min(result.digits.find_first_not_of('0'), result.digits.size()));
  if (result.digits.empty()) return {};  // -0, 0e5: all the same zero
  const std::size_t kept = result.digits.find_last_not_of('0') + 1;
  result.power += static_cast<std::int64_t>(result.digits.size() - kept);
  result.digits.resize(kept);
  if (e == std::string_view::npos) return result;

  std::string_view exponent = number.substr(e + 1);
  const bool negative = exponent.front() == '-';
  exponent.remove_prefix(std::min(exponent.find_first_of("123456789"), exponent.size()));
  if (exponent.size() > longest_power) {
    result.huge_power = exponent;
    result.huge_negative = negative;
    return result;
  }
  std::int64_t power = 0;
  for (const char c : exponent)
    power = power * 10 + (c - '0');
  result.power += negative ? -power : power;
  return result;
}

// --- whole documents ---------------------------------------------------------------------------------------------------------

bool same_scalar(std::string_view a, std::string_view b) {
  if (a == b) return true;
  const bool number_a = a.front() == '-' || is_digit(a.front());
  const bool number_b = b.front() == '-' || is_digit(b.front());
  if (number_a && number_b) return normalise(a) == normalise(b);
  return a.front() == '"' && b.front() == '"' && same_string(a, b);
}

bool is_container(std::string_view text) { return !text.empty() && (text.front() == '{' || text.front() == '['); }

// A document in one flat list, each value before what is in it, so that comparing needs neither recursion nor a second scan.
class Tape {
 public:
  struct Node {
    const char* begin = nullptr;
    const char* end = nullptr;
    std::size_t next = 0;  // index of the node behind this one and all that is in it
    std::string_view text() const { return between(begin, end); }
  };

  // False when `text` is no JSON value.
  bool read(std::string_view text) {
    Scanner scanner(text);
    if (!scanner.value(*this)) return false;
    scanner.blanks();
    return scanner.at_end();
  }

  const Node& operator[](std::size_t index) const { return nodes_[index]; }

  // Indexes of the values (and, in objects, keys) directly in a container.
  std::vector<std::size_t> children(std::size_t container) const {
    std::vector<std::size_t> inside;
    for (std::size_t i = container + 1; i != nodes_[container].next; i = nodes_[i].next)
      inside.push_back(i);
    return inside;
  }

  void open(const char* begin) {
    open_.push_back(nodes_.size());
    nodes_.push_back({begin, nullptr, 0});
  }
  void close(const char* end) {
    Node& node = nodes_[open_.back()];
    open_.pop_back();
    node.end = end;
    node.next = nodes_.size();
  }
  void scalar(const char* begin, const char* end) { nodes_.push_back({begin, end, nodes_.size() + 1}); }
  void key(const char* begin, const char* end) { scalar(begin, end); }

 private:
  std::vector<Node> nodes_;
  std::vector<std::size_t> open_;
};

// An object's members sorted by key; of duplicates only the last.
std::vector<std::pair<std::string, std::size_t>> sorted_members(const Tape& tape, std::size_t object) {
  const std::vector<std::size_t> inside = tape.children(object);
  std::vector<std::pair<std::string, std::size_t>> members;
  members.reserve(inside.size() / 2);
  for (std::size_t i = 0; i < inside.size(); i += 2)
    members.emplace_back(decode(tape[inside[i]].text()), inside[i + 1]);
  // Indexes grow in the order of the text, so that the last duplicate comes last.
  std::sort(members.begin(), members.end());
  const auto overridden = [&members](const auto& member) {
    const auto* following = &member + 1;
    return following != members.data() + members.size() && following->first == member.first;
  };
  std::vector<std::pair<std::string, std::size_t>> last;
  last.reserve(members.size());
  for (auto& member : members) {
    if (!overridden(member)) last.push_back(member);
  }
  return last;
}

bool same_document(const Tape& a, const Tape& b) {
  std::vector<std::pair<std::size_t, std::size_t>> to_compare{{0, 0}};
  while (!to_compare.empty()) {
    const auto [in_a, in_b] = to_compare.back();
    to_compare.pop_back();
    const std::string_view text_a = a[in_a].text();
    const std::string_view text_b = b[in_b].text();
    if (!is_container(text_a) || !is_container(text_b)) {
      if (!same_scalar(text_a, text_b)) return false;
      continue;
    }
    if (text_a.front() != text_b.front()) return false;
    if (text_a.front() == '[') {
      const auto inside_a = a.children(in_a);
      const auto inside_b = b.children(in_b);
      if (inside_a.size() != inside_b.size()) return false;
      for (std::size_t i = 0; i < inside_a.size(); ++i)
        to_compare.emplace_back(inside_a[i], inside_b[i]);
      continue;
    }
    const auto members_a = sorted_members(a, in_a);
    const auto members_b = sorted_members(b, in_b);
    if (members_a.size() != members_b.size()) return false;
    for (std::size_t i = 0; i < members_a.size(); ++i) {
      if (members_a[i].first != members_b[i].first) return false;
      to_compare.emplace_back(members_a[i].second, members_b[i].second);
    }
  }
  return true;
}

// --- members -----------------------------------------------------------------------------------------------------------------

struct KeyText {
  void key(const char* begin, const char* end) { text = between(begin, end); }
  std::string_view text;
};

// Calls take(key with its quotes, the whole member, the value) for each member. False when `text` is not exactly one object.
template <class Take>
bool for_each_member(std::string_view text, Take&& take) {
  Scanner scanner(text);
  scanner.blanks();
  if (!scanner.take('{')) return false;
  scanner.blanks();
  if (!scanner.take('}')) {
    do {
      scanner.blanks();
      const char* start = scanner.at();
      KeyText key;
      if (!scanner.key(key)) return false;
      scanner.blanks();
      const char* value = scanner.at();
      if (!scanner.value()) return false;
      take(key.text, between(start, scanner.at()), between(value, scanner.at()));
      scanner.blanks();
    } while (scanner.take(','));
    if (!scanner.take('}')) return false;
  }
  scanner.blanks();
  return scanner.at_end();
}

}  // namespace

std::optional<JsonFault> json_fault(std::string_view text) {
  Scanner scanner(text);
  if (!scanner.value()) return scanner.fault();
  scanner.blanks();
  if (scanner.at_end()) return std::nullopt;
  scanner.fail(scanner.at(), "the text goes on after the value");
  return scanner.fault();
}

JsonPrefix json_prefix(std::string_view text) {
  Scanner scanner(text);
  scanner.blanks();
  const char* start = scanner.at();
  if (!scanner.value()) return {{}, scanner.fault()};
  return {between(start, scanner.at()), std::nullopt};
}

bool json_each_member(std::string_view text, const std::function<void(std::string_view key, std::string_view value)>& take) {
  return for_each_member(text, [&take](std::string_view key, std::string_view, std::string_view value) {
    const std::string_view plain_key = key.substr(1, key.size() - 2);
    if (plain_key.find('\\') == std::string_view::npos) {
      take(plain_key, value);
    } else {
      take(decode(key), value);
    }
  });
}

std::optional<std::vector<JsonMember>> json_members(std::string_view text) {
  std::vector<JsonMember> members;
  members.reserve(8);  // an event has fewer keys
  const bool valid = for_each_member(text, [&members](std::string_view key, std::string_view written, std::string_view value) {
    members.push_back({decode(key), written, value});
  });
  if (!valid) return std::nullopt;
  return members;
}

bool json_glance(std::string_view text, const std::function<void(const JsonGlance&)>& tell) {
  // Its memory grows to what the largest line needs, and serves all.
  thread_local simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(text.data(), text.size()).get(object) != simdjson::SUCCESS) return false;
  for (const simdjson::dom::key_value_pair& field : object) {
    JsonGlance seen;
    seen.key = field.key;
    if (field.value.get(seen.text) == simdjson::SUCCESS) {
      seen.kind = JsonGlance::Kind::string;
    } else if (field.value.get(seen.number) == simdjson::SUCCESS) {
      seen.kind = JsonGlance::Kind::whole_number;
    }
    tell(seen);
  }
  return true;
}

std::optional<std::vector<std::string_view>> json_elements(std::string_view text) {
  std::vector<std::string_view> elements;
  Scanner scanner(text);
  scanner.blanks();
  if (!scanner.take('[')) return std::nullopt;
  scanner.blanks();
  if (!scanner.take(']')) {
    do {
      scanner.blanks();
      const char* start = scanner.at();
      if (!scanner.value()) return std::nullopt;
      elements.push_back(between(start, scanner.at()));
      scanner.blanks();
    } while (scanner.take(','));
    if (!scanner.take(']')) return std::nullopt;
  }
  scanner.blanks();
  if (!scanner.at_end()) return std::nullopt;
  return elements;
}

std::optional<std::string_view> json_at(std::string_view object, std::string_view path) {
  std::vector<std::pair<std::size_t, std::string_view>> fitting;  // length of the key that begins the path, and its value
  const auto look = [&](std::string_view quoted, std::string_view, std::string_view value) {
    std::string decoded;
    std::string_view key = quoted.substr(1, quoted.size() - 2);
    if (has_escape(quoted)) key = decoded = decode(quoted);
    if (path.substr(0, key.size()) != key) return;
    if (key.size() == path.size() || path[key.size()] == '.') fitting.emplace_back(key.size(), value);
  };
  if (!for_each_member(object, look)) return std::nullopt;
  // Longest first; of duplicates the last, which stands furthest behind.
  std::sort(fitting.begin(), fitting.end(),
            [](const auto& a, const auto& b) { return a.first != b.first ? a.first > b.first : a.second.data() > b.second.data(); });
  const auto same_key = [](const auto& a, const auto& b) { return a.first == b.first; };
  fitting.erase(std::unique(fitting.begin(), fitting.end(), same_key), fitting.end());
  for (const auto& [length, value] : fitting) {
    if (length == path.size()) return value;
    if (value.front() != '{') continue;
    const auto found = json_at(value, path.substr(length + 1));  // as deep as the path has dots
    if (found) return found;
  }
  return std::nullopt;
}

std::string json_text_at(std::string_view object, std::string_view path) {
  const auto value = json_at(object, path);
  if (!value) return {};
  return json_string(*value).value_or(std::string(*value));
}

std::optional<std::int64_t> json_integer_at(std::string_view object, std::string_view path) {
  const auto value = json_at(object, path);
  std::int64_t number = 0;
  if (!value || std::from_chars(value->data(), value->data() + value->size(), number).ec != std::errc()) return std::nullopt;
  return number;
}

std::optional<std::string> json_string(std::string_view value) {
  if (value.empty() || value.front() != '"') return std::nullopt;
  Scanner scanner(value);
  if (!scanner.value() || !scanner.at_end()) return std::nullopt;
  return decode(value);
}

std::string json_quote(std::string_view text) {
  static constexpr std::string_view hex = "0123456789abcdef";
  std::string out;
  out.reserve(text.size() + 2);
  out += '"';
  const char* const end = text.data() + text.size();
  for (const char* at = text.data(); at != end;) {
    const char c = *at;
    if (byte(c) >= 0x80) {
      const std::size_t length = sequence_length(at, end);
      out.append(length == 0 ? replacement_character : between(at, at + length));
      at += std::max<std::size_t>(length, 1);
      continue;
    }
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (byte(c) >= 0x20) {
          out += c;
        } else {
          out += "\\u00";
          out += hex[byte(c) >> 4];
          out += hex[byte(c) & 0xF];
        }
    }
    ++at;
  }
  out += '"';
  return out;
}

bool json_equal(std::string_view a, std::string_view b) {
  Tape tape_a;
  Tape tape_b;
  return tape_a.read(a) && tape_b.read(b) && same_document(tape_a, tape_b);
}

std::string json_spelling(std::string_view value) {
  if (const auto text = json_string(value)) return json_quote(*text);
  const bool number = !value.empty() && (value.front() == '-' || is_digit(value.front()));
  if (!number || json_fault(value)) return std::string(value);
  constexpr std::int64_t most_zeros = 20;  // an integer looks like one as long as people can read it
  const Decimal decimal = normalise(value);
  if (decimal.digits.empty()) return "0";
  std::string text = decimal.negative ? "-" + decimal.digits : decimal.digits;
  if (!decimal.huge_power.empty())
    return text + "e" + std::to_string(decimal.power) + (decimal.huge_negative ? "-" : "+") + std::string(decimal.huge_power);
  if (decimal.power >= 0 && decimal.power <= most_zeros) return text.append(static_cast<std::size_t>(decimal.power), '0');
  return text + "e" + std::to_string(decimal.power);
}

bool is_utf8(std::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

}  // namespace interoper
