// A named program that can play roles (interface §2): where it comes from and what it offers.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace interoper {

// The name that the project's own Dockerfile or th-test has in every plan and report.
constexpr std::string_view local_name = "local";

struct RepoSource {  // a git URL, built by `tests build`
  std::string url;
  std::string ref;         // branch, tag or commit; empty = the default branch
  std::string dockerfile;  // relative to the repository; empty = Dockerfile
};

struct BuildSource {       // a directory with a Dockerfile
  std::string directory;   // absolute, or relative to the working directory
  std::string dockerfile;  // relative to the directory; empty = Dockerfile
  std::string tag = {};    // what the image is called; empty = interoper/<name>:latest
};

struct ImageSource {  // a ready image, pulled when absent
  std::string reference;
};

using Source = std::variant<RepoSource, BuildSource, ImageSource>;

struct RoleOffer {
  std::string role;
  std::optional<Source> source;                 // when this role has a source of its own
  std::map<std::string, std::string> env = {};  // of this role alone
};

struct Implementation {
  std::string name;
  std::vector<RoleOffer> roles;  // in the file's order; default worker, driver
  std::optional<Source> source;  // where its image comes from
  std::string path;              // a directory whose th-test runs without an image; empty = none
  std::map<std::string, std::string> env;
  std::string version;  // shown in reports; empty = unknown
};

// [A-Za-z0-9][A-Za-z0-9._-]*
bool is_implementation_name(std::string_view name);

const RoleOffer* find_offer(const Implementation& implementation, std::string_view role);

// The source of the image that plays `role`: the role's own, else the implementation's; null when it has none.
const Source* image_source(const Implementation& implementation, std::string_view role);

// The reference under which the image of `role` is found: an ImageSource's own reference, a BuildSource's tag, else
// `interoper/<name>:latest` for what we build, `interoper/<name>.<role>:latest` when the role has a source of its own.
// Engines accept only lower case: a name that had to be changed gets a short hash, so that two names never meet.
// Empty when there is no image source.
std::string image_reference(const Implementation& implementation, std::string_view role);

// One line for people: "repo URL#ref", "build DIR", "image REF", "path DIR", or "none".
std::string describe_source(const Implementation& implementation);
std::string describe(const Source& source);

}  // namespace interoper
