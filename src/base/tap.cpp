#include "base/tap.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "base/json_text.hpp"
#include "base/problem.hpp"
#include "base/sentence.hpp"
#include "base/tap_line.hpp"
#include "base/yaml.hpp"

namespace interoper {
namespace {

constexpr std::size_t subtest_indent = 4;  // blanks a level
constexpr std::size_t yaml_indent = 2;
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::string_view odd_directive_sentence =
    "this looks like a directive, but its # is not set off by blanks: write \" # SKIP\" or \" # TODO\"";

// The numbers seen, as ranges: in order they are one, however many.
class Numbers {
 public:
  enum class Added { fresh, again, no_room };

  Added add(std::uint64_t number, std::size_t limit) {
    if (!ranges_.empty()) {
      const auto last = std::prev(ranges_.end());
      if (number == last->second + 1 && last->second != std::numeric_limits<std::uint64_t>::max()) {
        last->second = number;
        return Added::fresh;
      }
    }
    const auto behind = ranges_.upper_bound(number);
    const auto before = behind == ranges_.begin() ? ranges_.end() : std::prev(behind);
    if (before != ranges_.end() && before->second >= number) return Added::again;
    const bool joins_before = before != ranges_.end() && before->second + 1 == number;
    const bool joins_behind = behind != ranges_.end() && behind->first == number + 1;
    if (!joins_before && !joins_behind && ranges_.size() >= limit) return Added::no_room;
    const std::uint64_t last = joins_behind ? behind->second : number;
    if (joins_behind) ranges_.erase(behind);
    if (joins_before) {
      before->second = last;
    } else {
      ranges_[number] = last;
    }
    return Added::fresh;
  }

  // Calls take(first, last) for the gaps inside [first, last], in order.
  template <class Take>
  void gaps(std::uint64_t first, std::uint64_t last, Take&& take) const {
    for (const auto& [begin, end] : ranges_) {
      if (first > last || begin > last) break;
      if (begin > first) take(first, begin - 1);
      if (end == std::numeric_limits<std::uint64_t>::max()) return;
      first = std::max(first, end + 1);
    }
    if (first <= last) take(first, last);
  }

  // Whether a number lies outside of [first, last].
  bool beyond(std::uint64_t first, std::uint64_t last) const {
    return !ranges_.empty() && (ranges_.begin()->first < first || ranges_.rbegin()->second > last);
  }

 private:
  std::map<std::uint64_t, std::uint64_t> ranges_;  // first -> last
};

}  // namespace

class TapParser::Machine {
 public:
  Machine(TapMode mode, Tell tell, const TapLimits& limits) : mode_(mode), tell_(std::move(tell)), limits_(limits) {
    levels_.emplace_back();
  }

  void read(std::string_view text, bool more);
  void finish();
  const TapSummary& summary() const { return summary_; }

 private:
  // When an anomaly is an error: always, only where the specification is the measure, or never.
  enum class Weight { error, strict, warning };
  using Kind = TapAnomaly::Kind;

  // A document: the whole one, or a subtest.
  struct Level {
    bool version = false;
    bool begun = false;  // a line of TAP was there
    std::optional<TapSummary::Range> plan;
    bool plan_behind = false;               // the plan stood behind points
    std::optional<std::string> plan_aside;  // a plan that came while a subtest was open: it counts when that never was one
    std::uint64_t points = 0, unnumbered = 0, failed = 0, errors = 0;
    Numbers numbers;  // that points said themselves
    bool strict_pragma = false;
    std::optional<std::string> name;  // announced
    bool in_braces = false;
    bool promised_ok = false;  // in braces: what the point in front of it said
  };

  struct OpenYaml {
    std::size_t depth, indent;
    std::uint64_t number;
    std::uint64_t line;
    std::string text;
  };
  struct PointPlace {
    std::size_t depth;
    std::uint64_t number;
  };
  struct Brace {
    std::size_t depth;
    std::string name;
    bool ok;  // as the point said
  };
  // What becomes of the rest of a line that is over the limit.
  enum class Rest { none, dropped, other, yaml };

  bool lenient() const { return mode_ == TapMode::lenient; }
  std::size_t depth() const { return levels_.size() - 1; }

  void piece(std::string_view text, bool ended);
  void rest_of_line(std::string_view text, bool ended);
  void line(std::string_view text, bool cut);
  std::string_view cleaned(std::string_view text);
  void content(std::string_view text);
  void at_level(std::size_t at, std::string_view text);
  bool is_tap(std::string_view text) const;

  void comment(std::string_view text, std::size_t indent);
  void other();
  bool open_yaml(std::string_view text, std::size_t indent);
  bool yaml_line(std::string_view text, std::size_t indent);
  void append_yaml(std::string_view text, bool ended);
  void close_yaml();

  Level& enter(std::size_t at);
  void open_levels(std::size_t to);
  void end_levels(std::size_t to);
  bool end_level(bool ended);
  bool judge_level(std::size_t at);
  template <class Take>
  void each_missing(const Level& level, Take&& take) const;
  bool brace(std::size_t at, std::string_view text);

  void point(std::size_t at, const tap_line::Point& written);
  void count(Level& level, std::size_t at, const TapPoint& point);
  void plan(std::size_t at, const tap_line::Plan& written, std::string_view text);
  void version(std::size_t at, std::uint64_t number);
  void pragma(std::size_t at, const tap_line::Pragma& written);
  void bail_out(std::size_t at, std::string_view written);

  std::string_view said(std::string_view written, std::string& scratch, bool escaped = true);
  void tell_cuts(std::size_t at);
  void tell(std::size_t at, decltype(TapToken::is) is) { tell_(TapToken{at, line_, is}); }
  void anomaly(std::size_t at, Kind kind, Weight weight, std::string_view sentence);

  TapMode mode_;
  Tell tell_;
  TapLimits limits_;
  TapSummary summary_;

  std::uint64_t line_ = 0;
  std::string held_;  // pieces of the line that is coming
  Rest rest_ = Rest::none;
  std::string_view raw_;  // the present line as it came
  bool cut_ = false;      // its end is still to come

  std::vector<Level> levels_;
  std::vector<std::optional<std::string>> announced_;  // by depth: `# Subtest: NAME`, and nothing of the subtest yet
  std::optional<Brace> brace_;                         // a point that ended in `{`, and nothing behind it yet
  std::optional<OpenYaml> yaml_;
  std::optional<PointPlace> before_;       // the point that a YAML block would belong to
  std::optional<PointPlace> behind_yaml_;  // the point whose YAML block was the last line
  std::string prefix_;                     // of Compose; empty = none
  bool begun_ = false;
  bool bad_utf8_ = false, cut_text_ = false;  // in the texts of the present line
  std::string description_, reason_, clean_;  // what said() and cleaned() had to rewrite
};

void TapParser::Machine::anomaly(std::size_t at, Kind kind, Weight weight, std::string_view sentence) {
  const bool counts = weight == Weight::error || (weight == Weight::strict && !lenient());
  // In lenient mode the point of a subtest decides, whatever its inside looks like.
  const bool error = counts && (at == 0 || !lenient());
  if (counts) ++levels_[std::min(at, depth())].errors;
  ++(error ? summary_.errors : summary_.warnings);
  tell(at, TapAnomaly{kind, error, sentence});
}

// A text as it is meant: unescaped, UTF-8, not too long. A view of `written` where nothing had to change.
std::string_view TapParser::Machine::said(std::string_view written, std::string& scratch, bool escaped) {
  if (written.size() > limits_.text_bytes) {
    written = written.substr(0, whole_characters(written, limits_.text_bytes));
    cut_text_ = true;
  }
  const bool utf8 = is_utf8(written);
  const bool rewrite = escaped && written.find('\\') != std::string_view::npos;
  if (utf8 && !rewrite) return written;
  scratch = rewrite ? tap_line::unescaped(written) : std::string(written);
  if (!utf8) {
    bad_utf8_ = true;
    scratch = json_string(json_quote(scratch)).value_or(std::string());
  }
  return scratch;
}

void TapParser::Machine::tell_cuts(std::size_t at) {
  // In strict mode the whole line was held against UTF-8 already.
  if (bad_utf8_ && lenient()) anomaly(at, Kind::bad_utf8, Weight::warning, "this line is no UTF-8: its bad bytes were replaced");
  if (cut_text_)
    anomaly(at, Kind::cut, Weight::strict,
            "a text in this line is longer than " + std::to_string(limits_.text_bytes) + " bytes: it was cut");
  bad_utf8_ = cut_text_ = false;
}

// ---- lines ----

void TapParser::Machine::read(std::string_view text, bool more) {
  for (std::size_t end = text.find('\r'); end != std::string_view::npos; end = text.find('\r')) {
    piece(text.substr(0, end), true);
    text.remove_prefix(end + 1);
  }
  piece(text, !more);
}

// Joins pieces up to the limit, so that what a line means does not depend on where it was cut.
void TapParser::Machine::piece(std::string_view text, bool ended) {
  if (rest_ != Rest::none) return rest_of_line(text, ended);
  if (held_.empty() && ended && text.size() <= limits_.line_bytes) return line(text, false);
  if (held_.size() + text.size() <= limits_.line_bytes) {
    held_ += text;
    if (!ended) return;
    const std::string whole = std::exchange(held_, {});
    return line(whole, false);
  }
  const std::size_t room = limits_.line_bytes - held_.size();
  held_ += text.substr(0, room);
  text.remove_prefix(room);
  const std::string whole = std::exchange(held_, {});
  // A character that the limit divides belongs to the rest.
  std::string_view begin = whole;
  std::size_t back = 0;
  while (back < 3 && back < begin.size() && (static_cast<unsigned char>(begin[begin.size() - 1 - back]) & 0xC0U) == 0x80U)
    ++back;
  if (back < begin.size() && (static_cast<unsigned char>(begin[begin.size() - 1 - back]) & 0xC0U) == 0xC0U) {
    begin.remove_suffix(back + 1);
  }
  line(begin, true);
  if (begin.size() < whole.size()) rest_of_line(std::string_view(whole).substr(begin.size()), false);
  rest_of_line(text, ended);
}

void TapParser::Machine::rest_of_line(std::string_view text, bool ended) {
  if (rest_ == Rest::other && (ended || !text.empty())) tell(depth(), TapOther{text, !ended});
  if (rest_ == Rest::yaml) append_yaml(text, ended);
  if (ended) rest_ = Rest::none;
}

void TapParser::Machine::line(std::string_view text, bool cut) {
  ++line_;
  raw_ = text;
  cut_ = cut;
  rest_ = cut ? Rest::dropped : Rest::none;
  if (summary_.bail_out) return other();
  if (!lenient() && !is_utf8(text)) anomaly(0, Kind::bad_utf8, Weight::strict, "this line is no UTF-8");
  content(lenient() ? cleaned(text) : text);
  if (rest_ == Rest::dropped)
    anomaly(0, Kind::cut, Weight::strict,
            "this line is longer than " + std::to_string(limits_.line_bytes) + " bytes: its end was not read");
}

// Lenient: without what terminals and Compose put around a line. The prefix is that of the version or plan.
std::string_view TapParser::Machine::cleaned(std::string_view text) {
  if (line_ == 1 && text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  if (text.find('\x1B') != std::string_view::npos) {
    clean_ = tap_line::without_escape_sequences(text);
    text = clean_;
  }
  if (prefix_.empty() && summary_.any) return text;
  const auto prefixed = tap_line::prefixed(text);
  if (!prefix_.empty()) return prefixed && prefixed->name == prefix_ ? prefixed->rest : std::string_view("|");  // of another container
  if (prefixed && (tap_line::version(prefixed->rest, mode_) || tap_line::plan(prefixed->rest))) {
    prefix_ = prefixed->name;
    return prefixed->rest;
  }
  return text;
}

void TapParser::Machine::content(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  const std::size_t indent = std::min(text.find_first_not_of(' '), text.size());
  if (yaml_ && yaml_line(text, indent)) return;
  if (first == std::string_view::npos) return;  // blank
  const std::string_view inner = text.substr(first);
  if (!begun_) {
    begun_ = true;
    if (!lenient() && !(first == 0 && tap_line::version(inner, mode_)))
      anomaly(0, Kind::no_version, Weight::strict, "the first line is not \"TAP version 14\"");
  }
  if (inner[0] == '#') return comment(inner.substr(1), first);
  if (open_yaml(text, indent)) return;
  if (first != indent || indent % subtest_indent != 0) return other();
  at_level(indent / subtest_indent, inner);
}

bool TapParser::Machine::is_tap(std::string_view text) const {
  return tap_line::point(text, mode_) || tap_line::plan(text) || tap_line::version(text, mode_) || tap_line::pragma(text) ||
         tap_line::bail_out(text);
}

// A line at a place where TAP may stand.
void TapParser::Machine::at_level(std::size_t at, std::string_view text) {
  if (at > limits_.depth) {
    if (is_tap(text))
      anomaly(depth(), Kind::too_deep, Weight::strict,
              "more than " + counted(limits_.depth, "subtest") + " inside each other: this line was not read");
    return other();
  }
  switch (text[0]) {
    case 'o':
    case 'n':
      if (const auto written = tap_line::point(text, mode_)) return point(at, *written);
      break;
    case 'T':
    case 't':
      if (const auto number = tap_line::version(text, mode_); number && at >= depth()) return version(at, *number);
      break;
    case 'B':
    case 'b':
      if (const auto reason = tap_line::bail_out(text)) return bail_out(at, *reason);
      break;
    case 'p':
      if (const auto written = tap_line::pragma(text); written && at >= depth()) return pragma(at, *written);
      break;
    case '{':
    case '}':
      if (lenient() && brace(at, text)) return;
      break;
    default:
      if (const auto written = tap_line::plan(text)) return plan(at, *written, text);
  }
  other();
}

void TapParser::Machine::other() {
  if (!lenient()) before_.reset();
  const std::size_t indent = std::min(raw_.find_first_not_of(' '), raw_.size());
  const std::size_t at = std::min(indent / subtest_indent, depth());
  if (cut_) rest_ = Rest::other;
  tell(at, TapOther{raw_, cut_});
  if (levels_[at].strict_pragma && !summary_.bail_out)
    anomaly(at, Kind::other_than_tap, Weight::error, "this line is no TAP, and \"pragma +strict\" forbids that");
}

void TapParser::Machine::comment(std::string_view text, std::size_t indent) {
  const std::size_t at = indent / subtest_indent;
  if (indent % subtest_indent == 0 && at >= depth() && at <= limits_.depth) {
    if (const auto name = tap_line::announcement(text, mode_)) {
      if (announced_.size() <= at) announced_.resize(at + 1);
      announced_[at] = name->substr(0, whole_characters(*name, limits_.text_bytes));
    }
  }
  const std::string_view written = tap_line::without_blanks(text);
  TapComment found{said(written, description_, false), {}, {}};
  if (const auto colon = tap_line::key_end(found.text)) {
    found.key = found.text.substr(0, *colon);
    found.value = tap_line::without_blanks(found.text.substr(*colon + 1));
  }
  const std::size_t depth_of_it = std::min(at, depth());
  tell(depth_of_it, found);
  tell_cuts(depth_of_it);
}

// ---- YAML ----

bool TapParser::Machine::open_yaml(std::string_view text, std::size_t indent) {
  const std::string_view marker = text.substr(indent);
  if (!before_ || !marker.starts_with("---")) return false;
  const std::size_t right = before_->depth * subtest_indent + yaml_indent;
  const bool exact = indent == right && marker == "---";
  const bool near = indent > before_->depth * subtest_indent && tap_line::without_blanks(marker) == "---";
  if (!exact && !(lenient() && near)) return false;
  if (!exact) anomaly(before_->depth, Kind::odd_yaml, Weight::warning, "a YAML block begins with two blanks and ---, and nothing else");
  yaml_ = OpenYaml{before_->depth, indent, before_->number, line_, {}};
  before_.reset();
  return true;
}

// One byte more than the limit is kept: it says that there was more, and whether a character ends at the limit.
void TapParser::Machine::append_yaml(std::string_view text, bool ended) {
  std::string& block = yaml_->text;
  block += text.substr(0, limits_.diagnostics_bytes + 1 - block.size());
  if (ended && block.size() <= limits_.diagnostics_bytes) block += '\n';
}

// True when the line belongs to the block (or was told from inside it).
bool TapParser::Machine::yaml_line(std::string_view text, std::size_t indent) {
  const bool blank = text.find_first_not_of(" \t") == std::string_view::npos;
  if (blank || indent >= yaml_->indent) {
    const std::string_view inner = text.substr(std::min(yaml_->indent, text.size()));
    const std::string_view marker = lenient() ? tap_line::without_blanks(inner) : inner;
    if (marker == "..." || (lenient() && marker == "---" && !inner.starts_with(' ') && !yaml_->text.empty())) {
      if (inner != "...")
        anomaly(yaml_->depth, Kind::odd_yaml, Weight::warning, "a YAML block ends with two blanks and ..., and nothing else");
      close_yaml();
      return true;
    }
    if (cut_) rest_ = Rest::yaml;
    append_yaml(inner, !cut_);
    return true;
  }
  // Logs come in between. What is TAP ends the block, and so does anything when nothing but the specification counts.
  if (lenient()) {
    const std::string_view inner = text.substr(indent);
    if (inner[0] == '#') {
      comment(inner.substr(1), indent);
      return true;
    }
    const bool ends = indent % subtest_indent == 0 && (is_tap(inner) || inner == "}");
    if (!ends) {
      other();
      return true;
    }
  }
  anomaly(yaml_->depth, Kind::open_yaml, Weight::strict, "this line stands inside a YAML block that was not closed by two blanks and ...");
  close_yaml();
  return false;
}

void TapParser::Machine::close_yaml() {
  OpenYaml block = std::move(*yaml_);
  yaml_.reset();
  behind_yaml_ = PointPlace{block.depth, block.number};
  const bool cut = block.text.size() > limits_.diagnostics_bytes;
  if (cut) block.text.resize(whole_characters(block.text, limits_.diagnostics_bytes));
  TapDiagnostics found{block.number, {}, block.text, {}};
  std::string why, repaired;
  YamlAsJson read;
  if (cut) {
    why = "the YAML is longer than " + std::to_string(limits_.diagnostics_bytes) + " bytes";
  } else {
    read = yaml_to_json(block.text);
    if (read.fault) {
      const Position place = position_at(block.text, read.fault->offset);
      why = "line " + std::to_string(block.line + place.line) + ": " + read.fault->what;
    }
  }
  if (!is_utf8(block.text)) {
    repaired = json_string(json_quote(block.text)).value_or(std::string());
    found.raw = repaired;
  }
  found.json = read.json;
  found.why = why;
  tell(block.depth, found);
  if (!why.empty()) anomaly(block.depth, cut ? Kind::cut : Kind::bad_yaml, Weight::strict, "the diagnostics could not be read: " + why);
}

// ---- levels ----

// The level at `at`, now that a line of TAP stands there: what waited for another line waits no longer.
TapParser::Machine::Level& TapParser::Machine::enter(std::size_t at) {
  open_levels(at);
  before_.reset();
  behind_yaml_.reset();
  if (brace_ && at <= brace_->depth) {
    const std::size_t depth_of_it = brace_->depth;
    brace_.reset();
    anomaly(depth_of_it, Kind::odd_subtest, Weight::warning, "a point ended in {, and no subtest followed");
  }
  for (std::size_t i = at; i < announced_.size(); ++i) {
    if (!std::exchange(announced_[i], std::nullopt)) continue;
    anomaly(std::min(i, depth()), Kind::odd_subtest, Weight::strict, "a subtest was announced, and nothing of it followed");
  }
  levels_[at].begun = summary_.any = true;
  return levels_[at];
}

void TapParser::Machine::open_levels(std::size_t to) {
  while (depth() < to) {
    const std::size_t at = depth();
    Level level;
    if (at < announced_.size()) level.name = std::exchange(announced_[at], std::nullopt);
    if (brace_ && brace_->depth == at) {
      level.name = std::move(brace_->name);
      level.in_braces = true;
      level.promised_ok = brace_->ok;
      brace_.reset();
    }
    levels_.push_back(std::move(level));
  }
}

// Ends the innermost subtest. `ended`: by its point or its brace. True when it was all right by itself.
bool TapParser::Machine::end_level(bool ended) {
  const std::size_t at = depth();
  const bool ok = judge_level(at);
  const Level level = std::move(levels_.back());
  levels_.pop_back();
  tell(at - 1, TapSubtestEnd{level.name ? std::string_view(*level.name) : std::string_view(), ok, ended, level.points, level.failed});
  if (!ended) anomaly(at - 1, Kind::odd_subtest, Weight::strict, "a subtest was not ended by its point");
  if (ended && level.in_braces && level.promised_ok && !ok)
    anomaly(at - 1, Kind::odd_subtest, Weight::strict, "the point says ok, and its subtest is not");
  return ok;
}

void TapParser::Machine::end_levels(std::size_t to) {
  while (depth() > to)
    end_level(false);
}

// What only the end of a document shows. True when it is all right.
bool TapParser::Machine::judge_level(std::size_t at) {
  if (!levels_[at].plan) {
    anomaly(at, Kind::no_plan, Weight::error, "there is no plan (1..N)");
    return false;
  }
  const Level& level = levels_[at];
  const std::uint64_t planned = level.plan->last < level.plan->first ? 0 : level.plan->last - level.plan->first + 1;
  std::uint64_t missing = 0, first_missing = 0;
  each_missing(level, [&](std::uint64_t first, std::uint64_t last) {
    if (missing == 0) first_missing = first;
    missing += last - first + 1;
  });
  if (level.points != planned) {
    anomaly(at, Kind::wrong_count, Weight::error, counted(planned, "point") + " planned, and " + std::to_string(level.points) + " came");
  } else if (missing != 0) {
    anomaly(at, Kind::wrong_count, Weight::error,
            "as many points as planned came, but not number " + std::to_string(first_missing) + (missing > 1 ? " and others" : ""));
  }
  return levels_[at].errors == 0 && levels_[at].failed == 0;
}

// Calls take(first, last) for the planned numbers that no point had. Points without a number fill the first gaps.
template <class Take>
void TapParser::Machine::each_missing(const Level& level, Take&& take) const {
  if (!level.plan || level.plan->last < level.plan->first) return;
  std::uint64_t fill = level.unnumbered;
  level.numbers.gaps(level.plan->first, level.plan->last, [&](std::uint64_t first, std::uint64_t last) {
    const std::uint64_t filled = std::min(fill, last - first + 1);
    fill -= filled;
    if (filled <= last - first) take(first + filled, last);
  });
}

// Lenient: `{` behind the diagnostics of a point, and the `}` that ends what it opened.
bool TapParser::Machine::brace(std::size_t at, std::string_view text) {
  const std::string_view sign = tap_line::without_blanks(text);
  if (sign == "{" && behind_yaml_ && behind_yaml_->depth == at && depth() == at) {
    brace_ = Brace{at, {}, false};
    behind_yaml_.reset();
    return true;
  }
  if (sign != "}") return false;
  if (depth() > at && levels_[at + 1].in_braces) {
    end_levels(at + 1);
    end_level(true);
    before_.reset();
    return true;
  }
  if (depth() != at || !brace_ || brace_->depth != at) return false;
  brace_.reset();
  anomaly(at, Kind::odd_subtest, Weight::warning, "a subtest in braces is empty");
  return true;
}

// ---- points, plans and the like ----

void TapParser::Machine::point(std::size_t at, const tap_line::Point& written) {
  bool subtest_ok = true;
  bool ends = false;
  std::optional<std::string> name;
  if (depth() > at) {
    end_levels(at + 1);
    ends = !levels_.back().in_braces;
    if (ends) name = levels_.back().name;
    subtest_ok = end_level(ends);
  }
  Level& level = enter(at);

  TapPoint found;
  found.ok = written.ok;
  found.numbered = written.number.has_value();
  found.number = written.number.value_or((level.plan ? level.plan->first : 1) + level.points);
  found.description = said(written.description, description_);
  found.directive = written.directive;
  found.reason = said(written.reason, reason_);
  found.ends_subtest = ends;
  found.opens_subtest = written.opens;
  count(level, at, found);
  tell(at, found);
  tell_cuts(at);

  const bool number_fits = !level.plan || (found.number >= level.plan->first && found.number <= level.plan->last);
  if (found.numbered && !number_fits)
    anomaly(at, Kind::out_of_plan, Weight::error, "number " + std::to_string(found.number) + " is outside of the plan");
  if (level.plan_behind || (level.plan && level.plan->last < level.plan->first))
    anomaly(at, Kind::point_after_plan, Weight::strict, "a plan stands in front of all points or behind all points: this one is behind it");
  if (found.numbered) {
    const Numbers::Added added = level.numbers.add(found.number, limits_.ranges);
    if (added == Numbers::Added::again)
      anomaly(at, Kind::twice, Weight::strict, "number " + std::to_string(found.number) + " was there before");
    if (added == Numbers::Added::no_room)
      anomaly(at, Kind::cut, Weight::error, "the numbers are scattered over more than " + std::to_string(limits_.ranges) + " ranges");
  }
  if (written.odd_directive) anomaly(at, Kind::odd_directive, Weight::warning, odd_directive_sentence);
  // The name in the comment is escaped or not.
  if (name && *name != found.description && tap_line::unescaped(*name) != found.description)
    anomaly(at, Kind::odd_subtest, Weight::strict, "the subtest \"" + *name + "\" was announced, and a point of another name ends it");
  if (ends && !subtest_ok && found.ok && found.directive == TapDirective::none)
    anomaly(at, Kind::odd_subtest, Weight::strict, "the point says ok, and its subtest is not");

  if (written.opens) {
    brace_ = Brace{at, std::string(found.description), found.ok && found.directive == TapDirective::none};
  }
  before_ = PointPlace{at, found.number};
}

void TapParser::Machine::count(Level& level, std::size_t at, const TapPoint& point) {
  ++level.points;
  if (!point.numbered) ++level.unnumbered;
  if (point.failed()) ++level.failed;
  if (at != 0) return;
  summary_.points = level.points;
  summary_.failed = level.failed;
  if (point.directive == TapDirective::skip) ++summary_.skipped;
  if (point.directive == TapDirective::todo) ++summary_.todo;
  if (point.directive == TapDirective::todo && point.ok) ++summary_.bonus;
}

void TapParser::Machine::plan(std::size_t at, const tap_line::Plan& written, std::string_view text) {
  if (at < depth()) {
    // Inside a subtest this is no TAP; when the subtest turns out to be none, it is.
    if (!levels_[at].plan && !levels_[at].plan_aside) levels_[at].plan_aside = std::string(text);
    return other();
  }
  Level& level = enter(at);
  if (level.plan) {
    other();
    return anomaly(at, Kind::second_plan, Weight::error, "this is a second plan: there must be one");
  }
  level.plan = TapSummary::Range{written.first, written.last};
  level.plan_behind = level.points != 0;
  if (at == 0) summary_.plan = level.plan;
  const bool skips_all = written.first == 1 && written.last == 0;
  tell(at, TapPlan{written.first, written.last, said(written.reason, reason_), skips_all});
  tell_cuts(at);
  if (written.last < written.first && !skips_all) {
    anomaly(at, Kind::odd_plan, Weight::error, "this plan ends before it begins");
  } else if (written.first != 1) {
    anomaly(at, Kind::odd_plan, Weight::strict, "a plan begins at 1");
  }
  if (level.numbers.beyond(written.first, written.last))
    anomaly(at, Kind::out_of_plan, Weight::error, "numbers of points are outside of this plan");
}

void TapParser::Machine::version(std::size_t at, std::uint64_t number) {
  const bool late = at == depth() && levels_[at].begun;
  enter(at);
  tell(at, TapVersion{number});
  if (late) {
    anomaly(at, Kind::odd_version, Weight::strict, "the version stands in front of all other lines, once");
  } else if (number != 13 && number != 14) {
    anomaly(at, Kind::odd_version, Weight::strict, "this is version " + std::to_string(number) + ", and it is read as version 14");
  }
}

void TapParser::Machine::pragma(std::size_t at, const tap_line::Pragma& written) {
  Level& level = enter(at);
  if (written.key == "strict") level.strict_pragma = written.on;
  tell(at, TapPragma{written.key.substr(0, limits_.text_bytes), written.on});
}

void TapParser::Machine::bail_out(std::size_t at, std::string_view written) {
  at = std::min(at, depth());
  summary_.any = true;
  const std::string_view reason = said(written, reason_);
  summary_.bail_out = std::string(reason);
  tell(at, TapBailOut{reason});
  tell_cuts(at);
}

// ---- the end ----

void TapParser::Machine::finish() {
  if (rest_ != Rest::none || !held_.empty()) piece({}, true);
  cut_ = false;
  if (!summary_.bail_out) {
    if (yaml_) {
      anomaly(yaml_->depth, Kind::open_yaml, Weight::strict, "the output ends inside a YAML block");
      close_yaml();
    }
    if (depth() > 0) {
      const std::optional<std::string> aside = levels_[0].plan_aside;
      end_levels(0);
      if (aside && !levels_[0].plan) plan(0, *tap_line::plan(*aside), *aside);
    }
    if (summary_.any) {
      enter(0);
      judge_level(0);
    } else {
      anomaly(0, Kind::no_tap, Weight::error, "there is no line of TAP");
    }
  }
  each_missing(levels_[0], [&](std::uint64_t first, std::uint64_t last) {
    summary_.missing_count += last - first + 1;
    if (summary_.missing.size() < limits_.missing) summary_.missing.push_back({first, last});
  });
  summary_.ok = summary_.any && summary_.plan && summary_.failed == 0 && summary_.errors == 0 && !summary_.bail_out;
}

const char* name_of(TapAnomaly::Kind kind) {
  switch (kind) {
    case TapAnomaly::Kind::bad_utf8: return "bad-utf8";
    case TapAnomaly::Kind::no_version: return "no-version";
    case TapAnomaly::Kind::odd_version: return "odd-version";
    case TapAnomaly::Kind::no_plan: return "no-plan";
    case TapAnomaly::Kind::second_plan: return "second-plan";
    case TapAnomaly::Kind::odd_plan: return "odd-plan";
    case TapAnomaly::Kind::point_after_plan: return "point-after-plan";
    case TapAnomaly::Kind::wrong_count: return "wrong-count";
    case TapAnomaly::Kind::out_of_plan: return "out-of-plan";
    case TapAnomaly::Kind::twice: return "twice";
    case TapAnomaly::Kind::odd_directive: return "odd-directive";
    case TapAnomaly::Kind::open_yaml: return "open-yaml";
    case TapAnomaly::Kind::bad_yaml: return "bad-yaml";
    case TapAnomaly::Kind::odd_yaml: return "odd-yaml";
    case TapAnomaly::Kind::odd_subtest: return "odd-subtest";
    case TapAnomaly::Kind::too_deep: return "too-deep";
    case TapAnomaly::Kind::cut: return "cut";
    case TapAnomaly::Kind::no_tap: return "no-tap";
    case TapAnomaly::Kind::other_than_tap: return "other-than-tap";
  }
  return "";
}

TapParser::TapParser(TapMode mode, Tell tell, const TapLimits& limits)
    : machine_(std::make_unique<Machine>(mode, std::move(tell), limits)) {}
TapParser::~TapParser() = default;
TapParser::TapParser(TapParser&&) noexcept = default;
TapParser& TapParser::operator=(TapParser&&) noexcept = default;

void TapParser::read(std::string_view text, bool more) { machine_->read(text, more); }
void TapParser::finish() { machine_->finish(); }
const TapSummary& TapParser::summary() const { return machine_->summary(); }

}  // namespace interoper
