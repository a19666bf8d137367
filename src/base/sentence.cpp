#include "base/sentence.hpp"

namespace interoper {

std::string counted(std::uint64_t number, std::string_view one, std::string_view many) {
  std::string text = std::to_string(number) + " ";
  if (number == 1 || many.empty()) {
    text += one;
    if (number != 1) text += 's';
  } else {
    text += many;
  }
  return text;
}

std::size_t whole_characters(std::string_view text, std::size_t most_bytes) {
  if (text.size() <= most_bytes) return text.size();
  constexpr std::size_t most_further_bytes = 3;  // of one character; more is no UTF-8, and cut anywhere
  std::size_t end = most_bytes;
  while (end > 0 && most_bytes - end < most_further_bytes && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U)
    --end;
  return end;
}

std::string shortened(std::string_view text, std::size_t most_bytes) {
  if (text.size() <= most_bytes) return std::string(text);
  return std::string(text.substr(0, whole_characters(text, most_bytes))) + "…";
}

}  // namespace interoper
