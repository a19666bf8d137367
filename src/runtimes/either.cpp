#include "runtimes/either.hpp"

#include <algorithm>

namespace interoper {

namespace {

class EitherRuntime final : public Runtime {
 public:
  EitherRuntime(std::unique_ptr<Runtime> for_images, std::unique_ptr<Runtime> for_paths)
      : for_images_(std::move(for_images)),
        for_paths_(std::move(for_paths)),
        name_(std::string(for_images_->name()) + ", " + std::string(for_paths_->name())) {}

  std::string_view name() const override { return name_; }

  Task<> begin(std::string run) override {
    co_await for_paths_->begin(run);
    co_await for_images_->begin(std::move(run));
  }

  Task<std::unique_ptr<Lab>> open(LabOrder order) override {
    const auto is_image = [](const Player& player) { return !player.image.empty(); };
    const bool all_images = std::all_of(order.players.begin(), order.players.end(), is_image);
    Runtime& runtime = all_images ? *for_images_ : *for_paths_;
    auto lab = co_await runtime.open(std::move(order));
    co_return std::move(lab);
  }

  Task<> end() override {
    co_await for_images_->end();
    co_await for_paths_->end();
  }

  void hurry() override {
    for_images_->hurry();
    for_paths_->hurry();
  }

  Task<std::optional<ImageFacts>> image_facts(std::string reference) override {
    auto facts = co_await for_images_->image_facts(std::move(reference));
    co_return std::move(facts);
  }

  std::map<std::string, std::string> facts() const override {
    std::map<std::string, std::string> all = for_images_->facts();
    all.merge(for_paths_->facts());
    return all;
  }

 private:
  std::unique_ptr<Runtime> for_images_, for_paths_;
  std::string name_;
};

}  // namespace

std::unique_ptr<Runtime> make_either_runtime(std::unique_ptr<Runtime> for_images, std::unique_ptr<Runtime> for_paths) {
  return std::make_unique<EitherRuntime>(std::move(for_images), std::move(for_paths));
}

}  // namespace interoper
