#include "runtimes/either.hpp"

#include <algorithm>

#include "base/problem.hpp"

namespace interoper {

namespace {

struct Half {
  std::unique_ptr<Runtime> runtime;
  std::optional<WorldError> failure;  // why it cannot be used
};

Task<> begin_half(Half& half, std::string run) {
  try {
    co_await half.runtime->begin(std::move(run));
  } catch (const WorldError& error) {
    half.failure = error;
  }
}

class EitherRuntime final : public Runtime {
 public:
  EitherRuntime(std::unique_ptr<Runtime> for_images, std::unique_ptr<Runtime> for_paths)
      : images_{std::move(for_images), {}},
        paths_{std::move(for_paths), {}},
        name_(std::string(images_.runtime->name()) + ", " + std::string(paths_.runtime->name())) {}

  std::string_view name() const override { return name_; }

  Task<> begin(std::string run) override {
    co_await begin_half(paths_, run);
    co_await begin_half(images_, std::move(run));
    if (paths_.failure && images_.failure) throw WorldError(*images_.failure);
  }

  Task<std::unique_ptr<Lab>> open(LabOrder order) override {
    const auto is_image = [](const Player& player) { return !player.image.empty(); };
    const Half& half = std::all_of(order.players.begin(), order.players.end(), is_image) ? images_ : paths_;
    if (half.failure) throw WorldError(*half.failure);
    auto lab = co_await half.runtime->open(std::move(order));
    co_return std::move(lab);
  }

  Task<> end() override {
    co_await images_.runtime->end();
    co_await paths_.runtime->end();
  }

  void hurry() override {
    images_.runtime->hurry();
    paths_.runtime->hurry();
  }

  Task<std::optional<ImageFacts>> image_facts(std::string reference) override {
    if (images_.failure) co_return std::nullopt;
    auto facts = co_await images_.runtime->image_facts(std::move(reference));
    co_return std::move(facts);
  }

  std::map<std::string, std::string> facts() const override {
    std::map<std::string, std::string> all;
    for (const Half* half : {&images_, &paths_}) {
      if (!half->failure) all.merge(half->runtime->facts());
    }
    return all;
  }

 private:
  Half images_, paths_;
  std::string name_;
};

}  // namespace

std::unique_ptr<Runtime> make_either_runtime(std::unique_ptr<Runtime> for_images, std::unique_ptr<Runtime> for_paths) {
  return std::make_unique<EitherRuntime>(std::move(for_images), std::move(for_paths));
}

}  // namespace interoper
