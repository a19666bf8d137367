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

// What a role finds in its file system beside its image. In `_suite.md`: "mount": {"/certs": "certs", "/mlog": "out"}.
struct Mount {
  std::string target;  // absolute path, as the role sees it
  // "shared": the attempt's own directory, which stands at /shared only; "out": a directory of this role, empty at the start, writable for
  // everyone, whose files are kept in the report; else what the suite makes under this name (Rules::files), read-only.
  std::string source;
  bool operator==(const Mount&) const = default;
};

// How it is seen that a role is ready. In `_suite.md`: "ready": {"event": "ready"}, {"started": true}, {"udp": 4443, "within": "25s"}.
struct Readiness {
  enum class Sign {
    event,    // it says so (Rules::ready_event)
    started,  // it is as soon as it was started: nobody waits for it
    udp,      // a UDP socket is bound to `port` in its network, whatever the address
  };
  Sign sign = Sign::event;
  int port = 0;
  std::optional<std::chrono::milliseconds> within;  // from its own start; absent = no limit but the attempt's
};

// What a role's stdout is.
enum class Dialect {
  events,  // JSON lines (interface §5)
  tap,     // TAP 13 or 14 as real programs write it; each point becomes an event
  text,    // lines for people
};

struct RoleSpec {
  std::string name;
  std::vector<std::string> command;        // words, may hold templates; empty = the image's own command
  std::string image;                       // instead of the implementation's; empty = the implementation's
  std::map<std::string, std::string> env;  // values may hold templates
  std::string user;                        // NAME or UID, and :GROUP; empty = the image's
  Limits limits;
  std::chrono::milliseconds grace = default_grace;
  std::vector<Mount> mounts = {{"/shared", "shared"}};
  std::vector<std::string> aliases;  // names by which other roles find it too
  Readiness ready;
  bool hears = true;  // it is told of the others on stdin; false: its stdin is empty
  Dialect speaks = Dialect::events;
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

// One of the things that an attempt shows, each with a verdict of its own. Programs may call it by another name.
struct TestPart {
  std::string name;
  std::vector<std::string> aliases;
  bool operator==(const TestPart&) const = default;
};

struct NetworkNeeds {
  bool outside = false;  // true: roles may reach what lies outside the attempt
};

// A kind of thing that processes number and tell about, each process for itself. In headers, from the outer to the inner:
// "objects": {"channel": {"id": "in.channel_id", "name": "in.channel.type"}}.
struct ObjectKind {
  std::string kind;
  std::string id;    // dotted path to its number, an unsigned integer
  std::string name;  // dotted path to what people call it, in an event that tells the number too; empty = it has no name
};

// How what one role sent is found again where another role received it. In headers:
// "match": {"datagram": {"sent": P, "received": P, "by": ["in.packet.msg"]}}.
struct MatchRule {
  std::string name;
  std::vector<Pattern> sent, received;  // any of these events
  std::vector<std::string> by;          // equal on both sides: dotted paths, or the kind of an object, which stands for its name
};

// How people look at a timeline; it never decides a verdict. A test has what its suite says, and what its own header replaces and adds.
struct ViewRules {
  std::vector<ObjectKind> objects;  // from the outer to the inner
  std::vector<MatchRule> match;
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
  std::vector<std::string> aliases;  // other names that programs have for this test
  ViewRules view;                    // the suite's, with what the header replaces and adds
  // A run of all tests at once (Rules::together): the tests. Empty for a test that is run for itself.
  std::vector<TestPart> parts;
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

// A self-signed certificate. In `_suite.md`: "files": {"certs": {"x509": {"key": "P-256", "days": 10, "names": ["localhost",
// "127.0.0.1"]}}}.
struct CertificateOrder {
  std::string key = "P-256";
  int days = 10;                                                     // from an hour ago (clocks differ) on, 24 hours each, in all
  std::vector<std::string> names;                                    // DNS names and IP addresses, the first is also the common name
  std::string certificate_file = "cert.pem", key_file = "priv.key";  // PEM; the key in PKCS #8
};

// A directory that roles find ready-made, the same for all of a run.
struct MadeFiles {
  std::string name;
  CertificateOrder certificate;
};

// What a pass needs, beside that every role became ready and that all is inside the timeout. In `_suite.md`:
// "pass": [{"done": "driver"}, {"exits": {"driver": 0}}, {"alive": "worker", "until": "done"}, {"asserts": "agree"}, {"tap": "client"}].
// The defaults are the native contract; a suite that says "pass" says all of it.
struct Success {
  enum class Until { said_done, exited };
  bool needs_done = true;                // the deciding role said `done`
  int exit_status = 0;                   // the deciding role's
  Until others_stay = Until::said_done;  // no other role ends before the deciding one did this
  bool asserts_agree = true;
  std::string tap;  // the role whose TAP shows the parts; empty = none does
};

// What the roles agreed on, read from what one of them says about itself, beside what was predicted. A difference is a finding.
// In `_suite.md`: "negotiated": {"draft": {"tap": ["draft", "negotiated-draft"], "predicted": "{label.draft}"}}.
struct Negotiated {
  std::string name;
  std::vector<std::string> keys;  // of TAP comments `# key: value` and diagnostics, in lower case; the first that is there counts
  std::string predicted;          // may hold templates; empty = nothing was predicted
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
  ViewRules view;                  // "objects" and "match"
  std::vector<RoleSpec> roles;     // what the suite says of its roles, where a test says nothing else; names are those of role_order
  std::string timeout;             // Go duration, of tests that name none; empty = default_timeout
  bool clock_starts_with_deciding = false;  // the timeout counts from the deciding role's start, not from the first role's
  std::vector<MadeFiles> files;
  Success pass;
  std::vector<Negotiated> negotiated;
  std::string together;  // what a run of all tests at once is called; empty = every test is run for itself
  std::string registry;  // the format of other runners' registries that name this suite's implementations; empty = none
};

struct Suite {
  std::string name;
  std::string source;       // the folder or file it was read from
  std::string digest;       // "sha256:…" over everything that was read, another runner's registry included
  std::string description;  // the suite header's JSON text, whole; "{}" when there is none
  Rules rules;
  std::vector<Spec> specs;  // sorted by name; last the run of all of them, where there is one
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
  std::vector<TestPart> parts;  // never empty: of a test that is run for itself, the test
  Rules rules;
};

// A role's name is a host name label: [a-z][a-z0-9-]{0,62}.
bool is_role_name(std::string_view name);

}  // namespace interoper
