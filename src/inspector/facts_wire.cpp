#include "inspector/facts_wire.hpp"

#include <bit>
#include <cstring>
#include <string_view>

#include "base/json_text.hpp"

namespace interoper {
namespace {

static_assert(std::endian::native == std::endian::little, "the columns are little endian");

constexpr std::size_t alignment = 8;

class Columns {
 public:
  template <class Number, class Values>
  void add(const char* name, const Values& values) {
    begin(name, sizeof(Number) == 8 ? "f64" : sizeof(Number) == 4 ? "u32" : sizeof(Number) == 2 ? "u16" : "u8", values.size());
    const std::size_t at = bytes_.size();
    bytes_.resize(at + values.size() * sizeof(Number));
    char* to = bytes_.data() + at;
    for (const auto& value : values) {
      const auto number = static_cast<Number>(value);
      std::memcpy(to, &number, sizeof number);
      to += sizeof number;
    }
  }
  // The same of one member of each value.
  template <class Number, class Values, class Member>
  void add(const char* name, const Values& values, Member member) {
    std::vector<Number> numbers;
    numbers.reserve(values.size());
    for (const auto& value : values)
      numbers.push_back(static_cast<Number>(member(value)));
    add<Number>(name, numbers);
  }
  std::string header() const { return "{" + header_ + "}"; }
  const std::string& bytes() const { return bytes_; }

 private:
  void begin(const char* name, const char* type, std::size_t length) {
    bytes_.resize((bytes_.size() + alignment - 1) / alignment * alignment);
    header_ += std::string(header_.empty() ? "" : ",") + "\"" + name + "\":{\"type\":\"" + type +
               "\",\"at\":" + std::to_string(bytes_.size()) + ",\"length\":" + std::to_string(length) + "}";
  }
  std::string header_;
  std::string bytes_;
};

template <class Values, class Text>
std::string array_of(const Values& values, Text text) {
  std::string out = "[";
  for (const auto& value : values) {
    if (out.size() > 1) out += ',';
    out += text(value);
  }
  return out + "]";
}

std::string count_json(const Packets::Count& count, const TimelineFacts& facts, const ViewRules& rules) {
  const auto member = [](const char* key, std::uint64_t value) { return std::string(",\"") + key + "\":" + std::to_string(value); };
  return "{\"rule\":" + std::to_string(count.rule) + member("from", count.from) + member("sent", count.sent) +
         member("arrived", count.arrived) + member("lost", count.lost) + member("duplicated", count.duplicated) +
         member("reordered", count.reordered) + member("unknown", count.unknown) +
         ",\"words\":" + json_quote(packet_words(count, rules.match[count.rule].name, facts.roles[count.from])) + "}";
}

std::string names_json(const TimelineFacts& facts) {
  std::string out = "{";
  for (std::size_t i = 0; i < facts.names.size(); ++i) {
    if (facts.names[i].empty()) continue;
    if (out.size() > 1) out += ',';
    out += "\"" + std::to_string(i) + "\":" + json_quote(facts.names[i]);
  }
  return out + "}";
}

}  // namespace

std::string facts_bytes(const TimelineFacts& facts, const ViewRules& rules) {
  constexpr unsigned duplicate_flag = 1;
  constexpr unsigned reordered_flag = 2;
  Columns columns;
  columns.add<double>("us", facts.us);
  columns.add<std::uint8_t>("role", facts.role);
  columns.add<std::uint16_t>("type", facts.type);
  if (!facts.seq.empty()) columns.add<double>("seq", facts.seq);
  columns.add<std::uint32_t>("refs_begin", facts.refs_begin);
  columns.add<std::uint32_t>("refs", facts.refs);
  columns.add<std::uint8_t>("object_kind", facts.objects, [](const TimelineObject& object) { return object.kind; });
  columns.add<std::uint8_t>("object_role", facts.objects, [](const TimelineObject& object) { return object.role; });
  columns.add<double>("object_id", facts.objects, [](const TimelineObject& object) { return object.id; });
  columns.add<std::uint32_t>("object_parent", facts.objects, [](const TimelineObject& object) { return object.parent; });
  const Packets& packets = facts.packets;
  columns.add<std::uint32_t>("arrow_sent", packets.arrows, [](const Arrow& arrow) { return arrow.sent; });
  columns.add<std::uint32_t>("arrow_received", packets.arrows, [](const Arrow& arrow) { return arrow.received; });
  columns.add<std::uint8_t>("arrow_rule", packets.arrows, [](const Arrow& arrow) { return arrow.rule; });
  columns.add<std::uint8_t>("arrow_flags", packets.arrows, [](const Arrow& arrow) {
    return (arrow.duplicate ? duplicate_flag : 0U) | (arrow.reordered ? reordered_flag : 0U);
  });
  columns.add<std::uint32_t>("lost", packets.lost, [](const Sighting& sighting) { return sighting.seq; });
  columns.add<std::uint8_t>("lost_rule", packets.lost, [](const Sighting& sighting) { return sighting.rule; });
  columns.add<std::uint32_t>("unknown", packets.unknown, [](const Sighting& sighting) { return sighting.seq; });
  columns.add<std::uint8_t>("unknown_rule", packets.unknown, [](const Sighting& sighting) { return sighting.rule; });

  std::string header = R"({"schema":"interoper.facts/1","events":)" + std::to_string(facts.size());
  header += std::string(",\"part\":") + (facts.part ? "true" : "false");
  header += ",\"faulty\":" + std::to_string(facts.faulty) + ",\"trouble\":" + json_quote(facts.trouble);
  header += ",\"roles\":" + array_of(facts.roles, json_quote) + ",\"types\":" + array_of(facts.types, json_quote);
  header += ",\"kinds\":" + array_of(rules.objects, [](const ObjectKind& kind) { return json_quote(kind.kind); });
  header += ",\"rules\":" + array_of(rules.match, [](const MatchRule& rule) { return json_quote(rule.name); });
  header += ",\"names\":" + names_json(facts);
  header += ",\"packets\":" + array_of(packets.counts, [&](const Packets::Count& count) { return count_json(count, facts, rules); });
  header += ",\"columns\":" + columns.header() + "}";
  while ((header.size() + alignment) % alignment != 0)
    header += ' ';
  std::string bytes = "IOF1";
  const auto length = static_cast<std::uint32_t>(header.size());
  bytes.append(reinterpret_cast<const char*>(&length), sizeof length);
  return bytes + header + columns.bytes();
}

}  // namespace interoper
