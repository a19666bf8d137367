#include "runtimes/docker/ignore.hpp"

#include <algorithm>
#include <filesystem>

namespace interoper::docker {

namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\f\v";
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

// Go's filepath.Clean, and no slash in front.
std::string cleaned(std::string_view pattern) {
  std::string out = std::filesystem::path(pattern).lexically_normal().generic_string();
  while (out.size() > 1 && out.ends_with('/'))
    out.pop_back();
  if (out.size() > 1 && out.starts_with('/')) out.erase(0, 1);
  return out;
}

// The class behind a `[`: whether `c` is in it; `pattern` is moved behind its `]`. False also for a class without end.
bool in_class(std::string_view& pattern, char c) {
  const bool is_negated = pattern.starts_with('^');
  if (is_negated) pattern.remove_prefix(1);
  const auto take = [&pattern] {
    if (pattern.size() > 1 && pattern.front() == '\\') pattern.remove_prefix(1);
    const char one = pattern.front();
    pattern.remove_prefix(1);
    return one;
  };
  bool found = false;
  for (bool is_first = true; !pattern.empty() && (is_first || pattern.front() != ']'); is_first = false) {
    const char low = take();
    char high = low;
    if (pattern.size() > 1 && pattern.front() == '-' && pattern[1] != ']') {
      pattern.remove_prefix(1);
      high = take();
    }
    if (low <= c && c <= high) found = true;
  }
  if (pattern.empty()) return false;
  pattern.remove_prefix(1);
  return found != is_negated;
}

// `**/` stands for any number of folders, also none; another `**` for anything at all.
bool matches_folders(std::string_view rest, std::string_view path) {
  if (rest.starts_with('/')) {
    rest.remove_prefix(1);
    for (std::size_t start = 0; start <= path.size();) {
      if (matches_pattern(rest, path.substr(start))) return true;
      const std::size_t slash = path.find('/', start);
      if (slash == std::string_view::npos) return false;
      start = slash + 1;
    }
    return false;
  }
  for (std::size_t start = 0; start <= path.size(); ++start) {
    if (matches_pattern(rest, path.substr(start))) return true;
  }
  return false;
}

}  // namespace

bool matches_pattern(std::string_view pattern, std::string_view path) {
  while (!pattern.empty()) {
    const char sign = pattern.front();
    pattern.remove_prefix(1);
    if (sign == '*') {
      if (pattern.starts_with('*')) return matches_folders(pattern.substr(1), path);
      for (std::size_t taken = 0;; ++taken) {
        if (matches_pattern(pattern, path.substr(taken))) return true;
        if (taken == path.size() || path[taken] == '/') return false;
      }
    }
    if (path.empty()) return false;
    const char c = path.front();
    path.remove_prefix(1);
    if (sign == '?') {
      if (c == '/') return false;
    } else if (sign == '[') {
      if (c == '/' || !in_class(pattern, c)) return false;
    } else if (sign == '\\' && !pattern.empty()) {
      if (pattern.front() != c) return false;
      pattern.remove_prefix(1);
    } else if (sign != c) {
      return false;
    }
  }
  return path.empty();
}

IgnoreRules::IgnoreRules(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.starts_with('#')) continue;
    line = trimmed(line);
    Rule rule;
    rule.is_exception = line.starts_with('!');
    if (rule.is_exception) line = trimmed(line.substr(1));
    if (line.empty()) continue;
    rule.pattern = cleaned(line);
    rules_.push_back(std::move(rule));
  }
}

bool IgnoreRules::ignores(std::string_view path) const {
  bool ignored = false;
  for (const Rule& rule : rules_) {
    if (rule.is_exception != ignored) continue;  // it could change nothing
    for (std::size_t end = 0; end != std::string_view::npos;) {
      end = path.find('/', end == 0 ? 0 : end + 1);
      if (!matches_pattern(rule.pattern, path.substr(0, end))) continue;
      ignored = !rule.is_exception;
      break;
    }
  }
  return ignored;
}

bool IgnoreRules::has_exceptions() const {
  return std::any_of(rules_.begin(), rules_.end(), [](const Rule& rule) { return rule.is_exception; });
}

}  // namespace interoper::docker
