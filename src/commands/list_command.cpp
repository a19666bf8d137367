// `tests list`: what there is, before anything runs.
#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "base/duration.hpp"
#include "base/json_text.hpp"
#include "commands/commands.hpp"
#include "commands/project.hpp"
#include "engine/bind.hpp"
#include "engine/plan.hpp"
#include "reporters/terminal.hpp"

namespace interoper {
namespace {

// Lists can be of millions: what is put together goes out in pieces of this size.
constexpr std::size_t piece_bytes = std::size_t{64} * 1024;

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

void write_text(const Project& project, const Plan& plan, Page& page) {
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
  for (const Implementation& implementation : project.implementations) {
    std::string line = "  " + padded(implementation.name, widest) + "  " + describe_source(implementation);
    if (!implementation.version.empty()) line += "  version " + implementation.version;
    page.write(line + "\n");
  }
  page.write("cells (" + std::to_string(plan.cells.size()) + ")\n");
  for (const Cell& cell : plan.cells)
    page.write("  " + cell.id + "\n");
  if (plan.absent.empty()) return;
  page.write("absent (" + std::to_string(plan.absent.size()) + ")\n");
  for (const Absent& absent : plan.absent) {
    const std::string who = cast_text(absent.cast);
    page.write("  " + (absent.test == "*" ? "every test" : absent.test) + (who.empty() ? "" : " with " + who) + ": " + absent.reason +
               "\n");
  }
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
  const Plan planned = plan(loaded.project->suite, loaded.project->implementations, order, loaded.project->matching);
  Page page;
  if (options.format == OutputFormat::json) {
    write_json(*loaded.project, planned, page);
  } else {
    write_text(*loaded.project, planned, page);
  }
  page.flush();
  return exit_done;
}

}  // namespace interoper
