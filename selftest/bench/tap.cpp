// How fast TAP is read: ours in both modes, beside what a bare search for line ends costs. With a name of a file it writes the document
// there, for other parsers (selftest/bench/tap.py).
//
//     cmake --build build/release --target bench_tap && build/release/selftest/bench_tap [FILE]
#include "base/tap.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <functional>
#include <string>

#include "base/lines.hpp"

namespace {

using namespace interoper;

constexpr int points = 50'000;
constexpr int repetitions = 9;

std::string document() {
  std::string out = "TAP version 14\n1.." + std::to_string(points) + "\n";
  for (int i = 1; i <= points; ++i) {
    out += (i % 10 == 0 ? "not ok " : "ok ") + std::to_string(i) + " - the peer answers with what was asked for";
    out += i % 20 == 0 ? " # TODO not written yet\n" : "\n";
    if (i % 10 == 0) out += "  ---\n  duration_ms: 12\n  message: \"no answer\"\n  ...\n";
    if (i % 7 == 0) out += "# Draft: draft-18\n2026-01-01T00:00:00Z INFO connection 17 is open, nothing else to say about it\n";
  }
  return out;
}

// MB/s: the best of many, because everything that disturbs only slows.
double best(const std::string& text, const std::function<void()>& once) {
  double least = 1e18;
  for (int i = 0; i < repetitions; ++i) {
    const auto began = std::chrono::steady_clock::now();
    once();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    least = std::min(least, took.count());
  }
  return static_cast<double>(text.size()) / least / 1e6;
}

}  // namespace

int main(int count, char** words) {
  const std::string text = document();
  if (count > 1) std::ofstream(words[1], std::ios::binary) << text;
  std::size_t seen = 0;  // so that nothing is optimised away
  const double lines = best(text, [&] {
    LineSplitter splitter;
    splitter.feed(text, [&](const LineSplitter::Line& line) { seen += line.text.size(); });
  });
  std::printf("%zu bytes, %d points\n%8.1f MB/s  lines only\n", text.size(), points, lines);
  for (const TapMode mode : {TapMode::strict, TapMode::lenient}) {
    const double speed = best(text, [&] {
      TapParser parser(mode, [&](const TapToken& token) { seen += token.line; });
      LineSplitter splitter;
      splitter.feed(text, [&](const LineSplitter::Line& line) { parser.read(line.text); });
      parser.finish();
    });
    std::printf("%8.1f MB/s  %s\n", speed, mode == TapMode::strict ? "strict" : "lenient");
  }
  return seen == 0 ? 1 : 0;
}
