// What no schema forbids and hardly anybody means. Each of these has stood in the real registry, or has made the original run something
// else than what was written.
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "suites/moq_entries.hpp"

namespace interoper {
namespace {

std::string_view scheme_of(std::string_view url) { return url.substr(0, url.find("://")); }

// "https://relay:4443/x?y" -> "relay:4443".
std::string_view authority_of(std::string_view url) {
  url.remove_prefix(std::min(url.size(), scheme_of(url).size() + std::string_view("://").size()));
  return url.substr(0, url.find_first_of("/?#"));
}

std::string_view usual_scheme(std::string_view transport) { return transport == "quic" ? "moqt" : "https"; }

// The drafts that an image's name speaks of: "…-draft-16:latest" -> draft-16.
std::vector<std::string> drafts_in(std::string_view reference) {
  std::vector<std::string> found;
  constexpr std::string_view mark = "draft-";
  for (std::size_t at = reference.find(mark); at != std::string_view::npos; at = reference.find(mark, at + 1)) {
    std::size_t end = at + mark.size();
    while (end < reference.size() && reference[end] >= '0' && reference[end] <= '9')
      ++end;
    if (end > at + mark.size()) found.emplace_back(reference.substr(at, end - at));
  }
  return found;
}

bool has_draft(const MoqEntry& entry, std::string_view name) {
  return std::any_of(entry.drafts.begin(), entry.drafts.end(), [&](const MoqDraft& draft) { return draft.name == name; });
}

class Suspect {
 public:
  Suspect(const MoqRegistry& registry, JsonReader& json) : registry_(registry), json_(json) {}

  void look() {
    for (const MoqEntry& entry : registry_.entries) {
      look_at_drafts(entry);
      for (const MoqRole& role : entry.roles) {
        const std::string where = entry.name + " as " + role.name;
        if (role.image) look_at_image(entry, where, role.name, *role.image);
        for (const MoqEndpoint& remote : role.remotes)
          look_at_remote(where, remote);
        const bool plays = role.name == "relay" || role.name == "client";
        if (plays && !role.image && role.remotes.empty()) {
          json_.warning(role.at, where + " names neither an image nor a remote endpoint: it meets nobody");
        } else if (role.name == "client" && !role.image) {
          json_.warning(role.at, where + " names no image: it meets nobody, since only images are run as clients");
        }
      }
    }
    const bool anybody = !registry_.target || std::any_of(registry_.entries.begin(), registry_.entries.end(),
                                                          [&](const MoqEntry& entry) { return has_draft(entry, registry_.target->name); });
    if (!anybody) json_.warning(registry_.target->at, "nobody has the target " + registry_.target->name);
  }

 private:
  void look_at_drafts(const MoqEntry& entry) {
    std::set<std::string> seen;
    for (const MoqDraft& draft : entry.drafts) {
      if (!seen.insert(draft.name).second) json_.warning(draft.at, entry.name + " names " + draft.name + " twice");
    }
    const bool plays = find_role(entry, "relay") != nullptr || find_role(entry, "client") != nullptr;
    if (plays && entry.drafts.empty()) json_.warning(entry.at, entry.name + " has no draft_versions: it can meet nobody");
  }

  void look_at_image(const MoqEntry& entry, const std::string& where, const std::string& role, const MoqImage& image) {
    for (const std::string& draft : drafts_in(image.reference)) {
      if (!has_draft(entry, draft)) {
        json_.warning(image.at,
                      where + " runs an image named after " + draft + ", which is not among its draft_versions: " + image.reference,
                      "name the image that speaks its drafts, or add the draft");
      }
    }
    const std::size_t name = image.reference.rfind('/') == std::string::npos ? 0 : image.reference.rfind('/');
    if (!image.reference.empty() && image.reference.find_first_of(":@", name) == std::string::npos)
      json_.warning(image.at, where + " names an image without a tag: " + image.reference, "the schema means name:tag; `latest` is taken");
    if (!image.env.empty())
      json_.warning(image.at, where + " has an `env`, which the original runner does not give to anybody: results may differ there");
    if (role == "relay" && !image.url.empty() && authority_of(image.url) != "relay:4443")
      json_.warning(image.at, where + " sends clients to " + image.url + ", and relays are to listen at relay:4443",
                    "name relay:4443 in `url`, or leave it out");
    if (image.is_built && image.dockerfile.empty())
      json_.warning(image.at, where + " has a `build` without a dockerfile: nothing is built", R"(write "dockerfile": "adapters/…")");
    if (image.reference.empty()) return;
    const auto [first, fresh] = images_.emplace(std::make_pair(role, image.reference), Use{where, &image});
    if (!fresh && first->second.image->url != image.url) {
      json_.warning(image.at, where + " and " + first->second.where + " share the image " + image.reference + " and have different urls",
                    "the original gives clients the first url for both; give each an image of its own");
    }
  }

  void look_at_remote(const std::string& where, const MoqEndpoint& remote) {
    const bool known = remote.transport == "quic" || remote.transport == "webtransport";
    if (known && remote.url.find("://") != std::string::npos && scheme_of(remote.url) != usual_scheme(remote.transport)) {
      json_.warning(remote.at, where + ": transport " + remote.transport + " with the address " + remote.url,
                    remote.transport + " has addresses with " + std::string(usual_scheme(remote.transport)) + "://");
    }
    if (remote.url.empty()) return;
    const auto [first, fresh] = addresses_.emplace(remote.url, where);
    // Publishers stand at relays.
    if (!fresh && first->second == where) json_.warning(remote.at, where + " names the endpoint " + remote.url + " twice");
  }

  struct Use {
    std::string where;
    const MoqImage* image;
  };

  const MoqRegistry& registry_;
  JsonReader& json_;
  std::map<std::pair<std::string, std::string>, Use> images_;
  std::map<std::string, std::string> addresses_;
};

}  // namespace

void suspect(const MoqRegistry& registry, JsonReader& json) { Suspect(registry, json).look(); }

}  // namespace interoper
