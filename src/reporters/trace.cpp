#include "reporters/trace.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/json_text.hpp"
#include "reporters/brief.hpp"
#include "reporters/json_writer.hpp"
#include "reporters/timeline_facts.hpp"
#include "reporters/timeline_reading.hpp"
#include "reporters/told.hpp"

namespace interoper {
namespace {

constexpr auto one_line = JsonWriter::Layout::one_line;
// What a viewer shows of an event; the timeline has it whole.
constexpr std::size_t shown_bytes = 400;
// Flows connect slices, and a slice needs a length. Microseconds.
constexpr std::int64_t event_us = 1;

std::int64_t us_between(std::chrono::system_clock::time_point from, std::chrono::system_clock::time_point to) {
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(to - from).count();
  return std::clamp<std::int64_t>(us, 0, most_told_ms * 1000);
}

std::int64_t us_of(std::int64_t ms) { return std::clamp<std::int64_t>(ms, 0, most_told_ms) * 1000; }

// Colours that chrome://tracing knows by name; Perfetto has its own.
std::string_view colour_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::passed: return "good";
    case Verdict::failed: return "terrible";
    case Verdict::error: return "bad";
    case Verdict::unsupported:
    case Verdict::skipped:
    case Verdict::aborted: return "grey";
  }
  return "grey";
}

// The array of trace events, one a line.
class TraceFile {
 public:
  explicit TraceFile(const TextSink& out) : out_(out) { out_("{\"displayTimeUnit\": \"ms\", \"traceEvents\": ["); }

  // An event with what all events have; `finish` writes it.
  JsonWriter begin(std::string_view phase, std::string_view name, std::int64_t ts, std::uint64_t process, std::uint64_t thread) {
    JsonWriter json(one_line);
    json.begin_object().key("ph").string(phase).key("name").string(cut(name)).key("ts").number(ts);
    json.key("pid").number(process).key("tid").number(thread);
    return json;
  }
  void finish(JsonWriter& json) {
    json.end_object();
    out_((std::exchange(first_, false) ? "\n" : ",\n") + json.take());
  }

  // Flows are told apart by numbers, in the file as a whole.
  std::uint64_t next_flow() { return ++flows_; }

  void call_process(std::uint64_t process, std::string_view name) { call("process_name", "name", name, process, 0); }
  void call_thread(std::uint64_t process, std::uint64_t thread, std::string_view name) {
    call("thread_name", "name", name, process, thread);
    JsonWriter json = begin("M", "thread_sort_index", 0, process, thread);
    json.key("args").begin_object().key("sort_index").number(thread).end_object();
    finish(json);
  }

  // `about` are facts of the run as a whole.
  void end(const std::vector<std::pair<std::string, std::string>>& about) {
    JsonWriter json(one_line);
    json.begin_object();
    for (const auto& [key, value] : about)
      json.key(key).string(value);
    json.end_object();
    out_("\n], \"otherData\": " + json.take() + "}\n");
  }

 private:
  void call(std::string_view what, std::string_view key, std::string_view value, std::uint64_t process, std::uint64_t thread) {
    JsonWriter json = begin("M", what, 0, process, thread);
    json.key("args").begin_object().key(key).string(cut(value)).end_object();
    finish(json);
  }

  const TextSink& out_;
  bool first_ = true;
  std::uint64_t flows_ = 0;
};

std::vector<std::pair<std::string, std::string>> about(const RunRecord& run) {
  return {{"run", run.id}, {"suite", run.suite.name}, {"interoper", run.version}};
}

struct Span {
  const CellRecord* cell;
  const AttemptRecord* attempt;
  std::int64_t begin_us, end_us;
  std::size_t lane = 0;
};

// All attempts by their begin, each in the first lane that is free: as many lanes as ran at once.
std::vector<Span> spans_of(const RunRecord& run) {
  std::vector<Span> spans;
  for (const CellRecord& cell : run.cells) {
    for (const AttemptRecord& attempt : cell.attempts) {
      const std::int64_t begin = us_between(run.started, attempt.started);
      spans.push_back({&cell, &attempt, begin, begin + us_of(attempt.duration_ms)});
    }
  }
  std::sort(spans.begin(), spans.end(),
            [](const Span& a, const Span& b) { return std::tie(a.begin_us, a.cell, a.attempt) < std::tie(b.begin_us, b.cell, b.attempt); });
  std::vector<std::int64_t> free_from;
  for (Span& span : spans) {
    const auto lane = std::find_if(free_from.begin(), free_from.end(), [&](std::int64_t free) { return free <= span.begin_us; });
    span.lane = static_cast<std::size_t>(lane - free_from.begin());
    if (lane == free_from.end()) free_from.push_back(0);
    free_from[span.lane] = std::max(span.end_us, span.begin_us + 1);
  }
  return spans;
}

// Since when a role lives, and since when it is ready.
struct Life {
  std::optional<std::int64_t> started, ready;
};

class AttemptTrace {
 public:
  AttemptTrace(TraceFile& file, const AttemptRecord& attempt, std::int64_t begin_us, TimelineFacts facts,
               const std::vector<MatchRule>& match)
      : file_(file),
        process_(static_cast<std::uint64_t>(std::max(attempt.n, 1))),
        begin_us_(begin_us),
        facts_(std::move(facts)),
        match_(match),
        lives_(facts_.roles.size()) {
    for (const Sighting& lost : facts_.packets.lost)
      lost_.push_back(lost.seq);
    std::sort(lost_.begin(), lost_.end());
    lost_.erase(std::unique(lost_.begin(), lost_.end()), lost_.end());
  }

  void write(const std::filesystem::path& timeline) {
    for (std::size_t role = 0; role < facts_.roles.size(); ++role)
      file_.call_thread(process_, thread(role), facts_.roles[role].empty() ? "(run)" : facts_.roles[role]);
    std::size_t position = 0;
    read_timeline(timeline, [&](std::string_view line) {
      if (position < facts_.size()) event(position, line);
      return ++position < facts_.size();
    });
    const std::int64_t end = facts_.size() == 0 ? 0 : facts_.us.back();
    for (std::size_t role = 0; role < lives_.size(); ++role)
      end_life(role, end, "(not seen to end)");
    for (const Arrow& arrow : facts_.packets.arrows)
      flow(arrow);
  }

 private:
  // Viewers take threads of one number for one thread, whatever their processes, and have a meaning of their own for 0.
  std::uint64_t thread(std::size_t role) const {
    constexpr std::uint64_t most_roles = 1000;  // more than a timeline's facts hold
    return process_ * most_roles + role + 1;
  }

  void slice(std::string_view name, std::size_t role, std::int64_t from, std::int64_t to) {
    JsonWriter json = file_.begin("X", name, begin_us_ + from, process_, thread(role));
    json.key("dur").number(std::max(to - from, event_us)).key("cat").string("life");
    file_.finish(json);
  }

  void end_life(std::size_t role, std::int64_t at, std::string_view how) {
    Life& life = lives_[role];
    if (!life.started) return;
    if (life.ready) slice("until ready", role, *life.started, *life.ready);
    slice("role " + facts_.roles[role] + " " + std::string(how), role, *life.started, at + event_us);
    life = {};
  }

  void event(std::size_t position, std::string_view line) {
    const std::uint32_t role = facts_.role[position];
    const std::string& type = facts_.types[facts_.type[position]];
    const std::int64_t us = facts_.us[position];
    const bool by_engine = json_at(line, "by") == "\"engine\"";
    Life& life = lives_[role];
    if (by_engine && type == "started" && !life.started) life.started = us;
    if (type == "ready" && life.started && !life.ready) life.ready = us;

    const std::string brief = brief_of(type, line, Style{}, shown_bytes);
    JsonWriter json = file_.begin("X", type == "log" ? brief : type, begin_us_ + us, process_, thread(role));
    json.key("dur").number(event_us).key("cat").string(by_engine ? "engine" : "event").key("args").begin_object();
    json.key("seq").number(facts_.seq.empty() ? static_cast<std::uint64_t>(position) : facts_.seq[position]);
    if (type != "log" && !brief.empty()) json.key("in").string(brief);
    if (std::binary_search(lost_.begin(), lost_.end(), position)) json.key("packet").string("lost: nobody received it");
    json.end_object();
    file_.finish(json);
    if (by_engine && type == "exited") {
      const auto code = json_at(line, "in.exit_code");
      end_life(role, us, "(exit status " + std::string(code.value_or("unknown")) + ")");
    }
  }

  // The ends of an arrow lie in the slices of its two events.
  void flow(const Arrow& arrow) {
    const std::string name = (arrow.rule < match_.size() ? match_[arrow.rule].name : "packet") + (arrow.duplicate ? " (duplicate)" : "") +
                             (arrow.reordered ? " (reordered)" : "");
    const std::uint64_t id = file_.next_flow();
    for (const bool sending : {true, false}) {
      const std::uint64_t position = sending ? arrow.sent : arrow.received;
      JsonWriter json =
          file_.begin(sending ? "s" : "f", name, begin_us_ + facts_.us[position], process_, thread(sending ? arrow.from : arrow.to));
      json.key("cat").string("packet").key("id").number(id);
      if (!sending) json.key("bp").string("e");
      file_.finish(json);
    }
  }

  TraceFile& file_;
  const std::uint64_t process_;
  const std::int64_t begin_us_;
  const TimelineFacts facts_;
  const std::vector<MatchRule>& match_;
  std::vector<Life> lives_;
  std::vector<std::uint64_t> lost_;  // positions of sendings, ascending
};

}  // namespace

void write_run_trace(const Recording& recording, const TextSink& out) {
  constexpr std::uint64_t process = 1;
  TraceFile file(out);
  file.call_process(process, "run " + recording.run.id);
  const std::vector<Span> spans = spans_of(recording.run);
  std::size_t lanes = 0;
  for (const Span& span : spans)
    lanes = std::max(lanes, span.lane + 1);
  for (std::size_t lane = 0; lane < lanes; ++lane)
    file.call_thread(process, lane + 1, "lane " + std::to_string(lane + 1));
  std::map<std::int64_t, int> changes;  // when how many more or fewer run
  for (const Span& span : spans) {
    const Judgement& judgement = span.attempt->judgement;
    const std::string number = span.cell->attempts.size() > 1 ? " #" + std::to_string(span.attempt->n) : "";
    JsonWriter json = file.begin("X", span.cell->cell.id + number, span.begin_us, process, span.lane + 1);
    json.key("dur").number(span.end_us - span.begin_us).key("cat").string(to_string(judgement.verdict));
    json.key("cname").string(colour_name(judgement.verdict)).key("args").begin_object();
    json.key("test").string(span.cell->cell.test).key("roles").string(cut(cast_text(span.cell->cell.cast)));
    json.key("attempt").number(span.attempt->n).key("verdict").string(verdict_words(judgement.verdict, judgement.reason));
    if (!judgement.message.empty()) json.key("message").string(cut(judgement.message));
    if (judgement.blame) json.key("blame").string(blame_words(*judgement.blame));
    json.end_object();
    file.finish(json);
    ++changes[span.begin_us];
    --changes[span.end_us];
  }
  int running = 0;
  for (const auto& [us, change] : changes) {
    running += change;
    JsonWriter json = file.begin("C", "cells running", us, process, 0);
    json.key("args").begin_object().key("cells").number(running).end_object();
    file.finish(json);
  }
  file.end(about(recording.run));
}

void write_cell_trace(const Recording& recording, const CellRecord& cell, const std::vector<ObjectKind>& objects,
                      const std::vector<MatchRule>& match, const TextSink& out) {
  TraceFile file(out);
  for (const AttemptRecord& attempt : cell.attempts) {
    const auto timeline = timeline_file(recording, attempt);
    file.call_process(static_cast<std::uint64_t>(std::max(attempt.n, 1)),
                      cell.cell.id + ", attempt " + std::to_string(attempt.n) + ": " +
                          verdict_words(attempt.judgement.verdict, attempt.judgement.reason));
    if (!timeline) continue;
    const std::int64_t begin_us = us_between(cell.attempts.front().started, attempt.started);
    AttemptTrace(file, attempt, begin_us, read_facts(*timeline, objects, match), match).write(*timeline);
  }
  file.end(about(recording.run));
}

}  // namespace interoper
