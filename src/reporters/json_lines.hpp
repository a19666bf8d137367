// The run's event stream for other programs, one JSON object a line (`--format json`; reports/README.md says what each holds).
#pragma once

#include <filesystem>

#include "reporters/reporter.hpp"
#include "reporters/terminal.hpp"

namespace interoper {

class JsonLines : public Reporter {
 public:
  // `report`: the report folder as the user would type it; empty when there is none.
  JsonLines(std::filesystem::path report, TextSink out) : report_(std::move(report)), out_(std::move(out)) {}
  void hear(const Tiding& tiding) override;

 private:
  std::filesystem::path report_;
  TextSink out_;
};

}  // namespace interoper
