#include "runtimes/docker/images.hpp"

namespace interoper::docker {

namespace {

// On every image that we build (interface §2).
constexpr const char* source_label = "interoper.source";
constexpr const char* revision_label = "interoper.revision";

std::string label(const ImageFound& image, const char* key) {
  const auto found = image.labels.find(key);
  return found == image.labels.end() ? std::string() : found->second;
}

}  // namespace

Task<std::optional<ImageFacts>> facts_of_image(Engine& engine, std::string reference) {
  const auto image = co_await engine.image(reference);
  std::optional<ImageFacts> facts;
  if (image) {
    facts.emplace();
    facts->id = image->id;
    facts->digest = image->id;  // of an image that no registry has seen
    if (!image->repo_digests.empty()) facts->digest = split_reference(image->repo_digests.front()).second;
    facts->source = label(*image, source_label);
    facts->revision = label(*image, revision_label);
    facts->platform = image->os + "/" + image->architecture;
    if (!image->variant.empty()) facts->platform += "/" + image->variant;
  }
  co_return std::move(facts);
}

}  // namespace interoper::docker
