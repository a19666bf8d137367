#include "reporters/timeline_facts.hpp"

#include <catch2/catch.hpp>
#include <fstream>

#include "reporters/sample_test.hpp"

using namespace interoper;

namespace {

const std::vector<ObjectKind> kinds{
    {"link", "in.link_id", "in.peer"}, {"channel", "in.channel_id", "in.channel.type"}, {"packet", "in.packet_id", ""}};

Pattern type(const std::string& name) { return {{{"ty", "\"" + name + "\""}}}; }

const std::vector<MatchRule> rules{{"datagram", {type("snd")}, {type("rcv")}, {"in.msg"}},
                                   {"channel packet", {type("write")}, {type("read"), type("drop")}, {"channel", "in.header"}}};

TimelineFacts facts_of(const std::string& text) {
  const TestFolder folder;
  std::ofstream(folder.path() / "1.jsonl", std::ios::binary) << text;
  return read_facts(folder.path() / "1.jsonl", kinds, rules);
}

std::string event(int seq, const std::string& role, const std::string& type, const std::string& in) {
  return "{\"seq\":" + std::to_string(seq) + ",\"ti\":1,\"us\":" + std::to_string(seq * 10) + ",\"ro\":\"" + role + "\",\"ty\":\"" + type +
         "\",\"in\":" + in + "}\n";
}

}  // namespace

TEST_CASE("facts are columns over the events") {
  const TimelineFacts facts =
      facts_of(event(0, "worker", "ready", "{}") + event(1, "driver", "log", R"({"line":"x"})") + event(2, "worker", "ready", "{}"));
  CHECK(facts.roles == std::vector<std::string>{"worker", "driver"});
  CHECK(facts.types == std::vector<std::string>{"ready", "log"});
  CHECK(facts.us == std::vector<std::int64_t>{0, 10, 20});
  CHECK(facts.role == std::vector<std::uint32_t>{0, 1, 0});
  CHECK(facts.seq.empty());
  CHECK(facts.offset[1] == event(0, "worker", "ready", "{}").size());
  CHECK(facts.faulty == 0);
}

TEST_CASE("the first events alone are a part, in which no packet is called lost") {
  const TestFolder folder;
  const std::string text = event(0, "d", "snd", R"({"msg":"a"})") + event(1, "w", "rcv", R"({"msg":"a"})") + event(2, "d", "x", "{}");
  std::ofstream(folder.path() / "1.jsonl", std::ios::binary) << text;
  const auto first = [&](std::uint64_t most) { return read_facts(folder.path() / "1.jsonl", kinds, rules, most); };
  CHECK(first(1).part);
  CHECK(first(1).size() == 1);
  CHECK(first(1).offset == std::vector<std::uint64_t>{0, event(0, "d", "snd", R"({"msg":"a"})").size() - 1});
  CHECK(first(1).packets.lost.empty());
  CHECK(first(0).part);
  CHECK_FALSE(first(3).part);
  CHECK(first(3).packets.arrows.size() == 1);
  CHECK_FALSE(first(4).part);
}

TEST_CASE("objects lie in one another, and have names") {
  const TimelineFacts facts =
      facts_of(event(0, "w", "a", R"({"link_id":1,"packet_id":5})") +
               event(1, "w", "b", R"({"link_id":1,"channel_id":2,"channel":{"type":"chat"}})") +
               event(2, "w", "c", R"({"channel_id":2,"packet_id":5})") + event(3, "w", "d", R"({"link_id":1,"peer":"p"})") +
               event(4, "d", "d", R"({"link_id":1.0e0,"packet_id":"x"})"));
  REQUIRE(facts.objects.size() == 4);  // link 1, packet 5, channel 2; and the other role's link 1
  CHECK(facts.names == std::vector<std::string>{"p", "", "chat", ""});
  CHECK(facts.objects[2].parent == 0);
  CHECK(facts.objects[1].parent == 2);  // the innermost
  CHECK(facts.objects[3].role == 1);
  CHECK(facts.objects[3].id == 1);
}

TEST_CASE("packets are compared as JSON, in channels of the same name") {
  const TimelineFacts facts = facts_of(event(0, "d", "write", R"({"channel_id":7,"header":{"seq":1,"ack":2}})") +
                                       event(1, "d", "new", R"({"channel_id":7,"channel":{"type":"chat"}})") +
                                       event(2, "w", "new", R"({"channel_id":1,"channel":{"type":"chat"}})") +
                                       event(3, "w", "new", R"({"channel_id":2,"channel":{"type":"other"}})") +
                                       event(4, "w", "read", R"({"channel_id":2,"header":{"seq":1,"ack":2}})") +
                                       event(5, "w", "drop", R"({"channel_id":1,"header":{ "ack": 2.0, "seq": 1e0 }})") +
                                       event(6, "d", "snd", R"({"msg":"a\u0062"})") + event(7, "w", "rcv", R"({"msg":"ab"})") +
                                       event(8, "d", "snd", R"({"other":1})"));
  REQUIRE(facts.packets.arrows.size() == 2);
  CHECK(facts.packets.arrows[0].sent == 0);
  CHECK(facts.packets.arrows[0].received == 5);
  CHECK(facts.packets.arrows[1].received == 7);
  REQUIRE(facts.packets.unknown.size() == 1);
  CHECK(facts.packets.unknown[0].seq == 4);
  CHECK(facts.packets.lost.empty());  // event 8 has nothing that could be compared
}

TEST_CASE("what is no event is left out, whatever it is") {
  const std::string good = event(0, "w", "a", "{}");
  const TimelineFacts facts = facts_of(good + "garbage\n\n{\"ty\":\n[1]\n" +
                                       "{\"us\":-5,\"ro\":7,\"ty\":null,\"in\":[],\"seq\":99999999999999999999}\n" + "{\"ty\":\"cut");
  CHECK(facts.size() == 2);
  CHECK(facts.faulty == 4);
  CHECK(facts.us == std::vector<std::int64_t>{0, 0});  // time never goes back
  CHECK(facts_of("").size() == 0);
  CHECK(facts_of(good.substr(0, good.size() - 1)).size() == 1);  // only the newline is missing
  CHECK(read_facts("/nonexistent/1.jsonl", kinds, rules).trouble.find("cannot read /nonexistent/1.jsonl") == 0);
}

TEST_CASE("a process that invents roles and types without end is told under one name") {
  std::string text;
  for (int i = 0; i < 6000; ++i)
    text += event(i, "r" + std::to_string(i), "t" + std::to_string(i), "{}");
  const TimelineFacts facts = facts_of(text);
  CHECK(facts.size() == 6000);
  CHECK(facts.roles.size() <= 200);
  CHECK(facts.types.size() <= 5000);
  CHECK(facts.roles.back() == "…");
}
