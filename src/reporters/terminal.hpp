// How text looks where it goes: colours, glyphs, width; and the two standard streams, which may be closed at any time.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "model/verdict.hpp"

namespace interoper {

enum class ColorWhen { automatic, always, never };

// What a terminal (or a file in its place) can show.
struct Style {
  bool colour = false;
  bool utf8 = true;
  std::size_t columns = 0;  // 0: no limit
  bool rich = false;        // 256 colours, from which a palette for all eyes is made; else the eight that there always are
  bool links = false;       // OSC 8
};

// What the world says about a stream and its user.
struct Surroundings {
  bool is_terminal = false;
  std::size_t columns = 0;
  std::function<std::string(const char*)> environment;  // the value of a variable, "" when it is not set
};

// Colours with `automatic`: on a terminal that is not `dumb`, unless NO_COLOR is set. UTF-8 as the locale variables say.
// Links on a terminal, unless it is one that shows them as rubbish, or escape sequences are not wanted at all.
Style style_for(ColorWhen when, const Surroundings& surroundings);

// The same for a file descriptor of this process.
Style style_of(int descriptor, ColorWhen when);

// Names of meanings more than of colours: red is what went wrong, green what went well. No two of them look the same to anybody: green is
// bluish (of eight colours: cyan), red goes towards orange (after Okabe and Ito, "Color Universal Design").
enum class Colour { red, green, yellow, magenta, cyan, dim, bold };

// `text` in that colour, when there are colours.
std::string paint(Colour colour, std::string_view text, const Style& style);

// `text` as a link to `url`, where links can be shown.
std::string link(std::string_view text, const std::string& url, const Style& style);

// One column; told apart by shape, so that colours are not needed.
std::string_view glyph(Verdict verdict, const Style& style);
Colour colour_of(Verdict verdict);

// "✔ passed     ": glyph and word, padded to the longest verdict, in its colour.
std::string verdict_label(Verdict verdict, const Style& style);

// `text` with blanks up to `columns`; a longer text stays as it is.
std::string padded(std::string_view text, std::size_t columns);
std::string padded_left(std::string_view text, std::size_t columns);
std::string without_blanks_behind(std::string line);

// Where text goes. It never throws: who reads may stop at any time, and a run goes on.
using TextSink = std::function<void(std::string_view)>;

// A standard stream. A reader that has gone (`| head`), a full disk or a closed descriptor are remembered, and what follows is dropped;
// no signal reaches the program for it. It waits for a slow reader; while tests run, that is for PatientStream.
class StandardStream {
 public:
  explicit StandardStream(int descriptor) : descriptor_(descriptor) {}

  void write(std::string_view text) noexcept;
  int error() const { return error_; }  // the errno of the first failure, 0 when there was none
  TextSink sink() {
    return [this](std::string_view text) { write(text); };
  }

 private:
  int descriptor_;
  int error_ = 0;
};

}  // namespace interoper
