#include "reporters/rerun.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/json_text.hpp"
#include "base/shell_words.hpp"

namespace interoper {
namespace {

// Options of interface §8 that choose cells, or that matter only to many of them: one cell does without.
constexpr std::array<std::string_view, 25> dropped_with_value = {
    "-t",       "--test",  "-w",       "--worker", "-d",      "--driver", "--role", "--impl",   "--tag",
    "-p",       "--param", "--params", "--set",    "--shard", "-j",       "--jobs", "--budget", "--heartbeat",
    "--format", "--junit", "--tap",    "--ctrf",   "--html",  "--trace",  "--md"};
constexpr std::array<std::string_view, 10> dropped_flags = {"--fail-fast", "--no-breaker", "--per-test", "--remote", "-q",
                                                            "--quiet",     "-v",           "--verbose",  "-qv",      "-vq"};
constexpr std::array<std::string_view, 2> dropped_counts = {"--repeat", "--retries"};

// A name as a glob that only this name matches.
std::string exactly(const std::string& name) {
  std::string glob;
  for (const char c : name) {
    const bool means_something = c == '*' || c == '?' || c == '[' || c == '\\' || (c == '!' && glob.empty());
    if (means_something) glob += '\\';
    glob += c;
  }
  return glob;
}

bool contains(const auto& list, std::string_view word) { return std::find(list.begin(), list.end(), word) != list.end(); }

bool takes_value_and_goes(std::string_view option, const Cell& cell) {
  if (contains(dropped_with_value, option) || contains(dropped_counts, option)) return true;
  return option.starts_with("--") && !cast_in(cell.cast, option.substr(2)).empty();  // a suite's own role names are options too
}

// The words of the command without its selection. `verb` is set to `test` or `tournament` when it is one of these.
std::vector<std::string> kept_words(const RunRecord& run, const Cell& cell, std::string& verb) {
  std::vector<std::string> kept;
  for (std::size_t i = 0; i < run.command.size(); ++i) {
    const std::string& word = run.command[i];
    if (contains(dropped_flags, word)) continue;
    if (takes_value_and_goes(word, cell)) {
      ++i;
      continue;
    }
    const bool is_long = word.starts_with("--");
    const std::size_t equals = word.find('=');
    if (is_long && equals != std::string::npos && takes_value_and_goes(word.substr(0, equals), cell)) continue;
    if (!is_long && word.size() > 2 && word[0] == '-' && takes_value_and_goes(word.substr(0, 2), cell)) continue;
    if (verb.empty() && i > 0 && (word == "test" || word == "tournament")) verb = word;
    kept.push_back(word);
  }
  return kept;
}

// The first value in the header's list runs without being asked for.
bool is_default(const RunRecord& run, const Cell& cell, const std::string& name, const std::string& value) {
  const auto test = run.tests.find(cell.test);
  if (test == run.tests.end()) return false;
  const auto header = json_members(test->second.header);
  if (!header) return false;
  for (const JsonMember& member : *header) {
    const auto params = member.key == "params" ? json_members(member.value) : std::nullopt;
    if (!params) continue;
    for (const JsonMember& param : *params) {
      const auto values = param.key == name ? json_elements(param.value) : std::nullopt;
      if (values && !values->empty()) return json_string(values->front()) == value;
    }
  }
  return false;
}

}  // namespace

std::string rerun_command(const RunRecord& run, const Cell& cell) {
  std::string verb;
  std::vector<std::string> words = kept_words(run, cell, verb);
  if (verb.empty() || cell.test.empty()) return "";
  words.insert(words.end(), {"-t", exactly(cell.test)});
  const std::string_view driver = cast_in(cell.cast, "driver");
  for (const Casting& casting : cell.cast) {
    if (!run.implementations.contains(casting.implementation)) continue;  // an image that the header names
    if (casting.role == "worker" || casting.role == "driver") {
      words.insert(words.end(), {casting.role == "worker" ? "-w" : "-d", casting.implementation});
    } else if (casting.implementation != driver) {  // the driver's implementation plays the other roles anyway
      words.insert(words.end(), {"--role", casting.role + "=" + casting.implementation});
    }
  }
  for (const auto& [name, value] : cell.params) {
    if (!is_default(run, cell, name, value)) words.insert(words.end(), {"--set", name + "=" + value});
  }
  const auto names_seed = [](const std::string& word) { return word == "--seed" || word.starts_with("--seed="); };
  if (std::none_of(words.begin(), words.end(), names_seed)) words.insert(words.end(), {"--seed", std::to_string(run.seed)});
  return join_shell_words(words);
}

std::string show_command(const RunRecord& run, const Cell& cell) {
  if (run.command.empty()) return "";
  std::vector<std::string> words = {run.command.front()};
  std::vector<std::string> after = {"show"};
  for (std::size_t i = 1; i < run.command.size(); ++i) {
    const std::string& word = run.command[i];
    const bool has_value = i + 1 < run.command.size();
    if (word == "-C" && has_value) words.insert(words.end(), {word, run.command[++i]});
    if (word == "--reports" && has_value) after.insert(after.end(), {word, run.command[++i]});
    if (word.starts_with("--reports=")) after.push_back(word);
  }
  words.insert(words.end(), after.begin(), after.end());
  words.insert(words.end(), {run.id, cell.id});
  return join_shell_words(words);
}

}  // namespace interoper
