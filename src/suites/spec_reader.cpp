#include "suites/spec_reader.hpp"

#include <algorithm>
#include <variant>

#include "suites/document.hpp"
#include "suites/expect_reader.hpp"
#include "suites/fill_check.hpp"
#include "suites/json_reader.hpp"
#include "suites/role_reader.hpp"
#include "suites/view_reader.hpp"

namespace interoper {
namespace {

const std::vector<std::string> header_keys{"timeout", "containers", "params",  "tags",  "weight",  "exclusive",
                                           "expect",  "network",    "aliases", "parts", "objects", "match"};
const std::vector<std::string> network_keys{"outside"};
// The interface reserves them: a header that says them is right, and too early.
const std::vector<std::string> later_network_keys{"links", "delay", "rate", "loss", "mtu", "nat", "partitions"};

constexpr std::string_view role_help =
    "a role is a host name too: lower-case letters, digits and '-', first a letter, at most 63 characters";

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// As placeholders and the command line can write it.
bool is_param_name(std::string_view name) {
  const auto allowed = [](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-'; };
  return !name.empty() && is_letter(name.front()) && std::all_of(name.begin(), name.end(), allowed);
}

class HeaderReader {
 public:
  HeaderReader(JsonReader& json, Spec& spec, const Rules& rules) : json_(json), spec_(spec), rules_(rules) {}

  void read(std::string_view header) {
    const std::vector<JsonMember> members = json_.members(header, "", header_keys);
    const auto value_of = [&](std::string_view key) -> std::optional<std::string_view> {
      for (const JsonMember& member : members) {
        if (member.key == key) return member.value;
      }
      return std::nullopt;
    };
    // Placeholders elsewhere name parameters and roles: these come first.
    if (const auto params = value_of("params")) read_params(*params);
    std::vector<JsonMember> roles;
    if (const auto containers = value_of("containers"); containers && *containers != "null") roles = role_members(*containers);
    const FillCheck fill(json_, spec_.name, spec_.params, role_names(roles));

    read_roles(roles, fill);
    spec_.timeout = rules_.timeout;
    if (const auto timeout = value_of("timeout"); timeout && *timeout != "null") read_timeout(*timeout, fill);
    if (const auto aliases = value_of("aliases")) spec_.aliases = json_.strings("aliases", *aliases).value_or(std::vector<std::string>{});
    if (const auto parts = value_of("parts")) read_parts(*parts);
    if (const auto tags = value_of("tags")) spec_.tags = json_.strings("tags", *tags).value_or(std::vector<std::string>{});
    if (const auto weight = value_of("weight")) read_weight(*weight);
    if (const auto exclusive = value_of("exclusive")) spec_.exclusive = json_.boolean("exclusive", *exclusive).value_or(false);
    if (const auto expect = value_of("expect")) spec_.expect = read_expect(json_, fill, *expect);
    if (const auto network = value_of("network")) read_network(*network);
    spec_.view = rules_.view;
    if (const auto objects = value_of("objects")) read_objects(json_, *objects, spec_.view);
    if (const auto match = value_of("match")) read_match(json_, *match, spec_.view);
  }

 private:
  void read_params(std::string_view value) {
    if (!json_.object("params", value, R"(write {"NAME": ["default", "other"]})")) return;
    for (const JsonMember& member : json_.members(value, " in params")) {
      if (!is_param_name(member.key)) {
        json_.error(member.written, "'" + member.key + "' is no parameter name", "use letters, digits, '_' and '-', first a letter");
        continue;
      }
      const std::string key = "params." + member.key;
      const auto elements = json_.array(key, member.value, array_help(member.value));
      if (!elements) continue;
      if (elements->empty()) json_.error(member.value, "'" + key + "' is empty", "write at least its default: [\"…\"]");
      Param param{member.key, {}};
      for (std::size_t i = 0; i < elements->size(); ++i)
        add_value(param, key + "[" + std::to_string(i) + "]", (*elements)[i]);
      if (!param.values.empty()) spec_.params.push_back(std::move(param));
    }
  }

  static std::string array_help(std::string_view value) {
    if (value.front() == '"') return "write [" + std::string(value) + "]";
    const bool scalar = value.front() != '{' && value != "null";
    return scalar ? "write [\"" + std::string(value) + "\"]" : "write [\"default\", \"other\"]";
  }

  void add_value(Param& param, const std::string& key, std::string_view element) {
    auto text = json_.string(key, element);
    if (!text) return;
    if (std::find(param.values.begin(), param.values.end(), *text) != param.values.end()) {
      json_.error(element, "'" + key + "': the value '" + *text + "' stands there twice", "remove one of them");
      return;
    }
    param.values.push_back(std::move(*text));
  }

  std::vector<JsonMember> role_members(std::string_view containers) {
    if (!json_.object("containers", containers, R"(write {"worker": {…}})")) return {};
    std::vector<JsonMember> roles = json_.members(containers, " in containers");
    const auto is_wrong = [this](const JsonMember& role) {
      if (is_role_name(role.key)) return false;
      json_.error(role.written, "'" + role.key + "' is no role name", std::string(role_help));
      return true;
    };
    roles.erase(std::remove_if(roles.begin(), roles.end(), is_wrong), roles.end());
    return roles;
  }

  std::vector<std::string> role_names(const std::vector<JsonMember>& roles) const {
    std::vector<std::string> names = rules_.role_order;
    for (const JsonMember& role : roles)
      names.push_back(role.key);
    return names;
  }

  bool is_suites_own(const std::string& role) const {
    return std::find(rules_.role_order.begin(), rules_.role_order.end(), role) != rules_.role_order.end();
  }

  void read_roles(const std::vector<JsonMember>& roles, const FillCheck& fill) {
    for (const JsonMember& role : roles) {
      if (!is_suites_own(role.key)) spec_.roles.push_back(read_role(role.key, role.value, fill));
    }
    for (const std::string& name : rules_.role_order) {
      const auto it = std::find_if(roles.begin(), roles.end(), [&](const JsonMember& role) { return role.key == name; });
      spec_.roles.push_back(read_role(name, it == roles.end() ? "null" : it->value, fill));
    }
  }

  RoleSpec read_role(const std::string& name, std::string_view value, const FillCheck& fill) {
    RoleSpec role = suites_word_on(name);
    const std::string where = "containers." + name;
    if (value != "null" && json_.object(where, value, R"(write {"command": "…"})")) {
      RoleReader reader(json_, fill);
      for (const JsonMember& member : json_.members(value, " in " + where, RoleReader::keys()))
        reader.read(role, where, member);
    }
    // An image of its own knows what it is for; whatever an implementation plays, it plays as the suite says.
    if (role.command.empty() && (is_suites_own(name) || role.image.empty())) role.command = rules_.command;
    return role;
  }

  RoleSpec suites_word_on(const std::string& name) const {
    for (const RoleSpec& role : rules_.roles) {
      if (role.name == name) return role;
    }
    RoleSpec role;
    role.name = name;
    return role;
  }

  void read_timeout(std::string_view value, const FillCheck& fill) {
    const auto text = RoleReader(json_, fill).duration_text("timeout", value);
    if (!text || !fill.names(value, false) || !fill.duration("timeout", value, false)) return;
    spec_.timeout = *text;
  }

  // {"setup-only": [], "announce-only": ["publish-namespace-only"]}: of a run of all tests at once
  void read_parts(std::string_view value) {
    if (!json_.object("parts", value, R"(write {"TEST": ["another name of it"]})")) return;
    for (const JsonMember& part : json_.members(value, " in parts"))
      spec_.parts.push_back(TestPart{part.key, json_.strings("parts." + part.key, part.value).value_or(std::vector<std::string>{})});
  }

  void read_weight(std::string_view value) {
    const auto weight = json_.number("weight", value);
    if (!weight) return;
    if (*weight > 0) {
      spec_.weight = *weight;
    } else {
      json_.error(value, "'weight' must be above zero, and is " + std::string(value), "1 is one core");
    }
  }

  void read_network(std::string_view value) {
    if (!json_.object("network", value, R"(write {"outside": true})")) return;
    for (const JsonMember& member : json_.members(value, " in network")) {
      if (member.key == "outside") {
        spec_.network.outside = json_.boolean("network.outside", member.value).value_or(false);
      } else if (std::find(later_network_keys.begin(), later_network_keys.end(), member.key) != later_network_keys.end()) {
        json_.warning(member.written, "'network." + member.key + "' is not supported yet, and does nothing");
      } else {
        json_.warning(member.written, "unknown key '" + member.key + "' in network", did_you_mean(member.key, network_keys));
      }
    }
  }

  JsonReader& json_;
  Spec& spec_;
  const Rules& rules_;
};

// Reads the object that `part` of `text` holds into `spec`; forgets the spec when something is wrong.
ReadSpec read_object(std::string_view text, std::string_view part, const std::string& shown_file, Spec spec, const Rules& rules) {
  ReadSpec result;
  JsonReader json(text, shown_file, result.problems);
  if (const auto header = json.only_object(part, "the header")) {
    spec.header = *header;
    HeaderReader(json, spec, rules).read(*header);
  }
  sort_by_place(result.problems);
  if (!has_errors(result.problems)) result.spec = std::move(spec);
  return result;
}

}  // namespace

std::string_view without_mark(std::string_view text) {
  constexpr std::string_view mark = "\xEF\xBB\xBF";
  if (text.substr(0, mark.size()) == mark) text.remove_prefix(mark.size());
  return text;
}

std::size_t utf8_end(std::string_view text) {
  if (is_utf8(text)) return text.size();
  // The longest prefix that is UTF-8 ends within three bytes of the fault; prefixes only get worse, so halving finds it.
  std::size_t good = 0;
  std::size_t bad = text.size();
  const auto good_up_to = [text](std::size_t end) {
    for (std::size_t back = 0; back < 4 && back <= end; ++back) {
      if (is_utf8(text.substr(0, end - back))) return true;
    }
    return false;
  };
  while (bad - good > 1) {
    const std::size_t middle = good + (bad - good) / 2;
    (good_up_to(middle) ? good : bad) = middle;
  }
  while (!is_utf8(text.substr(0, good)))
    --good;
  return good;
}

std::optional<Document> read_file_text(std::string_view text, const std::string& shown_file, Problems& problems) {
  JsonReader places(text, shown_file, problems);
  if (const std::size_t end = utf8_end(text); end != text.size()) {
    places.error(text.substr(end), "the file is not UTF-8 here", "save it as UTF-8");
    return std::nullopt;
  }
  auto read = read_document(text);
  if (const auto* fault = std::get_if<NoHeader>(&read)) {
    places.error(text.substr(fault->offset), fault->what, fault->help);
    return std::nullopt;
  }
  return std::get<Document>(std::move(read));
}

ReadSpec read_spec(std::string_view file_text, const std::string& shown_file, const std::string& name, const Rules& rules) {
  const std::string_view text = without_mark(file_text);
  ReadSpec failed;
  const auto document = read_file_text(text, shown_file, failed.problems);
  if (!document) return failed;
  Spec spec;
  spec.name = name;
  spec.title = document->title.empty() ? name : document->title;
  spec.description = document->description;
  spec.file = shown_file;
  return read_object(text, document->header, shown_file, std::move(spec), rules);
}

ReadSpec read_header(std::string_view header_json, const std::string& name, const std::string& title, const std::string& description,
                     const std::string& shown_file, const Rules& rules) {
  Spec spec;
  spec.name = name;
  spec.title = title;
  spec.description = description;
  spec.file = shown_file;
  return read_object(header_json, header_json, shown_file, std::move(spec), rules);
}

}  // namespace interoper
