#include "engine/plan.hpp"

#include <algorithm>
#include <optional>
#include <set>

#include "base/glob.hpp"

namespace interoper {
namespace {

using Cast = std::vector<Casting>;

bool has_means(const Implementation& implementation, std::string_view role, Means means) {
  if (means == Means::path) return !implementation.path.empty();
  return image_source(implementation, role) != nullptr;
}

// Every way to give each role of `roles` one of the implementations, the first role varying slowest.
std::vector<Cast> all_casts(const std::vector<std::string>& roles, const std::vector<Implementation>& implementations) {
  std::vector<Cast> casts = {{}};
  for (const std::string& role : roles) {
    std::vector<Cast> longer;
    for (const Cast& cast : casts) {
      for (const Implementation& implementation : implementations) {
        longer.push_back(cast);
        longer.back().push_back(Casting{role, implementation.name});
      }
    }
    casts = std::move(longer);
  }
  return casts;
}

bool is_wanted_match(const Cast& cast, const Rules& rules, Matches matches) {
  if (matches == Matches::everyone) return true;
  if (cast_in(cast, rules.tested) == local_name) return true;
  return matches == Matches::local_both_ways && cast_in(cast, rules.decides) == local_name;
}

const Implementation* find_implementation(const std::vector<Implementation>& implementations, std::string_view name) {
  const auto found = std::find_if(implementations.begin(), implementations.end(), [&](const Implementation& i) { return i.name == name; });
  return found == implementations.end() ? nullptr : &*found;
}

// What `either` comes to for these: images, when everybody has one.
Means means_of_cast(const Cast& cast, const std::vector<Implementation>& implementations) {
  const bool all_images = std::all_of(cast.begin(), cast.end(), [&](const Casting& casting) {
    const Implementation* implementation = find_implementation(implementations, casting.implementation);
    // Who is no implementation is an image that the test names.
    return implementation == nullptr || has_means(*implementation, casting.role, Means::image);
  });
  return all_images ? Means::image : Means::path;
}

// Why this cast cannot play, or nothing.
std::optional<std::string> obstacle(const Cast& cast, const std::vector<Implementation>& implementations, Means means) {
  if (means == Means::either) means = means_of_cast(cast, implementations);
  bool any_image = false;
  bool any_path = false;
  bool all_play = true;
  for (const Casting& casting : cast) {
    const Implementation& implementation = *find_implementation(implementations, casting.implementation);
    if (find_offer(implementation, casting.role) == nullptr)
      return "role not offered: " + casting.implementation + " does not play " + casting.role;
    const bool plays = has_means(implementation, casting.role, means);
    all_play = all_play && plays;
    const bool as_image = plays == (means == Means::image);
    (as_image ? any_image : any_path) = true;
  }
  if (all_play) return std::nullopt;
  if (any_image && any_path) return "mixed runtimes: one side is an image, the other a path";
  return means == Means::image ? "no image: it runs only from a path" : "no path: it runs only from an image";
}

// A role that a test gives to an image of its own cannot stand beside paths.
std::optional<std::string> image_among_paths(const Spec& spec) {
  for (const RoleSpec& role : spec.roles) {
    if (!role.image.empty()) return "mixed runtimes: the test gives " + role.name + " to an image, the others are paths";
  }
  return std::nullopt;
}

bool cast_is_selected(const Cast& cast, const Selection& selection) {
  for (const auto& [role, globs] : selection.roles) {
    const std::string_view implementation = cast_in(cast, role);
    if (!implementation.empty() && !is_selected(globs, std::string(implementation))) return false;
  }
  if (selection.implementations.empty()) return true;
  // In any role: one that is asked for is enough, one that is excluded too much.
  bool wanted = false;
  for (const Casting& casting : cast) {
    std::vector<std::string> excluding;
    std::copy_if(selection.implementations.begin(), selection.implementations.end(), std::back_inserter(excluding),
                 [](const std::string& glob) { return !glob.empty() && glob.front() == '!'; });
    if (!is_selected(excluding, casting.implementation)) return false;
    wanted = wanted || is_selected(selection.implementations, casting.implementation);
  }
  return wanted;
}

bool test_is_selected(const Spec& spec, const Selection& selection) {
  if (!is_selected(selection.tests, spec.name)) return false;
  if (selection.tags.empty()) return true;
  const bool excluded = std::any_of(spec.tags.begin(), spec.tags.end(), [&](const std::string& tag) {
    return std::find(selection.tags.begin(), selection.tags.end(), "!" + tag) != selection.tags.end();
  });
  if (excluded) return false;
  if (spec.tags.empty()) return is_selected(selection.tags, "");
  return std::any_of(spec.tags.begin(), spec.tags.end(), [&](const std::string& tag) { return is_selected(selection.tags, tag); });
}

std::vector<std::string> values_of(const Param& param, const Selection& selection) {
  if (const auto set = selection.set.find(param.name); set != selection.set.end()) return {set->second};
  if (selection.all_params) return param.values;
  const auto wanted = selection.params.find(param.name);
  if (wanted == selection.params.end()) return {param.values.front()};
  std::vector<std::string> values;
  for (const std::string& value : param.values) {
    std::vector<std::string> globs = wanted->second;
    // The default stays unless it is excluded: -p widens.
    if (value == param.values.front()) globs.push_back("*");
    if (is_selected(globs, value)) values.push_back(value);
  }
  return values;
}

std::vector<Params> all_params(const Spec& spec, const Selection& selection) {
  std::vector<Params> combinations = {{}};
  for (const Param& param : spec.params) {
    std::vector<Params> longer;
    for (const Params& combination : combinations) {
      for (const std::string& value : values_of(param, selection)) {
        longer.push_back(combination);
        longer.back().emplace_back(param.name, value);
      }
    }
    combinations = std::move(longer);
  }
  return combinations;
}

// Roles beyond the suite's own are played by the deciding role's implementation, unless they name an image.
Cast with_helpers(Cast cast, const Spec& spec, const Rules& rules) {
  const std::string deciding(cast_in(cast, rules.decides));
  for (const RoleSpec& role : spec.roles) {
    if (!cast_in(cast, role.name).empty()) continue;
    cast.push_back(Casting{role.name, role.image.empty() ? deciding : role.image});
  }
  return cast;
}

// The parts of a cast that are started here.
Cast played_here(const Cast& cast, const Labels& labels) {
  Cell cell;
  cell.labels = labels;
  Cast here;
  std::copy_if(cast.begin(), cast.end(), std::back_inserter(here), [&](const Casting& casting) { return !is_remote(cell, casting.role); });
  return here;
}

// Why the selection leaves a match out of its cast's, or nothing.
std::optional<std::string> left_out(const Match& match, const Selection& selection) {
  const bool has_remote = played_here(match.cast, match.labels).size() < match.cast.size();
  const bool unwanted = selection.remote == Selection::Remote::only ? !has_remote : selection.remote == Selection::Remote::no && has_remote;
  std::string which;
  for (const auto& [name, value] : match.params)
    which += (which.empty() ? ": " : ", ") + name + "=" + value;
  if (unwanted) return "filtered" + which;
  for (const auto& [name, globs] : selection.params) {
    const auto said = said_by(match, name);
    if (said && !is_selected(globs, *said)) return "filtered" + which;
  }
  for (const auto& [name, value] : selection.set) {
    const auto said = said_by(match, name);
    if (said && *said != value) return "filtered" + which;
  }
  return std::nullopt;
}

class Planner {
 public:
  Planner(const Suite& suite, const std::vector<Implementation>& implementations, const PlanOrder& order)
      : suite_(suite), implementations_(implementations), order_(order) {}

  void take_everybody() {
    for (Cast& cast : all_casts(suite_.rules.role_order, implementations_))
      take(Match{std::move(cast), {}, {}});
  }

  void take_matching(const Matching& matching) {
    std::set<std::string> told;  // casts that the selection leaves out: told once, whatever number of matches they have
    const auto is_left = [&](const Cast& cast) {
      if (!is_wanted_match(cast, suite_.rules, order_.matches)) return true;
      if (cast_is_selected(cast, order_.selection)) return false;
      if (told.insert(cell_id("", cast, {})).second) plan_.absent.push_back(Absent{"*", cast, "filtered"});
      return true;
    };
    for (const Match& match : matching.matches) {
      if (is_left(match.cast)) continue;
      if (const auto why = left_out(match, order_.selection)) {
        plan_.absent.push_back(Absent{"*", match.cast, *why});
      } else {
        take(match);
      }
    }
    for (const Absent& absent : matching.absent) {
      if (!is_left(absent.cast)) plan_.absent.push_back(absent);
    }
  }

  Plan make() {
    const Selection& selection = order_.selection;
    const std::string& together = suite_.rules.together;
    const bool each = together.empty() || selection.per_test || !selection.tests.empty() || !selection.tags.empty();
    const bool all_named = std::find(selection.tests.begin(), selection.tests.end(), together) != selection.tests.end();
    for (const Spec& spec : suite_.specs) {
      const bool is_run_of_all = !together.empty() && spec.name == together;
      if (is_run_of_all ? each && !all_named : !each) continue;
      if (is_run_of_all || test_is_selected(spec, selection)) {
        add_cells(spec);
      } else {
        plan_.absent.push_back(Absent{spec.name, {}, "filtered"});
      }
    }
    return std::move(plan_);
  }

 private:
  void take(Match match) {
    if (!is_wanted_match(match.cast, suite_.rules, order_.matches)) return;
    if (!cast_is_selected(match.cast, order_.selection)) {
      plan_.absent.push_back(Absent{"*", std::move(match.cast), "filtered"});
    } else if (const auto why = obstacle(played_here(match.cast, match.labels), implementations_, order_.means)) {
      plan_.absent.push_back(Absent{"*", std::move(match.cast), *why});
    } else {
      const Means means =
          order_.means == Means::either ? means_of_cast(played_here(match.cast, match.labels), implementations_) : order_.means;
      matches_.push_back(Taken{std::move(match), means});
    }
  }

  void add_cells(const Spec& spec) {
    const std::vector<Params> combinations = all_params(spec, order_.selection);
    if (combinations.empty()) plan_.absent.push_back(Absent{spec.name, {}, "filtered: no value of a parameter is left"});
    for (const auto& [match, means] : matches_) {
      const Cast whole = with_helpers(match.cast, spec, suite_.rules);
      if (const auto why = means == Means::path ? image_among_paths(spec) : std::nullopt) {
        plan_.absent.push_back(Absent{spec.name, whole, *why});
        continue;
      }
      for (const Params& combination : combinations) {
        Params params = match.params;
        params.insert(params.end(), combination.begin(), combination.end());
        plan_.cells.push_back(Cell{cell_id(spec.name, whole, params), spec.name, whole, params, match.labels});
      }
    }
  }

  const Suite& suite_;
  const std::vector<Implementation>& implementations_;
  const PlanOrder& order_;
  struct Taken {
    Match match;
    Means means;
  };
  std::vector<Taken> matches_;
  Plan plan_;
};

}  // namespace

Plan plan(const Suite& suite, const std::vector<Implementation>& implementations, const PlanOrder& order,
          const std::optional<Matching>& matching) {
  Planner planner(suite, implementations, order);
  if (matching) {
    planner.take_matching(*matching);
  } else {
    planner.take_everybody();
  }
  return planner.make();
}

std::optional<std::string> said_by(const Match& match, const std::string& name) {
  for (const auto& [param, value] : match.params) {
    if (param == name) return value;
  }
  const auto label = match.labels.find(name);
  return label == match.labels.end() ? std::nullopt : std::optional(label->second);
}

Means means_of(const Cell& cell, const std::vector<Implementation>& implementations) {
  return means_of_cast(played_here(cell.cast, cell.labels), implementations);
}

std::vector<std::string> unknown_params(const Suite& suite, const Selection& selection, const std::optional<Matching>& matching) {
  const auto is_said = [&](const std::string& name) {
    return matching && std::any_of(matching->matches.begin(), matching->matches.end(),
                                   [&](const Match& match) { return said_by(match, name).has_value(); });
  };
  const auto is_known = [&](const std::string& name) {
    return std::any_of(suite.specs.begin(), suite.specs.end(), [&](const Spec& spec) {
      return std::any_of(spec.params.begin(), spec.params.end(), [&](const Param& param) { return param.name == name; });
    });
  };
  std::vector<std::string> unknown;
  for (const auto& [name, value] : selection.set) {
    if (!is_known(name) && !is_said(name)) unknown.push_back(name);
  }
  for (const auto& [name, globs] : selection.params) {
    if (!is_known(name) && !is_said(name)) unknown.push_back(name);
  }
  return unknown;
}

}  // namespace interoper
