#include "engine/plan.hpp"

#include <algorithm>
#include <optional>

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

// Why this cast cannot play, or nothing.
std::optional<std::string> obstacle(const Cast& cast, const std::vector<Implementation>& implementations, Means means) {
  if (means == Means::either) means = means_of(cast, implementations);
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

}  // namespace

Plan plan(const Suite& suite, const std::vector<Implementation>& implementations, const PlanOrder& order) {
  Plan result;
  std::vector<Cast> casts;
  for (Cast& cast : all_casts(suite.rules.role_order, implementations)) {
    if (!is_wanted_match(cast, suite.rules, order.matches)) continue;
    if (!cast_is_selected(cast, order.selection)) {
      result.absent.push_back(Absent{"*", std::move(cast), "filtered"});
    } else if (const auto why = obstacle(cast, implementations, order.means)) {
      result.absent.push_back(Absent{"*", std::move(cast), *why});
    } else {
      casts.push_back(std::move(cast));
    }
  }
  for (const Spec& spec : suite.specs) {
    if (!test_is_selected(spec, order.selection)) {
      result.absent.push_back(Absent{spec.name, {}, "filtered"});
      continue;
    }
    const std::vector<Params> combinations = all_params(spec, order.selection);
    if (combinations.empty()) result.absent.push_back(Absent{spec.name, {}, "filtered: no value of a parameter is left"});
    for (const Cast& cast : casts) {
      const Cast whole = with_helpers(cast, spec, suite.rules);
      const Means means = order.means == Means::either ? means_of(cast, implementations) : order.means;
      if (const auto why = means == Means::path ? image_among_paths(spec) : std::nullopt) {
        result.absent.push_back(Absent{spec.name, whole, *why});
        continue;
      }
      for (const Params& params : combinations) {
        result.cells.push_back(Cell{cell_id(spec.name, whole, params), spec.name, whole, params, {}});
      }
    }
  }
  return result;
}

Means means_of(const std::vector<Casting>& cast, const std::vector<Implementation>& implementations) {
  const bool all_images = std::all_of(cast.begin(), cast.end(), [&](const Casting& casting) {
    const Implementation* implementation = find_implementation(implementations, casting.implementation);
    // Who is no implementation is an image that the test names.
    return implementation == nullptr || has_means(*implementation, casting.role, Means::image);
  });
  return all_images ? Means::image : Means::path;
}

std::vector<std::string> unknown_params(const Suite& suite, const Selection& selection) {
  const auto is_known = [&](const std::string& name) {
    return std::any_of(suite.specs.begin(), suite.specs.end(), [&](const Spec& spec) {
      return std::any_of(spec.params.begin(), spec.params.end(), [&](const Param& param) { return param.name == name; });
    });
  };
  std::vector<std::string> unknown;
  for (const auto& [name, value] : selection.set) {
    if (!is_known(name)) unknown.push_back(name);
  }
  for (const auto& [name, globs] : selection.params) {
    if (!is_known(name)) unknown.push_back(name);
  }
  return unknown;
}

}  // namespace interoper
