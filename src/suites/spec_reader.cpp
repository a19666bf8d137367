#include "suites/spec_reader.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <variant>

#include "base/duration.hpp"
#include "base/placeholders.hpp"
#include "base/shell_words.hpp"
#include "suites/document.hpp"
#include "suites/expect_reader.hpp"
#include "suites/fill_check.hpp"
#include "suites/json_reader.hpp"

namespace interoper {
namespace {

const std::vector<std::string> header_keys{"timeout", "containers", "params", "tags", "weight", "exclusive", "expect", "network"};
const std::vector<std::string> role_keys{"command", "image", "env", "user", "memory", "cpus", "pids", "grace"};
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

constexpr double most_bytes = 9.0e18;  // below 2^63, which engines take

// "512m" as container engines write sizes, in powers of 1024; nothing when it is none, or not above zero.
std::optional<std::uint64_t> size_bytes(std::string_view text) {
  double number = 0;
  const auto [rest, fault] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (fault != std::errc() || !(number > 0)) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
  std::string unit;
  for (const char c : text)
    unit += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  constexpr std::string_view units = "bkmgt";
  const std::size_t power = unit.empty() ? 0 : units.find(unit.front());
  if (power == std::string_view::npos) return std::nullopt;
  const bool known = unit.size() <= 1 || (power > 0 && (unit.substr(1) == "b" || unit.substr(1) == "ib"));
  if (!known) return std::nullopt;
  const double bytes = std::floor(number * std::pow(1024.0, static_cast<double>(power)));
  if (bytes < 1 || bytes > most_bytes) return std::nullopt;
  return static_cast<std::uint64_t>(bytes);
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
    if (const auto timeout = value_of("timeout"); timeout && *timeout != "null") read_timeout(*timeout, fill);
    if (const auto tags = value_of("tags")) spec_.tags = json_.strings("tags", *tags).value_or(std::vector<std::string>{});
    if (const auto weight = value_of("weight")) read_weight(*weight);
    if (const auto exclusive = value_of("exclusive")) spec_.exclusive = json_.boolean("exclusive", *exclusive).value_or(false);
    if (const auto expect = value_of("expect")) spec_.expect = read_expect(json_, fill, *expect);
    if (const auto network = value_of("network")) read_network(*network);
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
    RoleSpec role;
    role.name = name;
    const std::string where = "containers." + name;
    if (value != "null" && json_.object(where, value, R"(write {"command": "…"})")) {
      for (const JsonMember& member : json_.members(value, " in " + where, role_keys))
        read_setting(role, where + "." + member.key, member, fill);
    }
    // An image of its own knows what it is for; whatever an implementation plays, it plays as the suite says.
    if (role.command.empty() && (is_suites_own(name) || role.image.empty())) role.command = rules_.command;
    return role;
  }

  void read_setting(RoleSpec& role, const std::string& key, const JsonMember& member, const FillCheck& fill) {
    const std::string_view value = member.value;
    if (member.key == "command" && value != "null") role.command = read_command(key, value, fill);
    if (member.key == "image" && value != "null") role.image = json_.string(key, value).value_or("");
    if (member.key == "env") role.env = read_env(key, value, fill);
    if (member.key == "user") role.user = json_.string(key, value).value_or("");
    if (member.key == "memory") role.limits.memory_bytes = read_memory(key, value);
    if (member.key == "cpus") role.limits.cpus = read_cpus(key, value);
    if (member.key == "pids") role.limits.pids = read_pids(key, value);
    if (member.key == "grace") read_grace(role, key, value);
  }

  std::vector<std::string> read_command(const std::string& key, std::string_view value, const FillCheck& fill) {
    if (value.front() == '[') {
      std::vector<std::string> words;
      for (const std::string_view element : json_elements(value).value_or(std::vector<std::string_view>{}))
        words.push_back(json_string(element).value_or(std::string(element)));
      json_.wrong_type(key, value, "a string", "write " + json_quote(join_shell_words(words)));
      return {};
    }
    const auto text = json_.string(key, value);
    if (!text || !fill.names(value, true)) return {};
    const auto split = split_shell_words(*text);
    if (const auto* fault = std::get_if<ShellFault>(&split)) {
      json_.error(value.substr(written_offset(value, fault->offset)), "'" + key + "': " + fault->what,
                  "close it, or write \\\\ in front of it to mean the character itself");
      return {};
    }
    const auto& words = std::get<std::vector<std::string>>(split);
    std::size_t whole = 0;  // placeholders that are still whole in one word
    for (const std::string& word : words)
      whole += placeholders_in(word).size();
    if (whole != placeholders_in(*text).size()) {
      json_.error(value, "'" + key + "': splitting it into words breaks a {…} placeholder", "put the placeholder into single quotes");
    }
    return words;
  }

  std::map<std::string, std::string> read_env(const std::string& key, std::string_view value, const FillCheck& fill) {
    std::map<std::string, std::string> env;
    const auto members = json_.object_of_strings(key, value, R"(write {"NAME": "value"})");
    for (const JsonMember& member : members.value_or(std::vector<JsonMember>{})) {
      if (member.key.empty() || member.key.find_first_of(std::string_view("=\0", 2)) != std::string::npos) {
        json_.error(member.written, "'" + member.key + "' cannot name an environment variable");
        continue;
      }
      fill.names(member.value, true);
      env.emplace(member.key, json_string(member.value).value_or(""));
    }
    return env;
  }

  std::optional<std::uint64_t> read_memory(const std::string& key, std::string_view value) {
    const auto text = json_string(value);
    if (!text && json_kind(value) != "a number") {
      json_.wrong_type(key, value, "a size", R"(write "512m", or a number of bytes)");
      return std::nullopt;
    }
    std::optional<std::uint64_t> bytes;
    if (text) {
      bytes = size_bytes(*text);
    } else if (const auto number = json_.number(key, value); number) {
      const bool whole = *number >= 1 && *number <= most_bytes && *number == std::floor(*number);
      if (whole) bytes = static_cast<std::uint64_t>(*number);
    } else {
      return std::nullopt;
    }
    if (!bytes) json_.error(value, "'" + key + "': " + std::string(value) + " is no size", R"(write "512m", "1g", or a number of bytes)");
    return bytes;
  }

  std::optional<double> read_cpus(const std::string& key, std::string_view value) {
    const auto cpus = json_.number(key, value);
    if (!cpus || *cpus > 0) return cpus;
    json_.error(value, "'" + key + "' must be above zero, and is " + std::string(value), "write a number of cores, as 0.5 or 2");
    return std::nullopt;
  }

  std::optional<int> read_pids(const std::string& key, std::string_view value) {
    const auto pids = json_.number(key, value);
    if (!pids) return std::nullopt;
    if (*pids >= 1 && *pids <= std::numeric_limits<int>::max() && *pids == std::floor(*pids)) return static_cast<int>(*pids);
    json_.error(value, "'" + key + "' must be a whole number from 1, and is " + std::string(value));
    return std::nullopt;
  }

  void read_grace(RoleSpec& role, const std::string& key, std::string_view value) {
    const auto text = duration_text(key, value);
    if (!text) return;
    const auto parsed = parse_go_duration(*text);
    if (const auto* fault = std::get_if<std::string>(&parsed)) {
      json_.error(value, "'" + key + "': " + *fault, R"(write a Go duration: "500ms", "2s", "1m")");
      return;
    }
    const auto grace = std::get<std::chrono::nanoseconds>(parsed);
    if (grace.count() < 0) {
      json_.error(value, "'" + key + "': '" + *text + "' is below zero", R"(write "0s" to kill without delay)");
      return;
    }
    role.grace = std::chrono::ceil<std::chrono::milliseconds>(grace);
  }

  // A string; of a number it says which duration is meant.
  std::optional<std::string> duration_text(const std::string& key, std::string_view value) {
    if (json_kind(value) != "a number") return json_.string(key, value);
    json_.wrong_type(key, value, "a string", "write \"" + std::string(value) + "s\"");
    return std::nullopt;
  }

  void read_timeout(std::string_view value, const FillCheck& fill) {
    const auto text = duration_text("timeout", value);
    if (!text || !fill.names(value, false) || !fill.duration("timeout", value, false)) return;
    spec_.timeout = *text;
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

ReadSpec read_spec(std::string_view file_text, const std::string& shown_file, const std::string& name, const Rules& rules) {
  const std::string_view text = without_mark(file_text);
  ReadSpec failed;
  JsonReader places(text, shown_file, failed.problems);
  if (const std::size_t end = utf8_end(text); end != text.size()) {
    places.error(text.substr(end), "the file is not UTF-8 here", "save it as UTF-8");
    return failed;
  }
  auto document = read_document(text);
  if (const auto* fault = std::get_if<NoHeader>(&document)) {
    places.error(text.substr(fault->offset), fault->what, fault->help);
    return failed;
  }
  const auto& parts = std::get<Document>(document);
  Spec spec;
  spec.name = name;
  spec.title = parts.title.empty() ? name : parts.title;
  spec.description = parts.description;
  spec.file = shown_file;
  return read_object(text, parts.header, shown_file, std::move(spec), rules);
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
