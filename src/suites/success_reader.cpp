#include "suites/success_reader.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace interoper {
namespace {

constexpr int most_days = 3650;
constexpr int highest_exit_status = 255;

// A file's name, and nothing else.
bool is_file_name(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos && name.find('\0') == std::string::npos;
}

class CertificateReader {
 public:
  explicit CertificateReader(JsonReader& json) : json_(json) {}

  CertificateOrder read(const std::string& where, std::string_view object) {
    CertificateOrder order;
    for (const JsonMember& member : json_.members(object, " in " + where, {"key", "days", "names", "certificate", "private"})) {
      const std::string key = where + "." + member.key;
      if (member.key == "key") order.key = key_kind(key, member.value);
      if (member.key == "days") order.days = json_.whole_number(key, member.value, 1, most_days).value_or(order.days);
      if (member.key == "names") order.names = json_.strings(key, member.value).value_or(order.names);
      if (member.key == "certificate") order.certificate_file = file(key, member.value);
      if (member.key == "private") order.key_file = file(key, member.value);
    }
    if (order.names.empty()) json_.error(object, "'" + where + "' names nobody", R"(write "names": ["localhost", "127.0.0.1"])");
    return order;
  }

 private:
  std::string key_kind(const std::string& key, std::string_view value) {
    static const std::vector<std::string> kinds{"P-256", "P-384", "Ed25519", "RSA-2048"};
    const std::string kind = json_.string(key, value).value_or(kinds.front());
    if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end())
      json_.error(value, "'" + key + "': '" + kind + "' is no kind of key", did_you_mean(kind, kinds));
    return kind;
  }

  std::string file(const std::string& key, std::string_view value) {
    const std::string name = json_.string(key, value).value_or("file");
    if (!is_file_name(name)) json_.error(value, "'" + key + "' must be the name of a file, without a folder");
    return name;
  }

  JsonReader& json_;
};

class PassReader {
 public:
  PassReader(JsonReader& json, const Rules& rules) : json_(json), rules_(rules) {
    success_.needs_done = false;
    success_.asserts_agree = false;
    success_.others_stay = Success::Until::exited;
  }

  Success read(const JsonMember& pass) {
    const std::string help = R"(write [{"exits": {"ROLE": 0}}, …])";
    const auto conditions = json_.array("pass", pass.value, help);
    if (!conditions) return success_;
    for (std::size_t i = 0; i < conditions->size(); ++i) {
      const std::string where = "pass[" + std::to_string(i) + "]";
      if (json_.object(where, (*conditions)[i], R"(write {"exits": {"ROLE": 0}})")) condition(where, (*conditions)[i]);
    }
    // Silence is never a pass: who decides must have done something that can be seen.
    if (!says_exit_) json_.error(pass.value, "'pass' does not say with which status " + rules_.decides + " exits", exits_help());
    if (!success_.needs_done && success_.tap.empty())
      json_.error(pass.value, "'pass' asks for no evidence: a " + rules_.decides + " that does nothing would pass",
                  "write {\"done\": \"" + rules_.decides + "\"} or {\"tap\": \"" + rules_.decides + "\"}");
    return success_;
  }

 private:
  std::string exits_help() const { return "write {\"exits\": {\"" + rules_.decides + "\": 0}}"; }

  void condition(const std::string& where, std::string_view object) {
    const std::vector<JsonMember> members = json_.members(object, " in " + where, {"done", "exits", "alive", "until", "asserts", "tap"});
    for (const JsonMember& member : members) {
      if (member.key == "done") success_.needs_done = is_deciding(where + ".done", member.value);
      if (member.key == "tap" && is_deciding(where + ".tap", member.value)) success_.tap = rules_.decides;
      if (member.key == "exits") exits(where + ".exits", member.value);
      if (member.key == "alive") role(where + ".alive", member.value);
      if (member.key == "until") until(where + ".until", member.value);
      if (member.key == "asserts") asserts(where + ".asserts", member.value);
    }
  }

  std::optional<std::string> role(const std::string& key, std::string_view value) {
    auto name = json_.string(key, value);
    if (!name || *name == "*") return name;
    if (std::find(rules_.role_order.begin(), rules_.role_order.end(), *name) != rules_.role_order.end()) return name;
    json_.error(value, "'" + key + "' names '" + *name + "', which is no role of this suite", did_you_mean(*name, rules_.role_order));
    return std::nullopt;
  }

  bool is_deciding(const std::string& key, std::string_view value) {
    const auto name = role(key, value);
    if (name && *name != rules_.decides)
      json_.error(value, "'" + key + "' names '" + *name + "', but " + rules_.decides + " decides", "write \"" + rules_.decides + "\"");
    return name && *name == rules_.decides;
  }

  void exits(const std::string& key, std::string_view value) {
    if (!json_.object(key, value, exits_help())) return;
    for (const JsonMember& member : json_.members(value, " in " + key, {rules_.decides})) {
      const auto status = json_.whole_number(key + "." + member.key, member.value, 0, highest_exit_status, "an exit status");
      success_.exit_status = status.value_or(0);
      says_exit_ = true;
    }
  }

  void until(const std::string& key, std::string_view value) {
    const auto word = json_.string(key, value);
    if (!word) return;
    if (*word == "done") success_.others_stay = Success::Until::said_done;
    if (*word == "exited") success_.others_stay = Success::Until::exited;
    if (*word != "done" && *word != "exited") json_.error(value, "'" + key + "' is \"done\" or \"exited\", and not \"" + *word + "\"");
  }

  void asserts(const std::string& key, std::string_view value) {
    const auto word = json_.string(key, value);
    success_.asserts_agree = word == "agree";
    if (word && *word != "agree") json_.error(value, "'" + key + "' is \"agree\", and not \"" + *word + "\"");
  }

  JsonReader& json_;
  const Rules& rules_;
  Success success_;
  bool says_exit_ = false;
};

}  // namespace

// {"certs": {"x509": {"key": "P-256", "days": 10, "names": ["localhost"]}}}
std::vector<MadeFiles> read_files(JsonReader& json, const JsonMember& files) {
  const std::string help = R"(write {"NAME": {"x509": {"names": ["localhost"]}}})";
  std::vector<MadeFiles> all;
  if (!json.object("files", files.value, help)) return all;
  for (const JsonMember& made : json.members(files.value, " in files")) {
    const std::string where = "files." + made.key;
    if (!is_file_name(made.key) || made.key == "out" || made.key == "shared") {
      json.error(made.written, "'" + made.key + "' cannot name files", "write a word other than \"out\" and \"shared\"");
      continue;
    }
    if (!json.object(where, made.value, help)) continue;
    bool said = false;
    for (const JsonMember& kind : json.members(made.value, " in " + where, {"x509"})) {
      said = true;
      if (!json.object(where + ".x509", kind.value, help)) continue;
      all.push_back(MadeFiles{made.key, CertificateReader(json).read(where + ".x509", kind.value)});
    }
    if (!said) json.error(made.value, "'" + where + "' does not say what is made", help);
  }
  return all;
}

Success read_pass(JsonReader& json, const JsonMember& pass, const Rules& rules) { return PassReader(json, rules).read(pass); }

// {"draft": {"tap": ["draft", "negotiated-draft"], "predicted": "{label.draft}"}}
std::vector<Negotiated> read_negotiated(JsonReader& json, const JsonMember& negotiated) {
  const std::string help = R"(write {"NAME": {"tap": ["key"], "predicted": "{label.NAME}"}})";
  std::vector<Negotiated> all;
  if (!json.object("negotiated", negotiated.value, help)) return all;
  for (const JsonMember& named : json.members(negotiated.value, " in negotiated")) {
    const std::string where = "negotiated." + named.key;
    if (!json.object(where, named.value, help)) continue;
    Negotiated one{named.key, {}, {}};
    for (const JsonMember& member : json.members(named.value, " in " + where, {"tap", "predicted"})) {
      if (member.key == "tap") one.keys = json.strings(where + ".tap", member.value).value_or(std::vector<std::string>{});
      if (member.key == "predicted") one.predicted = json.string(where + ".predicted", member.value).value_or("");
    }
    if (one.keys.empty()) json.error(named.value, "'" + where + "' does not say where it is told", help);
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace interoper
