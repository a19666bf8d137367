#include "suites/rules_reader.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>
#include <variant>
#include <vector>

#include "base/placeholders.hpp"
#include "base/shell_words.hpp"
#include "suites/document.hpp"
#include "suites/fill_check.hpp"
#include "suites/json_reader.hpp"
#include "suites/role_reader.hpp"
#include "suites/spec_reader.hpp"
#include "suites/success_reader.hpp"
#include "suites/view_reader.hpp"

namespace interoper {
namespace {

class RulesReader {
 public:
  RulesReader(JsonReader& json, ReadRules& result, Rules& rules) : json_(json), result_(result), rules_(rules) {}

  void read(std::string_view header) {
    std::vector<std::string> known;
    for (const auto& [key, reader] : readers())
      known.push_back(key);
    const std::vector<JsonMember> members = json_.members(header, "", known);
    for (const auto& [key, reader] : readers()) {  // roles first: other keys name them
      for (const JsonMember& member : members) {
        if (member.key == key) reader(*this, member);
      }
      if (key == "tested") check_roles(header);
    }
    check_mounts();
  }

 private:
  using Reader = std::function<void(RulesReader&, const JsonMember&)>;

  // The keys of a suite's header, in the order in which they are read.
  static const std::vector<std::pair<std::string, Reader>>& readers() {
    static const std::vector<std::pair<std::string, Reader>> all{
        {"suite", [](RulesReader& self, const JsonMember& m) { self.text(m.key, m.value, self.result_.suite); }},
        {"roles", [](RulesReader& self, const JsonMember& m) { self.roles(m); }},
        {"decides", [](RulesReader& self, const JsonMember& m) { self.own_role(m, self.rules_.decides, self.decides_said_); }},
        {"tested", [](RulesReader& self, const JsonMember& m) { self.own_role(m, self.rules_.tested, self.tested_said_); }},
        {"command", [](RulesReader& self, const JsonMember& m) { self.command(m); }},
        {"ready", [](RulesReader& self, const JsonMember& m) { self.event_name(m, self.rules_.ready_event); }},
        {"done", [](RulesReader& self, const JsonMember& m) { self.event_name(m, self.rules_.done_event); }},
        {"unsupported", [](RulesReader& self, const JsonMember& m) { self.unsupported(m); }},
        {"assert", [](RulesReader& self, const JsonMember& m) { self.asserts(m); }},
        {"events", [](RulesReader& self, const JsonMember& m) { self.events(m); }},
        {"objects", [](RulesReader& self, const JsonMember& m) { read_objects(self.json_, m.value, self.rules_.view); }},
        {"match", [](RulesReader& self, const JsonMember& m) { read_match(self.json_, m.value, self.rules_.view); }},
        {"registry", [](RulesReader& self, const JsonMember& m) { self.text(m.key, m.value, self.rules_.registry); }},
        {"together", [](RulesReader& self, const JsonMember& m) { self.text(m.key, m.value, self.rules_.together); }},
        {"timeout", [](RulesReader& self, const JsonMember& m) { self.timeout(m); }},
        {"files", [](RulesReader& self, const JsonMember& m) { self.rules_.files = read_files(self.json_, m); }},
        {"pass", [](RulesReader& self, const JsonMember& m) { self.rules_.pass = read_pass(self.json_, m, self.rules_); }},
        {"negotiated", [](RulesReader& self, const JsonMember& m) { self.rules_.negotiated = read_negotiated(self.json_, m); }},
    };
    return all;
  }

  // A string that is not empty.
  bool text(const std::string& key, std::string_view value, std::string& into) {
    const auto read = json_.string(key, value);
    if (!read) return false;
    if (read->empty()) {
      json_.error(value, "'" + key + "' is empty");
      return false;
    }
    into = *read;
    return true;
  }

  // ["worker", "driver"] or {"relay": {…}, "client": {"decides": true}}: in start order either way.
  void roles(const JsonMember& roles) {
    std::vector<std::string> names;
    const auto add = [&](std::string_view at, const std::string& name) {
      if (!is_role_name(name)) {
        json_.error(at, "'" + name + "' is no role name",
                    "a role is a host name too: lower-case letters, digits and '-', first a letter, at most 63 characters");
      } else if (std::find(names.begin(), names.end(), name) != names.end()) {
        json_.error(at, "the role '" + name + "' stands there twice", "remove one of them");
      } else {
        names.push_back(name);
      }
    };
    if (roles.value.front() == '[') {
      const std::vector<std::string_view> elements = json_elements(roles.value).value_or(std::vector<std::string_view>{});
      for (std::size_t i = 0; i < elements.size(); ++i) {
        if (const auto name = json_.string("roles[" + std::to_string(i) + "]", elements[i])) add(elements[i], *name);
      }
    } else if (json_.object("roles", roles.value, R"(write ["worker", "driver"])")) {
      const std::vector<JsonMember> members = json_.members(roles.value, " in roles");
      for (const JsonMember& role : members)
        add(role.written, role.key);
      for (std::size_t i = 0; i < members.size(); ++i)
        role_settings(members[i], names, i);
    } else {
      return;
    }
    if (names.empty()) {
      json_.error(roles.value, "'roles' names no role", R"(write ["worker", "driver"])");
      return;
    }
    rules_.role_order = std::move(names);
  }

  void role_settings(const JsonMember& role, const std::vector<std::string>& names, std::size_t position) {
    const std::string where = "roles." + role.key;
    if (!json_.object(where, role.value)) return;
    std::vector<std::string> known{"decides", "tested", "after"};
    known.insert(known.end(), RoleReader::keys().begin(), RoleReader::keys().end());
    const FillCheck fill(json_, "", no_params_, names);
    RoleReader reader(json_, fill);
    RoleSpec spec;
    spec.name = role.key;
    for (const JsonMember& member : json_.members(role.value, " in " + where, known)) {
      const bool decides = member.key == "decides";
      if (member.key == "after") {
        after(where + ".after", member.value, names, position);
      } else if (!decides && member.key != "tested") {
        reader.read(spec, where, member);
        if (member.key == "mount") mounts_.emplace_back(member.value, spec.mounts);
      } else if (json_.boolean(where + "." + member.key, member.value).value_or(false)) {
        (decides ? rules_.decides : rules_.tested) = role.key;
        (decides ? decides_said_ : tested_said_) = true;
      }
    }
    rules_.roles.push_back(std::move(spec));
  }

  // Roles start in the order in which they stand; a suite may say again who must be ready before.
  void after(const std::string& key, std::string_view value, const std::vector<std::string>& names, std::size_t position) {
    const auto earlier = json_.strings(key, value);
    for (const std::string& name : earlier.value_or(std::vector<std::string>{})) {
      const auto found = std::find(names.begin(), names.end(), name);
      if (found == names.end()) {
        json_.error(value, "'" + key + "' names '" + name + "', which is no role of this suite", did_you_mean(name, names));
      } else if (static_cast<std::size_t>(found - names.begin()) >= position) {
        json_.error(value, "'" + key + "': roles start in the order in which they stand, and '" + name + "' stands later", "move it up");
      }
    }
  }

  void check_mounts() {
    for (const auto& [place, mounts] : mounts_) {
      for (const Mount& mount : mounts) {
        const auto is_it = [&mount](const MadeFiles& made) { return made.name == mount.source; };
        if (mount.source == "out" || mount.source == "shared" || std::any_of(rules_.files.begin(), rules_.files.end(), is_it)) continue;
        json_.error(place, "'" + mount.target + "' is to hold '" + mount.source + "', which nothing makes",
                    "name it under 'files', or write \"out\" or \"shared\"");
      }
    }
  }

  // "120s", or {"from": "client", "within": "120s"}
  void timeout(const JsonMember& member) {
    const FillCheck fill(json_, "", no_params_, rules_.role_order);
    RoleReader reader(json_, fill);
    std::string_view written = member.value;
    if (written.front() == '{') {
      for (const JsonMember& inner : json_.members(member.value, " in timeout", {"from", "within"})) {
        if (inner.key == "within") written = inner.value;
        if (inner.key != "from") continue;
        const std::string name = json_.string("timeout.from", inner.value).value_or(rules_.decides);
        rules_.clock_starts_with_deciding = name == rules_.decides;
        if (name != rules_.decides && name != rules_.role_order.front())
          json_.error(inner.value,
                      "'timeout.from' names '" + name + "': the clock starts with " + rules_.role_order.front() + " or " + rules_.decides);
      }
    }
    const auto text = reader.duration_text("timeout", written);
    if (text && fill.duration("timeout", written, true)) rules_.timeout = *text;
  }

  void own_role(const JsonMember& member, std::string& into, bool& said) {
    std::string name;
    if (!text(member.key, member.value, name)) return;
    said = true;
    into = name;
    if (is_own(name)) return;
    json_.error(member.value, "'" + member.key + "' names '" + name + "', which is no role of this suite",
                did_you_mean(name, rules_.role_order));
  }

  bool is_own(const std::string& name) const {
    return std::find(rules_.role_order.begin(), rules_.role_order.end(), name) != rules_.role_order.end();
  }

  // With other roles than the native ones the suite must say which of them decides: silence would leave every test undecided.
  void check_roles(std::string_view header) {
    if (!is_own(rules_.decides) && !decides_said_) {
      json_.error(header, "nothing says which role decides", "write \"decides\": \"" + rules_.role_order.back() + "\"");
    }
    if (!is_own(rules_.tested) && !tested_said_) rules_.tested = rules_.role_order.front();
  }

  // "th-test {test} {role}"; "" or null = the images' own.
  void command(const JsonMember& member) {
    rules_.command.clear();
    if (member.value == "null") return;
    const auto text = json_.string("command", member.value);
    if (!text) return;
    for (const Placeholder& placeholder : placeholders_in(*text)) {
      if (placeholder.name == "test" || placeholder.name == "role") continue;
      json_.error(member.value.substr(written_offset(member.value, placeholder.offset)),
                  "{" + placeholder.name + "} stands for nothing here", did_you_mean("{" + placeholder.name + "}", {"{test}", "{role}"}));
    }
    auto split = split_shell_words(*text);
    if (const auto* fault = std::get_if<ShellFault>(&split)) {
      json_.error(member.value.substr(written_offset(member.value, fault->offset)), "'command': " + fault->what);
    } else {
      rules_.command = std::get<std::vector<std::string>>(std::move(split));
    }
  }

  // {"event": "ready"}
  void event_name(const JsonMember& member, std::string& into) {
    const std::string help = "write {\"event\": \"" + member.key + "\"}";
    if (!json_.object(member.key, member.value, help)) return;
    bool said = false;
    for (const JsonMember& inner : json_.members(member.value, " in " + member.key, {"event"})) {
      said = true;
      text(member.key + ".event", inner.value, into);
    }
    if (!said)
      json_.error(member.value, "'" + member.key + "' names no event",
                  member.key == "ready" ? help + "; how one role shows it stands in roles.ROLE.ready" : help);
  }

  // {"exit": 127}
  void unsupported(const JsonMember& member) {
    if (!json_.object("unsupported", member.value, R"(write {"exit": 127})")) return;
    for (const JsonMember& inner : json_.members(member.value, " in unsupported", {"exit"})) {
      const auto status = json_.whole_number("unsupported.exit", inner.value, 1, 255, "an exit status");
      rules_.unsupported_exit = status.value_or(rules_.unsupported_exit);
    }
  }

  // {"event": "assert", "id": ["in.assert_id"], "value": "in.value"}
  void asserts(const JsonMember& member) {
    if (!json_.object("assert", member.value, R"(write {"event": "assert", "id": ["in.assert_id"], "value": "in.value"})")) return;
    for (const JsonMember& inner : json_.members(member.value, " in assert", {"event", "id", "value"})) {
      if (inner.key == "event") text("assert.event", inner.value, rules_.assert_event);
      if (inner.key == "value") text("assert.value", inner.value, rules_.assert_value);
      if (inner.key != "id") continue;
      auto paths = json_.strings("assert.id", inner.value);
      if (paths && paths->empty()) json_.error(inner.value, "'assert.id' is empty", R"(write ["in.assert_id"])");
      if (paths) rules_.assert_ids = std::move(*paths);
    }
  }

  // {"channel.new": {"channel_id": "uint", "channel.cid": "uint?"}}
  void events(const JsonMember& member) {
    if (!json_.object("events", member.value, R"(write {"TYPE": {"FIELD": "uint"}})")) return;
    rules_.events.clear();
    for (const JsonMember& event : json_.members(member.value, " in events")) {
      EventShape shape{event.key, {}};
      const std::string where = "events." + event.key;
      const auto fields = json_.object_of_strings(where, event.value, R"(write {"FIELD": "uint"})");
      for (const JsonMember& field : fields.value_or(std::vector<JsonMember>{}))
        add_field(shape, where + "." + field.key, field);
      rules_.events.push_back(std::move(shape));
    }
  }

  void add_field(EventShape& shape, const std::string& key, const JsonMember& field) {
    using Kind = EventShape::Kind;
    static const std::array<std::pair<std::string, Kind>, 7> kinds{{{"any", Kind::any},
                                                                    {"string", Kind::string},
                                                                    {"uint", Kind::uint},
                                                                    {"number", Kind::number},
                                                                    {"boolean", Kind::boolean},
                                                                    {"object", Kind::object},
                                                                    {"array", Kind::array}}};
    std::string word = json_string(field.value).value_or("");
    const bool optional = !word.empty() && word.back() == '?';
    if (optional) word.pop_back();
    std::vector<std::string> words;
    for (const auto& [name, kind] : kinds) {
      if (name == word) {
        shape.fields.push_back({field.key, kind, !optional});
        return;
      }
      words.push_back(name);
    }
    json_.error(field.value, "'" + key + "': '" + word + "' is no kind of value", did_you_mean(word, words));
  }

  JsonReader& json_;
  ReadRules& result_;
  Rules& rules_;
  bool decides_said_ = false;
  bool tested_said_ = false;
  const std::vector<Param> no_params_;                                   // they belong to tests
  std::vector<std::pair<std::string_view, std::vector<Mount>>> mounts_;  // what roles find, and where that is said
};

ReadRules read_object(std::string_view text, std::string_view part, const std::string& shown_file) {
  ReadRules result;
  JsonReader json(text, shown_file, result.problems);
  Rules rules;
  if (const auto header = json.only_object(part, "the header")) {
    result.header = *header;
    RulesReader(json, result, rules).read(*header);
  }
  sort_by_place(result.problems);
  if (!has_errors(result.problems)) result.rules = std::move(rules);
  return result;
}

}  // namespace

ReadRules read_rules(std::string_view file_text, const std::string& shown_file) {
  const std::string_view text = without_mark(file_text);
  ReadRules failed;
  const auto document = read_file_text(text, shown_file, failed.problems);
  if (!document) return failed;
  return read_object(text, document->header, shown_file);
}

ReadRules read_rules_header(std::string_view header_json, const std::string& shown_file) {
  return read_object(header_json, header_json, shown_file);
}

}  // namespace interoper
