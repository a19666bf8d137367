// `tests list`: what there is, before anything runs.
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <set>

#include "base/duration.hpp"
#include "base/json_text.hpp"
#include "commands/check.hpp"
#include "commands/commands.hpp"
#include "commands/project.hpp"
#include "engine/bind.hpp"
#include "engine/plan.hpp"
#include "reporters/terminal.hpp"

namespace interoper {
namespace {

// Lists can be of millions: what is put together goes out in pieces of this size.
constexpr std::size_t piece_bytes = std::size_t{64} * 1024;

// More absent cells than this are told by reason: nobody reads hundreds of lines.
constexpr std::size_t most_absent_lines = 20;
constexpr std::size_t short_commit = 12;

class Page {
 public:
  void write(std::string_view text) {
    text_ += text;
    if (text_.size() >= piece_bytes) flush();
  }
  void flush() {
    out_.write(text_);
    text_.clear();
  }

 private:
  StandardStream out_{STDOUT_FILENO};
  std::string text_;
};

std::int64_t timeout_ms(const Spec& spec, const Rules& rules) {
  Cell usual;
  for (const Param& param : spec.params)
    usual.params.emplace_back(param.name, param.values.front());
  const auto bound = bind_script(spec, usual, rules);
  const auto* script = std::get_if<Script>(&bound);
  return script == nullptr ? 0 : script->timeout.count();
}

template <class Items, class Write>
std::string json_list(const Items& items, Write write) {
  std::string text = "[";
  for (const auto& item : items) {
    if (text.size() > 1) text += ",";
    text += write(item);
  }
  return text + "]";
}

std::string quoted(const std::string& text) { return json_quote(text); }

std::string json_pairs(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::string text = "{";
  for (const auto& [name, value] : pairs)
    text += (text.size() > 1 ? "," : "") + json_quote(name) + ":" + json_quote(value);
  return text + "}";
}

std::string json_cast(const std::vector<Casting>& cast) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const Casting& casting : cast)
    pairs.emplace_back(casting.role, casting.implementation);
  return json_pairs(pairs);
}

std::string json_test(const Spec& spec, const Rules& rules) {
  std::string params = "{";
  for (const Param& param : spec.params)
    params += (params.size() > 1 ? "," : "") + json_quote(param.name) + ":" + json_list(param.values, quoted);
  return R"({"name":)" + json_quote(spec.name) + R"(,"title":)" + json_quote(spec.title) + R"(,"timeout_ms":)" +
         std::to_string(timeout_ms(spec, rules)) + R"(,"tags":)" + json_list(spec.tags, quoted) + R"(,"params":)" + params + "}}";
}

std::string json_implementation(const Implementation& implementation) {
  const auto role = [](const RoleOffer& offer) { return json_quote(offer.role); };
  return R"({"name":)" + json_quote(implementation.name) + R"(,"roles":)" + json_list(implementation.roles, role) + R"(,"source":)" +
         json_quote(describe_source(implementation)) + "}";
}

std::string json_cell(const Cell& cell) {
  std::vector<std::pair<std::string, std::string>> labels(cell.labels.begin(), cell.labels.end());
  return R"({"id":)" + json_quote(cell.id) + R"(,"test":)" + json_quote(cell.test) + R"(,"roles":)" + json_cast(cell.cast) +
         R"(,"params":)" + json_pairs(cell.params) + R"(,"labels":)" + json_pairs(labels) + "}";
}

std::string json_absent(const Absent& absent) {
  return R"({"test":)" + json_quote(absent.test) + R"(,"roles":)" + json_cast(absent.cast) + R"(,"reason":)" + json_quote(absent.reason) +
         "}";
}

template <class Items, class Write>
void write_json_list(std::string_view key, const Items& items, Write write, Page& page) {
  page.write(json_quote(key) + ":[");
  bool first = true;
  for (const auto& item : items) {
    if (!first) page.write(",");
    first = false;
    page.write(write(item));
  }
  page.write("]");
}

void write_json(const Project& project, const Plan& plan, Page& page) {
  const auto test = [&](const Spec& spec) { return json_test(spec, project.suite.rules); };
  page.write("{");
  write_json_list("tests", project.suite.specs, test, page);
  page.write(",\n");
  write_json_list("implementations", project.implementations, json_implementation, page);
  page.write(",\n");
  write_json_list("cells", plan.cells, json_cell, page);
  page.write(",\n");
  write_json_list("absent", plan.absent, json_absent, page);
  page.write("}\n");
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words)
    text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string cast_text(const std::vector<Casting>& cast) {
  std::string text;
  for (const Casting& casting : cast)
    text += (text.empty() ? "" : ", ") + casting.role + " " + casting.implementation;
  return text;
}

// "built moq-relay-ietf:latest of https://… at 0123456789ab (main), 2026-06-01T…"
std::string build_text(const LocalBuild& build) {
  std::string text = build.by + " made " + build.image + " from " + build.repository;
  if (!build.commit.empty()) text += " at " + build.commit.substr(0, short_commit);
  if (!build.ref.empty()) text += " (" + build.ref + ")";
  if (build.is_dirty) text += ", changed by hand";
  if (!build.made.empty()) text += ", " + build.made;
  return text;
}

// Where somebody else runs `name` as `role`.
std::vector<std::string> addresses_of(const Project& project, const std::string& name, const std::string& role) {
  std::vector<std::string> addresses;
  for (const Match& match : project.matching->matches) {
    const auto at = match.labels.find(role + ".at");
    const auto url = match.labels.find(role + ".url");
    if (cast_in(match.cast, role) != name || at == match.labels.end() || url == match.labels.end()) continue;
    if (std::find(addresses.begin(), addresses.end(), url->second) == addresses.end()) addresses.push_back(url->second);
  }
  return addresses;
}

void write_implementation(const Project& project, const Implementation& implementation, std::size_t widest, Page& page) {
  const bool by_role = project.matching.has_value();
  std::string line = "  " + padded(implementation.name, widest);
  if (!by_role) line += "  " + describe_source(implementation);
  if (!implementation.version.empty()) line += by_role ? "  " + implementation.version : "  version " + implementation.version;
  page.write(line + "\n");
  for (const RoleOffer& offer : implementation.roles) {
    if (!by_role) break;
    const std::string start = "    " + padded(offer.role, widest - 2) + "  ";
    const std::string reference = image_reference(implementation, offer.role);
    if (!reference.empty()) {
      const auto* made = std::get_if<BuildSource>(image_source(implementation, offer.role));
      page.write(start + "image " + reference + (made == nullptr ? "" : ", build " + made->directory + " (" + made->dockerfile + ")") +
                 "\n");
      if (const LocalBuild* build = find_build(project.builds, reference)) page.write(start + "  " + build_text(*build) + "\n");
    }
    for (const std::string& address : addresses_of(project, implementation.name, offer.role))
      page.write(start + "remote " + address + "\n");
  }
}

// Labels of the cells as columns, those with a dot, which tell of a role, last.
std::vector<std::string> label_columns(const Plan& plan) {
  std::set<std::pair<bool, std::string>> names;
  for (const Cell& cell : plan.cells) {
    for (const auto& [name, value] : cell.labels) {
      const bool of_role = name.find('.') != std::string::npos;
      if (!of_role || name.ends_with(".url")) names.emplace(of_role, name);
    }
  }
  std::vector<std::string> columns;
  for (const auto& [of_role, name] : names)
    columns.push_back(name);
  return columns;
}

void write_cells(const Plan& plan, Page& page) {
  page.write("cells (" + std::to_string(plan.cells.size()) + ")\n");
  const std::vector<std::string> columns = label_columns(plan);
  std::size_t widest_id = 0;
  std::map<std::string, std::size_t> widest;
  for (const std::string& column : columns)
    widest[column] = column.size();
  for (const Cell& cell : plan.cells) {
    widest_id = std::max(widest_id, cell.id.size());
    for (const auto& [name, value] : cell.labels)
      widest[name] = std::max(widest[name], value.size());
  }
  const auto write_row = [&](const std::string& first, const auto& value_of) {
    std::string row = "  " + (columns.empty() ? first : padded(first, widest_id));
    for (const std::string& column : columns)
      row += "  " + padded(value_of(column), widest.at(column));
    row.erase(row.find_last_not_of(' ') + 1);
    page.write(row + "\n");
  };
  if (!columns.empty()) write_row("", [](const std::string& column) { return column; });
  for (const Cell& cell : plan.cells) {
    write_row(cell.id, [&](const std::string& column) {
      const auto label = cell.labels.find(column);
      return label == cell.labels.end() ? std::string("-") : label->second;
    });
  }
}

// Long lists are told by reason.
void write_absent(const Plan& plan, bool whole, Page& page) {
  if (plan.absent.empty()) return;
  const bool grouped = !whole && plan.absent.size() > most_absent_lines;
  page.write("absent (" + std::to_string(plan.absent.size()) + ")" + (grouped ? ", by reason; -v tells each\n" : "\n"));
  const auto test_of = [](const Absent& absent) { return absent.test == "*" ? std::string("every test") : absent.test; };
  std::map<std::pair<std::string, std::string>, std::size_t> counts;
  for (const Absent& absent : plan.absent)
    ++counts[{absent.test, absent.reason}];
  for (const Absent& absent : plan.absent) {
    std::size_t& count = counts.at({absent.test, absent.reason});
    if (grouped && count != 1) {
      if (count > 1) page.write("  " + test_of(absent) + " with " + std::to_string(count) + " casts: " + absent.reason + "\n");
      count = 0;  // told
      continue;
    }
    const std::string who = cast_text(absent.cast);
    page.write("  " + test_of(absent) + (who.empty() ? "" : " with " + who) + ": " + absent.reason + "\n");
  }
}

void write_text(const Project& project, const Plan& plan, bool verbose, Page& page) {
  std::size_t widest = 0;
  for (const Spec& spec : project.suite.specs)
    widest = std::max(widest, spec.name.size());
  for (const Implementation& implementation : project.implementations)
    widest = std::max(widest, implementation.name.size());
  page.write("tests (" + std::to_string(project.suite.specs.size()) + ")\n");
  for (const Spec& spec : project.suite.specs) {
    std::string line = "  " + padded(spec.name, widest) + "  " + spec.title + "  [" +
                       human_duration(std::chrono::milliseconds(timeout_ms(spec, project.suite.rules))) + "]";
    for (const Param& param : spec.params)
      line += "  " + param.name + ": " + joined(param.values);
    if (!spec.tags.empty()) line += "  #" + joined(spec.tags);
    page.write(line + "\n");
  }
  page.write("implementations (" + std::to_string(project.implementations.size()) + ")\n");
  for (const Implementation& implementation : project.implementations)
    write_implementation(project, implementation, widest, page);
  write_cells(plan, page);
  write_absent(plan, verbose, page);
}

}  // namespace

int list_tests(const Options& options) {
  const LoadedProject loaded = load_project(options);
  print_problems(loaded.problems);
  if (!loaded.project) return exit_bad_input;
  PlanOrder order;
  order.selection = loaded.project->selection;
  order.matches = options.both ? Matches::local_both_ways : Matches::everyone;
  order.means = chosen_means(options);
  if (options.check) return check_project(options, *loaded.project, order, loaded.problems.size());
  const Plan planned = plan(loaded.project->suite, loaded.project->implementations, order, loaded.project->matching);
  Page page;
  if (options.format == OutputFormat::json) {
    write_json(*loaded.project, planned, page);
  } else {
    write_text(*loaded.project, planned, options.verbose, page);
  }
  page.flush();
  return exit_done;
}

}  // namespace interoper
