#include "reporters/timeline_reading.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <vector>

#include "base/files.hpp"
#include "base/json_text.hpp"
#include "base/lines.hpp"

namespace interoper {
namespace {

// A log line is at most 4 MiB (interface §6); with every byte escaped, and in base64 beside it, that is below 32 MiB.
constexpr std::size_t longest_line_bytes = std::size_t{32} * 1024 * 1024;
constexpr std::size_t read_bytes = std::size_t{256} * 1024;
// More milliseconds than any run has, few enough that two of them added are a moment that the clock can hold.
constexpr std::int64_t most_ms = 4'000'000'000'000;
// Roles of one attempt that a timeline may name.
constexpr std::size_t most_roles = 1000;

class OpenFile {
 public:
  // Never waits: a pipe in the place of a timeline has no writer.
  explicit OpenFile(const std::filesystem::path& path) : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  int get() const { return descriptor_; }
  bool is_regular() const {
    struct stat status{};
    return ::fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode);
  }

 private:
  int descriptor_;
};

template <class Number>
bool read_number(std::string_view text, Number& number) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return false;
  number = value;
  return true;
}

// One pass over a file's lines.
class LineReader {
 public:
  explicit LineReader(const std::function<bool(std::string_view)>& take) : take_(take), splitter_(longest_line_bytes) {}

  void feed(std::string_view bytes) {
    splitter_.feed(bytes, [this](const LineSplitter::Line& line) { add(line, false); });
  }
  void finish() {
    splitter_.finish([this](const LineSplitter::Line& line) { add(line, true); });
    reading.cut = reading.cut || too_long_;
  }
  TimelineReading reading;

 private:
  void add(const LineSplitter::Line& line, bool at_end) {
    if (reading.stopped) return;
    if (!too_long_) ++number_;
    if (line.more || line.last_piece) {  // it has not even been kept whole
      too_long_ = line.more;
      if (line.last_piece) fault();
      return;
    }
    if (!line.text.empty() && line.text.front() == '{' && !json_fault(line.text)) {
      ++reading.lines;
      if (!take_(line.text)) reading.stopped = true;
    } else if (at_end) {
      reading.cut = true;
    } else {
      fault();
    }
  }
  void fault() {
    if (reading.faulty++ == 0) reading.first_faulty = number_;
  }

  const std::function<bool(std::string_view)>& take_;
  LineSplitter splitter_;
  std::uint64_t number_ = 0;
  bool too_long_ = false;
};

// Folds events into what they tell of the attempt.
class Telling {
 public:
  explicit Telling(TimelineRecord& record) : record_(record) {}

  void add(const Event& event) {
    AttemptRecord& attempt = record_.attempt;
    if (attempt.events++ == 0) began(event);
    attempt.duration_ms = std::max(attempt.duration_ms, std::min(event.us / 1000, most_ms));
    ended_ = event.by_engine && event.type == "status";
    if (!event.role.empty() && (attempt.roles.size() < most_roles || attempt.roles.contains(event.role))) attempt.roles[event.role];
    if (!event.by_engine) return;
    const std::string_view in = json_at(event.line, "in").value_or("{}");
    if (event.type == "exec") began_as(in);
    if (event.type == "exited") exited(event.role, in);
    if (event.type == "status") status(in);
  }

  void finish() {
    if (ended_) return;
    record_.attempt.judgement = {};
    record_.attempt.judgement.verdict = Verdict::aborted;
    record_.attempt.judgement.reason = "unfinished";
    record_.attempt.judgement.message = "the run ended before this attempt did";
  }

 private:
  void began(const Event& event) {
    const std::int64_t ti = std::clamp<std::int64_t>(event.ti, 0, most_ms);
    const std::int64_t us = std::clamp<std::int64_t>(event.us, 0, ti * 1000);
    record_.attempt.started = std::chrono::system_clock::time_point(std::chrono::milliseconds(ti) - std::chrono::milliseconds(us / 1000));
  }

  void began_as(std::string_view in) {
    if (const auto repetition = json_at(in, "repetition")) read_number(*repetition, record_.attempt.repetition);
    if (!record_.cast.empty()) return;
    const auto roles = json_at(in, "roles");
    const auto members = roles ? json_members(*roles) : std::nullopt;
    if (!members) return;
    for (const JsonMember& role : *members) {
      if (record_.cast.size() < most_roles) record_.cast.push_back({role.key, json_string(role.value).value_or("")});
    }
  }

  void exited(const std::string& role, std::string_view in) {
    const auto found = record_.attempt.roles.find(role);
    if (found == record_.attempt.roles.end()) return;
    RoleOutcome::Exit exit;
    if (const auto code = json_at(in, "exit_code")) read_number(*code, exit.code);
    int signal = 0;
    if (const auto number = json_at(in, "signal"); number && read_number(*number, signal)) exit.signal = signal;
    exit.oom = json_at(in, "oom") == "true";
    found->second.exit = exit;
  }

  void status(std::string_view in) {
    Judgement& judgement = record_.attempt.judgement;
    const auto text = [&](std::string_view key) { return json_string(json_at(in, key).value_or("null")).value_or(""); };
    judgement.verdict = verdict_from(text("verdict")).value_or(Verdict::aborted);
    judgement.reason = text("reason");
    judgement.message = text("message");
    if (judgement.message.empty() && judgement.verdict != Verdict::passed)
      judgement.message = "the run ended before it wrote its report; `interoper judge` says more";
  }

  TimelineRecord& record_;
  bool ended_ = false;
};

}  // namespace

TimelineReading read_timeline(const std::filesystem::path& path, const std::function<bool(std::string_view)>& take) {
  LineReader lines(take);
  const OpenFile file(path);
  if (file.get() < 0) {
    lines.reading.trouble = disk_sentence("read", path, errno);
    return lines.reading;
  }
  if (!file.is_regular()) {
    lines.reading.trouble = "cannot read " + path.string() + ": it is no regular file";
    return lines.reading;
  }
  std::vector<char> buffer(read_bytes);
  while (!lines.reading.stopped) {
    const ssize_t n = ::read(file.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) lines.reading.trouble = disk_sentence("read", path, errno);
    if (n <= 0) break;
    lines.feed(std::string_view(buffer.data(), static_cast<std::size_t>(n)));
  }
  lines.finish();
  return lines.reading;
}

TimelineReading read_events(const std::filesystem::path& file, const std::function<bool(const Event&)>& take) {
  return read_timeline(file, [&](std::string_view line) { return take(recorded_event(line)); });
}

struct GrowingTimeline::State {
  std::filesystem::path path;
  std::function<bool(const Event&)> take;
  std::function<bool(std::string_view)> take_line = [this](std::string_view line) { return take(recorded_event(line)); };
  LineReader lines{take_line};
  std::optional<OpenFile> file{};
  std::vector<char> buffer = std::vector<char>(read_bytes);
};

GrowingTimeline::GrowingTimeline(std::filesystem::path file, std::function<bool(const Event&)> take) : state_(new State{}) {
  state_->path = std::move(file);
  state_->take = std::move(take);
}

GrowingTimeline::~GrowingTimeline() = default;

bool GrowingTimeline::read() {
  State& state = *state_;
  if (!state.file) {
    state.file.emplace(state.path);
    if (state.file->get() < 0 || !state.file->is_regular()) state.file.reset();
  }
  if (!state.file) return false;
  while (!state.lines.reading.stopped) {
    const ssize_t n = ::read(state.file->get(), state.buffer.data(), state.buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) state.lines.reading.trouble = disk_sentence("read", state.path, errno);
    if (n <= 0) break;
    state.lines.feed(std::string_view(state.buffer.data(), static_cast<std::size_t>(n)));
  }
  return true;
}

const TimelineReading& GrowingTimeline::finish() {
  state_->lines.finish();
  return state_->lines.reading;
}

Event recorded_event(std::string_view line) {
  Event event;
  event.line = line;
  const auto members = json_members(line);
  if (!members) return event;
  for (const JsonMember& member : *members) {
    if (member.key == "seq") read_number(member.value, event.seq);
    if (member.key == "ti") read_number(member.value, event.ti);
    if (member.key == "us") read_number(member.value, event.us);
    if (member.key == "ro") event.role = json_string(member.value).value_or("");
    if (member.key == "ty") event.type = json_string(member.value).value_or("");
    if (member.key == "id") event.id = member.value;
    if (member.key == "to") event.is_addressed = true;
    if (member.key == "by") event.by_engine = json_string(member.value) == "engine";
  }
  return event;
}

TimelineRecord record_of_timeline(const std::filesystem::path& file, const Cell& cell, int n) {
  TimelineRecord record;
  record.attempt.n = n;
  for (const Casting& casting : cell.cast)
    record.attempt.roles[casting.role];
  Telling telling(record);
  record.reading = read_events(file, [&](const Event& event) {
    telling.add(event);
    return true;
  });
  telling.finish();
  return record;
}

}  // namespace interoper
