#include "reporters/dump.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <ranges>
#include <set>

#include "base/duration.hpp"
#include "base/files.hpp"
#include "base/json_text.hpp"
#include "model/spec.hpp"
#include "reporters/timeline_reading.hpp"

namespace interoper {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t largest_dump_bytes = std::size_t{512} << 20U;
constexpr std::size_t most_warnings = 20;
// Milliseconds: a clock that says more is wrong, and two such times added would not fit.
constexpr std::int64_t latest_ms = 4'000'000'000'000;

// The original served one protocol, and its dumps say nothing about rules: these are its own.
constexpr const char* suite_header = R"({"suite": "telehash", "roles": ["ROLE", "driver"], "tested": "ROLE", "decides": "driver",
 "objects": {"endpoint": {"id": "in.endpoint_id", "name": "in.hashname"}, "exchange": {"id": "in.exchange_id", "name": "in.peer"},
             "channel": {"id": "in.channel_id", "name": "in.channel.type"}, "packet": {"id": "in.packet_id"}},
 "match": {"channel packet": {"sent": {"ty": "channel.write"}, "received": {"ty": "channel.rcv.packet"},
                              "by": ["channel", "in.packet.header", "in.packet.body"]}}})";

// A file without a name, which a path of ours leads to as long as it is open.
class MemoryFile {
 public:
  MemoryFile() : descriptor_(::memfd_create("timeline", MFD_CLOEXEC)), path_("/proc/self/fd/" + std::to_string(descriptor_)) {}
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  ~MemoryFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  bool is_open() const { return descriptor_ >= 0; }
  const fs::path& path() const { return path_; }
  bool write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t n = ::write(descriptor_, bytes.data(), bytes.size());
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }

 private:
  int descriptor_;
  fs::path path_;
};

std::string text_in(std::string_view object, std::string_view key) {
  return json_string(json_at(object, key).value_or("null")).value_or("");
}

bool is_object(std::string_view value) { return !value.empty() && value.front() == '{'; }

// The last member of each name, as the original read them.
std::vector<JsonMember> members_of(std::string_view object) {
  std::vector<JsonMember> members = json_members(object).value_or(std::vector<JsonMember>{});
  std::set<std::string> seen;
  std::vector<JsonMember> last;
  for (const JsonMember& member : std::views::reverse(members)) {
    if (seen.insert(member.key).second) last.push_back(member);
  }
  std::reverse(last.begin(), last.end());
  return last;
}

std::string on_one_line(std::string_view json) {
  std::string text(json);  // in valid JSON a newline can only stand between tokens
  std::replace(text.begin(), text.end(), '\n', ' ');
  std::replace(text.begin(), text.end(), '\r', ' ');
  return text;
}

class DumpReader {
 public:
  DumpReader(const fs::path& file, Recording& recording) : file_(file), recording_(recording) {}

  void read(std::string_view text) {
    if (const auto fault = json_fault(text)) {
      const Position position = position_at(text, fault->offset);
      problem(Problem::Severity::error, "it is no JSON: " + fault->what, "copy it again; the original tool wrote it whole or not at all");
      recording_.problems.back().line = position.line;
      recording_.problems.back().column = position.column;
      return;
    }
    const auto tests = json_at(text, "tests");
    if (!is_object(text.substr(text.find_first_not_of(" \t\r\n"))) || !tests || !is_object(*tests)) {
      problem(Problem::Severity::error, "expected an object with \"tests\"", "this is no report of the original tool");
      return;
    }
    worker_role_ = json_at(text, "worker") ? "worker" : "sut";
    worker_ = text_in(text, worker_role_);
    RunRecord& run = recording_.run;
    run.suite.name = "telehash";
    run.suite.description = suite_header;
    for (std::size_t at = run.suite.description.find("ROLE"); at != std::string::npos; at = run.suite.description.find("ROLE"))
      run.suite.description.replace(at, 4, worker_role_);
    run.runtime = "docker";
    for (const JsonMember& test : members_of(*tests))
      read_test(test);
    finish();
  }

 private:
  void problem(Problem::Severity severity, std::string what, std::string help = "") {
    if (severity == Problem::Severity::warning && ++warnings_ > most_warnings) return;
    recording_.problems.push_back(Problem{severity, file_.string(), 0, 0, std::move(what), std::move(help), ""});
  }
  void warn(std::string what) { problem(Problem::Severity::warning, std::move(what)); }

  void read_test(const JsonMember& test) {
    if (!is_object(test.value)) return warn("the test \"" + test.key + "\" is no object, and left out");
    TestRecord& record = recording_.run.tests[test.key];
    const std::string_view description = json_at(test.value, "desc").value_or("{}");
    record.title = test.key;
    if (is_object(description)) {
      record.description = text_in(description, "description");
      const std::string timeout = text_in(description, "timeout");
      record.header = "{\"timeout\": " + json_quote(timeout) +
                      ", \"containers\": " + std::string(json_at(description, "containers").value_or("{}")) + "}";
      const auto parsed = parse_go_duration(timeout);
      const auto* value = std::get_if<std::chrono::nanoseconds>(&parsed);
      record.timeout_ms = value != nullptr && value->count() > 0 ? std::chrono::duration_cast<std::chrono::milliseconds>(*value).count()
                                                                 : default_timeout.count();
    }
    if (record.header.empty()) record.header = "{}";
    const auto runs = json_at(test.value, "runs");
    if (!runs || !is_object(*runs)) return warn("the test \"" + test.key + "\" has no runs");
    for (const JsonMember& run : members_of(*runs))
      read_run(test.key, run);
  }

  void read_run(const std::string& test, const JsonMember& run) {
    if (!is_object(run.value)) return warn("the run \"" + run.key + "\" of \"" + test + "\" is no object, and left out");
    CellRecord cell;
    cell.cell.test = test;
    const std::string driver = text_in(run.value, "driver");
    cell.cell.cast = {{worker_role_, worker_}, {"driver", driver.empty() ? run.key : driver}};
    cell.cell.id = cell_id(test, {{worker_role_, worker_}, {"driver", run.key}}, {});
    recording_.run.implementations[worker_];
    recording_.run.implementations[cell.cell.cast.back().implementation];
    const auto log = json_at(run.value, "log");
    const auto events = log ? json_elements(*log) : std::nullopt;
    const auto file = std::make_shared<MemoryFile>();
    if (!events) {
      warn("the run \"" + run.key + "\" of \"" + test + "\" has no log");
      cell.reason = "unfinished";
      cell.message = "the report holds no events of it";
    } else if (!file->is_open() || !file->write(timeline(*events, test + "/" + run.key))) {
      throw WorldError("no-memory", "cannot keep the timelines of " + file_.string() + ": too many open files, or no memory");
    } else {
      TimelineRecord record = record_of_timeline(file->path(), cell.cell, 1);
      AttemptRecord& attempt = record.attempt;
      attempt.log = cell.cell.id + "/1.jsonl";
      recording_.kept[attempt.log] = std::shared_ptr<const fs::path>(file, &file->path());
      judge(attempt, cell.cell.cast);
      cell.attempts.push_back(std::move(attempt));
      cell.duration_ms = cell.attempts.back().duration_ms;
      fold_attempts(cell);
    }
    recording_.run.cells.push_back(std::move(cell));
  }

  // The log's events as a timeline of ours: `seq`, `us` and `by` are added, what was told stays as it was.
  std::string timeline(const std::vector<std::string_view>& events, const std::string& where) {
    std::string text;
    std::uint64_t seq = 0;
    std::int64_t first_ms = -1;
    std::int64_t us = 0;
    success_.reset();
    first_bad_exit_.reset();
    bool done = false;
    std::size_t left_out = 0;
    for (const std::string_view event : events) {
      if (!is_object(event)) {
        ++left_out;
        continue;
      }
      std::int64_t ti = 0;
      const std::string spelled = json_spelling(json_at(event, "ti").value_or("0"));
      std::from_chars(spelled.data(), spelled.data() + spelled.size(), ti);
      ti = std::clamp<std::int64_t>(ti, 0, latest_ms);
      if (first_ms < 0) first_ms = ti;
      us = std::max(us, (ti - first_ms) * 1000);
      const std::string role = text_in(event, "ro");
      const std::string type = text_in(event, "ty");
      const bool ours = type == "exec" || type == "exited" || type == "log" || type == "status" || type == "assert-failed";
      done = done || (type == "done" && role == "driver");
      if (type == "exited" && !done && !first_bad_exit_ && json_spelling(json_at(event, "in.exit_code").value_or("0")) != "0")
        first_bad_exit_ = Blame{role, "", 1, seq};
      if (ours && type == "status") success_ = json_at(event, "in.success") == "true";
      text += "{\"seq\":" + std::to_string(seq++) + ",\"ti\":" + std::to_string(ti) + ",\"us\":" + std::to_string(us);
      if (!role.empty()) text += ",\"ro\":" + json_quote(role);
      if (ours) text += ",\"by\":\"engine\"";
      for (const JsonMember& member : members_of(event)) {
        const bool replaced = member.key == "seq" || member.key == "ti" || member.key == "us" || member.key == "ro" || member.key == "by";
        if (!replaced) text += "," + on_one_line(member.written);
      }
      text += "}\n";
    }
    if (left_out > 0) warn(std::to_string(left_out) + " entries of the log of " + where + " are no events, and left out");
    return text;
  }

  // The original said only whether it went well. Who and when must be read from the timeline.
  void judge(AttemptRecord& attempt, const std::vector<Casting>& cast) const {
    Judgement& judgement = attempt.judgement;
    if (!success_) {
      judgement.verdict = Verdict::aborted;
      judgement.reason = "unfinished";
      judgement.message = "the recording ends before this attempt did";
      return;
    }
    judgement.verdict = *success_ ? Verdict::passed : Verdict::failed;
    judgement.reason = *success_ ? "" : "exited";
    judgement.message =
        *success_ ? "" : "the original tool called this a failure: a role exited with another status than 0 before the driver said done";
    if (*success_ || !first_bad_exit_) return;
    judgement.blame = first_bad_exit_;
    judgement.blame->implementation = cast_in(cast, first_bad_exit_->role);
  }

  void finish() {
    RunRecord& run = recording_.run;
    run.id = file_.stem().string();
    std::optional<std::chrono::system_clock::time_point> first, last;
    for (const CellRecord& cell : run.cells) {
      for (const AttemptRecord& attempt : cell.attempts) {
        const auto end = attempt.started + std::chrono::milliseconds(attempt.duration_ms);
        first = std::min(first.value_or(attempt.started), attempt.started);
        last = std::max(last.value_or(end), end);
      }
    }
    if (first) {
      run.started = *first;
      run.finished = *last;
      run.duration_ms = std::chrono::duration_cast<std::chrono::milliseconds>(*last - *first).count();
    }
    run.summary = summarise(run.cells);
    if (warnings_ > most_warnings)
      recording_.problems.push_back(Problem{Problem::Severity::warning, file_.string(), 0, 0,
                                            std::to_string(warnings_ - most_warnings) + " more things in it are malformed, and left out",
                                            "", ""});
  }

  const fs::path& file_;
  Recording& recording_;
  std::string worker_role_, worker_;
  std::optional<bool> success_;  // of the log that was read last
  std::optional<Blame> first_bad_exit_;
  std::size_t warnings_ = 0;
};

}  // namespace

bool is_dump(const fs::path& path) {
  std::error_code error;
  return path.extension() == ".dump" && fs::is_regular_file(path, error);
}

Recording open_dump(const fs::path& file) {
  Recording recording;
  recording.folder = file;
  try {
    const std::string text = read_whole(file, largest_dump_bytes);
    DumpReader(file, recording).read(text);
  } catch (const WorldError& error) {
    recording.problems.push_back(Problem{Problem::Severity::error, file.string(), 0, 0, error.what(), "", ""});
  }
  return recording;
}

}  // namespace interoper
