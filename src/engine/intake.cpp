#include "engine/intake.hpp"

#include <algorithm>
#include <array>

#include "base/base64.hpp"
#include "base/json_text.hpp"

namespace interoper {
namespace {

constexpr std::array<std::string_view, 5> engine_keys = {"seq", "ti", "us", "ro", "by"};
constexpr std::array<std::string_view, 4> reserved_types = {"exec", "exited", "log", "status"};

bool is_engine_key(std::string_view key) {
  const bool may_be = key.size() == 2 || key.size() == 3;
  return may_be && std::find(engine_keys.begin(), engine_keys.end(), key) != engine_keys.end();
}

bool starts_like_an_object(std::string_view line) { return !line.empty() && line.front() == '{'; }

// An event as nearly all are: what stands between its braces is taken as it is. Nothing when it must be looked at more closely.
std::optional<Draft> plain_event_in(std::string_view line) {
  Draft sent;
  bool is_plain = line.find('\r') == std::string_view::npos;  // a blank in JSON, but a line's end to many readers of lines
  const auto look = [&](const JsonGlance& member) {
    if (member.key == "ty") {
      is_plain = is_plain && member.kind == JsonGlance::Kind::string;
      sent.type = member.text;
    } else if (member.key == "id") {
      is_plain = is_plain && member.kind == JsonGlance::Kind::whole_number;
      sent.id = std::to_string(member.number);
    } else if (member.key == "to") {
      sent.is_addressed = true;
    } else if (is_engine_key(member.key)) {
      is_plain = false;
    }
  };
  if (!is_plain || !json_glance(line, look) || !is_plain || sent.type.empty()) return std::nullopt;
  const std::size_t open = line.find('{');
  const std::size_t close = line.rfind('}');
  sent.members.reserve(close - open);
  sent.members += ',';
  sent.members += line.substr(open + 1, close - open - 1);
  return sent;
}

// The event in `line`, if it is one: a JSON object with a non-empty string `ty`. With a key twice the last counts, as in most readers.
std::optional<Draft> event_in(std::string_view line, bool& is_object) {
  auto plain = plain_event_in(line);
  is_object = plain.has_value();
  if (plain) return plain;
  const auto members = json_members(line);
  is_object = members.has_value();
  if (!members) return std::nullopt;
  Draft sent;
  sent.members.reserve(line.size() + 1);
  for (const JsonMember& member : *members) {
    if (is_engine_key(member.key)) continue;
    if (member.key == "ty") sent.type = json_string(member.value).value_or("");
    if (member.key == "id") sent.id = member.value;
    if (member.key == "to") sent.is_addressed = true;
    sent.members += ',';
    sent.members += member.written;
  }
  if (sent.type.empty()) return std::nullopt;
  return sent;
}

Draft log_draft(Stream stream, const LineSplitter::Line& line, bool malformed, bool reserved) {
  std::string in = R"({"line":)" + json_quote(line.text);
  in += stream == Stream::out ? R"(,"stream":"stdout")" : R"(,"stream":"stderr")";
  if (malformed) in += R"(,"malformed":true)";
  if (reserved) in += R"(,"reserved":true)";
  if (line.more) in += R"(,"more":true)";
  if (!is_utf8(line.text)) in += R"(,"raw":")" + base64(line.text) + '"';
  in += '}';
  return engine_draft("log", in);
}

}  // namespace

bool is_reserved_type(std::string_view type) {
  return std::find(reserved_types.begin(), reserved_types.end(), type) != reserved_types.end();
}

Draft engine_draft(std::string_view type, std::string_view in) {
  Draft draft;
  draft.type = type;
  draft.by_engine = true;
  draft.members = R"(,"by":"engine","ty":)" + json_quote(type);
  if (!in.empty()) draft.members.append(R"(,"in":)").append(in);
  return draft;
}

Draft log_of_line(Stream stream, const LineSplitter::Line& line) { return log_draft(stream, line, false, false); }

Draft draft_of_line(Stream stream, const LineSplitter::Line& line) {
  const bool whole = !line.more && !line.last_piece;
  bool is_object = false;
  std::optional<Draft> sent;
  const std::size_t first = line.text.find_first_not_of(" \t\r");
  const bool worth_a_look = whole && first != std::string_view::npos && line.text[first] == '{';
  if (worth_a_look) sent = event_in(line.text, is_object);

  const bool malformed = whole && starts_like_an_object(line.text) && !is_object;
  if (!sent || stream == Stream::err) return log_draft(stream, line, malformed, false);
  if (is_reserved_type(sent->type)) return log_draft(stream, line, false, true);
  return std::move(*sent);
}

}  // namespace interoper
