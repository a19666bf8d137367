// What a header says of one role: "containers.R" of a test, "roles.R" of a suite (interface §3; design: suites are data).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/spec.hpp"
#include "suites/fill_check.hpp"
#include "suites/json_reader.hpp"

namespace interoper {

class RoleReader {
 public:
  // Both must outlive the reader.
  RoleReader(JsonReader& json, const FillCheck& fill) : json_(json), fill_(fill) {}

  // The keys that `read` knows.
  static const std::vector<std::string>& keys();

  // Changes `role` as the setting `member` says; `where` is the role's own key ("containers.relay"). What is wrong is told to the
  // JsonReader.
  void read(RoleSpec& role, const std::string& where, const JsonMember& member);

  // A Go duration without placeholders that is not below zero; `zero_means` tells what "0s" would do.
  std::optional<std::chrono::milliseconds> duration(const std::string& key, std::string_view value, std::string_view zero_means);
  // A string; of a number it says which duration is meant.
  std::optional<std::string> duration_text(const std::string& key, std::string_view value);

 private:
  std::vector<std::string> command(const std::string& key, std::string_view value);
  void env(RoleSpec& role, const std::string& key, std::string_view value);
  std::optional<std::uint64_t> memory(const std::string& key, std::string_view value);
  std::optional<double> cpus(const std::string& key, std::string_view value);
  std::vector<Mount> mounts(const std::string& key, std::string_view value);
  std::vector<std::string> aliases(const std::string& key, std::string_view value);
  Readiness ready(const std::string& key, std::string_view value);
  std::string one_of(const std::string& key, std::string_view value, const std::vector<std::string>& words);

  JsonReader& json_;
  const FillCheck& fill_;
};

}  // namespace interoper
