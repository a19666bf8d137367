// Bytes as they come -> lines. A line ends with \n or at the end; a \r before it is dropped (interface §6).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace interoper {

class LineSplitter {
 public:
  struct Line {
    std::string_view text;    // valid until the next call
    bool more = false;        // a piece, but not the last, of a line longer than the limit
    bool last_piece = false;  // the last piece of such a line
  };

  // Longer lines come in pieces (interface §6: 4 MiB).
  explicit LineSplitter(std::size_t limit_bytes = std::size_t{4} * 1024 * 1024) : limit_(limit_bytes) {}

  // Calls `take(Line)` for each line that `bytes` ends.
  template <class Take>
  void feed(std::string_view bytes, Take&& take) {
    while (!bytes.empty()) {
      const std::size_t end = bytes.find('\n');
      const bool ended = end != std::string_view::npos;
      const std::string_view piece = bytes.substr(0, ended ? end : bytes.size());
      bytes.remove_prefix(ended ? end + 1 : bytes.size());
      if (ended && held_.empty() && !in_pieces_ && piece.size() <= limit_) {
        take(Line{without_return(piece), false, false});  // the usual line lies whole in what came: no copy
        continue;
      }
      add(piece, take);
      if (ended) end_line(take);
    }
  }

  // The end of the stream: a last line without newline counts.
  template <class Take>
  void finish(Take&& take) {
    if (!held_.empty()) take(Line{without_return(held_), false, in_pieces_});
    held_.clear();
    in_pieces_ = false;
  }

 private:
  template <class Take>
  void add(std::string_view piece, Take&& take) {
    while (held_.size() + piece.size() > limit_) {
      // Cut between characters, so that pieces of a UTF-8 line are UTF-8 themselves.
      std::size_t room = limit_ - held_.size();
      if (room < piece.size()) {
        std::size_t back = 0;
        while (back < 3 && back < room && (static_cast<unsigned char>(piece[room - back]) & 0xC0U) == 0x80U)
          ++back;
        room -= back;
      }
      held_.append(piece.substr(0, room));
      piece.remove_prefix(room);
      take(Line{held_, true, false});
      held_.clear();
      in_pieces_ = true;
    }
    held_.append(piece);
  }

  static std::string_view without_return(std::string_view text) {
    if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
    return text;
  }

  template <class Take>
  void end_line(Take&& take) {
    take(Line{without_return(held_), false, in_pieces_});
    held_.clear();
    in_pieces_ = false;
  }

  std::size_t limit_;
  std::string held_;
  bool in_pieces_ = false;
};

}  // namespace interoper
