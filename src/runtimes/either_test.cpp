#include "runtimes/either.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "base/problem.hpp"

namespace interoper {

namespace {

using Strings = std::vector<std::string>;

// Writes down what is asked of it.
struct Noting final : Runtime {
  Noting(std::string own_name, Strings& own_notes) : called(std::move(own_name)), notes(own_notes) {}
  std::string_view name() const override { return called; }
  Task<> begin(std::string run) override {
    notes.push_back(called + " begins " + run);
    if (is_broken) throw WorldError(called + "-unreachable", called + " is not there");
    co_return;
  }
  Task<std::unique_ptr<Lab>> open(LabOrder order) override {
    notes.push_back(called + " opens " + order.cell);
    co_return nullptr;
  }
  Task<> end() override {
    notes.push_back(called + " ends");
    co_return;
  }
  void hurry() override { notes.push_back(called + " hurries"); }
  Task<std::optional<ImageFacts>> image_facts(std::string reference) override {
    co_return ImageFacts{std::move(reference), "", "", "", ""};
  }
  std::map<std::string, std::string> facts() const override { return {{called, "here"}}; }

  std::string called;
  Strings& notes;
  bool is_broken = false;
};

LabOrder attempt(const std::string& cell, const Strings& images) {
  LabOrder order;
  order.cell = cell;
  for (const std::string& image : images) {
    Player player;
    player.image = image;
    player.path = "/somewhere";
    order.players.push_back(player);
  }
  return order;
}

struct Trial {
  Trial() {
    auto first = std::make_unique<Noting>("images", notes);
    auto second = std::make_unique<Noting>("paths", notes);
    images = first.get();
    paths = second.get();
    runtime = make_either_runtime(std::move(first), std::move(second));
  }

  // What the work threw, as its reason; empty when it did not.
  std::string run(Task<> work) {
    boost::asio::io_context io(1);
    std::exception_ptr failure;
    boost::asio::co_spawn(io, std::move(work), [&](std::exception_ptr ended) { failure = ended; });
    io.run();
    try {
      if (failure) std::rethrow_exception(failure);
    } catch (const WorldError& error) {
      return error.reason();
    }
    return {};
  }
  std::string open(const std::string& cell, const Strings& with) { return run(open_and_forget(attempt(cell, with))); }
  Task<> open_and_forget(LabOrder order) const { co_await runtime->open(std::move(order)); }

  Strings notes;
  Noting* images = nullptr;
  Noting* paths = nullptr;
  std::unique_ptr<Runtime> runtime;
};

}  // namespace

TEST_CASE("attempts of images go to the one runtime, all others to the other") {
  Trial trial;
  CHECK(trial.runtime->name() == "images, paths");
  CHECK(trial.run(trial.runtime->begin("r")).empty());
  trial.open("a", {"x", "y"});
  trial.open("b", {"", ""});
  trial.runtime->hurry();
  trial.run(trial.runtime->end());
  CHECK(trial.notes == Strings{"paths begins r", "images begins r", "images opens a", "paths opens b", "images hurries", "paths hurries",
                               "images ends", "paths ends"});
  CHECK(trial.runtime->facts() == std::map<std::string, std::string>{{"images", "here"}, {"paths", "here"}});
}

TEST_CASE("where one cannot be used, only its own attempts fail") {
  Trial trial;
  trial.images->is_broken = true;
  CHECK(trial.run(trial.runtime->begin("r")).empty());
  CHECK(trial.open("a", {"x", "y"}) == "images-unreachable");
  CHECK(trial.open("b", {"", ""}).empty());
  std::optional<ImageFacts> facts = ImageFacts();
  const auto ask = [&]() -> Task<> { facts = co_await trial.runtime->image_facts("x"); };
  CHECK(trial.run(ask()).empty());
  CHECK_FALSE(facts.has_value());
  CHECK(trial.runtime->facts() == std::map<std::string, std::string>{{"paths", "here"}});
}

TEST_CASE("where neither can be used, nothing begins") {
  Trial trial;
  trial.images->is_broken = trial.paths->is_broken = true;
  CHECK(trial.run(trial.runtime->begin("r")) == "images-unreachable");
}

}  // namespace interoper
