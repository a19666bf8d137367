#include "reporters/merge.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

namespace interoper {
namespace {

// Shards that are missing, named in a message.
constexpr std::size_t most_names = 10;

std::string label(const ShardRecord& shard) { return std::to_string(shard.index) + "/" + std::to_string(shard.of); }

class Merger {
 public:
  explicit Merger(std::vector<Part> parts) : parts_(std::move(parts)) {}

  std::variant<Merged, Problems> merge() {
    for (const Part& part : parts_)
      check_alone(part);
    if (!problems_.empty()) return problems_;
    for (const Part& part : parts_)
      check_against_first(part);
    check_sources();
    if (problems_.empty()) check_shards();
    if (problems_.empty()) place_cells();
    if (!problems_.empty()) return problems_;
    join();
    return std::move(merged_);
  }

 private:
  void refuse(const Part& part, std::string what, std::string help) {
    problems_.push_back(Problem{Problem::Severity::error, part.name, 0, 0, std::move(what), std::move(help), ""});
  }
  void warn(const Part& part, std::string what) {
    merged_.warnings.push_back(Problem{Problem::Severity::warning, part.name, 0, 0, std::move(what), "", ""});
  }

  void check_alone(const Part& part);
  void check_against_first(const Part& part);
  void check_equal(const Part& part, const std::string& what, const std::string& first, const std::string& other, const std::string& help);
  void check_sources();
  void check_source(const Part& first, const Part& other, const std::string& name);
  void check_shards();
  void place_cells();
  void join();
  void join_times();
  std::string joined_runtimes() const;

  std::vector<Part> parts_;
  Problems problems_;
  Merged merged_;
};

void Merger::check_alone(const Part& part) {
  if (!part.run.shard) {
    refuse(part, "this is the report of a whole run", "merge what `--shard I/N` leaves");
    return;
  }
  const ShardRecord& shard = *part.run.shard;
  const bool in_range = shard.of >= 1 && shard.index >= 1 && shard.index <= shard.of;
  const bool ascending =
      std::adjacent_find(shard.positions.begin(), shard.positions.end(), std::greater_equal<>()) == shard.positions.end();
  const bool inside = shard.positions.empty() || shard.positions.back() < shard.plan_cells;
  if (!in_range || !ascending || !inside || shard.positions.size() != part.run.cells.size())
    refuse(part, "what it says of its shard " + label(shard) + " contradicts itself", "the report is damaged: take a copy that is whole");
}

void Merger::check_equal(const Part& part, const std::string& what, const std::string& first, const std::string& other,
                         const std::string& help) {
  if (first == other) return;
  refuse(part, "its " + what + " is " + other + ", and " + parts_.front().name + "'s is " + first, help);
}

void Merger::check_against_first(const Part& part) {
  const RunRecord& first = parts_.front().run;
  const RunRecord& other = part.run;
  const std::size_t before = problems_.size();
  check_equal(part, "suite", first.suite.name, other.suite.name, "merge the shards of one run");
  if (problems_.size() != before) return;  // the rest follows from it
  check_equal(part, "suite's content", first.suite.digest, other.suite.digest, "run all shards with the same files");
  check_equal(part, "seed", std::to_string(first.seed), std::to_string(other.seed), "run all shards with the same --seed, or all without");
  check_equal(part, "version of interoper", first.version, other.version, "run all shards with the same version");
  const auto number_of_shards = [](const RunRecord& run) { return std::to_string(run.shard->of); };
  check_equal(part, "number of shards", number_of_shards(first), number_of_shards(other), "merge the shards of one run");
  if (problems_.size() != before) return;
  if (first.shard->plan_digest != other.shard->plan_digest || first.shard->plan_cells != other.shard->plan_cells)
    refuse(part,
           "it is part of another plan (of " + std::to_string(other.shard->plan_cells) + " cells) than " + parts_.front().name + " (of " +
               std::to_string(first.shard->plan_cells) + ")",
           "run all shards with the same selection and the same implementations");
}

// What an implementation was made from; the first part that has it counts.
void Merger::check_sources() {
  std::map<std::string, const Part*> known;
  for (const Part& part : parts_) {
    for (const auto& [name, implementation] : part.run.implementations) {
      const auto [first, fresh] = known.emplace(name, &part);
      if (!fresh) check_source(*first->second, part, name);
    }
  }
}

void Merger::check_source(const Part& first, const Part& other, const std::string& name) {
  const ImplementationRecord& one = first.run.implementations.at(name);
  const ImplementationRecord& two = other.run.implementations.at(name);
  const auto differs = [&](const std::string& what, const std::string& in_first, const std::string& in_other) {
    if (in_first == in_other) return false;
    refuse(other, name + "'s " + what + " is \"" + in_other + "\", and in " + first.name + " \"" + in_first + "\"",
           "run all shards with the same implementations");
    return true;
  };
  if (differs("version", one.version, two.version)) return;
  bool other_image = false;
  for (const auto& [role, source] : one.roles) {
    const auto found = two.roles.find(role);
    const RoleSourceRecord there = found == two.roles.end() ? RoleSourceRecord{} : found->second;
    if (differs("kind", source.kind, there.kind) || differs("source", source.source, there.source) ||
        differs("revision", source.revision, there.revision) || differs("platform", source.platform, there.platform))
      return;
    const bool ready_image = source.source.starts_with("image ");
    if (ready_image && differs("digest", source.digest, there.digest)) return;
    other_image = other_image || source.digest != there.digest;
  }
  // Building the same twice gives two images; only their source says that they are the same.
  if (other_image) warn(other, name + " was built once more for this shard: its image is another than in " + first.name);
}

void Merger::check_shards() {
  const int of = parts_.front().run.shard->of;
  std::map<int, const Part*> found;
  for (const Part& part : parts_) {
    const auto [first, fresh] = found.emplace(part.run.shard->index, &part);
    if (!fresh) refuse(part, "this is shard " + label(*part.run.shard) + ", and so is " + first->second->name, "name each shard once");
  }
  std::string missing;
  std::size_t number = 0;
  for (int index = 1; index <= of; ++index) {
    if (found.count(index) != 0 || ++number > most_names) continue;
    missing += (missing.empty() ? "" : ", ") + std::to_string(index) + "/" + std::to_string(of);
  }
  if (number == 0) return;
  Problem problem;
  problem.what = (number == 1 ? "shard " : "shards ") + missing +
                 (number > most_names ? " and " + std::to_string(number - most_names) + " more are"
                  : number == 1       ? " is"
                                      : " are") +
                 " missing";
  problem.help = "a merge of some would look like a whole run that passed";
  problems_.push_back(std::move(problem));
}

void Merger::place_cells() {
  const std::size_t total = parts_.front().run.shard->plan_cells;
  std::map<std::size_t, std::pair<std::size_t, const CellRecord*>> places;  // position -> part, cell
  std::map<std::string, const Part*> ids;
  for (std::size_t number = 0; number < parts_.size(); ++number) {
    const Part& part = parts_[number];
    for (std::size_t i = 0; i < part.run.cells.size(); ++i) {
      const CellRecord& cell = part.run.cells[i];
      const auto [first, fresh] = ids.emplace(cell.cell.id, &part);
      const bool alone = places.emplace(part.run.shard->positions[i], std::pair(number, &cell)).second;
      if (fresh && alone) continue;
      refuse(part, "the cell " + cell.cell.id + " is in " + (fresh ? "the place of another" : "two shards, also in " + first->second->name),
             "a report is damaged, or was changed: take a copy that is whole");
      return;
    }
  }
  if (places.size() != total) {
    refuse(parts_.front(),
           "all shards together have " + std::to_string(places.size()) + " of the plan's " + std::to_string(total) + " cells",
           "a report is damaged, or was changed: take a copy that is whole");
    return;
  }
  for (const auto& [position, place] : places) {
    merged_.from.push_back(place.first);
    merged_.run.cells.push_back(*place.second);
  }
}

// The command of the whole run: that of a shard without its shard.
std::vector<std::string> without_shard(const std::vector<std::string>& command) {
  std::vector<std::string> kept;
  for (std::size_t i = 0; i < command.size(); ++i) {
    if (command[i] == "--shard")
      ++i;
    else if (!command[i].starts_with("--shard="))
      kept.push_back(command[i]);
  }
  return kept;
}

void Merger::join_times() {
  RunRecord& run = merged_.run;
  run.started = parts_.front().run.started;
  std::chrono::system_clock::time_point last = run.started;
  bool all_finished = true;
  for (const Part& part : parts_) {
    run.started = std::min(run.started, part.run.started);
    last = std::max(last, part.run.finished.value_or(part.run.started + std::chrono::milliseconds(part.run.duration_ms)));
    all_finished = all_finished && part.run.finished;
  }
  if (all_finished) run.finished = last;
  run.duration_ms = std::chrono::duration_cast<std::chrono::milliseconds>(last - run.started).count();
}

// A run names those that its cells needed; where an implementation ran otherwise in another part, its kind has told.
std::string Merger::joined_runtimes() const {
  constexpr std::string_view separator = ", ";
  std::set<std::string_view> names;
  for (const Part& part : parts_) {
    if (part.run.cells.empty()) continue;
    std::string_view rest = part.run.runtime;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(separator), rest.size());
      names.insert(rest.substr(0, end));
      rest.remove_prefix(std::min(end + separator.size(), rest.size()));
    }
  }
  std::string all;
  for (const std::string_view name : names)
    all += (all.empty() ? "" : std::string(separator)) + std::string(name);
  return names.empty() ? parts_.front().run.runtime : all;
}

void Merger::join() {
  RunRecord& run = merged_.run;
  const RunRecord& first = parts_.front().run;
  run.id = first.id;
  run.command = without_shard(first.command);
  run.version = first.version;
  run.runtime = joined_runtimes();
  run.seed = first.seed;
  run.suite = first.suite;
  run.absent = first.absent;
  join_times();
  std::map<std::string, std::set<std::string>> host;
  for (Part& part : parts_) {
    if (!part.run.finished) warn(part, "this run did not come to its end: cells of it are aborted");
    for (const auto& [name, value] : part.run.host)
      host[name].insert(value);
    for (auto& [name, test] : part.run.tests)
      run.tests.emplace(name, std::move(test));
    for (const auto& [name, implementation] : part.run.implementations) {
      const auto [known, fresh] = run.implementations.emplace(name, implementation);
      if (fresh) continue;
      for (auto& [role, source] : known->second.roles) {
        if (source.digest != implementation.roles.at(role).digest) source.digest.clear();  // there is not one
      }
    }
  }
  for (const auto& [name, values] : host) {
    std::string& all = run.host[name];
    for (const std::string& value : values)
      all += (all.empty() ? "" : ", ") + value;
  }
  run.summary = summarise(run.cells);
}

}  // namespace

std::variant<Merged, Problems> merge_parts(std::vector<Part> parts) { return Merger(std::move(parts)).merge(); }

}  // namespace interoper
