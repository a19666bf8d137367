// What a line of a role costs on its way to an event: with our scanner, which keeps the text (docs/decisions/0002), with nlohmann's
// parser, which makes a tree and writes it again, and with simdjson's, which validates and leaves the text to be spliced.
//
//     cmake --build build/release --target bench_parser && build/release/selftest/bench_parser
#include <simdjson.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/intake.hpp"
#include "engine/timeline.hpp"

namespace {

using namespace interoper;

constexpr int repetitions = 21;
constexpr int lines_each = 20'000;

// Nanoseconds a line: the least of many runs, because everything that disturbs only adds.
double least_ns(const std::function<void()>& one_line) {
  double least = 1e18;
  for (int i = 0; i < repetitions; ++i) {
    const auto began = std::chrono::steady_clock::now();
    for (int line = 0; line < lines_each; ++line)
      one_line();
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - began;
    least = std::min(least, took.count() / lines_each);
  }
  return least;
}

std::string event_of(std::size_t body_bytes) {
  return R"({"id":123456,"ty":"channel.packet","in":{"channel_id":17,"seq":123,"packet":{"body":")" + std::string(body_bytes, 'a') +
         R"(","json":{"c":17,"seq":123,"ack":120}}}})";
}

}  // namespace

int main() {
  std::size_t written = 0;  // so that nothing is optimised away
  std::printf("%10s %16s %16s %16s   (ns a line: parsed, with seq, ti, us and ro, as text again)\n", "bytes", "interoper", "simdjson",
              "nlohmann");
  for (const std::size_t body : {16U, 100U, 400U, 4000U}) {
    const std::string text = event_of(body);
    Timeline timeline([&](const Event& event) { written += event.line.size(); });
    const double ours = least_ns([&] { timeline.add("worker", draft_of_line(Stream::out, LineSplitter::Line{text, false, false})); });

    simdjson::dom::parser parser;
    const simdjson::padded_string padded(text);
    std::string line;
    const double simd = least_ns([&] {
      const simdjson::dom::element event = parser.parse(padded);
      if (std::string_view(event["ty"]).empty()) return;
      line = R"({"seq":1234567,"ti":1795227025645,"us":3317431,"ro":"worker",)";
      line.append(text, 1);
      written += line.size();
    });

    const double tree = least_ns([&] {
      nlohmann::json event = nlohmann::json::parse(text);
      event["seq"] = 1234567;
      event["ti"] = 1795227025645;
      event["us"] = 3317431;
      event["ro"] = "worker";
      written += event.dump().size();
    });
    std::printf("%10zu %16.0f %16.0f %16.0f\n", text.size(), ours, simd, tree);
  }
  return written == 0 ? 1 : 0;
}
