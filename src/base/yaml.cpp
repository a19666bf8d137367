#include "base/yaml.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <exception>
#include <istream>
#include <map>
#include <streambuf>
#include <unordered_set>
#include <utility>

#include "base/json_text.hpp"

namespace interoper {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::string_view core_tags = "tag:yaml.org,2002:";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

std::string_view take_digits(std::string_view& text) {
  std::size_t length = 0;
  while (length < text.size() && is_digit(text[length]))
    ++length;
  const std::string_view digits = text.substr(0, length);
  text.remove_prefix(length);
  return digits;
}

// JSON allows no zeros in front.
std::string_view without_zeros(std::string_view digits) {
  const std::size_t first = digits.find_first_not_of('0');
  return first == std::string_view::npos ? std::string_view("0") : digits.substr(first);
}

// Decimal integers and floats of the core schema as JSON numbers, their digits kept; empty when `text` is neither.
std::string decimal(std::string_view text) {
  std::string out;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    if (text[0] == '-') out = "-";
    text.remove_prefix(1);
  }
  const std::string_view whole = take_digits(text);
  out += without_zeros(whole);
  std::string_view fraction;
  if (!text.empty() && text[0] == '.') {
    text.remove_prefix(1);
    fraction = take_digits(text);
    out += '.';
    out += fraction.empty() ? std::string_view("0") : fraction;
  }
  if (whole.empty() && fraction.empty()) return {};
  if (!text.empty() && (text[0] == 'e' || text[0] == 'E')) {
    out += 'e';
    text.remove_prefix(1);
    if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
      out += text[0];
      text.remove_prefix(1);
    }
    const std::string_view exponent = take_digits(text);
    if (exponent.empty()) return {};
    out += exponent;
  }
  return text.empty() ? out : std::string();
}

// 0x1F and 0o17; empty when `text` is neither, or does not fit into 64 bits.
std::string other_base(std::string_view text) {
  if (text.size() < 3 || text[0] != '0' || (text[1] != 'x' && text[1] != 'o')) return {};
  unsigned long long number = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data() + 2, end, number, text[1] == 'x' ? 16 : 8);
  return error == std::errc() && stopped == end ? std::to_string(number) : std::string();
}

// A plain scalar by the core schema (YAML 1.2.2 §10.3.2).
std::string resolved(std::string_view text) {
  if (is_one_of(text, {"", "null", "Null", "NULL", "~"})) return "null";
  if (is_one_of(text, {"true", "True", "TRUE"})) return "true";
  if (is_one_of(text, {"false", "False", "FALSE"})) return "false";
  if (std::string number = decimal(text); !number.empty()) return number;
  if (std::string number = other_base(text); !number.empty()) return number;
  return json_quote(text);
}

// yaml-cpp reads from a stream; this one reads where the text lies.
class TextBuffer : public std::streambuf {
 public:
  explicit TextBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());  // NOLINT(cppcoreguidelines-pro-type-const-cast): streambuf never writes in a get area
    setg(begin, begin, begin + text.size());
  }
};

struct Stop {
  std::size_t offset;
  std::string what;
};

std::size_t offset_of(const YAML::Mark& mark) { return mark.pos < 0 ? 0 : static_cast<std::size_t>(mark.pos); }

class Writer : public YAML::EventHandler {
 public:
  Writer(const YamlLimits& limits, std::vector<YamlPlace>& places) : limits_(limits), places_(places) {}

  std::string take() { return std::move(json_); }
  std::size_t last_scalar() const { return last_scalar_; }  // where it begins
  bool empty() const { return json_.empty(); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { scalar(mark, anchor, "null"); }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& value) override {
    const bool plain = tag == "?";
    const bool typed =
        tag.starts_with(core_tags) && is_one_of(std::string_view(tag).substr(core_tags.size()), {"int", "float", "bool", "null"});
    scalar(mark, anchor, plain || typed ? resolved(value) : json_quote(value));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto named = named_.find(anchor);
    if (named == named_.end()) throw Stop{offset_of(mark), "an alias stands inside what it names"};
    const Named node = named->second;  // a copy: what is written now may have an anchor too
    begin(mark);
    check_depth(mark, static_cast<int>(open_.size()) + node.height);
    const std::string copy = node.kept.empty() ? json_.substr(node.begin, node.end - node.begin) : node.kept;
    if (json_.size() + copy.size() > limits_.json_bytes) too_large(mark);
    raise_heights(node.height);
    json_ += copy;
    end(mark);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open(mark, anchor, false);
  }
  void OnSequenceEnd() override { close(']'); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open(mark, anchor, true);
  }
  void OnMapEnd() override { close('}'); }

 private:
  struct Named {
    std::size_t begin, end;  // in json_
    int height;              // of what is inside: 0 for a scalar
    std::string kept = {};   // its JSON, where what is in json_ was rewritten as a key
  };
  struct Open {
    bool mapping;
    YAML::anchor_t anchor;
    std::size_t begin;
    YAML::Mark mark;
    int height = 1;
    bool key_next = false;  // of a mapping: the next node is a key
    std::size_t count = 0;
    std::size_t key_begin = 0;
    std::unordered_set<std::string> keys = {};
  };

  [[noreturn]] void too_large(const YAML::Mark& mark) const {
    throw Stop{offset_of(mark), "with its aliases written out this is more than " + std::to_string(limits_.json_bytes) + " bytes"};
  }

  void check_depth(const YAML::Mark& mark, int depth) const {
    if (depth > limits_.depth)
      throw Stop{offset_of(mark), "more than " + std::to_string(limits_.depth) + " mappings and sequences inside each other"};
  }

  void raise_heights(int height) {
    if (!open_.empty()) open_.back().height = std::max(open_.back().height, height + 1);
  }

  // Before a node: the comma or colon.
  void begin(const YAML::Mark& mark) {
    if (json_.size() > limits_.json_bytes) too_large(mark);
    if (!open_.empty()) {
      Open& in = open_.back();
      if (in.mapping && !in.key_next) {
        json_ += ':';
      } else if (in.count != 0) {
        json_ += ',';
      }
      if (in.key_next) in.key_begin = json_.size();
    }
    places_.push_back({json_.size(), offset_of(mark)});
  }

  // Behind a node: a key must be a string, and another than those before.
  void end(const YAML::Mark& mark) {
    if (open_.empty()) return;
    Open& in = open_.back();
    if (in.mapping && in.key_next) {
      if (json_[in.key_begin] != '"') {
        const std::string key = json_quote(std::string_view(json_).substr(in.key_begin));
        // Who is named inside the key is the newest.
        for (auto named = named_.rbegin(); named != named_.rend() && named->second.begin >= in.key_begin; ++named)
          if (named->second.kept.empty()) named->second.kept = json_.substr(named->second.begin, named->second.end - named->second.begin);
        json_.resize(in.key_begin);
        json_ += key;
        // The places inside a key that was no scalar mean nothing any more.
        while (places_.back().json_offset > in.key_begin)
          places_.pop_back();
      }
      std::string key = json_.substr(in.key_begin);
      const std::string shown = key.substr(0, 80);
      if (!in.keys.insert(std::move(key)).second) throw Stop{offset_of(mark), "the key " + shown + " stands twice in this mapping"};
      in.key_next = false;
      return;
    }
    in.key_next = in.mapping;
    ++in.count;
  }

  void scalar(const YAML::Mark& mark, YAML::anchor_t anchor, const std::string& json) {
    begin(mark);
    last_scalar_ = offset_of(mark);
    const std::size_t at = json_.size();
    json_ += json;
    if (anchor != YAML::NullAnchor) named_[anchor] = {at, json_.size(), 0};
    end(mark);
  }

  void open(const YAML::Mark& mark, YAML::anchor_t anchor, bool mapping) {
    check_depth(mark, static_cast<int>(open_.size()) + 1);
    begin(mark);
    open_.push_back({mapping, anchor, json_.size(), mark});
    open_.back().key_next = mapping;
    json_ += mapping ? '{' : '[';
  }

  void close(char bracket) {
    json_ += bracket;
    const Open done = std::move(open_.back());
    open_.pop_back();
    if (done.anchor != YAML::NullAnchor) named_[done.anchor] = {done.begin, json_.size(), done.height};
    raise_heights(done.height);
    end(done.mark);
  }

  const YamlLimits& limits_;
  std::vector<YamlPlace>& places_;
  std::string json_;
  std::size_t last_scalar_ = 0;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Named> named_;
};

// The first byte that no YAML stream may hold (YAML 1.2.2 §5.1), as far as it concerns ASCII.
std::size_t find_control(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == '\x7F') return i;
  }
  return std::string_view::npos;
}

// yaml-cpp takes the end of the text for the closing quote. So: whether the scalar at `at`, behind its tag and anchor, is quoted and open.
bool is_open_quote(std::string_view text, std::size_t at) {
  while (at < text.size() && (text[at] == '&' || text[at] == '!' || text[at] == ' ')) {
    while (at < text.size() && text[at] != ' ' && text[at] != '\n')
      ++at;
    while (at < text.size() && (text[at] == ' ' || text[at] == '\n'))
      ++at;
  }
  if (at >= text.size() || (text[at] != '\'' && text[at] != '"')) return false;
  const char quote = text[at];
  for (++at; at < text.size(); ++at) {
    if (quote == '"' && text[at] == '\\') {
      ++at;
    } else if (text[at] == quote) {
      if (quote == '"' || at + 1 >= text.size() || text[at + 1] != quote) return false;
      ++at;
    }
  }
  return true;
}

std::optional<YamlFault> fault_of_bytes(std::string_view text, const YamlLimits& limits) {
  if (text.size() > limits.bytes) return YamlFault{limits.bytes, "this is more than " + std::to_string(limits.bytes) + " bytes of YAML"};
  if (!is_utf8(text)) return YamlFault{0, "these bytes are no UTF-8"};
  if (const std::size_t at = find_control(text); at != std::string_view::npos) return YamlFault{at, "YAML may not hold control characters"};
  return std::nullopt;
}

}  // namespace

std::size_t YamlAsJson::place_of(std::size_t json_offset) const {
  const auto behind = std::upper_bound(places.begin(), places.end(), json_offset,
                                       [](std::size_t offset, const YamlPlace& place) { return offset < place.json_offset; });
  return behind == places.begin() ? 0 : std::prev(behind)->offset;
}

YamlAsJson yaml_to_json(std::string_view text, const YamlLimits& limits) {
  YamlAsJson result;
  result.fault = fault_of_bytes(text, limits);
  if (result.fault) return result;
  const std::size_t skipped = text.starts_with(byte_order_mark) ? byte_order_mark.size() : 0;
  const auto fail = [&](std::size_t offset, std::string what) {
    result.json.clear();
    result.places.clear();
    result.fault = YamlFault{std::min(offset + skipped, text.size()), std::move(what)};
  };
  Writer writer(limits, result.places);
  try {
    TextBuffer buffer(text.substr(skipped));
    std::istream stream(&buffer);
    YAML::Parser parser(stream);
    const bool document = parser.HandleNextDocument(writer);
    std::vector<YamlPlace> other_places;
    Writer other(limits, other_places);
    if (document && parser.HandleNextDocument(other)) {
      fail(other_places.empty() ? text.size() : other_places.front().offset, "a second document begins here: there must be one");
      return result;
    }
    if (document && is_open_quote(text.substr(skipped), writer.last_scalar())) {
      fail(writer.last_scalar(), "the quote that begins here is not closed");
      return result;
    }
    result.json = writer.empty() ? "null" : writer.take();
    for (YamlPlace& place : result.places)
      place.offset += skipped;
  } catch (const Stop& stop) {
    fail(stop.offset, stop.what);
  } catch (const YAML::Exception& exception) {
    fail(offset_of(exception.mark), exception.msg);
  } catch (const std::exception& exception) {
    fail(0, exception.what());
  }
  return result;
}

}  // namespace interoper
