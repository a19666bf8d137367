// What stands in the MoQ interop runner's `implementations.json`, with the places where it stands. The file's own schema forbids more
// than its runner does: such faults are told apart, because a registry that the runner takes must be taken here.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "suites/json_reader.hpp"

namespace interoper {

struct MoqDraft {
  std::string name;  // draft-16
  std::uint64_t number = 0;
  std::string_view at;
};

struct MoqImage {
  std::string_view at;
  std::string reference;  // empty: the entry names none
  std::string url;        // what clients are told; empty = the suite's default
  bool is_built = false;  // it has a `build`
  std::string dockerfile, context;
  std::map<std::string, std::string> env;
};

struct MoqEndpoint {
  std::string_view at;
  std::string url;
  std::string transport;
  bool is_inactive = false;
  bool tls_disable_verify = false;
};

struct MoqRole {
  std::string name;
  std::string_view at;
  std::optional<MoqImage> image;
  std::vector<MoqEndpoint> remotes;
};

struct MoqEntry {
  std::string name;
  std::string_view at;
  std::vector<MoqDraft> drafts;
  std::vector<MoqRole> roles;
};

struct MoqRegistry {
  std::optional<MoqDraft> target;
  std::vector<MoqEntry> entries;
};

const MoqRole* find_role(const MoqEntry& entry, std::string_view role);

// `draft-` and a number, and nothing else.
std::optional<MoqDraft> moq_draft(std::string_view name);

// `object`: the whole registry. With `strict`, what only the schema forbids is an error, otherwise a warning.
MoqRegistry read_moq_entries(JsonReader& json, std::string_view object, bool strict);

// Warnings about what no schema forbids and hardly anybody means: the same image under two addresses, an image named after a draft that
// its entry does not have, an address of the other transport, …
void suspect(const MoqRegistry& registry, JsonReader& json);

}  // namespace interoper
