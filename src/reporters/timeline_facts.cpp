#include "reporters/timeline_facts.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <functional>
#include <optional>
#include <ranges>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/files.hpp"
#include "base/json_text.hpp"

namespace interoper {
namespace {

constexpr std::size_t read_bytes = std::size_t{1} << 20U;
// A log line is at most 4 MiB (interface §6); escaped, and in base64 beside it, that is below 32 MiB.
constexpr std::size_t longest_line_bytes = std::size_t{32} << 20U;
// More than any suite has; what a hostile process invents beyond that is told under one name.
constexpr std::size_t most_roles = 200;
constexpr std::size_t most_types = 5000;
// Of what is made room for before it comes; a file of short lines first and long ones later needs less.
constexpr std::uint64_t most_expected = std::uint64_t{4} << 20U;
constexpr std::size_t most_events = std::size_t{1} << 31U;
// Deeper JSON is compared as it is written.
constexpr int deepest_json = 64;
constexpr const char* others = "…";

// Not cryptographic: who makes two packets of his own collide harms his own arrows.
class Hash {
 public:
  void add(std::string_view text) {
    mix(text.size());
    while (text.size() >= sizeof(std::uint64_t)) {
      std::uint64_t word = 0;
      std::memcpy(&word, text.data(), sizeof word);
      mix(word);
      text.remove_prefix(sizeof word);
    }
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), text.size());
    mix(word);
  }
  std::pair<std::uint64_t, std::uint64_t> value() const { return {a_, b_}; }

 private:
  void mix(std::uint64_t word) {  // two multiplications by odd constants of good spectral quality (Steele and Vigna, 2021)
    constexpr std::uint64_t first = 0xd1342543de82ef95ULL;
    constexpr std::uint64_t second = 0xaf251af3b0f025b5ULL;
    a_ = (a_ ^ word) * first;
    a_ ^= a_ >> 32U;
    b_ = ((b_ << 29U | b_ >> 35U) + word) * second;
    b_ ^= b_ >> 31U;
  }
  std::uint64_t a_ = 1, b_ = 2;
};

// One spelling for equal values: members by key, scalars normalised.
void append_canonical(std::string& out, std::string_view value, int depth) {
  const char first = value.empty() ? ' ' : value.front();
  if (depth < deepest_json && first == '{') {
    std::vector<JsonMember> members = json_members(value).value_or(std::vector<JsonMember>{});
    std::sort(members.begin(), members.end(), [](const JsonMember& a, const JsonMember& b) {
      return std::pair(std::string_view(a.key), a.value.data()) < std::pair(std::string_view(b.key), b.value.data());
    });
    out += '{';
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (i + 1 < members.size() && members[i + 1].key == members[i].key) continue;  // the last counts
      out += json_quote(members[i].key) + ':';
      append_canonical(out, members[i].value, depth + 1);
      out += ',';
    }
    out += '}';
  } else if (depth < deepest_json && first == '[') {
    out += '[';
    for (const std::string_view element : json_elements(value).value_or(std::vector<std::string_view>{})) {
      append_canonical(out, element, depth + 1);
      out += ',';
    }
    out += ']';
  } else {
    out += json_spelling(value);
  }
}

bool is_plain_string(std::string_view value) {
  return value.size() >= 2 && value.front() == '"' && value.find('\\') == std::string_view::npos;
}

// The members of an event's `in`, found in one pass, since several paths lead into it.
class Inside {
 public:
  void read(std::string_view in) {
    in_ = in;
    members_.clear();
    odd_ = false;
    json_each_member(in, [this](std::string_view key, std::string_view value) {
      // A key that was decoded does not outlive this call, and one with a dot is another rule of json_at's.
      odd_ = odd_ || key.data() < in_.data() || key.data() >= in_.data() + in_.size() || key.find('.') != std::string_view::npos;
      members_.emplace_back(key, value);
    });
  }
  // What json_at finds under `first`, or under `first.rest`.
  std::optional<std::string_view> find(std::string_view first, std::string_view rest) const {
    if (odd_) return json_at(in_, rest.empty() ? std::string(first) : std::string(first) + "." + std::string(rest));
    for (const auto& [key, value] : std::views::reverse(members_)) {
      if (key != first) continue;
      if (rest.empty()) return value;
      if (value.front() != '{') return std::nullopt;
      return json_at(value, rest);
    }
    return std::nullopt;
  }

 private:
  std::string_view in_;
  std::vector<std::pair<std::string_view, std::string_view>> members_;
  bool odd_ = false;
};

// A dotted path; one that begins in `in` is looked up there.
struct Path {
  explicit Path(const std::string& path) : whole(path) {
    if (!path.starts_with("in.")) return;
    const std::string inside = path.substr(3);
    const std::size_t dot = inside.find('.');
    first = inside.substr(0, dot);
    if (dot != std::string::npos) rest = inside.substr(dot + 1);
  }
  std::optional<std::string_view> find(std::string_view line, const Inside& in) const {
    return first.empty() ? json_at(line, whole) : in.find(first, rest);
  }
  std::string whole, first, rest;
};

// Texts -> small numbers, in the order of their coming.
class Words {
 public:
  Words(std::vector<std::string>& words, std::size_t most) : words_(words), most_(most) {}
  std::uint32_t number(std::string_view word) {
    if (last_ < words_.size() && words_[last_] == word) return last_;
    const auto known = numbers_.find(std::string(word));
    if (known != numbers_.end()) return last_ = known->second;
    if (words_.size() + 1 >= most_ && word != others) return number(others);
    last_ = static_cast<std::uint32_t>(words_.size());
    words_.emplace_back(word);
    numbers_.emplace(word, last_);
    return last_;
  }

 private:
  std::vector<std::string>& words_;
  std::size_t most_;
  std::unordered_map<std::string, std::uint32_t> numbers_;
  std::uint32_t last_ = 0;
};

struct ObjectKey {
  std::uint32_t kind, role;
  std::uint64_t id;
  bool operator==(const ObjectKey&) const = default;
};
struct ObjectKeyHash {
  // Roles count their objects up: neighbours in number stay neighbours in memory, which a hash that scatters them pays for with a cache
  // miss an event.
  std::size_t operator()(const ObjectKey& key) const {
    constexpr std::uint64_t spread = 0x9e3779b97f4a7c15ULL;
    return key.id + (key.role * spread) + (key.kind * (spread << 1U));
  }
};

// The two sides of one rule, ready for many comparisons: type -> patterns.
struct Side {
  std::uint32_t rule;
  bool sent;
  std::vector<std::pair<Path, std::string>> keys;  // beside the type
};

class Gatherer {
 public:
  Gatherer(TimelineFacts& facts, const std::vector<ObjectKind>& objects, const std::vector<MatchRule>& match)
      : facts_(facts), kinds_(objects), roles_(facts.roles, most_roles), types_(facts.types, most_types) {
    for (const ObjectKind& kind : objects) {
      ids_.emplace_back(kind.id);
      names_.emplace_back(kind.name);
    }
    for (std::uint32_t i = 0; i < match.size(); ++i) {
      for (const Pattern& pattern : match[i].sent)
        add_side(i, true, pattern);
      for (const Pattern& pattern : match[i].received)
        add_side(i, false, pattern);
      by_.emplace_back();
      for (const std::string& part : match[i].by) {
        const auto kind = std::find_if(objects.begin(), objects.end(), [&](const ObjectKind& object) { return object.kind == part; });
        by_.back().push_back({Path(part), kind == objects.end() ? -1 : static_cast<int>(kind - objects.begin())});
      }
    }
    if (const auto any = sides_.find(""); any != sides_.end()) any_type_ = &any->second;
  }

  // Some `events` will come: what grows with them need not be moved as it grows.
  void expect(std::size_t events) {
    facts_.offset.reserve(events + 1);
    facts_.refs_begin.reserve(events + 1);
    facts_.us.reserve(events);
    facts_.role.reserve(events);
    facts_.type.reserve(events);
  }

  // False when the line is no JSON object.
  bool add(std::string_view line, std::uint64_t offset) {
    Seen seen;
    const bool valid = json_each_member(line, [&seen](std::string_view key, std::string_view value) {
      if (key == "us") seen.us = value;
      if (key == "ro") seen.role = value;
      if (key == "ty") seen.type = value;
      if (key == "in") seen.in = value;
      if (key == "seq") seen.seq = value;
    });
    if (!valid) return false;
    facts_.offset.push_back(offset);
    facts_.refs_begin.push_back(static_cast<std::uint32_t>(facts_.refs.size()));
    std::int64_t us = 0;
    std::from_chars(seen.us.data(), seen.us.data() + seen.us.size(), us);
    last_us_ = std::max(last_us_, us);
    facts_.us.push_back(last_us_);
    const std::uint32_t role = roles_.number(text_of(seen.role, role_text_));
    const std::uint32_t type = types_.number(text_of(seen.type, type_text_));
    facts_.role.push_back(role);
    facts_.type.push_back(type);
    keep_seq(seen.seq);
    const bool is_object = !seen.in.empty() && seen.in.front() == '{';
    if (is_object && facts_.types[type] != "log") {
      inside_.read(seen.in);
      add_objects(role, line);
      add_sightings(role, facts_.types[type], line);
    }
    return true;
  }

  void finish(std::uint64_t end) {
    facts_.offset.push_back(end);
    facts_.refs_begin.push_back(static_cast<std::uint32_t>(facts_.refs.size()));
    for (const Pending& pending : pending_) {  // names may have been told after the packet
      Sighting& sighting = sightings_[pending.sighting];
      Hash hash;
      hash.add(pending.object == TimelineObject::none ? "" : facts_.names[pending.object]);
      sighting.key.first ^= hash.value().first;
      sighting.key.second += hash.value().second;
    }
    if (!facts_.part) facts_.packets = match_packets(sightings_);
  }

 private:
  struct Seen {
    std::string_view us, role, type, in, seq;
  };
  struct Pending {
    std::size_t sighting;
    std::uint32_t object;
  };
  struct By {
    Path path;
    int kind;  // of the object whose name it means; -1: the path's value
  };

  void add_side(std::uint32_t rule, bool sent, const Pattern& pattern) {
    Side side{rule, sent, {}};
    std::string type;
    for (const auto& [path, value] : pattern.keys) {
      if (path == "ty") {
        type = json_string(value).value_or("");
      } else {
        side.keys.emplace_back(Path(path), value);
      }
    }
    sides_[type].push_back(std::move(side));
  }

  static std::string_view text_of(std::string_view value, std::string& room) {
    if (is_plain_string(value)) return value.substr(1, value.size() - 2);
    room = json_string(value.empty() ? "null" : value).value_or("");
    return room;
  }

  void keep_seq(std::string_view value) {
    const std::uint64_t position = facts_.us.size() - 1;
    std::uint64_t seq = position;
    std::from_chars(value.data(), value.data() + value.size(), seq);
    if (facts_.seq.empty() && seq == position) return;
    while (facts_.seq.size() < position)
      facts_.seq.push_back(facts_.seq.size());
    facts_.seq.push_back(seq);
  }

  void add_objects(std::uint32_t role, std::string_view line) {
    std::uint32_t around = TimelineObject::none;
    for (std::uint32_t kind = 0; kind < kinds_.size(); ++kind) {
      const auto value = ids_[kind].find(line, inside_);
      if (!value) continue;
      std::uint64_t id = 0;
      const auto [end, fault] = std::from_chars(value->data(), value->data() + value->size(), id);
      // Reports of 2014 write 1.417982386e+09: read as what it is.
      if (fault != std::errc()) continue;
      if (end != value->data() + value->size()) {
        const std::string spelled = json_spelling(*value);
        const auto [last, other] = std::from_chars(spelled.data(), spelled.data() + spelled.size(), id);
        if (other != std::errc() || last != spelled.data() + spelled.size()) continue;
      }
      const std::uint32_t object = object_of({kind, role, id});
      TimelineObject& known = facts_.objects[object];
      const bool nearer = around != TimelineObject::none &&
                          (known.parent == TimelineObject::none || facts_.objects[known.parent].kind <= facts_.objects[around].kind);
      if (nearer) known.parent = around;
      around = object;
      facts_.refs.push_back(object);
      if (kinds_[kind].name.empty()) continue;
      if (const auto name = names_[kind].find(line, inside_); name && name->front() == '"') {
        std::string room;
        facts_.names[object] = text_of(*name, room);
      }
    }
  }

  std::uint32_t object_of(const ObjectKey& key) {
    const auto [known, is_new] = objects_.try_emplace(key, static_cast<std::uint32_t>(facts_.objects.size()));
    if (is_new) {
      facts_.objects.push_back({key.kind, key.role, key.id, TimelineObject::none});
      facts_.names.emplace_back();
    }
    return known->second;
  }

  void add_sightings(std::uint32_t role, const std::string& type, std::string_view line) {
    for (const std::vector<Side>* sides : {sides_of(type), any_type_}) {
      if (sides == nullptr) continue;
      for (const Side& side : *sides) {
        const bool fits = std::all_of(side.keys.begin(), side.keys.end(), [&](const auto& wanted) {
          const auto value = wanted.first.find(line, inside_);
          return value && json_equal(*value, wanted.second);
        });
        if (fits) sight(side, role, line);
      }
    }
  }

  const std::vector<Side>* sides_of(const std::string& type) const {
    const auto found = type.empty() ? sides_.end() : sides_.find(type);
    return found == sides_.end() ? nullptr : &found->second;
  }

  // An event that lacks what its rule compares tells of no packet.
  void sight(const Side& side, std::uint32_t role, std::string_view line) {
    Hash hash;
    std::vector<std::uint32_t> named;
    for (const By& by : by_[side.rule]) {
      if (by.kind >= 0) {
        named.push_back(object_around(static_cast<std::uint32_t>(by.kind)));
        continue;
      }
      const auto value = by.path.find(line, inside_);
      if (!value) return;
      if (is_plain_string(*value)) {
        hash.add(*value);
      } else {
        canonical_.clear();
        append_canonical(canonical_, *value, 0);
        hash.add(canonical_);
      }
    }
    for (const std::uint32_t object : named)
      pending_.push_back({sightings_.size(), object});
    sightings_.push_back({facts_.us.size() - 1, side.rule, role, hash.value(), side.sent});
  }

  // The object of this kind that the last event speaks of, or that lies around one it speaks of.
  std::uint32_t object_around(std::uint32_t kind) const {
    for (std::size_t i = facts_.refs_begin.back(); i < facts_.refs.size(); ++i) {
      std::uint32_t object = facts_.refs[i];
      for (std::size_t steps = 0; object != TimelineObject::none && steps < kinds_.size(); ++steps) {
        if (facts_.objects[object].kind == kind) return object;
        object = facts_.objects[object].parent;
      }
    }
    return TimelineObject::none;
  }

  TimelineFacts& facts_;
  const std::vector<ObjectKind>& kinds_;
  Words roles_, types_;
  std::vector<Path> ids_, names_;
  std::unordered_map<std::string, std::vector<Side>> sides_;  // by type; "" holds the patterns that name none
  const std::vector<Side>* any_type_ = nullptr;
  std::vector<std::vector<By>> by_;
  std::unordered_map<ObjectKey, std::uint32_t, ObjectKeyHash> objects_;
  std::vector<Sighting> sightings_;
  std::vector<Pending> pending_;
  std::int64_t last_us_ = 0;
  std::string role_text_, type_text_, canonical_;
  Inside inside_;
};

class OpenFile {
 public:
  explicit OpenFile(const std::filesystem::path& path) : descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (descriptor >= 0) ::close(descriptor);
  }
  const int descriptor;
};

}  // namespace

// Feeds the file's lines with their offsets. The last line counts without its newline too, if it is whole.
struct FactsReading::State {
  State(const std::filesystem::path& timeline, const std::vector<ObjectKind>& objects, const std::vector<MatchRule>& match,
        std::uint64_t most_wanted)
      : path(timeline), most(most_wanted), gatherer(facts, objects, match), file(timeline) {
    struct stat status{};
    if (file.descriptor < 0) {
      facts.trouble = disk_sentence("read", path, errno);
    } else if (::fstat(file.descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
      facts.trouble = "cannot read " + path.string() + ": it is no regular file";
    } else {
      file_bytes = static_cast<std::uint64_t>(status.st_size);
      more = true;
    }
  }

  bool take(std::string_view line, std::uint64_t offset) {
    const bool is_event = !too_long && !line.empty() && line.front() == '{' && facts.size() < most_events && gatherer.add(line, offset);
    if (is_event) end_of_last = offset + line.size();
    if (!is_event) ++facts.faulty;
    too_long = false;
    return is_event;
  }

  // The whole lines among what is held.
  void take_lines() {
    std::size_t from = 0;
    for (std::size_t end = held.find('\n', from); end != std::string::npos; end = held.find('\n', from)) {
      if (facts.size() >= most) {
        facts.part = true;
        held.clear();
        more = false;
        return;
      }
      take(std::string_view(held).substr(from, end - from), begin + from);
      from = end + 1;
    }
    held.erase(0, from);
    if (begin == 0 && from > 0) {
      const std::uint64_t like_the_first = file_bytes / from * facts.size();
      gatherer.expect(std::min({like_the_first, most, most_expected}));
    }
    begin += from;
    if (held.size() > longest_line_bytes) {  // nothing that we wrote: it is left out
      begin += held.size();
      held.clear();
      too_long = true;
    }
  }

  const std::filesystem::path path;
  const std::uint64_t most;
  TimelineFacts facts;
  Gatherer gatherer;
  const OpenFile file;
  std::uint64_t file_bytes = 0;
  bool more = false;
  std::vector<char> buffer = std::vector<char>(read_bytes);
  std::string held;         // from the beginning of a line
  std::uint64_t begin = 0;  // its offset
  std::uint64_t end_of_last = 0;
  bool too_long = false;
};

FactsReading::FactsReading(const std::filesystem::path& timeline, const std::vector<ObjectKind>& objects,
                           const std::vector<MatchRule>& match, std::uint64_t most)
    : state_(std::make_unique<State>(timeline, objects, match, most)) {}
FactsReading::~FactsReading() = default;
FactsReading::FactsReading(FactsReading&&) noexcept = default;

bool FactsReading::step() {
  State& state = *state_;
  if (!state.more) return false;
  const ssize_t n = ::read(state.file.descriptor, state.buffer.data(), state.buffer.size());
  if (n < 0 && errno == EINTR) return true;
  if (n < 0) state.facts.trouble = disk_sentence("read", state.path, errno);
  if (n <= 0) {
    state.more = false;
    return false;
  }
  state.held.append(state.buffer.data(), static_cast<std::size_t>(n));
  state.take_lines();
  return state.more;
}

TimelineFacts FactsReading::take() {
  State& state = *state_;
  // A line that ends in the middle: the program was killed while it wrote.
  if (!state.held.empty() && !state.take(state.held, state.begin)) --state.facts.faulty;
  state.gatherer.finish(state.end_of_last);
  return std::move(state.facts);
}

TimelineFacts read_facts(const std::filesystem::path& timeline, const std::vector<ObjectKind>& objects, const std::vector<MatchRule>& match,
                         std::uint64_t most) {
  FactsReading reading(timeline, objects, match, most);
  while (reading.step()) {
  }
  return reading.take();
}

}  // namespace interoper
