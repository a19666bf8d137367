#include "runtimes/docker/clone.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "base/owner.hpp"
#include "base/problem.hpp"
#include "base/program.hpp"

namespace interoper::docker {

namespace {

namespace fs = std::filesystem;

// A large repository over a slow line; one that takes longer is one that does not answer.
constexpr std::chrono::minutes git_within{5};
// Of git's words: the last ones say what went wrong.
constexpr std::size_t git_words_bytes = 600;

ProgramResult git(const fs::path& directory, std::vector<std::string> words) {
  ProgramOrder order;
  order.argv = {"git", "-c", "core.hooksPath=/dev/null", "-c", "advice.detachedHead=false"};
  order.argv.insert(order.argv.end(), words.begin(), words.end());
  order.directory = directory.string();
  // Whatever would ask a person fails instead.
  order.env = {{"GIT_TERMINAL_PROMPT", "0"},
               {"GIT_ASKPASS", "/bin/false"},
               {"SSH_ASKPASS", "/bin/false"},
               {"GIT_SSH_COMMAND", "ssh -o BatchMode=yes -o ConnectTimeout=20"}};
  order.deadline = git_within;
  return run_program(order);
}

std::string words_of(const ProgramResult& result) {
  if (result.late) return "git did not end within " + std::to_string(git_within.count()) + " minutes";
  std::string words = result.err.size() > git_words_bytes ? result.err.substr(result.err.size() - git_words_bytes) : result.err;
  while (!words.empty() && (words.back() == '\n' || words.back() == ' '))
    words.pop_back();
  return words.empty() ? "git ended with status " + std::to_string(result.exit_code) : words;
}

bool is_good(const ProgramResult& result) { return result.exit_code == 0 && !result.late; }

}  // namespace

Clone::Clone(const RepoSource& source) {
  std::string pattern = (fs::temp_directory_path() / "interoper-clone-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr)
    throw WorldError("clone-failed", "cannot make a temporary directory " + pattern + ": " + std::strerror(errno));
  directory_ = pattern;
  try {
    leave_mark(directory_);
    directory_ /= "repository";
    fs::create_directory(directory_);
    fetch(source);
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(pattern, ignored);
    throw;
  }
}

Clone::~Clone() {
  std::error_code ignored;
  fs::remove_all(directory_.parent_path(), ignored);
}

void Clone::fetch(const RepoSource& source) {
  const std::string what = describe(Source(source));
  const auto fail = [&](const std::string& words) {
    return WorldError("clone-failed", "cannot fetch " + what + ": " + words +
                                          "; see that the URL and the ref are right and can be reached without a password");
  };
  if (source.url.starts_with('-') || source.ref.starts_with('-')) throw fail("a URL or ref does not begin with '-'");
  const std::string ref = source.ref.empty() ? "HEAD" : source.ref;
  const ProgramResult made = git(directory_, {"init", "--quiet"});
  if (!is_good(made)) throw fail(words_of(made));
  const ProgramResult shallow = git(directory_, {"fetch", "--quiet", "--depth", "1", "--", source.url, ref});
  std::string commit = "FETCH_HEAD";
  if (!is_good(shallow)) {
    // Some servers send no single commits, and an abbreviated hash is no ref: with the whole history both can be found.
    if (shallow.late) throw fail(words_of(shallow));
    const ProgramResult all = git(directory_, {"fetch", "--quiet", "--tags", "--", source.url, "+refs/heads/*:refs/remotes/origin/*"});
    const ProgramResult known = is_good(all) ? git(directory_, {"rev-parse", "--quiet", "--verify", ref + "^{commit}"}) : all;
    if (!is_good(known)) throw fail(words_of(shallow));
    commit = ref;
  }
  const ProgramResult out = git(directory_, {"checkout", "--quiet", "--force", "--detach", commit});
  if (!is_good(out)) throw fail(words_of(out));
  if (fs::exists(directory_ / ".gitmodules")) {
    const ProgramResult modules = git(directory_, {"submodule", "--quiet", "update", "--init", "--recursive", "--depth", "1"});
    if (!is_good(modules)) throw fail("its submodules: " + words_of(modules));
  }
  const ProgramResult revision = git(directory_, {"rev-parse", "HEAD"});
  revision_ = revision.out.substr(0, revision.out.find('\n'));
  // It differs with every fetch, and would make the engine build again what has not changed.
  std::error_code ignored;
  fs::remove_all(directory_ / ".git", ignored);
}

}  // namespace interoper::docker
