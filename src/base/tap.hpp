// TAP 14 (https://testanything.org/tap-version-14-specification.html), read line by line: each line gives its tokens at once, so that a
// point is on the timeline when it is said, and its diagnostics follow as a token of their own. Knows nothing of tests, and writes no TAP.
// Strict takes what the specification allows; lenient also takes what real programs write: docs/tap.md has both in a table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace interoper {

enum class TapMode { strict, lenient };

// Limits on what is kept of hostile output; what they cut is said by an anomaly.
struct TapLimits {
  std::size_t line_bytes = std::size_t{64} << 10;          // a longer line is told by its beginning
  std::size_t text_bytes = std::size_t{4} << 10;           // of a description, reason, name or comment
  std::size_t diagnostics_bytes = std::size_t{256} << 10;  // of one YAML block
  std::size_t depth = 16;                                  // subtests inside each other
  std::size_t ranges = std::size_t{64} << 10;              // runs of numbers seen, a level
  std::size_t missing = 1024;                              // ranges of missing numbers in a summary
};

// All texts are valid UTF-8 (replaced where the input was not), unescaped, and valid during the call that tells the token.
struct TapVersion {
  std::uint64_t number = 0;
};

struct TapPlan {
  std::uint64_t first = 1, last = 0;
  std::string_view reason;  // behind `#`
  bool skips_all = false;   // 1..0
};

enum class TapDirective { none, skip, todo };

struct TapPoint {
  std::uint64_t number = 0;
  bool numbered = false;  // it said its number; else it got the next one
  bool ok = false;
  std::string_view description;
  TapDirective directive = TapDirective::none;
  std::string_view reason;  // of the directive
  bool ends_subtest = false;
  bool opens_subtest = false;  // `{`: a subtest follows, up to `}`

  // Whether it counts as a failure.
  bool failed() const { return !ok && directive == TapDirective::none; }
};

// The YAML block of the point `number` at this depth. Either `json` is there, or why it is not.
struct TapDiagnostics {
  std::uint64_t number = 0;
  std::string_view json;
  std::string_view raw;  // as written, without the indentation of the block; cut where the limit is
  std::string_view why;  // what is wrong with the YAML; empty when nothing is
};

struct TapComment {
  std::string_view text;        // behind `#`, without blanks around it
  std::string_view key, value;  // when it looks like `key: value`; else empty
};

struct TapPragma {
  std::string_view key;
  bool on = false;
};

struct TapBailOut {
  std::string_view reason;
};

// A subtest has ended. Its depth is the token's depth + 1. Its point, which decides, follows (or, with `{`, was before).
struct TapSubtestEnd {
  std::string_view name;  // from `# Subtest: NAME` or the point that opened it; may be empty
  bool ok = false;        // by its own plan and points
  bool ended = false;     // by its point or `}`; false: something else came, or nothing
  std::uint64_t points = 0, failed = 0;
};

// What is no TAP, as written (control characters and all; it may be no UTF-8).
struct TapOther {
  std::string_view text;
  bool more = false;  // the next token of this kind continues the line
};

struct TapAnomaly {
  enum class Kind {
    bad_utf8,
    no_version,   // the first line is none (strict)
    odd_version,  // not 13 or 14, or not at its place
    no_plan,
    second_plan,
    odd_plan,          // does not begin at 1, or ends before it begins
    point_after_plan,  // the plan stood behind points
    wrong_count,
    out_of_plan,    // a number outside of the plan
    twice,          // a number that was there before
    odd_directive,  // not set off by blanks
    open_yaml,      // not closed by `...`
    bad_yaml,
    odd_yaml,     // marked or indented otherwise than by two blanks and `---`
    odd_subtest,  // not ended by its point, empty, of another name, or at odds with its point
    too_deep,
    cut,             // over a limit
    no_tap,          // not one line of it
    other_than_tap,  // under `pragma +strict`
  };
  Kind kind = Kind::no_tap;
  bool error = false;         // the document is not all right
  std::string_view sentence;  // what is wrong, lower case
};

const char* name_of(TapAnomaly::Kind kind);  // "bad-utf8", …

struct TapToken {
  std::size_t depth = 0;   // 0 = the document itself, 1 = its subtests, …
  std::uint64_t line = 0;  // from 1
  std::variant<TapVersion, TapPlan, TapPoint, TapDiagnostics, TapComment, TapPragma, TapBailOut, TapSubtestEnd, TapOther, TapAnomaly> is;
};

// What the document says as a whole; its subtests are not counted.
struct TapSummary {
  struct Range {
    std::uint64_t first = 0, last = 0;
  };
  bool any = false;           // a line of TAP was there
  std::optional<Range> plan;  // last < first: all was skipped
  std::uint64_t points = 0;
  std::uint64_t failed = 0;  // `not ok` without SKIP or TODO
  std::uint64_t skipped = 0, todo = 0;
  std::uint64_t bonus = 0;     // TODO that is ok
  std::vector<Range> missing;  // numbers that were planned and never came; at most TapLimits::missing ranges
  std::uint64_t missing_count = 0;
  std::optional<std::string> bail_out;  // its reason
  std::uint64_t errors = 0, warnings = 0;
  // Plan kept, nothing failed, no bail-out, no error. How the process ended is not TAP's business, but the judge's.
  bool ok = false;
};

class TapParser {
 public:
  using Tell = std::function<void(const TapToken&)>;

  explicit TapParser(TapMode mode, Tell tell, const TapLimits& limits = {});
  ~TapParser();
  TapParser(TapParser&&) noexcept;
  TapParser& operator=(TapParser&&) noexcept;

  // A line without its end; or, with `more`, a piece of one that the next call continues. How a line is cut makes no difference.
  // A carriage return inside ends a line too.
  void read(std::string_view text, bool more = false);

  // The end of the output: tells what only the end decides. To be called once, after the last line.
  void finish();

  // Complete after finish().
  const TapSummary& summary() const;

 private:
  class Machine;
  std::unique_ptr<Machine> machine_;
};

}  // namespace interoper
