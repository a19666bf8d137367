#include "commands/selection.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <set>

namespace interoper {
namespace {

Problem mistake(std::string what, std::string help) {
  Problem problem;
  problem.what = std::move(what);
  problem.help = std::move(help);
  return problem;
}

template <class Words>
std::string joined(const Words& words) {
  std::string text;
  for (const std::string& word : words)
    text += (text.empty() ? "" : ", ") + word;
  return text;
}

// INTEROPER_OPT_RELAY
std::string variable_of(const std::string& role) {
  std::string name = "INTEROPER_OPT_";
  for (const char c : role)
    name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

bool is_plain(std::string_view glob) { return glob.find_first_of("*?[\\") == std::string_view::npos; }

std::string without_exclusion(const std::string& glob) { return glob.starts_with('!') ? glob.substr(1) : glob; }

class Resolver {
 public:
  Resolver(const Options& options, const Project& project, Problems& problems)
      : project_(project), problems_(problems), selection_(options.selection), wishes_(options.role_wishes) {
    for (const Implementation& implementation : project.implementations)
      names_.push_back(implementation.name);
  }

  Selection resolve() {
    take_wishes();
    take_environment();
    check_roles();
    for (const auto& [role, globs] : selection_.roles) {
      if (is_role(role)) check_names("--" + role, globs);
    }
    check_names("--impl", selection_.implementations);
    for (const std::string& name : unknown_params(project_.suite, selection_, project_.matching))
      add("no test has a parameter \"" + name + "\"", "`interoper tests list` shows the parameters");
    if (project_.matching) check_values(*project_.matching);
    if (!project_.matching && selection_.remote == Selection::Remote::only)
      add("--remote: nobody here runs a role somewhere else", "only another runner's registry names remote endpoints");
    return std::move(selection_);
  }

 private:
  void add(std::string what, std::string help) { problems_.push_back(mistake(std::move(what), std::move(help))); }

  const std::vector<std::string>& roles() const { return project_.suite.rules.role_order; }
  bool is_role(const std::string& name) const { return std::find(roles().begin(), roles().end(), name) != roles().end(); }

  void take_wishes() {
    for (const RoleWish& wish : wishes_) {
      if (!is_role(wish.name)) {
        const std::string role = nearest(wish.name, roles());
        const std::string guess = role.empty() ? wish.near : role;
        add("there is no option --" + wish.name + ", nor a role of the suite that is called so",
            guess.empty() ? "the suite's roles are " + joined(roles()) : "did you mean --" + guess + "?");
      } else if (!wish.glob || wish.glob->empty()) {
        add("--" + wish.name + " names no implementation", "write --" + wish.name + " GLOB");
      } else {
        selection_.roles[wish.name].push_back(*wish.glob);
      }
    }
  }

  // The command line wins.
  void take_environment() {
    for (const std::string& role : roles()) {
      const char* value = std::getenv(variable_of(role).c_str());
      if (value != nullptr && *value != '\0' && selection_.roles.count(role) == 0) selection_.roles[role].emplace_back(value);
    }
  }

  void check_roles() {
    for (const auto& [role, globs] : selection_.roles) {
      if (!is_role(role)) add("no cell can be selected by the role \"" + role + "\"", "the suite's roles are " + joined(roles()));
    }
  }

  // A glob may match nobody; a name that is written out is meant.
  void check_names(const std::string& option, const std::vector<std::string>& globs) {
    for (const std::string& glob : globs) {
      const std::string name = without_exclusion(glob);
      if (!is_plain(name) || std::find(names_.begin(), names_.end(), name) != names_.end()) continue;
      const std::string guess = nearest(name, names_);
      add(option + ": there is no implementation \"" + name + "\"",
          guess.empty() ? "`interoper tests list` shows them" : "did you mean \"" + guess + "\"?");
    }
  }

  // The same for what the matches say of themselves.
  void check_values(const Matching& matching) {
    for (const auto& [name, globs] : selection_.params) {
      for (const std::string& glob : globs) {
        if (is_plain(glob)) check_value(matching, "-p ", name, without_exclusion(glob));
      }
    }
    for (const auto& [name, value] : selection_.set)
      check_value(matching, "--set ", name, value);
  }

  void check_value(const Matching& matching, const std::string& option, const std::string& name, const std::string& value) {
    std::set<std::string> values;
    for (const Match& match : matching.matches) {
      if (const auto said = said_by(match, name)) values.insert(*said);
    }
    if (values.empty() || values.count(value) != 0) return;
    add(option + name + "=" + value + ": no match has this " + name, "there are: " + joined(values));
  }

  const Project& project_;
  Problems& problems_;
  Selection selection_;
  const std::vector<RoleWish>& wishes_;
  std::vector<std::string> names_;
};

}  // namespace

Selection resolve_selection(const Options& options, const Project& project, Problems& problems) {
  return Resolver(options, project, problems).resolve();
}

Problems likely_mistakes(const Options& options) {
  Problems problems;
  for (const RoleWish& wish : options.role_wishes) {
    if (!wish.near.empty()) problems.push_back(mistake("there is no option --" + wish.name, "did you mean --" + wish.near + "?"));
  }
  return problems;
}

}  // namespace interoper
