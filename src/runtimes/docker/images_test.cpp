#include "runtimes/docker/images.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/problem.hpp"
#include "base/program.hpp"
#include "runtimes/docker/clone.hpp"
#include "runtimes/docker/fake_engine.hpp"

using namespace interoper;
using namespace interoper::docker;
namespace fs = std::filesystem;
using Json = nlohmann::json;

namespace {

struct Yard {
  fs::path root = fs::temp_directory_path() / ("interoper-images-test-" + std::to_string(::getpid()));
  Loop loop;
  FakeEngine fake{loop.executor()};
  Engine engine{loop.executor(), http_address(fake.host())};
  std::vector<std::string> progress;

  Yard() {
    fs::remove_all(root);
    fs::create_directories(root);
    std::ofstream(root / "Dockerfile") << "FROM x\n";
    loop.run(engine.connect());
  }
  ~Yard() { fs::remove_all(root); }

  void build_answers(int status, std::vector<Json> messages) {
    std::string body;
    for (const Json& message : messages)
      body += message.dump() + "\r\n";
    fake.answer = [status, body](const FakeRequest& request) -> std::optional<FakeAnswer> {
      if (request.path != "/build") return std::nullopt;
      return FakeAnswer{status, body};
    };
  }
  ImageMade make(const Source& source) {
    ImageOrder order{"js", "interoper/js:latest", source};
    return loop.run(make_image(engine, order, [this](std::string_view line) { progress.emplace_back(line); }));
  }
};

void git(const fs::path& directory, std::vector<std::string> words) {
  ProgramOrder order;
  order.argv = {"git", "-c", "user.name=x", "-c", "user.email=x@x"};
  order.argv.insert(order.argv.end(), words.begin(), words.end());
  order.directory = directory.string();
  const ProgramResult result = run_program(order);
  INFO(result.err);
  REQUIRE(result.exit_code == 0);
}

}  // namespace

TEST_CASE("a directory is built, with tag and labels, and its output is heard") {
  Yard yard;
  yard.build_answers(200, {{{"stream", "Step 1/1 : FROM x\n"}},
                           {{"stream", "\x1b[91mred\x1b[0m and"}},
                           {{"stream", " more\n"}},
                           {{"aux", {{"ID", "sha256:made"}}}}});
  const ImageMade made = yard.make(BuildSource{yard.root.string(), ""});
  CHECK(made.id == "sha256:made");
  CHECK(made.revision.empty());
  CHECK(yard.progress == std::vector<std::string>{"Step 1/1 : FROM x", "red and more"});
  const FakeRequest* request = yard.fake.find("POST", "/build");
  REQUIRE(request != nullptr);
  CHECK(request->query ==
        "version=1&rm=1&forcerm=1&t=interoper%2Fjs%3Alatest&dockerfile=Dockerfile&labels=" +
            url_escape(Json{{"interoper.implementation", "js"}, {"interoper.source", "build " + yard.root.string()}}.dump()));
  CHECK(request->body.find("FROM x\n") != std::string::npos);
}

TEST_CASE("a build that fails shows its last lines") {
  Yard yard;
  std::vector<Json> messages = {{{"stream", "Step 1/2 : FROM x\n"}}, {{"stream", " ---> 123\n"}}, {{"stream", "Step 2/2 : RUN make\n"}}};
  for (int i = 0; i < 100; ++i)
    messages.push_back({{"stream", "line " + std::to_string(i) + "\n"}});
  messages.push_back({{"errorDetail", {{"code", 2}}}, {"error", "The command '/bin/sh -c make' returned a non-zero code: 2"}});
  yard.build_answers(200, messages);
  std::string expected = "build-failed: cannot build the image of js (build " + yard.root.string() +
                         "): The command '/bin/sh -c make' returned a non-zero code: 2; the last lines were:";
  for (int i = 80; i < 100; ++i)
    expected += "\n    line " + std::to_string(i);
  CHECK(failure_of([&] { yard.make(BuildSource{yard.root.string(), ""}); }) == expected);
}

TEST_CASE("a base image that is not to be had is named") {
  Yard yard;
  yard.build_answers(
      200, {{{"stream", "Step 1/2 : FROM --platform=linux/amd64 debian:bookworm-slim AS base\n"}}, {{"error", "pull access denied"}}});
  CHECK(failure_of([&] { yard.make(BuildSource{yard.root.string(), ""}); }) ==
        "build-failed: cannot build the image of js (build " + yard.root.string() +
            "): pull access denied; its base image debian:bookworm-slim is not on the engine and could not be pulled: pull or load it, or "
            "name another in the "
            "Dockerfile");
}

TEST_CASE("a Dockerfile that the engine does not understand") {
  Yard yard;
  yard.build_answers(400, {{{"message", "dockerfile parse error line 1: unknown instruction: FORM"}}});
  CHECK(failure_of([&] { yard.make(BuildSource{yard.root.string(), ""}); }) ==
        "build-failed: cannot build the image of js (build " + yard.root.string() +
            "): dockerfile parse error line 1: unknown instruction: FORM");
}

TEST_CASE("a name that no image can have is one of an image that is not there") {
  Yard yard;
  yard.fake.answer = [](const FakeRequest& request) -> std::optional<FakeAnswer> {
    if (request.path.find("Upper") == std::string::npos && request.path != "/images/create") return std::nullopt;
    return FakeAnswer{400, R"({"message": "invalid reference format: repository name must be lowercase"})"};
  };
  CHECK_FALSE(yard.loop.run(yard.engine.image("Upper/Case:1")));
  CHECK(failure_of([&] { yard.make(ImageSource{"Upper/Case:1"}); }) ==
        "image-missing: the image Upper/Case:1 of js is not there and cannot be pulled: invalid reference format: repository name must be "
        "lowercase; see that its name is right and its registry can be reached, or load it into the engine");
  // Any other refusal is the engine's trouble.
  yard.fake.answer = [](const FakeRequest&) -> std::optional<FakeAnswer> { return FakeAnswer{400, R"({"message": "too old"})"}; };
  CHECK(failure_of([&] { yard.loop.run(yard.engine.image("ghost:1")); }).starts_with("engine-refused: "));
}

TEST_CASE("a ready image is there, or pulled, and gets its second name") {
  Yard yard;
  CHECK(failure_of([&] { yard.make(ImageSource{"ghost:1"}); }) ==
        "image-missing: the image ghost:1 of js is not there and cannot be pulled: No such container: create; see that its name is right "
        "and its registry can be "
        "reached, or load it into the engine");
  yard.fake.answer = [&](const FakeRequest& request) -> std::optional<FakeAnswer> {
    if (request.path == "/images/create") {
      yard.fake.images["ghost:1"] = R"({"Id": "sha256:ghost"})";
      return FakeAnswer{200, "{\"status\":\"Pulling\",\"id\":\"layer\",\"progress\":\"[=>]\"}\r\n"};
    }
    if (request.path == "/images/sha256:ghost/tag") return FakeAnswer{201, ""};
    return std::nullopt;
  };
  CHECK(yard.make(ImageSource{"ghost:1"}).id == "sha256:ghost");
  CHECK(yard.progress == std::vector<std::string>{"layer: Pulling [=>]"});
  const FakeRequest* tag = yard.fake.find("POST", "/images/sha256:ghost/tag");
  REQUIRE(tag != nullptr);
  CHECK(tag->query == "repo=interoper%2Fjs&tag=latest");
}

TEST_CASE("an error in the middle of a pull is one") {
  Yard yard;
  yard.fake.answer = [&](const FakeRequest& request) -> std::optional<FakeAnswer> {
    if (request.path != "/images/create") return std::nullopt;
    return FakeAnswer{200, "{\"status\":\"Pulling\"}\r\n{\"error\":\"manifest unknown\"}\r\n"};
  };
  CHECK(failure_of([&] { yard.make(ImageSource{"registry:5000/ghost"}); }).find("cannot be pulled: manifest unknown; ") !=
        std::string::npos);
  CHECK(yard.fake.find("POST", "/images/create")->query == "fromImage=registry%3A5000%2Fghost&tag=latest");
}

TEST_CASE("a repository is fetched at its ref, built without its history, and leaves nothing") {
  Yard yard;
  const fs::path repository = yard.root / "repo";
  fs::create_directories(repository);
  std::ofstream(repository / "Dockerfile") << "FROM first\n";
  git(repository, {"init", "--quiet", "--initial-branch", "main"});
  git(repository, {"add", "."});
  git(repository, {"commit", "--quiet", "-m", "first"});
  git(repository, {"tag", "v1"});
  std::ofstream(repository / "Dockerfile") << "FROM second\n";
  git(repository, {"commit", "--quiet", "-am", "second"});
  const std::string url = "file://" + repository.string();

  std::string tag_commit;
  {
    const Clone clone(RepoSource{url, "v1", ""});
    tag_commit = clone.revision();
    CHECK(tag_commit.size() == 40);
    std::ifstream file(clone.directory() / "Dockerfile");
    std::string line;
    std::getline(file, line);
    CHECK(line == "FROM first");
    CHECK_FALSE(fs::exists(clone.directory() / ".git"));
  }
  CHECK(Clone(RepoSource{url, "", ""}).revision() != tag_commit);
  CHECK(Clone(RepoSource{url, "main", ""}).revision().size() == 40);
  CHECK(Clone(RepoSource{url, tag_commit, ""}).revision() == tag_commit);
  CHECK(Clone(RepoSource{url, tag_commit.substr(0, 10), ""}).revision() == tag_commit);
  CHECK(failure_of([&] { Clone(RepoSource{url, "nowhere", ""}); }) ==
        "clone-failed: cannot fetch repo " + url +
            "#nowhere: fatal: couldn't find remote ref nowhere; see that the URL and the ref are right and can be reached without a "
            "password");
  CHECK(failure_of([&] { Clone(RepoSource{"--upload-pack=x", "", ""}); }).find("does not begin with '-'") != std::string::npos);

  yard.build_answers(200, {{{"aux", {{"ID", "sha256:made"}}}}});
  const ImageMade made = yard.make(RepoSource{url, "v1", ""});
  CHECK(made.revision == tag_commit);
  const FakeRequest* request = yard.fake.find("POST", "/build");
  CHECK(request->query.find(url_escape("\"interoper.revision\":\"" + tag_commit + "\"")) != std::string::npos);
  CHECK(request->query.find(url_escape("\"interoper.source\":\"repo " + url + "#v1\"")) != std::string::npos);
  for (const auto& entry : fs::directory_iterator(fs::temp_directory_path()))
    CHECK_FALSE(entry.path().filename().string().starts_with("interoper-clone-"));
}

TEST_CASE("which images an implementation needs") {
  Implementation one;
  one.name = "go";
  one.roles = {{"worker", std::nullopt}, {"driver", std::nullopt}, {"relay", Source(BuildSource{"relay", ""})}};
  CHECK(image_orders(one).size() == 1);
  one.source = ImageSource{"golang:1.19"};
  const auto orders = image_orders(one);
  REQUIRE(orders.size() == 2);
  CHECK(orders[0].reference == "interoper/go:latest");
  CHECK(std::get<ImageSource>(orders[0].source).reference == "golang:1.19");
  CHECK(orders[1].reference == "interoper/go.relay:latest");
  CHECK(orders[1].implementation == "go");
  one.roles.back().source = BuildSource{".", "Dockerfile.relay", "moq-go-relay:latest"};
  CHECK(image_orders(one).at(1).reference == "moq-go-relay:latest");
}

TEST_CASE("an image that is built under a name of its own keeps that name") {
  Implementation one;
  one.name = "a";
  one.roles = {{"relay", Source(BuildSource{"a", "Dockerfile.relay", "a-relay:1"})}};
  REQUIRE(image_orders(one).size() == 1);
  CHECK(image_orders(one)[0].reference == "a-relay:1");
  CHECK(image_orders(one)[0].reference == image_reference(one, "relay"));
}

TEST_CASE("references are split into name and tag") {
  using Pair = std::pair<std::string, std::string>;
  CHECK(split_reference("debian") == Pair{"debian", "latest"});
  CHECK(split_reference("debian:12") == Pair{"debian", "12"});
  CHECK(split_reference("host:5000/a/b") == Pair{"host:5000/a/b", "latest"});
  CHECK(split_reference("host:5000/a/b:1") == Pair{"host:5000/a/b", "1"});
  CHECK(split_reference("a@sha256:1") == Pair{"a", "sha256:1"});
}
