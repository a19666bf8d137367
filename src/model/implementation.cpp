#include "model/implementation.hpp"

#include <algorithm>
#include <cctype>

#include "model/cell.hpp"

namespace interoper {
namespace {

bool is_alphanumeric(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

// Image repositories are lower-case words joined by single separators (the distribution spec's name grammar).
std::string repository_name(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const char lower = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const bool doubled = !is_alphanumeric(lower) && !out.empty() && !is_alphanumeric(out.back());
    if (!doubled) out += lower;
  }
  while (!out.empty() && !is_alphanumeric(out.back()))
    out.pop_back();
  if (out != name) out += "-" + short_hash(name);
  return out;
}

}  // namespace

bool is_implementation_name(std::string_view name) {
  if (name.empty() || !is_alphanumeric(name.front())) return false;
  return std::all_of(name.begin(), name.end(), [](char c) { return is_alphanumeric(c) || c == '.' || c == '_' || c == '-'; });
}

const RoleOffer* find_offer(const Implementation& implementation, std::string_view role) {
  for (const RoleOffer& offer : implementation.roles) {
    if (offer.role == role) return &offer;
  }
  return nullptr;
}

const Source* image_source(const Implementation& implementation, std::string_view role) {
  const RoleOffer* offer = find_offer(implementation, role);
  if (offer != nullptr && offer->source) return &*offer->source;
  return implementation.source ? &*implementation.source : nullptr;
}

std::string image_reference(const Implementation& implementation, std::string_view role) {
  const Source* source = image_source(implementation, role);
  if (source == nullptr) return {};
  if (const auto* image = std::get_if<ImageSource>(source)) return image->reference;
  if (const auto* build = std::get_if<BuildSource>(source); build != nullptr && !build->tag.empty()) return build->tag;
  const RoleOffer* offer = find_offer(implementation, role);
  std::string name = implementation.name;
  if (offer != nullptr && offer->source) name += "." + offer->role;
  return "interoper/" + repository_name(name) + ":latest";
}

std::string describe(const Source& source) {
  if (const auto* repo = std::get_if<RepoSource>(&source)) return "repo " + repo->url + (repo->ref.empty() ? "" : "#" + repo->ref);
  if (const auto* build = std::get_if<BuildSource>(&source)) return "build " + build->directory;
  return "image " + std::get<ImageSource>(source).reference;
}

std::string describe_source(const Implementation& implementation) {
  if (implementation.source) return describe(*implementation.source);
  if (!implementation.path.empty()) return "path " + implementation.path;
  for (const RoleOffer& offer : implementation.roles) {
    if (offer.source) return describe(*offer.source);
  }
  return "none";
}

}  // namespace interoper
