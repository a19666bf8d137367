#include "suites/role_reader.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>
#include <variant>

#include "base/duration.hpp"
#include "base/placeholders.hpp"
#include "base/shell_words.hpp"

namespace interoper {
namespace {

constexpr int highest_port = 65535;
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

}  // namespace

const std::vector<std::string>& RoleReader::keys() {
  static const std::vector<std::string> all{"command", "image", "env",     "user",  "memory", "cpus",  "pids",
                                            "grace",   "mount", "aliases", "ready", "stdin",  "stdout"};
  return all;
}

void RoleReader::read(RoleSpec& role, const std::string& where, const JsonMember& member) {
  const std::string key = where + "." + member.key;
  const std::string_view value = member.value;
  if (member.key == "command" && value != "null") role.command = command(key, value);
  if (member.key == "image" && value != "null") role.image = json_.string(key, value).value_or("");
  if (member.key == "env") env(role, key, value);
  if (member.key == "user") role.user = json_.string(key, value).value_or("");
  if (member.key == "memory") role.limits.memory_bytes = memory(key, value);
  if (member.key == "cpus") role.limits.cpus = cpus(key, value);
  if (member.key == "pids") role.limits.pids = json_.whole_number(key, value, 1, std::numeric_limits<int>::max());
  if (member.key == "grace") role.grace = duration(key, value, "to kill without delay").value_or(default_grace);
  if (member.key == "mount") role.mounts = mounts(key, value);
  if (member.key == "aliases") role.aliases = aliases(key, value);
  if (member.key == "ready") role.ready = ready(key, value);
  if (member.key == "stdin") role.hears = one_of(key, value, {"events", "closed"}) == "events";
  if (member.key != "stdout") return;
  const std::string dialect = one_of(key, value, {"events", "tap", "text"});
  role.speaks = dialect == "tap" ? Dialect::tap : dialect == "text" ? Dialect::text : Dialect::events;
}

std::vector<std::string> RoleReader::command(const std::string& key, std::string_view value) {
  if (value.front() == '[') {
    std::vector<std::string> words;
    for (const std::string_view element : json_elements(value).value_or(std::vector<std::string_view>{}))
      words.push_back(json_string(element).value_or(std::string(element)));
    json_.wrong_type(key, value, "a string", "write " + json_quote(join_shell_words(words)));
    return {};
  }
  const auto text = json_.string(key, value);
  if (!text || !fill_.names(value, true)) return {};
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

// Added to what the suite says of the role; the last one counts.
void RoleReader::env(RoleSpec& role, const std::string& key, std::string_view value) {
  for (const JsonMember& member : json_.variables(key, value)) {
    fill_.names(member.value, true);
    role.env.insert_or_assign(member.key, json_string(member.value).value_or(""));
  }
}

std::optional<std::uint64_t> RoleReader::memory(const std::string& key, std::string_view value) {
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

std::optional<double> RoleReader::cpus(const std::string& key, std::string_view value) {
  const auto cpus = json_.number(key, value);
  if (!cpus || *cpus > 0) return cpus;
  json_.error(value, "'" + key + "' must be above zero, and is " + std::string(value), "write a number of cores, as 0.5 or 2");
  return std::nullopt;
}

std::optional<std::chrono::milliseconds> RoleReader::duration(const std::string& key, std::string_view value, std::string_view zero_means) {
  const auto text = duration_text(key, value);
  if (!text) return std::nullopt;
  const auto parsed = parse_go_duration(*text);
  if (const auto* fault = std::get_if<std::string>(&parsed)) {
    json_.error(value, "'" + key + "': " + *fault, R"(write a Go duration: "500ms", "2s", "1m")");
    return std::nullopt;
  }
  const auto duration = std::get<std::chrono::nanoseconds>(parsed);
  if (duration.count() < 0) {
    json_.error(value, "'" + key + "': '" + *text + "' is below zero", "write \"0s\" " + std::string(zero_means));
    return std::nullopt;
  }
  return std::chrono::ceil<std::chrono::milliseconds>(duration);
}

std::optional<std::string> RoleReader::duration_text(const std::string& key, std::string_view value) {
  if (json_kind(value) != "a number") return json_.string(key, value);
  json_.wrong_type(key, value, "a string", "write \"" + std::string(value) + "s\"");
  return std::nullopt;
}

// {"/certs": "certs", "/mlog": "out", "/shared": "shared"}; {} = nothing, not even /shared
std::vector<Mount> RoleReader::mounts(const std::string& key, std::string_view value) {
  std::vector<Mount> all;
  const auto members = json_.object_of_strings(key, value, R"(write {"/path": "out"})");
  for (const JsonMember& member : members.value_or(std::vector<JsonMember>{})) {
    const std::string source = json_string(member.value).value_or("");
    const bool is_absolute = member.key.size() > 1 && member.key.front() == '/';
    const bool is_plain = member.key.find("/../") == std::string::npos && !member.key.ends_with("/..") &&
                          member.key.find('\0') == std::string::npos && member.key.find(':') == std::string::npos;
    if (!is_absolute || !is_plain) {
      json_.error(member.written, "'" + member.key + "' is no place for a mount", "write an absolute path such as \"/certs\"");
    } else if (source.empty()) {
      json_.error(member.value, "'" + key + "." + member.key + "' does not say what stands there",
                  R"(write "out", "shared" or a name of 'files')");
    } else if ((source == "shared") != (member.key == "/shared")) {
      json_.error(member.written, "the attempt's shared directory stands at /shared, and nothing else does",
                  R"(write "/shared": "shared")");
    } else {
      all.push_back(Mount{member.key, source});
    }
  }
  return all;
}

std::vector<std::string> RoleReader::aliases(const std::string& key, std::string_view value) {
  std::vector<std::string> all = json_.strings(key, value).value_or(std::vector<std::string>{});
  for (const std::string& alias : all) {
    if (!is_role_name(alias))
      json_.error(value, "'" + key + "': '" + alias + "' is no host name", "write lower-case letters, digits and '-'");
  }
  return all;
}

// {"event": "ready"}, {"started": true} or {"udp": 4443, "within": "25s"}
Readiness RoleReader::ready(const std::string& key, std::string_view value) {
  const std::string help = R"(write {"event": "ready"}, {"started": true} or {"udp": 4443, "within": "25s"})";
  Readiness ready;
  if (!json_.object(key, value, help)) return ready;
  int signs = 0;
  for (const JsonMember& member : json_.members(value, " in " + key, {"event", "started", "udp", "within"})) {
    const std::string inner = key + "." + member.key;
    if (member.key == "within") {
      ready.within = duration(inner, member.value, "to wait for nothing");
      continue;
    }
    ++signs;
    if (member.key == "started" && json_.boolean(inner, member.value).value_or(false)) ready.sign = Readiness::Sign::started;
    if (member.key == "event") json_.string(inner, member.value);
    if (member.key != "udp") continue;
    ready.sign = Readiness::Sign::udp;
    ready.port = json_.whole_number(inner, member.value, 1, highest_port).value_or(0);
  }
  if (signs != 1) json_.error(value, "'" + key + "' must name one sign", help);
  return ready;
}

// The first of them when the value is none.
std::string RoleReader::one_of(const std::string& key, std::string_view value, const std::vector<std::string>& words) {
  const auto word = json_.string(key, value);
  if (!word) return words.front();
  if (std::find(words.begin(), words.end(), *word) != words.end()) return *word;
  json_.error(value, "'" + key + "': there is no \"" + *word + "\"", did_you_mean(*word, words));
  return words.front();
}

}  // namespace interoper
