#include "suites/moq_entries.hpp"

#include <algorithm>
#include <charconv>

#include "model/implementation.hpp"

namespace interoper {
namespace {

constexpr std::string_view draft_prefix = "draft-";

const std::vector<std::string> entry_keys{"name", "organization", "repository", "draft_versions", "roles", "notes"};
const std::vector<std::string> role_names{"relay", "client", "publisher", "subscriber"};
const std::vector<std::string> role_keys{"docker", "remote"};
const std::vector<std::string> statuses{"active", "inactive", "untested"};
const std::vector<std::string> transports{"quic", "webtransport"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_small_letter(char c) { return c >= 'a' && c <= 'z'; }
bool is_letter(char c) { return is_small_letter(c) || (c >= 'A' && c <= 'Z'); }

bool is_one_of(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// ^(https://|moqt://)host(:port)?(/…)?$
bool is_endpoint_url(std::string_view url) {
  const std::string_view scheme = url.starts_with("https://") ? "https://" : "moqt://";
  if (!url.starts_with(scheme)) return false;
  url.remove_prefix(scheme.size());
  const auto in_host = [](char c) { return is_letter(c) || is_digit(c) || c == '.' || c == '-'; };
  if (url.empty() || !in_host(url.front()) || url.front() == '.' || url.front() == '-') return false;
  url.remove_prefix(static_cast<std::size_t>(std::find_if_not(url.begin(), url.end(), in_host) - url.begin()));
  if (url.starts_with(':')) {
    url.remove_prefix(1);
    const auto digits = static_cast<std::size_t>(std::find_if_not(url.begin(), url.end(), is_digit) - url.begin());
    if (digits == 0) return false;
    url.remove_prefix(digits);
  }
  return url.empty() || url.front() == '/';
}

// ^[a-z][a-z0-9-]*$
bool is_entry_name(std::string_view name) {
  if (name.empty() || !is_small_letter(name.front())) return false;
  return std::all_of(name.begin(), name.end(), [](char c) { return is_small_letter(c) || is_digit(c) || c == '-'; });
}

bool is_schema_version(std::string_view text) {
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos || dot == 0 || dot + 1 == text.size()) return false;
  const std::string_view minor = text.substr(dot + 1);
  return std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(dot), is_digit) &&
         std::all_of(minor.begin(), minor.end(), is_digit);
}

const JsonMember* find(const std::vector<JsonMember>& members, std::string_view key) {
  const auto found = std::find_if(members.begin(), members.end(), [&](const JsonMember& member) { return member.key == key; });
  return found == members.end() ? nullptr : &*found;
}

class EntriesReader {
 public:
  EntriesReader(JsonReader& json, bool strict) : json_(json), strict_(strict) {}

  MoqRegistry read(std::string_view object) {
    MoqRegistry registry;
    const std::vector<JsonMember> members = json_.members(object, "");
    for (const JsonMember& member : members) {
      if (member.key == "description" || member.key == "$schema") plain_text(member.key, member);
      if (member.key == "_comment_how_to_add" && member.value.front() != '[')
        schema(member.value, "'_comment_how_to_add' must be an array");
    }
    const JsonMember* version = find(members, "version");
    if (version == nullptr) {
      schema(object, "'version' is missing", R"(write "version": "1.1")");
    } else if (const auto text = json_string(version->value); !text || !is_schema_version(*text)) {
      schema(version->value, "'version' must be two numbers, as in \"1.1\"");
    }
    // Without a target that is one nothing can be classed: the runner ends here too.
    if (const JsonMember* target = find(members, "current_target")) {
      if (const auto text = json_.string("current_target", target->value)) {
        registry.target = moq_draft(*text);
        if (registry.target) registry.target->at = target->written;
        if (!registry.target)
          json_.error(target->value, "'current_target' must be a draft, and is \"" + *text + "\"", R"(write "draft-16")");
      }
    }
    const JsonMember* entries = find(members, "implementations");
    if (entries == nullptr) {
      json_.error(object, "'implementations' is missing", R"(write "implementations": {"NAME": {"name": "…", "roles": {…}}})");
    } else if (json_.object("implementations", entries->value)) {
      for (const JsonMember& member : json_.members(entries->value, " in implementations"))
        registry.entries.push_back(entry(member));
    }
    return registry;
  }

 private:
  // What the schema forbids and the runner takes.
  void schema(std::string_view at, std::string what, std::string help = {}) {
    strict_ ? json_.error(at, std::move(what), std::move(help)) : json_.warning(at, std::move(what), std::move(help));
  }

  // The schema lets no other keys stand here.
  void only(const std::vector<JsonMember>& members, const std::string& where, const std::vector<std::string>& known) {
    for (const JsonMember& member : members) {
      if (!is_one_of(known, member.key))
        schema(member.written, "unknown key '" + member.key + "' in " + where, did_you_mean(member.key, known));
    }
  }

  // Text that nobody here reads.
  void plain_text(const std::string& key, const JsonMember& member) {
    if (member.value.front() != '"') schema(member.value, "'" + key + "' must be a string, and is " + std::string(json_kind(member.value)));
  }

  MoqEntry entry(const JsonMember& named) {
    MoqEntry entry;
    entry.name = named.key;
    entry.at = named.written;
    check_name(named);
    if (!json_.object(named.key, named.value)) return entry;
    const std::vector<JsonMember> members = json_.members(named.value, " in " + named.key);
    only(members, named.key, entry_keys);
    const std::string where = named.key + ".";
    if (find(members, "name") == nullptr) schema(named.written, "'" + where + "name' is missing");
    for (const JsonMember& member : members) {
      const std::string key = where + member.key;
      if (member.key == "name" || member.key == "organization" || member.key == "repository" || member.key == "notes")
        plain_text(key, member);
      if (member.key == "draft_versions") entry.drafts = drafts(key, member.value);
      if (member.key == "roles" && json_.object(key, member.value)) entry.roles = roles(key, member.value);
    }
    if (find(members, "roles") == nullptr) schema(named.written, "'" + where + "roles' is missing: it plays nothing");
    return entry;
  }

  void check_name(const JsonMember& named) {
    const std::string quoted = "'" + named.key + "'";
    if (named.key == local_name) {
      json_.error(named.written, quoted + " is the name of the project under test", "give this implementation another name");
    } else if (!is_implementation_name(named.key)) {
      json_.error(named.written, quoted + " is no name for an implementation",
                  "use letters, digits, '.', '_' and '-', first a letter or digit");
    } else if (!is_entry_name(named.key)) {
      schema(named.written, "the name " + quoted + " is not as the schema wants it", "use small letters, digits and '-', first a letter");
    }
  }

  std::vector<MoqDraft> drafts(const std::string& key, std::string_view value) {
    std::vector<MoqDraft> all;
    const auto elements = json_.array(key, value, R"(write ["draft-16"])");
    if (!elements) return all;
    if (elements->empty()) schema(value, "'" + key + "' is empty: it can meet nobody", R"(write ["draft-16"])");
    for (std::size_t i = 0; i < elements->size(); ++i) {
      const std::string_view element = (*elements)[i];
      const auto text = json_.string(key + "[" + std::to_string(i) + "]", element);
      if (!text) continue;
      auto draft = moq_draft(*text);
      if (!draft) {
        json_.error(element, "\"" + *text + "\" is no draft", "write it as \"draft-16\"");
        continue;
      }
      draft->at = element;
      all.push_back(std::move(*draft));
    }
    return all;
  }

  std::vector<MoqRole> roles(const std::string& key, std::string_view value) {
    std::vector<MoqRole> all;
    const std::vector<JsonMember> members = json_.members(value, " in " + key);
    only(members, key, role_names);
    for (const JsonMember& member : members) {
      // The runner reads null as a role that is not there.
      if (!is_one_of(role_names, member.key) || member.value == "null") continue;
      const std::string where = key + "." + member.key;
      if (json_.object(where, member.value, R"(write {"docker": {"image": "…"}})")) all.push_back(role(where, member));
    }
    return all;
  }

  MoqRole role(const std::string& where, const JsonMember& named) {
    MoqRole role;
    role.name = named.key;
    role.at = named.written;
    const std::vector<JsonMember> members = json_.members(named.value, " in " + where);
    only(members, where, role_keys);
    for (const JsonMember& member : members) {
      const std::string key = where + "." + member.key;
      if (member.key == "docker" && json_.object(key, member.value, R"(write {"image": "…"})")) role.image = image(key, member);
      if (member.key != "remote") continue;
      const auto elements =
          json_.array(key, member.value, R"(write [{"url": "…", "transport": "quic"}])").value_or(std::vector<std::string_view>{});
      for (std::size_t i = 0; i < elements.size(); ++i) {
        const std::string name = key + "[" + std::to_string(i) + "]";
        if (json_.object(name, elements[i])) role.remotes.push_back(endpoint(name, elements[i]));
      }
    }
    return role;
  }

  MoqImage image(const std::string& where, const JsonMember& named) {
    MoqImage image;
    image.at = named.written;
    const std::vector<JsonMember> members = json_.members(named.value, " in " + where);
    for (const JsonMember& member : members) {
      const std::string key = where + "." + member.key;
      if (member.key == "image") image.reference = reference(key, member.value);
      if (member.key == "url") image.url = url(key, member.value);
      if (member.key == "env") image.env = env(key, member.value);
      if (member.key == "notes" || member.key == "upstream_image") plain_text(key, member);
      if (member.key == "build" && json_.object(key, member.value)) build(key, member, image);
    }
    if (find(members, "image") == nullptr) schema(named.written, "'" + where + ".image' is missing: nothing can be started");
    return image;
  }

  void build(const std::string& where, const JsonMember& named, MoqImage& image) {
    image.is_built = true;
    for (const JsonMember& member : json_.members(named.value, " in " + where)) {
      const std::string key = where + "." + member.key;
      if (member.key == "dockerfile") image.dockerfile = json_.string(key, member.value).value_or("");
      if (member.key == "context") image.context = json_.string(key, member.value).value_or("");
    }
  }

  // What an engine is asked for: one word.
  std::string reference(const std::string& key, std::string_view value) {
    const auto text = json_.string(key, value);
    if (!text) return {};
    const bool blank = std::any_of(text->begin(), text->end(), [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; });
    if (!text->empty() && !blank) return *text;
    schema(value, "'" + key + "' " + (text->empty() ? "is empty" : "holds a blank") + ": nothing can be started");
    return {};
  }

  std::string url(const std::string& key, std::string_view value) {
    const auto text = json_.string(key, value);
    if (!text) return {};
    if (!is_endpoint_url(*text))
      schema(value, "'" + key + "' is no address of a relay: \"" + *text + "\"", "write https://HOST:PORT or moqt://HOST:PORT");
    return *text;
  }

  std::map<std::string, std::string> env(const std::string& key, std::string_view value) {
    std::map<std::string, std::string> all;
    for (const JsonMember& member : json_.variables(key, value))
      all.emplace(member.key, json_string(member.value).value_or(""));
    return all;
  }

  MoqEndpoint endpoint(const std::string& where, std::string_view value) {
    MoqEndpoint endpoint;
    endpoint.at = value;
    const std::vector<JsonMember> members = json_.members(value, " in " + where);
    for (const JsonMember& member : members) {
      const std::string key = where + "." + member.key;
      if (member.key == "url") endpoint.url = url(key, member.value);
      if (member.key == "transport") endpoint.transport = one_of(key, member.value, transports);
      if (member.key == "status") endpoint.is_inactive = one_of(key, member.value, statuses) == "inactive";
      if (member.key == "tls_disable_verify") endpoint.tls_disable_verify = json_.boolean(key, member.value).value_or(false);
      if (member.key == "draft_version" || member.key == "notes") plain_text(key, member);
    }
    if (find(members, "url") == nullptr) schema(value, "'" + where + ".url' is missing: it cannot be reached");
    if (find(members, "transport") == nullptr) schema(value, "'" + where + ".transport' is missing", R"(write "quic" or "webtransport")");
    return endpoint;
  }

  std::string one_of(const std::string& key, std::string_view value, const std::vector<std::string>& known) {
    const auto text = json_.string(key, value);
    if (!text) return {};
    if (!is_one_of(known, *text)) schema(value, "'" + key + "' is \"" + *text + "\"", did_you_mean(*text, known));
    return *text;
  }

  JsonReader& json_;
  bool strict_;
};

}  // namespace

const MoqRole* find_role(const MoqEntry& entry, std::string_view role) {
  const auto found = std::find_if(entry.roles.begin(), entry.roles.end(), [&](const MoqRole& one) { return one.name == role; });
  return found == entry.roles.end() ? nullptr : &*found;
}

std::optional<MoqDraft> moq_draft(std::string_view name) {
  if (!name.starts_with(draft_prefix)) return std::nullopt;
  const std::string_view digits = name.substr(draft_prefix.size());
  MoqDraft draft{std::string(name), 0, {}};
  const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), draft.number);
  if (fault != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return draft;
}

MoqRegistry read_moq_entries(JsonReader& json, std::string_view object, bool strict) { return EntriesReader(json, strict).read(object); }

}  // namespace interoper
