// base/tap against any bytes: it never crashes, what it tells adds up, it does not matter how lines are cut, and lenient agrees with strict
// about what strict finds nothing odd in.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "../tap/canonical.hpp"
#include "base/json_text.hpp"
#include "base/lines.hpp"
#include "base/tap.hpp"
#include "property.hpp"

using namespace interoper;

namespace {

struct Point {
  std::uint64_t number;
  bool ok;
  bool operator==(const Point&) const = default;
};

struct Told {
  std::string tokens;         // one a line; the pieces of other text joined
  std::vector<Point> points;  // of the document itself
  std::uint64_t failed = 0, errors = 0, warnings = 0, others = 0;
  TapSummary summary;
};

// The lines as the parser counts them.
std::vector<std::string> lines_of(const std::vector<std::string>& lines) {
  std::vector<std::string> out;
  for (std::string_view line : lines) {
    for (std::size_t end = line.find('\r'); end != std::string_view::npos; end = line.find('\r')) {
      out.emplace_back(line.substr(0, end));
      line.remove_prefix(end + 1);
    }
    out.emplace_back(line);
  }
  return out;
}

Told told_of(TapMode mode, const TapLimits& limits, const std::vector<std::string>& lines, std::size_t piece) {
  Told told;
  const std::vector<std::string> counted = lines_of(lines);
  std::string other;
  const auto take = [&](const TapToken& token) {
    must(token.line <= counted.size(), "a token's line is one of the input");
    must(token.depth <= limits.depth, "a token is no deeper than the limit");
    if (const auto* text = std::get_if<TapOther>(&token.is)) {
      other += text->text;
      if (text->more) return;
      must(other == counted.at(token.line - 1), "other text is the line as it was", other);
      told.tokens += "other " + other + "\n";
      other.clear();
      ++told.others;
      return;
    }
    const std::string json = json_of(token);
    must(!json_fault(json), "a token is JSON", json);
    told.tokens += json + "\n";
    if (const auto* point = std::get_if<TapPoint>(&token.is)) {
      must(is_utf8(point->description) && is_utf8(point->reason), "texts are UTF-8", json);
      must(point->description.size() <= 3 * limits.text_bytes, "texts keep the limit", json);
      if (token.depth == 0) told.points.push_back({point->number, point->ok});
      if (token.depth == 0 && point->failed()) ++told.failed;
    }
    if (const auto* anomaly = std::get_if<TapAnomaly>(&token.is)) ++(anomaly->error ? told.errors : told.warnings);
    if (const auto* diagnostics = std::get_if<TapDiagnostics>(&token.is)) {
      must(diagnostics->json.empty() != diagnostics->why.empty(), "diagnostics are read, or it is said why not", json);
      must(is_utf8(diagnostics->raw), "raw diagnostics are UTF-8", json);
    }
  };
  TapParser parser(mode, take, limits);
  for (const std::string& line : lines) {
    std::string_view left = line;
    while (piece != 0 && left.size() > piece) {
      parser.read(left.substr(0, piece), true);
      left.remove_prefix(piece);
    }
    parser.read(left);
  }
  parser.finish();
  told.summary = parser.summary();
  must(other.empty(), "other text ends");
  must(told.summary.points == told.points.size() && told.summary.failed == told.failed, "the summary counts the points");
  must(told.summary.errors == told.errors && told.summary.warnings == told.warnings, "the summary counts the anomalies");
  must(!told.summary.ok || (told.errors == 0 && told.failed == 0 && told.summary.missing_count == 0 && !told.summary.bail_out),
       "ok means that nothing is wrong", told.tokens);
  return told;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  TapLimits limits;
  if ((data[0] & 1U) != 0) limits = {.line_bytes = 64, .text_bytes = 16, .diagnostics_bytes = 64, .depth = 2, .ranges = 4, .missing = 4};
  const std::size_t piece = data[1];
  const std::string_view document(reinterpret_cast<const char*>(data) + 2, size - 2);
  std::vector<std::string> lines;
  LineSplitter splitter;
  const auto take = [&](const LineSplitter::Line& line) { lines.emplace_back(line.text); };
  splitter.feed(document, take);
  splitter.finish(take);

  const Told strict = told_of(TapMode::strict, limits, lines, 0);
  const Told lenient = told_of(TapMode::lenient, limits, lines, 0);
  if (piece != 0) {
    must(told_of(TapMode::strict, limits, lines, piece).tokens == strict.tokens, "cutting makes no difference (strict)", strict.tokens);
    must(told_of(TapMode::lenient, limits, lines, piece).tokens == lenient.tokens, "cutting makes no difference (lenient)", lenient.tokens);
  }
  // Escape sequences are text to strict, and nothing to lenient.
  const bool plain = document.find('\x1B') == std::string_view::npos;
  if (plain && strict.errors + strict.warnings + strict.others == 0) {
    must(strict.points == lenient.points, "lenient sees the points that strict sees", strict.tokens + "---\n" + lenient.tokens);
    must(strict.summary.ok == lenient.summary.ok, "lenient judges as strict does", strict.tokens + "---\n" + lenient.tokens);
  }
  return 0;
}
