#include "runtimes/docker/images.hpp"

#include <algorithm>

#include "base/problem.hpp"
#include "runtimes/docker/clone.hpp"
#include "runtimes/docker/context.hpp"

namespace interoper::docker {

namespace {

std::string label(const ImageFound& image, const char* key) {
  const auto found = image.labels.find(key);
  return found == image.labels.end() ? std::string() : found->second;
}

// "Step 1/4 : FROM debian:bookworm-slim AS base" -> the image; empty for another step.
std::string base_image(const std::string& step) {
  constexpr std::string_view from = " : FROM ";
  const std::size_t begin = step.find(from);
  if (begin == std::string::npos) return {};
  std::string rest = step.substr(begin + from.size());
  while (rest.starts_with("--"))  // --platform=…
    rest.erase(0, std::min(rest.find(' ') + 1, rest.size()));
  return rest.substr(0, rest.find(' '));
}

WorldError build_failure(const ImageOrder& order, const BuildOutcome& outcome) {
  std::string sentence = "cannot build the image of " + order.implementation + " (" + describe(order.source) + "): " + outcome.error;
  const std::string base = base_image(outcome.last_step);
  if (!base.empty()) {
    sentence +=
        "; its base image " + base + " is not on the engine and could not be pulled: pull or load it, or name another in the Dockerfile";
    return {"build-failed", sentence};
  }
  if (!outcome.last_lines.empty()) sentence += "; the last lines were:";
  for (const std::string& line : outcome.last_lines)
    sentence += "\n    " + line;
  return {"build-failed", sentence};
}

Task<ImageMade> build_directory(Engine& engine, const ImageOrder& order, BuildSource source, std::string revision, Progress progress) {
  Context context(source.directory, source.dockerfile);
  BuildOrder build;
  build.tag = order.reference;
  build.dockerfile = context.dockerfile();
  build.labels[implementation_label] = order.implementation;
  build.labels[source_label] = describe(order.source);
  if (!revision.empty()) build.labels[revision_label] = revision;
  BuildOutcome outcome = co_await engine.build(std::move(build), context, std::move(progress));
  if (!outcome.ok) throw build_failure(order, outcome);
  ImageMade made;
  made.id = outcome.image_id;
  made.revision = std::move(revision);
  if (!made.id.empty()) co_return std::move(made);
  const auto image = co_await engine.image(order.reference);
  if (image) made.id = image->id;
  co_return std::move(made);
}

Task<ImageMade> build_repository(Engine& engine, const ImageOrder& order, const RepoSource& source, Progress progress) {
  if (progress) progress("fetching " + describe(order.source));
  const Clone clone(source);
  BuildSource build;
  build.directory = clone.directory().string();
  build.dockerfile = source.dockerfile;
  auto made = co_await build_directory(engine, order, std::move(build), clone.revision(), std::move(progress));
  co_return std::move(made);
}

Task<ImageMade> pull_image(Engine& engine, const ImageOrder& order, const ImageSource& source, Progress progress) {
  auto image = co_await engine.image(source.reference);
  std::string why;
  if (!image) {
    try {
      co_await engine.pull_image(source.reference, std::move(progress));
    } catch (const EngineError& error) {
      why = error.message();
    }
    image = co_await engine.image(source.reference);
  }
  if (!image) {
    throw WorldError("image-missing", "the image " + source.reference + " of " + order.implementation +
                                          " is not there and cannot be pulled: " + why +
                                          "; see that its name is right and its registry can be reached, or load it into the engine");
  }
  if (order.reference != source.reference) {
    const auto [name, tag] = split_reference(order.reference);
    co_await engine.tag_image(image->id, name, tag);
  }
  ImageMade made;
  made.id = image->id;
  co_return std::move(made);
}

}  // namespace

std::vector<ImageOrder> image_orders(const Implementation& implementation) {
  std::vector<ImageOrder> orders;
  for (const RoleOffer& offer : implementation.roles) {
    const Source* source = image_source(implementation, offer.role);
    if (source == nullptr) continue;
    // What we build has the name that image_reference gives; a ready image gets the name that it would have if we built it.
    Implementation built = implementation;
    const bool is_ready = std::holds_alternative<ImageSource>(*source);
    const bool has_own = offer.source.has_value();
    if (is_ready && !has_own) built.source = BuildSource();
    for (RoleOffer& one : built.roles) {
      if (is_ready && has_own && one.role == offer.role) one.source = BuildSource();
    }
    ImageOrder order{implementation.name, image_reference(built, offer.role), *source};
    if (const auto* build = std::get_if<BuildSource>(source); build != nullptr && !build->tag.empty()) order.reference = build->tag;
    const bool is_known =
        std::any_of(orders.begin(), orders.end(), [&](const ImageOrder& one) { return one.reference == order.reference; });
    if (!is_known) orders.push_back(std::move(order));
  }
  return orders;
}

Task<ImageMade> make_image(Engine& engine, ImageOrder order, Progress progress) {
  ImageMade made;
  if (const auto* repo = std::get_if<RepoSource>(&order.source)) {
    made = co_await build_repository(engine, order, *repo, std::move(progress));
  } else if (const auto* build = std::get_if<BuildSource>(&order.source)) {
    made = co_await build_directory(engine, order, *build, {}, std::move(progress));
  } else {
    const auto& ready = std::get<ImageSource>(order.source);
    made = co_await pull_image(engine, order, ready, std::move(progress));
  }
  co_return std::move(made);
}

Task<std::optional<ImageFacts>> facts_of_image(Engine& engine, std::string reference) {
  const auto image = co_await engine.image(reference);
  std::optional<ImageFacts> facts;
  if (image) {
    facts.emplace();
    facts->id = image->id;
    facts->digest = image->id;  // of an image that no registry has seen
    for (const std::string& digest : image->repo_digests) {
      if (digest.find('<') == std::string::npos) facts->digest = split_reference(digest).second;
    }
    facts->source = label(*image, source_label);
    facts->revision = label(*image, revision_label);
    facts->platform = image->os + "/" + image->architecture;
    if (!image->variant.empty()) facts->platform += "/" + image->variant;
  }
  co_return std::move(facts);
}

}  // namespace interoper::docker
