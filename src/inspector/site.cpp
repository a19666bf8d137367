#include "inspector/site.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "base/json_text.hpp"
#include "base/owner.hpp"
#include "inspector/facts_wire.hpp"
#include "inspector/markdown.hpp"
#include "inspector/page.hpp"
#include "reporters/failure_kinds.hpp"
#include "reporters/record_json.hpp"
#include "reporters/rerun.hpp"
#include "reporters/told.hpp"
#include "suites/view_reader.hpp"

namespace interoper {
namespace {

// A million events are some forty megabytes each.
constexpr std::size_t most_opened = 3;
// Read in some ten milliseconds: in a longer file the page asks for the first events only, and then for all.
constexpr std::uintmax_t short_file_bytes = std::uintmax_t{4} << 20U;
// What the page shows at once, and some more.
constexpr std::uint64_t most_lines = 2000;
// Longer lines are shown by their beginning until somebody asks for the whole.
constexpr std::size_t long_line_bytes = 16 * 1024;
constexpr std::size_t head_bytes = 4 * 1024;
constexpr std::size_t most_found = 200'000;
constexpr std::size_t search_block_bytes = std::size_t{4} << 20U;

class File {
 public:
  explicit File(const std::filesystem::path& path) : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  // What stands there; less at the end of the file.
  std::string read(std::uint64_t offset, std::size_t size_bytes) const {
    std::string bytes(size_bytes, '\0');
    std::size_t got = 0;
    while (descriptor_ >= 0 && got < size_bytes) {
      const ssize_t n = ::pread(descriptor_, bytes.data() + got, size_bytes - got, static_cast<off_t>(offset + got));
      if (n <= 0) break;
      got += static_cast<std::size_t>(n);
    }
    bytes.resize(got);
    return bytes;
  }

 private:
  int descriptor_;
};

Answer refusal(int status, std::string_view sentence) { return {status, "text/plain; charset=utf-8", std::string(sentence) + "\n"}; }

std::string_view up_to_newline(std::string_view text) { return text.substr(0, text.find('\n')); }

bool is_going_on(const Recording& recording) {
  return recording.origin != Recording::Origin::report && life_of(recording.run.owner) == Life::alive;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// What to look for: the words as a line holds them, and as they stand inside a JSON string; in lower case.
struct Needles {
  explicit Needles(std::string_view words) : plain(words) {
    const std::string quoted = json_quote(words);
    escaped = quoted.substr(1, quoted.size() - 2);
    for (std::string* text : {&plain, &escaped})
      std::transform(text->begin(), text->end(), text->begin(), lower);
  }
  std::size_t first_in(std::string_view text, std::size_t from) const {
    const std::size_t at = text.find(plain, from);
    return plain == escaped ? at : std::min(at, text.find(escaped, from));
  }
  std::string plain, escaped;
};

}  // namespace

// The part behind the `?`, decoded.
struct Site::Query {
  explicit Query(std::string_view text) {
    while (!text.empty()) {
      const std::string_view part = text.substr(0, text.find('&'));
      text.remove_prefix(std::min(part.size() + 1, text.size()));
      const std::size_t equals = part.find('=');
      if (equals != std::string_view::npos) values[decoded(part.substr(0, equals))] = decoded(part.substr(equals + 1));
    }
  }
  static std::string decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
      unsigned code = 0;
      constexpr int hexadecimal = 16;
      if (text[i] == '%' && i + 2 < text.size() &&
          std::from_chars(text.data() + i + 1, text.data() + i + 3, code, hexadecimal).ptr == text.data() + i + 3) {
        out += static_cast<char>(code);
        i += 2;
      } else {
        out += text[i] == '+' ? ' ' : text[i];
      }
    }
    return out;
  }
  std::string text(const std::string& key) const {
    const auto found = values.find(key);
    return found == values.end() ? "" : found->second;
  }
  std::optional<std::uint64_t> number(const std::string& key) const {
    const std::string value = text(key);
    std::uint64_t number = 0;
    const auto [end, fault] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (fault != std::errc() || end != value.data() + value.size()) return std::nullopt;
    return number;
  }
  // How many of the timeline's events the answer to `path` needs.
  std::uint64_t events(std::string_view path) const {
    if (path == "/facts") return number("first").value_or(all_events);
    if (path == "/lines") return number("to").value_or(all_events);
    if (path == "/line") return std::min(number("at").value_or(all_events), all_events - 1) + 1;
    return all_events;
  }
  std::map<std::string, std::string> values;
};

Site::Site(Recording recording) : recording_(std::move(recording)), goes_on_(is_going_on(recording_)) {}

void Site::look_again() {
  Recording now = open_recording(recording_.folder);
  if (!has_errors(now.problems)) recording_ = std::move(now);
  goes_on_ = is_going_on(recording_);
}

Answer Site::answer(std::string_view target) {
  const std::string_view path = target.substr(0, target.find('?'));
  const Query query(path.size() < target.size() ? target.substr(path.size() + 1) : std::string_view());
  if (path == "/") {
    return {200, "text/html; charset=utf-8",
            page_document("interoper: " + recording_.run.id, "<link rel=\"stylesheet\" href=\"page.css\">\n",
                          "<script src=\"page.js\"></script>\n")};
  }
  if (path == "/page.js") return {200, "text/javascript; charset=utf-8", std::string(embedded_page().script)};
  if (path == "/page.css") return {200, "text/css; charset=utf-8", std::string(embedded_page().style)};
  if (path == "/report.json") {
    if (goes_on_) look_again();
    return {200, "application/json", report_text(recording_.run)};
  }
  if (path == "/about.json") return {200, "application/json", about("")};
  if (path == "/lines") return lines(query);
  if (path == "/line") return line(query);
  if (path == "/search") return search(query);
  if (path == "/facts") {
    const std::optional<Timeline> timeline = find(query);
    if (!timeline) return refusal(404, "there is no timeline of this attempt");
    return {200, "application/octet-stream", facts(*timeline, query.events(path))};
  }
  return refusal(404, "there is nothing here");
}

bool Site::prepare(std::string_view target) {
  if (recording_.origin != Recording::Origin::report) return false;  // what a run still writes would grow from piece to piece
  const std::string_view path = target.substr(0, target.find('?'));
  if (path != "/facts" && path != "/lines" && path != "/line" && path != "/search") return false;
  const Query query(path.size() < target.size() ? target.substr(path.size() + 1) : std::string_view());
  const std::optional<Timeline> timeline = find(query);
  return timeline && read_on(*timeline, query.events(path));
}

std::string Site::about(std::string_view left_out) const {
  const char* origin = recording_.origin == Recording::Origin::report ? "report"
                       : recording_.origin == Recording::Origin::plan ? "plan"
                                                                      : "timelines";
  std::string out = "{\"folder\":" + json_quote(recording_.folder.string()) + ",\"origin\":\"" + origin + "\",\"problems\":[";
  for (const Problem& problem : recording_.problems)
    out += (out.back() == '[' ? "" : ",") + json_quote(render(problem));
  out += "],\"descriptions\":{";
  for (const auto& [name, test] : recording_.run.tests)
    out += (out.back() == '{' ? "" : ",") + json_quote(name) + ":" + json_quote(html_of_markdown(test.description));
  out += "},\"again\":{";
  for (const CellRecord& cell : recording_.run.cells) {
    const std::string command = rerun_command(recording_.run, cell.cell);
    if (!command.empty()) out += (out.back() == '{' ? "" : ",") + json_quote(cell.cell.id) + ":" + json_quote(command);
  }
  out += "},\"alike\":{";
  std::vector<const CellRecord*> troubled;
  for (const CellRecord& cell : recording_.run.cells) {
    if (cell.flaky || is_failure(cell.verdict)) troubled.push_back(&cell);
  }
  const std::vector<std::size_t> kinds = kind_indices(troubled, Across::tests);
  for (std::size_t i = 0; i < troubled.size(); ++i)
    out += (i == 0 ? "" : ",") + json_quote(troubled[i]->cell.id) + ":" + std::to_string(kinds[i]);
  return out + "},\"left_out\":" + json_quote(left_out) + ",\"goes_on\":" + (goes_on_ ? "true}" : "false}");
}

std::string Site::facts(const std::string& test, const AttemptRecord& attempt, std::uint64_t most) {
  const std::optional<Timeline> timeline = timeline_of(test, attempt);
  return timeline ? facts(*timeline, most) : "";
}

std::string Site::facts(const Timeline& timeline, std::uint64_t most) {
  const Opened& opened = open(timeline, most);
  const ViewRules& view = *timeline.view;
  // Its beginning is read again sooner than a browser takes in all that is known.
  if (timeline.size_bytes > short_file_bytes && opened.facts.size() > most)
    return facts_bytes(read_facts(timeline.file, view.objects, view.match, most), view);
  return facts_bytes(opened.facts, view);
}

std::optional<Site::Timeline> Site::find(const Query& query) {
  const std::string id = query.text("cell");
  const auto n = query.number("attempt");
  for (const CellRecord& cell : recording_.run.cells) {
    if (cell.cell.id != id) continue;
    for (const AttemptRecord& attempt : cell.attempts) {
      if (n && static_cast<std::uint64_t>(attempt.n) == *n) return timeline_of(cell.cell.test, attempt);
    }
  }
  return std::nullopt;
}

std::optional<Site::Timeline> Site::timeline_of(const std::string& test, const AttemptRecord& attempt) {
  const auto file = timeline_file(recording_, attempt);
  if (!file) return std::nullopt;
  auto view = views_.find(test);
  if (view == views_.end()) view = views_.emplace(test, recorded_view(recording_.run, test)).first;
  std::error_code error;
  return Timeline{*file, std::filesystem::file_size(*file, error), &view->second};
}

bool Site::read_on(const Timeline& timeline, std::uint64_t events) {
  const auto is_this = [&](const auto& one) { return one.timeline == timeline; };
  const ViewRules& view = *timeline.view;
  const auto known = std::find_if(opened_.begin(), opened_.end(), is_this);
  if (known != opened_.end() && (!known->facts.part || known->facts.size() >= events)) {
    opened_.splice(opened_.begin(), opened_, known);
    return false;
  }
  const bool goes_on = known != opened_.end();  // who looks behind the first part
  if (events != all_events && !goes_on && timeline.size_bytes > short_file_bytes) {
    keep(timeline, read_facts(timeline.file, view.objects, view.match, events));
    return false;
  }
  auto opening = std::find_if(opening_.begin(), opening_.end(), is_this);
  if (opening == opening_.end()) {
    if (opening_.size() >= most_opened) {  // those first
      if (!opening_.back().reading.step()) opening_.pop_back();
      return true;
    }
    opening_.push_front({timeline, FactsReading(timeline.file, view.objects, view.match)});
    opening = opening_.begin();
  }
  if (opening->reading.step()) return true;
  keep(timeline, opening->reading.take());
  opening_.erase(opening);
  return false;
}

void Site::keep(const Timeline& timeline, TimelineFacts facts) {
  opened_.remove_if([&](const Opened& one) { return one.timeline.file == timeline.file; });
  if (opened_.size() >= most_opened) opened_.pop_back();
  opened_.push_front({timeline, std::move(facts)});
}

const Site::Opened& Site::open(const Timeline& timeline, std::uint64_t events) {
  while (read_on(timeline, events)) {
  }
  return opened_.front();
}

// {"from": N, "lines": [TEXT | {"bytes": N, "head": TEXT}]}: the lines of the events from..to (without the last), long ones by their head.
Answer Site::lines(const Query& query) {
  const std::optional<Timeline> timeline = find(query);
  if (!timeline) return refusal(404, "there is no timeline of this attempt");
  const TimelineFacts& facts = open(*timeline, query.events("/lines")).facts;
  const std::uint64_t all = facts.size();
  const std::uint64_t from = std::min(query.number("from").value_or(0), all);
  const std::uint64_t to = std::clamp(query.number("to").value_or(all), from, std::min(all, from + most_lines));
  const File file(timeline->file);
  std::string out = "{\"from\":" + std::to_string(from) + ",\"lines\":[";
  for (std::uint64_t i = from; i < to; ++i) {
    const std::uint64_t begin = facts.offset[i];
    const std::uint64_t room = facts.offset[i + 1] - begin;
    const std::string bytes = file.read(begin, std::min<std::uint64_t>(room, long_line_bytes));
    const std::string_view text = up_to_newline(bytes);
    if (i > from) out += ',';
    if (room <= long_line_bytes) {
      out += json_quote(text);
    } else {
      out += "{\"bytes\":" + std::to_string(room) + ",\"head\":" + json_quote(text.substr(0, head_bytes)) + "}";
    }
  }
  return {200, "application/json", out + "]}"};
}

// One event's whole line.
Answer Site::line(const Query& query) {
  const std::optional<Timeline> timeline = find(query);
  if (!timeline) return refusal(404, "there is no such event");
  const std::uint64_t at = query.number("at").value_or(all_events);
  const TimelineFacts& facts = open(*timeline, query.events("/line")).facts;
  if (at >= facts.size()) return refusal(404, "there is no such event");
  const std::uint64_t begin = facts.offset[at];
  const std::string bytes = File(timeline->file).read(begin, facts.offset[at + 1] - begin);
  return {200, "text/plain; charset=utf-8", std::string(up_to_newline(bytes))};
}

// {"found": [event…], "more": bool}: events whose line holds the words, whatever their case (of ASCII letters).
Answer Site::search(const Query& query) {
  const std::optional<Timeline> timeline = find(query);
  if (!timeline) return refusal(404, "there is no timeline of this attempt");
  const TimelineFacts& facts = open(*timeline).facts;
  const Needles needles(query.text("q"));
  const std::vector<std::uint64_t>& offsets = facts.offset;
  const File file(timeline->file);
  std::string out = "{\"found\":[";
  std::size_t found = 0;
  std::size_t i = 0;
  while (!needles.plain.empty() && i < facts.size() && found < most_found) {
    // Whole lines, as many as fit into a block; one at least.
    std::size_t end = i + 1;
    while (end < facts.size() && offsets[end + 1] - offsets[i] <= search_block_bytes)
      ++end;
    std::string block = file.read(offsets[i], offsets[end] - offsets[i]);
    std::transform(block.begin(), block.end(), block.begin(), lower);
    std::size_t at = needles.first_in(block, 0);
    while (at != std::string::npos && found < most_found) {
      const auto next = std::upper_bound(offsets.begin() + static_cast<std::ptrdiff_t>(i),
                                         offsets.begin() + static_cast<std::ptrdiff_t>(end), offsets[i] + at);
      const auto event = static_cast<std::size_t>(next - offsets.begin()) - 1;
      out += (found++ == 0 ? "" : ",") + std::to_string(event);
      at = event + 1 < end ? needles.first_in(block, offsets[event + 1] - offsets[i]) : std::string::npos;
    }
    i = end;
  }
  return {200, "application/json", out + "],\"more\":" + (found >= most_found ? "true}" : "false}")};
}

}  // namespace interoper
