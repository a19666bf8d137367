// What a test is (interface §3): roles and how they are started, parameters, conditions. Values only.
// A Spec is a template: {test}, {role} and {param.NAME} stand in it as they were written.
// `engine/bind.hpp` fills them in for one cell and yields a Script, which is what is conducted and judged.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace interoper {

// Missing, empty, zero and negative timeouts mean this (interface §3).
constexpr std::chrono::milliseconds default_timeout = std::chrono::minutes(10);
// Between SIGTERM and SIGKILL when the header does not say (interface §3).
constexpr std::chrono::milliseconds default_grace = std::chrono::seconds(2);

// What a role may use up; absent = the runtime's default.
struct Limits {
  std::optional<std::uint64_t> memory_bytes;
  std::optional<double> cpus;
  std::optional<int> pids;
};

struct RoleSpec {
  std::string name;
  std::vector<std::string> command;        // words, may hold templates; empty = the image's own command
  std::string image;                       // instead of the implementation's; empty = the implementation's
  std::map<std::string, std::string> env;  // values may hold templates
  std::string user;                        // NAME or UID, and :GROUP; empty = the image's
  Limits limits;
  std::chrono::milliseconds grace = default_grace;
};

struct Param {
  std::string name;
  std::vector<std::string> values;  // never empty; the first is the default
};

// An event matches when every key named here is equal (interface §7). Keys are dotted paths into the event;
// values are JSON texts ("\"worker\"", "3", "null"). Strings may hold templates.
struct Pattern {
  std::vector<std::pair<std::string, std::string>> keys;
};

// `==N`, `>=N` or `<=N`.
struct Count {
  enum class Comparison { equal, at_least, at_most };
  Comparison comparison = Comparison::at_least;
  std::uint64_t number = 1;
};

// {"event": P, "within": "1m", "count": ">=3", "from": P}
struct Occurs {
  Pattern event;
  std::string within;           // Go duration, may hold templates; empty = to the end of the timeline
  std::optional<Pattern> from;  // the clock of `within` starts here; absent = at the deciding role's start
  Count count;
};

// {"never": P, "until": P}
struct Never {
  Pattern event;
  std::optional<Pattern> until;
};

// {"order": [P, P, …]}
struct Order {
  std::vector<Pattern> steps;
};

struct Condition {
  std::variant<Occurs, Never, Order> rule;
  std::string text;  // the condition's own JSON as written in the header, for reports
};

struct NetworkNeeds {
  bool outside = false;  // true: roles may reach what lies outside the attempt
};

struct Spec {
  std::string name;             // file name without its ending
  std::string title;            // first heading, or the name
  std::string description;      // the text after the header
  std::string file;             // path as the user would write it, for messages
  std::string header;           // the header's JSON text, whole: what a report keeps, and `judge` reads again
  std::string timeout;          // Go duration, may hold templates; empty = default_timeout
  std::vector<RoleSpec> roles;  // in start order: the others as the header names them, then worker, then driver
  std::vector<Param> params;
  std::vector<std::string> tags;
  double weight = 1;
  bool exclusive = false;
  std::vector<Condition> expect;
  NetworkNeeds network;
};

// What a suite promises about one type of event: fields (dotted paths below `in`) and their kinds. Events that break
// the promise are kept, and are findings. In `_suite.md`: "events": {"channel.new": {"channel_id": "uint", "channel.cid": "uint?"}}.
struct EventShape {
  enum class Kind { any, string, uint, number, boolean, object, array };
  struct Field {
    std::string path;
    Kind kind = Kind::any;
    bool required = true;  // "uint?" = may be missing
  };
  std::string type;
  std::vector<Field> fields;
};

// A kind of thing that processes number and tell about, each process for itself. In `_suite.md`, from the outer to the inner:
// "objects": {"channel": {"id": "in.channel_id", "name": "in.channel.type"}}.
struct ObjectKind {
  std::string kind;
  std::string id;    // dotted path to its number, an unsigned integer
  std::string name;  // dotted path to what people call it, in an event that tells the number too; empty = it has no name
};

// How what one role sent is found again where another role received it. In `_suite.md`:
// "match": {"datagram": {"sent": P, "received": P, "by": ["in.packet.msg"]}}.
struct MatchRule {
  std::string name;
  std::vector<Pattern> sent, received;  // any of these events
  std::vector<std::string> by;          // equal on both sides: dotted paths, or the kind of an object, which stands for its name
};

// How a suite's processes say things and what decides (interface §5, §7). The defaults are the native contract;
// another suite says its own in its `_suite.md`, so that the engine knows none of them by name.
struct Rules {
  std::vector<std::string> role_order = {"worker", "driver"};  // roles every test has, in start order; cell ids use this order
  std::string decides = "driver";                              // the role whose `done` and exit status end the attempt
  std::string tested = "worker";                               // the role that `interoper test` gives to what is under test
  std::string ready_event = "ready";
  std::string done_event = "done";
  std::vector<std::string> command = {"th-test", "{test}", "{role}"};  // of the roles above, without one in the header; empty = the image's
  int unsupported_exit = 127;  // with this status before `ready` a role says that it does not play this
  std::string assert_event = "assert";
  std::vector<std::string> assert_ids = {"in.assert_id", "in.assrt_id"};  // the first that is there names the assert
  std::string assert_value = "in.value";
  std::vector<EventShape> events;  // the suite's vocabulary, "events" in `_suite.md`
  std::vector<ObjectKind> objects;
  std::vector<MatchRule> match;
};

struct Suite {
  std::string name;
  std::string source;       // the folder or file it was read from
  std::string digest;       // "sha256:…" over everything that was read
  std::string description;  // the suite header's JSON text, whole; "{}" when there is none
  Rules rules;
  std::vector<Spec> specs;  // sorted by name
};

// The specs by name, for who looks up many. Valid as long as the suite is where it is, and unchanged.
std::unordered_map<std::string_view, const Spec*> specs_by_name(const Suite& suite);

// A Spec with every template filled in for one cell.
struct Script {
  std::string test;
  std::chrono::milliseconds timeout = default_timeout;
  std::vector<RoleSpec> roles;  // in start order
  struct Expectation {
    Condition condition;
    std::optional<std::chrono::microseconds> within;  // parsed from the condition's own text
  };
  std::vector<Expectation> expect;
  NetworkNeeds network;
  double weight = 1;  // cores
  bool exclusive = false;
  Rules rules;
};

// A role's name is a host name label: [a-z][a-z0-9-]{0,62}.
bool is_role_name(std::string_view name);

}  // namespace interoper
