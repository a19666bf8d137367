#include "runtimes/docker/frames.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace interoper;
using namespace interoper::docker;

namespace {

std::string frame(char stream, const std::string& content) {
  std::string out = {stream, 0, 0, 0};
  for (const unsigned shift : {24U, 16U, 8U, 0U})
    out += static_cast<char>(content.size() >> shift & 255U);
  return out + content;
}

struct Both {
  std::string out, err;
};

Both take_apart(const std::string& bytes, std::size_t piece) {
  Frames frames;
  Both both;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    const std::string part = bytes.substr(at, piece);
    frames.feed(part);
    while (const auto chunk = frames.next()) {
      CHECK_FALSE(chunk->bytes.empty());
      (chunk->stream == Stream::out ? both.out : both.err).append(chunk->bytes);
    }
  }
  CHECK(frames.is_between_frames());
  return both;
}

}  // namespace

TEST_CASE("frames come apart whatever pieces they come in") {
  const std::string big(70000, 'b');
  const std::string bytes = frame(1, "one\n") + frame(2, "err\n") + frame(1, "") + frame(1, big) + frame(2, "") + frame(2, "end");
  for (const std::size_t piece :
       {std::size_t{1}, std::size_t{3}, std::size_t{7}, std::size_t{8}, std::size_t{9}, std::size_t{4096}, bytes.size()}) {
    const Both both = take_apart(bytes, piece);
    CHECK(both.out == "one\n" + big);
    CHECK(both.err == "err\nend");
  }
}

TEST_CASE("a stream that ends inside a frame was cut") {
  Frames frames;
  frames.feed(std::string_view("\1\0\0\0\0\0\0\5ab", 10));
  const auto chunk = frames.next();
  REQUIRE(chunk);
  CHECK(chunk->bytes == "ab");
  CHECK_FALSE(frames.next());
  CHECK_FALSE(frames.is_between_frames());
}
