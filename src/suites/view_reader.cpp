#include "suites/view_reader.hpp"

#include <algorithm>
#include <utility>

#include "base/json_text.hpp"
#include "suites/rules_reader.hpp"
#include "suites/spec_reader.hpp"

namespace interoper {
namespace {

template <class One>
void put(std::vector<One>& all, std::string One::* name, One one) {
  const auto same = std::find_if(all.begin(), all.end(), [&](const One& known) { return known.*name == one.*name; });
  if (same == all.end()) {
    all.push_back(std::move(one));
  } else {
    *same = std::move(one);
  }
}

// A dotted path.
void read_path(JsonReader& json, const std::string& key, std::string_view value, std::string& into) {
  const auto path = json.string(key, value);
  if (path && path->empty()) json.error(value, "'" + key + "' is empty");
  if (path) into = *path;
}

// One pattern, or an array of them.
std::vector<Pattern> read_patterns(JsonReader& json, const std::string& key, std::string_view value) {
  std::vector<std::string_view> elements{value};
  if (value.front() == '[') elements = json_elements(value).value_or(std::vector<std::string_view>{});
  std::vector<Pattern> patterns;
  for (const std::string_view element : elements) {
    const std::string help = R"(write a pattern: {"ty": "packet.sent"})";
    if (!json.object(key, element, help)) continue;
    Pattern& pattern = patterns.emplace_back();
    for (const JsonMember& member : json.members(element, " in " + key))
      pattern.keys.emplace_back(member.key, std::string(member.value));
    if (pattern.keys.empty()) json.error(element, "'" + key + "' is empty: every event matches it", help);
  }
  return patterns;
}

}  // namespace

// {"endpoint": {"id": "in.endpoint_id", "name": "in.hashname"}, "channel": {"id": "in.channel_id"}}
void read_objects(JsonReader& json, std::string_view value, ViewRules& view) {
  const std::string help = R"(write {"KIND": {"id": "in.KIND_id"}})";
  if (!json.object("objects", value, help)) return;
  for (const JsonMember& object : json.members(value, " in objects")) {
    const std::string where = "objects." + object.key;
    if (!json.object(where, object.value, help)) continue;
    ObjectKind kind{object.key, "", ""};
    for (const JsonMember& inner : json.members(object.value, " in " + where, {"id", "name"}))
      read_path(json, where + "." + inner.key, inner.value, inner.key == "id" ? kind.id : kind.name);
    if (kind.id.empty()) json.error(object.value, "'" + where + "' does not say where its number stands", help);
    put(view.objects, &ObjectKind::kind, std::move(kind));
  }
}

// {"datagram": {"sent": {"ty": "sent"}, "received": [{"ty": "got"}, {"ty": "dropped"}], "by": ["in.bytes"]}}
void read_match(JsonReader& json, std::string_view value, ViewRules& view) {
  const std::string help = R"(write {"NAME": {"sent": {"ty": "…"}, "received": {"ty": "…"}, "by": ["in.…"]}})";
  if (!json.object("match", value, help)) return;
  for (const JsonMember& named : json.members(value, " in match")) {
    const std::string where = "match." + named.key;
    if (!json.object(where, named.value, help)) continue;
    MatchRule rule{named.key, {}, {}, {}};
    for (const JsonMember& inner : json.members(named.value, " in " + where, {"sent", "received", "by"})) {
      if (inner.key == "sent") rule.sent = read_patterns(json, where + ".sent", inner.value);
      if (inner.key == "received") rule.received = read_patterns(json, where + ".received", inner.value);
      if (inner.key == "by") rule.by = json.strings(where + ".by", inner.value).value_or(std::vector<std::string>{});
    }
    if (rule.sent.empty() || rule.received.empty() || rule.by.empty())
      json.error(named.value, "'" + where + "' must say 'sent', 'received' and 'by'", help);
    put(view.match, &MatchRule::name, std::move(rule));
  }
}

ViewRules recorded_view(const RunRecord& run, const std::string& test) {
  const Rules rules = read_rules_header(run.suite.description, run.suite.source).rules.value_or(Rules());
  const auto kept = run.tests.find(test);
  if (kept == run.tests.end()) return rules.view;
  const TestRecord& record = kept->second;
  const ReadSpec read = read_header(record.header, test, record.title, record.description, record.file, rules);
  return read.spec ? read.spec->view : rules.view;
}

}  // namespace interoper
