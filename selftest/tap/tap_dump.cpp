// Reads documents, each as its length in bytes, a newline and the bytes, and writes for each one line of JSON: what base/tap says of it.
//
//     tap_dump strict|lenient < DOCUMENTS
#include <cstdio>
#include <iostream>
#include <string>
#include <string_view>

#include "base/lines.hpp"
#include "base/tap.hpp"
#include "canonical.hpp"

using namespace interoper;

namespace {

std::string dump(TapMode mode, std::string_view document) {
  std::string points, anomalies;
  const auto tell = [&](const TapToken& token) {
    if (token.depth == 0 && std::holds_alternative<TapPoint>(token.is)) points += (points.empty() ? "" : ",") + json_of(token);
    if (std::holds_alternative<TapAnomaly>(token.is)) anomalies += (anomalies.empty() ? "" : ",") + json_of(token);
  };
  TapParser parser(mode, tell);
  LineSplitter lines;
  const auto take = [&](const LineSplitter::Line& line) { parser.read(line.text, line.more); };
  lines.feed(document, take);
  lines.finish(take);
  parser.finish();
  return "{\"points\":[" + points + "],\"anomalies\":[" + anomalies + "],\"summary\":" + json_of(parser.summary()) + "}\n";
}

}  // namespace

int main(int count, char** words) {
  const std::string_view mode = count == 2 ? words[1] : "";
  if (mode != "strict" && mode != "lenient") {
    std::fputs("usage: tap_dump strict|lenient < DOCUMENTS\n", stderr);
    return 2;
  }
  std::string length, document;
  while (std::getline(std::cin, length)) {
    document.resize(std::stoul(length));
    if (!std::cin.read(document.data(), static_cast<std::streamsize>(document.size()))) return 1;
    std::fputs(dump(mode == "strict" ? TapMode::strict : TapMode::lenient, document).c_str(), stdout);
  }
  return 0;
}
