// A report folder, opened again (interface §9): whatever a finished, killed or foreign run left there. What stands in it is not
// trusted: broken content gives Problems and what can still be read, paths never lead out of the folder, and nothing here throws for it.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "base/problem.hpp"
#include "model/record.hpp"

namespace interoper {

struct Recording {
  std::filesystem::path folder;
  // Where the record comes from. `report`: the run finished. `plan`: it did not; attempts are what the timelines tell.
  // `timelines`: there is nothing but these; tests and headers are unknown.
  enum class Origin { report, plan, timelines };
  Origin origin = Origin::report;
  RunRecord run;
  // Timelines that do not stand in the folder but in memory: `log` of an attempt -> a path that leads there as long as this lives.
  std::map<std::string, std::shared_ptr<const std::filesystem::path>> kept;
  Problems problems;  // errors: nothing of it can be trusted to be there (exit 2). Warnings: the rest is whole.
};

// `path`: a report folder, or a report.json in it, or a `.dump` file of the original tool.
Recording open_recording(const std::filesystem::path& path);

// What the user called a report: "latest" (also ""), the name of a run in `reports`, or the path of a report folder, its report.json or a
// .dump. The path, or a sentence that says what was looked for and which runs there are.
std::variant<std::filesystem::path, Problem> resolve_report(const std::filesystem::path& reports, const std::string& name);

// A cell's id is the name of its folder: one that is none would lead elsewhere.
bool is_folder_name(const std::string& id);

// The attempt's timeline in the folder. Nothing when the attempt has none, or when its path would lead out of the folder.
std::optional<std::filesystem::path> timeline_file(const Recording& recording, const AttemptRecord& attempt);

}  // namespace interoper
