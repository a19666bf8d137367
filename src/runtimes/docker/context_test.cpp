#include "runtimes/docker/context.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <map>

#include "base/problem.hpp"
#include "runtimes/docker/fake_engine.hpp"

using namespace interoper;
using namespace interoper::docker;
namespace fs = std::filesystem;

namespace {

// A directory for one test case.
struct Tree {
  fs::path root = fs::temp_directory_path() / ("interoper-context-test-" + std::to_string(::getpid()));
  Tree() {
    fs::remove_all(root);
    fs::create_directories(root);
  }
  ~Tree() {
    std::error_code ignored;
    fs::remove_all(root, ignored);
  }
  void write(const std::string& path, const std::string& content) const {
    fs::create_directories((root / path).parent_path());
    std::ofstream(root / path, std::ios::binary) << content;
  }
};

std::string whole(Context& context, std::size_t* largest = nullptr) {
  std::string all;
  bool more = true;
  while (more) {
    std::string piece;
    more = context.next(piece);
    if (largest != nullptr) *largest = std::max(*largest, piece.size());
    all += piece;
  }
  return all;
}

struct Member {
  std::string content, link;
  unsigned mode = 0;
  long uid = -1;
};

std::map<std::string, Member> unpack(const std::string& tar) {
  std::map<std::string, Member> members;
  archive* reader = archive_read_new();
  archive_read_support_format_tar(reader);
  REQUIRE(archive_read_open_memory(reader, tar.data(), tar.size()) == ARCHIVE_OK);
  archive_entry* entry = nullptr;
  while (archive_read_next_header(reader, &entry) == ARCHIVE_OK) {
    Member member;
    member.mode = archive_entry_mode(entry);
    member.uid = archive_entry_uid(entry);
    if (archive_entry_symlink(entry) != nullptr) member.link = archive_entry_symlink(entry);
    member.content.resize(static_cast<std::size_t>(archive_entry_size(entry)));
    const la_ssize_t got = archive_read_data(reader, member.content.data(), member.content.size());
    CHECK(got == static_cast<la_ssize_t>(member.content.size()));
    members[archive_entry_pathname(entry)] = member;
  }
  archive_read_free(reader);
  return members;
}

std::vector<std::string> names(const std::map<std::string, Member>& members) {
  std::vector<std::string> out;
  for (const auto& [name, member] : members)
    out.push_back(name);
  return out;
}

}  // namespace

TEST_CASE("a context is the directory without what is ignored, and always has what the build needs") {
  const Tree tree;
  tree.write("Dockerfile", "FROM x\n");
  tree.write(".dockerignore", "*.log\nbuild\nDockerfile\n.dockerignore\nsub/*\n!sub/keep\n");
  tree.write("a.log", "x");
  tree.write("build/big", "x");
  tree.write("sub/keep", "kept");
  tree.write("sub/drop", "x");
  tree.write("run.sh", "#!/bin/sh\n");
  fs::permissions(tree.root / "run.sh", fs::perms::owner_all | fs::perms::group_read | fs::perms::others_read);
  fs::create_symlink("run.sh", tree.root / "link");
  fs::create_symlink("/nowhere", tree.root / "dangling");
  ::mkfifo((tree.root / "pipe").c_str(), 0600);

  Context context(tree.root, "");
  CHECK(context.dockerfile() == "Dockerfile");
  const auto members = unpack(whole(context));
  CHECK(names(members) == std::vector<std::string>{".dockerignore", "Dockerfile", "dangling", "link", "run.sh", "sub/", "sub/keep"});
  CHECK(members.at("sub/keep").content == "kept");
  CHECK(members.at("link").link == "run.sh");
  CHECK((members.at("run.sh").mode & 0777U) == 0744);
  CHECK(members.at("run.sh").uid == 0);
}

TEST_CASE("the same tree gives the same bytes") {
  const Tree tree;
  tree.write("Dockerfile", "FROM x\n");
  for (int i = 0; i < 50; ++i)
    tree.write("d" + std::to_string(i % 7) + "/f" + std::to_string(i), std::to_string(i));
  Context first(tree.root, "");
  Context second(tree.root, "");
  CHECK(whole(first) == whole(second));
  CHECK(first.files() == 50 + 7 + 1);
}

TEST_CASE("a big file goes through in small pieces, and names may be long") {
  const Tree tree;
  tree.write("Dockerfile", "FROM x\n");
  std::string big(5'000'000, '\0');
  for (std::size_t i = 0; i < big.size(); ++i)
    big[i] = static_cast<char>(i * 7919 >> 3U);
  const std::string long_name = std::string(90, 'n') + "/" + std::string(90, 'm') + "/" + std::string(200, 'o') + "-\xC3\xA4";
  tree.write(long_name, big);
  Context context(tree.root, "");
  CHECK(context.bytes() == 5'000'000 + 7);
  std::size_t largest = 0;
  const auto members = unpack(whole(context, &largest));
  CHECK(largest < 1'000'000);
  REQUIRE(members.count(long_name) == 1);
  CHECK(members.at(long_name).content == big);
}

TEST_CASE("a file that shrinks or grows meanwhile does not break the tar") {
  const Tree tree;
  tree.write("Dockerfile", "FROM x\n");
  tree.write("a-shrinks", std::string(1000, 'a'));
  tree.write("b-grows", std::string(1000, 'b'));
  Context context(tree.root, "");
  tree.write("a-shrinks", "a");
  tree.write("b-grows", std::string(9000, 'b'));
  const auto members = unpack(whole(context));
  CHECK(members.at("a-shrinks").content == "a" + std::string(999, '\0'));
  CHECK(members.at("b-grows").content == std::string(1000, 'b'));
}

TEST_CASE("another Dockerfile, in the tree, in an ignored folder, or outside") {
  const Tree tree;
  tree.write("project/docker/Dockerfile.test", "FROM x\n");
  tree.write("project/docker/other", "x");
  tree.write("project/.dockerignore", "docker\n");
  tree.write("Outer", "FROM y\n");
  Context inner(tree.root / "project", "docker/Dockerfile.test");
  CHECK(inner.dockerfile() == "docker/Dockerfile.test");
  CHECK(names(unpack(whole(inner))) == std::vector<std::string>{".dockerignore", "docker/Dockerfile.test"});
  Context outer(tree.root / "project", "../Outer");
  CHECK(outer.dockerfile() == ".interoper.Dockerfile");
  CHECK(unpack(whole(outer)).at(".interoper.Dockerfile").content == "FROM y\n");
}

TEST_CASE("what cannot be a context is said") {
  const Tree tree;
  const std::string root = tree.root.string();
  CHECK(failure_of([&] { Context(tree.root / "gone", ""); }) ==
        "build-failed: there is no directory " + root + "/gone to build an image from");
  CHECK(failure_of([&] { Context(tree.root, ""); }) ==
        "build-failed: there is no " + root + "/Dockerfile to build an image from; write one, or name another with `dockerfile`");
  tree.write("Dockerfile", "FROM x\n");
  if (::geteuid() == 0) return;  // root may read everything
  tree.write("secret", "x");
  fs::permissions(tree.root / "secret", fs::perms::none);
  Context context(tree.root, "");
  CHECK(failure_of([&] { whole(context); }) ==
        "build-failed: cannot read " + root + "/secret: Permission denied; make it readable, or name it in " + root + "/.dockerignore");
}
