#include "suites/update.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <thread>
#include <utility>
#include <vector>

#include "base/program.hpp"
#include "suites/download.hpp"
#include "suites/fetch.hpp"
#include "suites/registry.hpp"
#include "suites/suite_loader.hpp"
#include "suites/test_folder.hpp"

using namespace interoper;
namespace fs = std::filesystem;

namespace {

constexpr std::string_view sanity = "    {\"timeout\": \"10s\"}\n\n# sanity\n";
constexpr std::string_view link_test = "    {\"timeout\": \"3m\"}\n\n# link\n";

UpdateResult update(const TestFolder& folder, const std::string& from) {
  return update_tests({from, "", folder / "project/interop/tests"});
}

std::string said(const UpdateResult& result) {
  std::string out;
  for (const UpdatedFile& file : result.files)
    out += describe(file) + "\n";
  return out;
}

std::string problems(const UpdateResult& result, const TestFolder& folder) {
  return replaced(render(result.problems), folder.string(), "F");
}

std::string fetch_fault(const std::string& from) {
  try {
    Problems found;
    fetch_tests(from, found);
    return render(found);
  } catch (const WorldError& error) {
    return error.reason() + ": " + error.what();
  }
}

// The names in a folder, sorted.
std::string names_in(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  std::string out;
  for (const std::string& name : names)
    out += name + " ";
  return out;
}

using Entries = std::vector<std::pair<std::string, std::string>>;

void write_archive(const std::string& path, bool zip, const Entries& entries) {
  archive* writer = archive_write_new();
  if (zip) {
    archive_write_set_format_zip(writer);
  } else {
    archive_write_add_filter_gzip(writer);
    archive_write_set_format_pax_restricted(writer);
  }
  REQUIRE(archive_write_open_filename(writer, path.c_str()) == ARCHIVE_OK);
  for (const auto& [name, content] : entries) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, name.c_str());
    archive_entry_set_size(entry, static_cast<la_int64_t>(content.size()));
    const bool link = content.starts_with("->");
    archive_entry_set_filetype(entry, link ? AE_IFLNK : AE_IFREG);
    if (link) {
      archive_entry_set_size(entry, 0);
      archive_entry_set_symlink(entry, content.c_str() + 2);
    }
    archive_entry_set_perm(entry, 0644);
    REQUIRE(archive_write_header(writer, entry) == ARCHIVE_OK);
    if (!link) archive_write_data(writer, content.data(), content.size());
    archive_entry_free(entry);
  }
  archive_write_close(writer);
  archive_write_free(writer);
}

// Answers one connection with one text.
class OneAnswer {
 public:
  explicit OneAnswer(std::string answer) : answer_(std::move(answer)), socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    const bool listens = ::bind(socket_, reinterpret_cast<sockaddr*>(&address), size) == 0 && ::listen(socket_, 1) == 0;
    REQUIRE(listens);
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    ::setenv("no_proxy", "127.0.0.1", 1);
    server_ = std::thread([this] { serve(); });
  }
  OneAnswer(const OneAnswer&) = delete;
  OneAnswer& operator=(const OneAnswer&) = delete;
  ~OneAnswer() {
    ::shutdown(socket_, SHUT_RDWR);
    server_.join();
    ::close(socket_);
  }
  std::string url(const std::string& path) const { return "http://127.0.0.1:" + std::to_string(port_) + path; }

 private:
  void serve() {
    const int connection = ::accept(socket_, nullptr, nullptr);
    if (connection < 0) return;
    char request[4096];
    if (::recv(connection, request, sizeof request, 0) > 0) {
      std::size_t sent = 0;
      while (sent < answer_.size()) {
        const ssize_t count = ::send(connection, answer_.data() + sent, answer_.size() - sent, MSG_NOSIGNAL);
        if (count <= 0) break;
        sent += static_cast<std::size_t>(count);
      }
    }
    ::close(connection);
  }

  std::string answer_;
  int socket_;
  int port_ = 0;
  std::thread server_;
};

std::string ok(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" + body;
}

void git(const std::string& directory, std::vector<std::string> words) {
  ProgramOrder order;
  order.argv = {
      "git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false", "-c", "init.defaultBranch=main"};
  order.argv.insert(order.argv.end(), words.begin(), words.end());
  order.directory = directory;
  order.forget = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"};
  const ProgramResult result = run_program(order);
  INFO(result.err);
  REQUIRE(result.exit_code == 0);
}

}  // namespace

TEST_CASE("an update copies a folder's tests and remembers what it wrote") {
  const TestFolder folder;
  folder.write("source/sanity.md", sanity);
  folder.write("source/_suite.md", "    {\"suite\": \"s\"}\n");
  folder.write("source/_implementations.json", "{\"go\": {\"repo\": \"git://example.org/go.git\"}}\n");
  folder.write("source/_draft.md", "not a test");
  folder.write("source/notes.txt", "not a test");
  const UpdateResult first = update(folder, folder / "source");
  CHECK(problems(first, folder).empty());
  CHECK(said(first) == "added      _implementations.json\nadded      _suite.md\nadded      sanity.md\n");
  CHECK(names_in(folder / "project/interop/tests") == ".interoper-update.json _implementations.json _suite.md sanity.md ");
  CHECK(folder.read("project/interop/tests/sanity.md") == sanity);
  CHECK(load_suite({folder / "project/interop/tests"}).suite);

  CHECK(said(update(folder, folder / "source")) == "unchanged  _implementations.json\nunchanged  _suite.md\nunchanged  sanity.md\n");

  folder.write("source/sanity.md", std::string(sanity) + "more\n");
  folder.write("source/link.md", link_test);
  fs::remove(folder / "source/_suite.md");
  CHECK(said(update(folder, folder / "source")) ==
        "unchanged  _implementations.json\nremoved    _suite.md (not in the source any more)\nadded      link.md\nupdated    sanity.md\n");
  CHECK(names_in(folder / "project/interop/tests") == ".interoper-update.json _implementations.json link.md sanity.md ");
}

TEST_CASE("an update keeps what it did not write itself") {
  const TestFolder folder;
  folder.write("source/a.md", sanity);
  folder.write("source/b.md", sanity);
  folder.write("source/c.md", sanity);
  folder.write("project/interop/tests/mine.md", link_test);
  folder.write("project/interop/tests/c.md", link_test);
  CHECK(said(update(folder, folder / "source")) ==
        "added      a.md\nadded      b.md\nkept       c.md (changed by hand; the new one is c.md.new)\n");
  CHECK(folder.read("project/interop/tests/c.md") == link_test);
  CHECK(folder.read("project/interop/tests/c.md.new") == sanity);

  folder.write("project/interop/tests/a.md", "by hand");
  folder.write("project/interop/tests/b.md", "by hand");
  folder.write("source/a.md", link_test);
  fs::remove(folder / "source/b.md");
  CHECK(said(update(folder, folder / "source")) ==
        "kept       a.md (changed by hand; the new one is a.md.new)\nleft       b.md (not in the source any more, but changed by hand)\n"
        "kept       c.md (changed by hand; the new one is c.md.new)\n");
  CHECK(folder.read("project/interop/tests/a.md") == "by hand");
  CHECK(folder.read("project/interop/tests/a.md.new") == link_test);
  CHECK(folder.read("project/interop/tests/b.md") == "by hand");
  CHECK(folder.read("project/interop/tests/mine.md") == link_test);

  // Once the new one was taken over, it is ours again, and what stood beside it goes.
  folder.write("project/interop/tests/a.md", link_test);
  fs::rename(folder / "project/interop/tests/c.md.new", folder / "project/interop/tests/c.md");
  CHECK(said(update(folder, folder / "source")) == "unchanged  a.md\nremoved    a.md.new (not in the source any more)\nunchanged  c.md\n");
  folder.write("source/c.md", link_test);
  CHECK(said(update(folder, folder / "source")) == "unchanged  a.md\nupdated    c.md\n");
  CHECK(names_in(folder / "project/interop/tests") == ".interoper-update.json a.md b.md c.md mine.md ");
}

TEST_CASE("a NAME.new of somebody else's is not overwritten") {
  const TestFolder folder;
  folder.write("source/a.md", sanity);
  folder.write("project/interop/tests/a.md", "by hand");
  folder.write("project/interop/tests/a.md.new", "precious");
  CHECK(said(update(folder, folder / "source")) == "kept       a.md (changed by hand; the new one is a.md.new.2)\n");
  CHECK(folder.read("project/interop/tests/a.md.new") == "precious");
  CHECK(folder.read("project/interop/tests/a.md.new.2") == sanity);
  fs::create_directory(folder / "project/interop/tests/b.md");
  folder.write("source/b.md", sanity);
  CHECK(said(update(folder, folder / "source")) ==
        "kept       a.md (changed by hand; the new one is a.md.new.2)\nkept       b.md (changed by hand; the new one is b.md.new)\n");
}

TEST_CASE("a manifest that was damaged makes every file somebody else's") {
  const TestFolder folder;
  folder.write("source/a.md", sanity);
  update(folder, folder / "source");
  folder.write("source/a.md", link_test);
  for (const char* damaged :
       {"", "{", "[]", "{\"files\": []}", "{\"files\": {\"a.md\": 1}}", "{\"files\": {\"../victim\": \"x\", \"\": \"y\"}}"}) {
    folder.write("project/interop/tests/a.md", sanity);
    folder.write("project/interop/tests/.interoper-update.json", damaged);
    CHECK(said(update(folder, folder / "source")) == "kept       a.md (changed by hand; the new one is a.md.new)\n");
  }
}

TEST_CASE("bad descriptions change nothing") {
  const TestFolder folder;
  folder.write("source/a.md", sanity);
  update(folder, folder / "source");
  folder.write("source/a.md", link_test);
  folder.write("source/b.md", "    {\"timeout\": 3}\n");
  folder.write("source/_implementations.json", "[]");
  const UpdateResult result = update(folder, folder / "source");
  CHECK(result.files.empty());
  CHECK(problems(result, folder) ==
        "F/source/b.md:1:17: error: 'timeout' must be a string, and is a number\n      {\"timeout\": 3}\n                  ^\n  help: "
        "write \"3s\"\n"
        "F/source/_implementations.json:1:1: error: the implementations must be a JSON object, and are an array\n  []\n  ^\n"
        "  help: write {\"NAME\": {\"repo\": \"…\"}, …}\n");
  CHECK(folder.read("project/interop/tests/a.md") == sanity);
  CHECK(names_in(folder / "project/interop/tests") == ".interoper-update.json a.md ");
}

TEST_CASE("the tests of a repository stand in its tests folder") {
  const TestFolder folder;
  folder.write("repo/README.md", "# readme");
  folder.write("repo/tests/a.md", sanity);
  CHECK(said(update(folder, folder / "repo")) == "added      a.md\n");
  folder.write("other/README.md", "# readme");
  folder.write("other/interop/tests/b.md", sanity);
  folder.write("other/interop/tests/_implementations.json", "{}");
  folder.write("other/tests/x.md", "# unit tests");
  CHECK(said(update(folder, folder / "other")) ==
        "added      _implementations.json\nremoved    a.md (not in the source any more)\nadded      b.md\n");
}

TEST_CASE("without --from the suite that ships is taken") {
  const TestFolder folder;
  folder.write("shipped/a.md", sanity);
  const UpdateResult result = update_tests({"", folder / "shipped", folder / "here"});
  CHECK(said(result) == "added      a.md\n");
}

TEST_CASE("places without tests are said, and nothing is made") {
  const TestFolder folder;
  folder.write("empty/notes.txt", "x");
  folder.write("only/_suite.md", "    {}\n");
  const std::string help = "  help: name a folder, archive or repository that has them directly, in tests/ or in interop/tests/\n";
  CHECK(problems(update(folder, folder / "empty"), folder) == "F/empty: error: it holds no tests (*.md)\n" + help);
  CHECK(problems(update(folder, folder / "only"), folder) == "F/only: error: it holds no tests (*.md)\n" + help);
  CHECK(problems(update(folder, folder / "none"), folder) ==
        "error: there is no folder or archive F/none\n  help: name a folder, a zip or tar archive, a git URL, or the http(s) URL of an "
        "archive\n");
  CHECK(problems(update(folder, "ftp://u:secret@h/x.zip"), folder) ==
        "error: cannot fetch from ftp://u:***@h/x.zip: only http, https, git and ssh are known\n"
        "  help: name a folder, a zip or tar archive, a git URL, or the http(s) URL of an archive\n");
  CHECK_FALSE(folder.has("project"));
}

TEST_CASE("a folder is not updated from itself") {
  const TestFolder folder;
  folder.write("project/interop/tests/a.md", sanity);
  CHECK(problems(update(folder, folder / "project"), folder) ==
        "F/project: error: it is the folder to be updated\n  help: name another source with --from\n");
}

TEST_CASE("implementations that come with a folder still lead to their directories") {
  const TestFolder folder;
  folder.write("ship/tests/a.md", sanity);
  folder.write("ship/tests/_implementations.json",
               "{\n  \"js\": { \"build\" : \"../drivers/js/\", \"version\": \"1\" },\n  \"p\": {\"path\": \".\"},\n  \"abs\": {\"build\": "
               "\"/opt/x\"},\n"
               "  \"r\": {\"roles\": {\"worker\": {\"build\": \"w\"}, \"driver\": {\"image\": \"i\"}}}\n}\n");
  CHECK(said(update(folder, folder / "ship/tests")) == "added      _implementations.json\nadded      a.md\n");
  CHECK(replaced(folder.read("project/interop/tests/_implementations.json"), folder.string(), "F") ==
        "{\n  \"js\": { \"build\" : \"F/ship/drivers/js\", \"version\": \"1\" },\n  \"p\": {\"path\": \"F/ship/tests\"},\n  \"abs\": "
        "{\"build\": \"/opt/x\"},\n"
        "  \"r\": {\"roles\": {\"worker\": {\"build\": \"F/ship/tests/w\"}, \"driver\": {\"image\": \"i\"}}}\n}\n");
  CHECK(said(update(folder, folder / "ship/tests")) == "unchanged  _implementations.json\nunchanged  a.md\n");
}

TEST_CASE("an archive gives its tests, whatever else is in it") {
  const TestFolder folder;
  for (const bool zip : {true, false}) {
    const std::string path = folder / (zip ? "a.zip" : "a.tar.gz");
    write_archive(path, zip,
                  {{"repo-main/README.md", "# readme"},
                   {"repo-main/tests/a.md", std::string(sanity)},
                   {"./repo-main/tests/_implementations.json", "{\"js\": {\"build\": \"../x\"}}"},
                   {"repo-main/tests/sub/x.md", "no test"},
                   {"repo-main/tests/link.md", "->/etc/passwd"},
                   {"repo-main/other/b.md", "no test"},
                   {"../tests/evil.md", std::string(sanity)},
                   {"repo-main/tests/../../tests/evil.md", std::string(sanity)},
                   {"/tests/evil.md", std::string(sanity)}});
    const TestFolder target;
    const UpdateResult result = update(target, path);
    CHECK(said(result) == "added      _implementations.json\nadded      a.md\n");
    CHECK(problems(result, folder) ==
          "F/" + std::string(zip ? "a.zip" : "a.tar.gz") +
              "/repo-main/tests/_implementations.json:1:9: warning: 'js.build' is relative to the tests, and only "
              "the tests were fetched\n  {\"js\": {\"build\": \"../x\"}}\n          ^\n"
              "  help: give it a \"repo\" or an \"image\", or fetch from a folder that stays\n");
    CHECK(target.read("project/interop/tests/a.md") == sanity);
  }
}

TEST_CASE("an archive may hold its tests at the top, in one folder, or in a project") {
  const TestFolder folder;
  for (const char* place : {"", "suite/", "tests/", "interop/tests/", "x/interop/tests/"}) {
    write_archive(folder / "a.zip", true, {{std::string(place) + "a.md", "old"}, {std::string(place) + "a.md", std::string(sanity)}});
    const TestFolder target;
    CHECK(said(update(target, folder / "a.zip")) == "added      a.md\n");
  }
  write_archive(folder / "a.zip", true, {{"a/b/c.md", "too deep"}});
  CHECK(has_errors(update(folder, folder / "a.zip").problems));
}

TEST_CASE("what is no archive is said") {
  const TestFolder folder;
  folder.write("page.html", "<!doctype html><html></html>");
  folder.write("empty.zip", "");
  const std::string git_advice = "it is no zip or tar archive; for a git repository write git+https://… or a URL that ends in .git";
  CHECK(replaced(fetch_fault(folder / "page.html"), folder.string(), "F") == "fetch-failed: cannot read F/page.html: " + git_advice);
  CHECK(fetch_fault(folder / "empty.zip").find("fetch-failed: cannot read ") == 0);
  write_archive(folder / "big.zip", true, {{"tests/a.md", std::string(largest_test_bytes + 1, 'x')}});
  CHECK(replaced(fetch_fault(folder / "big.zip"), folder.string(), "F") ==
        "fetch-failed: cannot read F/big.zip: tests/a.md is larger than 4194304 bytes");
  write_archive(folder / "good.tar.gz", false, {{"tests/a.md", std::string(100'000, 'x')}, {"tests/b.md", std::string(100'000, 'y')}});
  const std::string whole = folder.read("good.tar.gz");
  folder.write("cut.tar.gz", whole.substr(0, whole.size() / 2));
  CHECK(fetch_fault(folder / "cut.tar.gz").find("fetch-failed: cannot read ") == 0);
}

TEST_CASE("an archive is fetched over HTTP") {
  const TestFolder folder;
  write_archive(folder / "a.zip", true, {{"repo/tests/a.md", std::string(sanity)}});
  {
    const OneAnswer server(ok(folder.read("a.zip")));
    CHECK(said(update(folder, server.url("/a.zip"))) == "added      a.md\n");
  }
  {
    const OneAnswer server("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    CHECK(fetch_fault(server.url("/x.zip")) ==
          "fetch-failed: cannot fetch " + server.url("/x.zip") + ": the server answers with status 404; check the address");
  }
  {
    const OneAnswer server("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    CHECK(fetch_fault(server.url("/")) == "fetch-failed: cannot fetch " + server.url("/") +
                                              ": the server answers with status 503; the server is in trouble, try again later");
  }
  {
    const OneAnswer server("HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    CHECK(fetch_fault(server.url("/")).find("fetch-failed: cannot fetch " + server.url("/") + ": protocol \"file\" ") == 0);
  }
  {
    const OneAnswer server(ok(std::string(2000, 'x')));
    CHECK_THROWS_WITH(download(server.url("/"), 1000),
                      "cannot fetch " + server.url("/") + ": it is larger than 1000 bytes; name an archive that holds tests");
  }
  std::string gone;
  {
    const OneAnswer server("");
    gone = server.url("/a.zip");
  }
  const std::string refused = fetch_fault(gone);
  CHECK(refused.find("fetch-failed: cannot fetch " + gone + ": failed to connect to 127.0.0.1 port ") == 0);
  CHECK(refused.find("; check the address and the network, or name a folder with --from") != std::string::npos);
}

TEST_CASE("passwords stay out of messages") {
  CHECK(without_password("https://user:secret@host/x:y@z") == "https://user:***@host/x:y@z");
  CHECK(without_password("https://user@host:80/x") == "https://user@host:80/x");
  CHECK(without_password("https://host:80/x") == "https://host:80/x");
  CHECK(without_password("git@host:path") == "git@host:path");
  CHECK(without_password("https://u:s@h") == "https://u:***@h");
}

TEST_CASE("a git repository is cloned, and its links lead nowhere") {
  const TestFolder folder;
  folder.write("work/tests/a.md", sanity);
  folder.write("work/README.md", "# readme");
  folder.write("secret.md", "    {\"timeout\": \"1s\"}\n");
  fs::create_symlink("../../secret.md", folder / "work/tests/b.md");
  git(folder / "work", {"init", "-q"});
  git(folder / "work", {"add", "."});
  git(folder / "work", {"commit", "-q", "-m", "x"});
  git(folder.string(), {"clone", "-q", "--bare", "work", "repo.git"});
  // The link is a file that holds its target: no test, and so the update says what is wrong with it.
  const UpdateResult linked = update(folder, "file://" + (folder / "repo.git"));
  CHECK(problems(linked, folder).find("file://F/repo.git/tests/b.md:1:1: error: expected the header") == 0);
  git(folder / "work", {"rm", "-q", "tests/b.md"});
  git(folder / "work", {"commit", "-q", "-m", "y"});
  git(folder / "work", {"push", "-q", "../repo.git", "HEAD"});
  for (const std::string& url : {"file://" + (folder / "repo.git"), "git+file://" + (folder / "repo.git"), folder / "repo.git"}) {
    const TestFolder target;
    const UpdateResult result = update(target, url);
    CHECK(problems(result, folder).empty());
    CHECK(said(result) == "added      a.md\n");
  }
}

TEST_CASE("an unreachable git URL is a sentence that says what to do") {
  const TestFolder folder;
  CHECK(replaced(fetch_fault("file://" + (folder / "none.git")), folder.string(), "F") ==
        "fetch-failed: cannot fetch file://F/none.git: 'F/none.git' does not appear to be a git repository; "
        "check the address and the network, or name a folder with --from");
  CHECK(fetch_fault("git://127.0.0.1:1/x.git").find("fetch-failed: cannot fetch git://127.0.0.1:1/x.git: unable to connect to ") == 0);
}

TEST_CASE("a folder that cannot be written is an error of the world, and leaves nothing") {
  const TestFolder folder;
  folder.write("source/a.md", sanity);
  folder.write("file", "x");
  try {
    update_tests({folder / "source", "", folder / "file/tests"});
    FAIL("it was written");
  } catch (const WorldError& error) {
    CHECK(error.reason() == "write-failed");
    CHECK(replaced(error.what(), folder.string(), "F").find("cannot make F/file/tests: not a directory") == 0);
  }
}
