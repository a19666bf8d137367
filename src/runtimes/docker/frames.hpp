// Takes apart the stream that an engine sends for a container without a terminal: frames of an 8-byte header (stream, three zeros,
// length as 32 bits, big-endian) and that many bytes (Engine API, "Attach to a container", stream format). A frame may come in any
// number of pieces; a piece of its content is handed over as soon as it is here, without copying.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "runtimes/runtime.hpp"

namespace interoper::docker {

class Frames {
 public:
  // Takes what came; only when next() has given nothing. `bytes` must stay valid until then.
  void feed(std::string_view bytes) { rest_ = bytes; }

  // The next piece of content, nothing when more must be fed.
  std::optional<Chunk> next() {
    while (!rest_.empty()) {
      if (content_left_ == 0 && !take_header()) continue;
      const std::string_view piece = rest_.substr(0, content_left_);
      rest_.remove_prefix(piece.size());
      content_left_ -= piece.size();
      if (!piece.empty()) return Chunk{stream_, piece};
    }
    return std::nullopt;
  }

  // Whether the stream may end here; otherwise it was cut.
  bool is_between_frames() const { return content_left_ == 0 && header_filled_ == 0; }

 private:
  // True when the header is complete and content follows.
  bool take_header() {
    while (header_filled_ < header_.size() && !rest_.empty()) {
      header_[header_filled_++] = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
    }
    if (header_filled_ < header_.size()) return false;
    header_filled_ = 0;
    stream_ = header_[0] == 2 ? Stream::err : Stream::out;
    content_left_ =
        std::size_t{header_[4]} << 24U | std::size_t{header_[5]} << 16U | std::size_t{header_[6]} << 8U | std::size_t{header_[7]};
    return content_left_ > 0;
  }

  std::string_view rest_;
  std::array<unsigned char, 8> header_{};
  std::size_t header_filled_ = 0;
  std::size_t content_left_ = 0;
  Stream stream_ = Stream::out;
};

}  // namespace interoper::docker
