#include "suites/moq_registry.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <utility>

#include "suites/moq_entries.hpp"
#include "suites/spec_reader.hpp"

namespace interoper {
namespace {

namespace fs = std::filesystem;

// The suite's role order.
constexpr std::string_view relay_role = "relay";
constexpr std::string_view client_role = "client";

constexpr std::string_view quic = "quic";
constexpr std::string_view webtransport = "webtransport";

std::string drafts_of(const MoqEntry& entry) {
  std::string text;
  for (const MoqDraft& draft : entry.drafts)
    text += (text.empty() ? "" : " ") + draft.name;
  return text.empty() ? "none" : text;
}

// The greatest that both have.
const MoqDraft* predicted_draft(const MoqEntry& client, const MoqEntry& relay) {
  const MoqDraft* best = nullptr;
  for (const MoqDraft& draft : client.drafts) {
    const bool shared =
        std::any_of(relay.drafts.begin(), relay.drafts.end(), [&](const MoqDraft& other) { return other.name == draft.name; });
    if (shared && (best == nullptr || draft.number > best->number)) best = &draft;
  }
  return best;
}

std::string class_of(const MoqDraft& draft, const MoqDraft& target) {
  if (draft.number == target.number) return "at";
  return draft.number > target.number ? "ahead" : "behind";
}

std::string transport_of(std::string_view url) { return std::string(url.starts_with("moqt://") ? quic : webtransport); }

// One place where clients meet a relay.
struct Meeting {
  std::string name;
  Labels labels;
  bool is_inactive = false;
};

// In the order in which the original runs them: the image, then the remote ones as they stand in the file.
std::vector<Meeting> meetings_at(const MoqRole& relay) {
  std::vector<Meeting> all;
  if (relay.image && !relay.image->reference.empty()) {
    Meeting here{"docker", {{"transport", transport_of(relay.image->url)}}};
    if (!relay.image->url.empty()) here.labels["relay.url"] = relay.image->url;
    all.push_back(std::move(here));
  }
  // Inactive ones count too: a name does not change when another endpoint rests.
  std::map<std::string, int> seen;
  for (const MoqEndpoint& remote : relay.remotes) {
    if (remote.url.empty()) continue;
    const std::string transport = remote.transport.empty() ? transport_of(remote.url) : remote.transport;
    const int count = ++seen[transport];
    Meeting there{"remote-" + transport + (count == 1 ? "" : "-" + std::to_string(count)), {}, remote.is_inactive};
    there.labels = {{"transport", transport},
                    {"relay.at", "remote"},
                    {"relay.url", remote.url},
                    {"relay.tls_disable_verify", remote.tls_disable_verify ? "1" : "false"}};
    all.push_back(std::move(there));
  }
  return all;
}

class Matcher {
 public:
  explicit Matcher(const MoqDraft& target) : target_(target) {}

  Matching match(const std::vector<MoqEntry>& entries) {
    for (const MoqEntry& client : entries) {
      for (const MoqEntry& relay : entries)
        meet(client, relay);
    }
    for (const char* rank : {"at", "ahead", "behind"}) {
      auto& matches = matches_[rank];
      std::move(matches.begin(), matches.end(), std::back_inserter(matching_.matches));
    }
    return std::move(matching_);
  }

 private:
  void meet(const MoqEntry& client, const MoqEntry& relay) {
    const std::vector<Casting> cast = {{std::string(relay_role), relay.name}, {std::string(client_role), client.name}};
    const auto absent = [&](std::string reason) { matching_.absent.push_back(Absent{"*", cast, std::move(reason)}); };
    const MoqRole* as_client = find_role(client, client_role);
    const MoqRole* as_relay = find_role(relay, relay_role);
    if (as_relay == nullptr) return absent("role not offered: " + relay.name + " does not play relay");
    if (as_client == nullptr) return absent("role not offered: " + client.name + " does not play client");
    const MoqDraft* draft = predicted_draft(client, relay);
    if (draft == nullptr) return absent("no shared version: client has " + drafts_of(client) + ", relay has " + drafts_of(relay));
    if (!as_client->image || as_client->image->reference.empty()) return absent("no image: " + client.name + " names none as client");
    const std::vector<Meeting> meetings = meetings_at(*as_relay);
    if (meetings.empty()) return absent("no endpoint: " + relay.name + " names neither an image nor a remote endpoint as relay");
    for (const Meeting& meeting : meetings) {
      if (meeting.is_inactive) {
        absent("endpoint inactive: " + meeting.name + " of " + relay.name);
        continue;
      }
      Match match{cast, {{"endpoint", meeting.name}}, meeting.labels};
      match.labels["draft"] = draft->name;
      const std::string rank = class_of(*draft, target_);
      match.labels["class"] = rank;
      matches_[rank].push_back(std::move(match));
    }
  }

  const MoqDraft& target_;
  std::map<std::string, std::vector<Match>> matches_;  // by class
  Matching matching_;
};

// A checkout that one of the runner's own build scripts makes: what stands in it is theirs to build.
bool is_made_by_script(const MoqImage& image) { return image.dockerfile.starts_with(".sources/") || image.context.starts_with("builds/"); }

Source source_of(const MoqImage& image, const fs::path& folder) {
  if (!image.is_built || image.dockerfile.empty() || is_made_by_script(image)) return ImageSource{image.reference};
  const fs::path dockerfile = (folder / image.dockerfile).lexically_normal();
  fs::path context = (folder / (image.context.empty() ? "." : image.context)).lexically_normal();
  if (!context.has_filename()) context = context.parent_path();  // "builds/"
  if (context.empty()) context = ".";
  return BuildSource{context.string(), dockerfile.lexically_relative(context).string(), image.reference};
}

Implementation implementation_of(const MoqEntry& entry, const fs::path& folder) {
  Implementation implementation;
  implementation.name = entry.name;
  for (const MoqDraft& draft : entry.drafts)
    implementation.version += (implementation.version.empty() ? "" : ", ") + draft.name;
  for (const MoqRole& role : entry.roles) {
    RoleOffer offer{role.name, std::nullopt};
    if (role.image && !role.image->reference.empty()) {
      offer.source = source_of(*role.image, folder);
      offer.env = role.image->env;
    }
    implementation.roles.push_back(std::move(offer));
  }
  return implementation;
}

}  // namespace

bool looks_like_moq_registry(std::string_view text) {
  text = without_mark(text);
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  const auto holds = [&](std::string_view key) { return text.find(key) != std::string_view::npos; };
  return first != std::string_view::npos && text[first] == '{' && holds(R"("implementations")") &&
         (holds(R"("roles")") || holds(R"("draft_versions")") || holds(R"("current_target")"));
}

bool is_draft_name(std::string_view text) { return moq_draft(text).has_value(); }

ForeignRegistry read_moq_registry(std::string_view text, const std::string& shown_file, const RegistryWishes& wishes) {
  ForeignRegistry registry;
  const std::string_view json_part = without_mark(text);
  JsonReader json(json_part, shown_file, registry.problems);
  if (!wishes.target.empty() && !is_draft_name(wishes.target))
    registry.problems.push_back({Problem::Severity::error, "", 0, 0, "\"" + wishes.target + "\" is no draft", "write it as draft-16", ""});
  if (const auto object = json.only_object(json_part, "the registry")) {
    const MoqRegistry read = read_moq_entries(json, *object, wishes.strict);
    if (wishes.strict) suspect(read, json);
    if (!has_errors(registry.problems)) {
      MoqDraft target = read.target.value_or(*moq_draft(default_moq_target));
      if (!wishes.target.empty()) target = moq_draft(wishes.target).value_or(target);
      registry.matching = Matcher(target).match(read.entries);
      for (const MoqEntry& entry : read.entries)
        registry.implementations.push_back(implementation_of(entry, wishes.folder));
    }
  }
  sort_by_place(registry.problems);
  return registry;
}

}  // namespace interoper
