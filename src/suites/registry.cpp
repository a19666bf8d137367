#include "suites/registry.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "base/files.hpp"
#include "suites/json_reader.hpp"
#include "suites/spec_reader.hpp"

namespace interoper {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t largest_file_bytes = std::size_t{4} * 1024 * 1024;  // thousands of entries

const std::vector<std::string> entry_keys{"repo", "ref", "dockerfile", "build", "image", "path", "url", "roles", "env", "version"};
const std::vector<std::string> source_keys{"repo", "ref", "dockerfile", "build", "image"};

constexpr std::string_view a_source = R"(write one of "repo", "build", "image" or "path")";

class RegistryReader {
 public:
  RegistryReader(JsonReader& json, std::string folder, const Rules& rules) : json_(json), folder_(std::move(folder)), rules_(rules) {}

  std::vector<Implementation> read(std::string_view object) {
    std::vector<Implementation> all;
    for (const JsonMember& member : json_.members(object, "")) {
      if (!is_implementation_name(member.key)) {
        json_.error(member.written, "'" + member.key + "' is no name for an implementation",
                    "use letters, digits, '.', '_' and '-', first a letter or digit");
      } else if (member.key == local_name) {
        json_.error(member.written, "'local' is the name of the project under test", "give this implementation another name");
      } else if (json_.object(member.key, member.value, entry_help(member.value))) {
        all.push_back(entry(member));
      }
    }
    return all;
  }

 private:
  static std::string entry_help(std::string_view value) {
    return value.front() == '"' ? "write {\"repo\": " + std::string(value) + "}" : R"(write {"repo": "…"})";
  }

  Implementation entry(const JsonMember& named) {
    Implementation implementation;
    implementation.name = named.key;
    const std::string where = named.key + ".";
    const std::vector<JsonMember> members = json_.members(named.value, " in " + named.key, entry_keys);
    implementation.source = source(where, members);
    const JsonMember* roles = nullptr;
    bool remote = false;
    for (const JsonMember& member : members) {
      const std::string key = where + member.key;
      if (member.key == "path") implementation.path = directory(key, member.value);
      if (member.key == "version") implementation.version = json_.string(key, member.value).value_or("");
      if (member.key == "env") implementation.env = env(key, member.value);
      if (member.key == "roles") roles = &member;
      if (member.key == "url") {
        json_.error(member.written, "'" + key + "': remote endpoints are not supported yet", std::string(a_source));
        remote = true;
      }
    }
    if (roles != nullptr) {
      implementation.roles = offers(where + "roles", roles->value);
    } else {
      for (const std::string& role : rules_.role_order)
        implementation.roles.push_back({role, std::nullopt});
    }
    const bool has_source = implementation.source || !implementation.path.empty() || names_any_source(members);
    const auto lacks = [](const RoleOffer& offer) { return !offer.source; };
    const auto lacking = std::find_if(implementation.roles.begin(), implementation.roles.end(), lacks);
    if (!has_source && !remote && lacking != implementation.roles.end()) {
      json_.error(named.written, "nothing says where '" + named.key + "' comes from" + (roles ? " as " + lacking->role : ""),
                  std::string(a_source));
    }
    return implementation;
  }

  // Also when its value is wrong, which has been said then.
  static bool names_any_source(const std::vector<JsonMember>& members) {
    return std::any_of(members.begin(), members.end(), [](const JsonMember& member) {
      return member.key == "repo" || member.key == "build" || member.key == "image" || member.key == "path";
    });
  }

  // At most one of repo, build and image, with what belongs to it.
  std::optional<Source> source(const std::string& where, const std::vector<JsonMember>& members) {
    const JsonMember* kind = nullptr;
    std::string ref;
    std::string dockerfile;
    for (const JsonMember& member : members) {
      if (member.key == "ref") ref = word(where + "ref", member.value);
      if (member.key == "dockerfile") dockerfile = inner_path(where + "dockerfile", member.value);
      if (member.key != "repo" && member.key != "build" && member.key != "image") continue;
      if (kind != nullptr) {
        json_.error(member.written, "'" + where + member.key + "' stands beside '" + kind->key + "': an image has one source",
                    "keep one of them");
        return std::nullopt;
      }
      kind = &member;
    }
    const std::string chosen = kind == nullptr ? "" : kind->key;
    for (const JsonMember& member : members) {
      const bool lost_ref = member.key == "ref" && chosen != "repo";
      const bool lost_dockerfile = member.key == "dockerfile" && chosen != "repo" && chosen != "build";
      if (lost_ref) json_.error(member.written, "'" + where + "ref' goes only with 'repo'");
      if (lost_dockerfile) json_.error(member.written, "'" + where + "dockerfile' goes only with 'repo' or 'build'");
    }
    if (chosen == "repo") return RepoSource{word(where + "repo", kind->value), ref, dockerfile};
    if (chosen == "build") return BuildSource{directory(where + "build", kind->value), dockerfile};
    if (chosen == "image") return ImageSource{word(where + "image", kind->value)};
    return std::nullopt;
  }

  // What is handed to other programs as one argument: it must not look like an option, nor like two words.
  std::string word(const std::string& key, std::string_view value) {
    const auto text = json_.string(key, value);
    if (!text) return {};
    const bool blank = std::any_of(text->begin(), text->end(), [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; });
    if (!text->empty() && text->front() != '-' && !blank) return *text;
    const std::string what = text->empty() ? "is empty" : blank ? "holds a blank" : "begins with '-'";
    json_.error(value, "'" + key + "' " + what);
    return {};
  }

  // A directory as the working directory sees it.
  std::string directory(const std::string& key, std::string_view value) {
    const auto text = json_.string(key, value);
    if (!text) return {};
    if (text->empty()) {
      json_.error(value, "'" + key + "' is empty", "write \".\" for the folder of this file");
      return {};
    }
    std::string resolved = (fs::path(folder_) / *text).lexically_normal().string();
    while (resolved.size() > 1 && resolved.back() == '/')
      resolved.pop_back();
    return resolved;
  }

  // A path that stays inside the build context.
  std::string inner_path(const std::string& key, std::string_view value) {
    const auto text = json_.string(key, value);
    if (!text) return {};
    const fs::path path = fs::path(*text).lexically_normal();
    const bool inside = !text->empty() && path.is_relative() && *path.begin() != "..";
    if (inside) return path.string();
    json_.error(value, "'" + key + "' must be a path inside the build's directory");
    return {};
  }

  std::map<std::string, std::string> env(const std::string& key, std::string_view value) {
    std::map<std::string, std::string> all;
    for (const JsonMember& member : json_.variables(key, value))
      all.emplace(member.key, json_string(member.value).value_or(""));
    return all;
  }

  // ["worker", "driver"], or {"relay": {"image": "…"}, "client": null}
  std::vector<RoleOffer> offers(const std::string& key, std::string_view value) {
    std::vector<RoleOffer> all;
    const auto add = [&](std::string_view at, const std::string& role, std::optional<Source> own) {
      const auto is_it = [&](const RoleOffer& offer) { return offer.role == role; };
      if (!is_role_name(role)) {
        json_.error(at, "'" + role + "' is no role name",
                    "a role is a host name too: lower-case letters, digits and '-', first a letter, at most 63 characters");
      } else if (std::any_of(all.begin(), all.end(), is_it)) {
        json_.error(at, "the role '" + role + "' stands there twice", "remove one of them");
      } else {
        all.push_back({role, std::move(own)});
      }
    };
    std::size_t named = 0;
    if (value.front() == '{') {
      const std::vector<JsonMember> members = json_.members(value, " in " + key);
      named = members.size();
      for (const JsonMember& member : members) {
        std::optional<Source> own;
        const std::string role_key = key + "." + member.key;
        if (member.value != "null" && json_.object(role_key, member.value, R"(write {"image": "…"})")) {
          own = source(role_key + ".", json_.members(member.value, " in " + role_key, source_keys));
        }
        add(member.written, member.key, std::move(own));
      }
    } else if (value.front() == '[') {
      const std::vector<std::string_view> elements = json_elements(value).value_or(std::vector<std::string_view>{});
      named = elements.size();
      for (std::size_t i = 0; i < elements.size(); ++i) {
        if (const auto role = json_.string(key + "[" + std::to_string(i) + "]", elements[i])) add(elements[i], *role, std::nullopt);
      }
    } else {
      json_.wrong_type(key, value, "an array of roles", R"(write ["worker", "driver"])");
      return all;
    }
    if (named == 0) json_.error(value, "'" + key + "' names no role", R"(write ["worker", "driver"])");
    return all;
  }

  JsonReader& json_;
  std::string folder_;
  const Rules& rules_;
};

}  // namespace

Registry read_registry(std::string_view text, const std::string& shown_file, const std::string& folder, const Rules& rules) {
  Registry registry;
  const std::string_view json_part = without_mark(text);
  JsonReader json(json_part, shown_file, registry.problems);
  const std::size_t first = json_part.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) {
    json.error(json_part, "the file is empty", "write {} when there are no implementations");
    return registry;
  }
  if (json_part[first] == '[' && !json_fault(json_part)) {
    json.error(json_part.substr(first), "the implementations must be a JSON object, and are an array",
               R"(write {"NAME": {"repo": "…"}, …})");
    return registry;
  }
  if (const auto object = json.only_object(json_part, "the implementations file")) {
    registry.implementations = RegistryReader(json, folder, rules).read(*object);
  }
  sort_by_place(registry.problems);
  if (has_errors(registry.problems)) registry.implementations.clear();
  return registry;
}

Registry load_registry(const std::string& folder, const Rules& rules) {
  const std::string file = (fs::path(folder) / registry_file).string();
  try {
    return read_registry(read_whole(file, largest_file_bytes), file, folder, rules);
  } catch (const WorldError& trouble) {
    Registry registry;
    if (trouble.reason() != "not-found") registry.problems.push_back({Problem::Severity::error, "", 0, 0, trouble.what(), "", ""});
    return registry;
  }
}

}  // namespace interoper
