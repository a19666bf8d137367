// What sentences for people need: a number with its noun, and the beginning of a text that is too long for one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace interoper {

// "1 point", "2 points"; with `many`: "1 entry", "2 entries".
std::string counted(std::uint64_t number, std::string_view one, std::string_view many = {});

// How many bytes the longest beginning of UTF-8 text has that is not longer than `most_bytes` and cuts no character in two.
std::size_t whole_characters(std::string_view text, std::size_t most_bytes);

// The text, or such a beginning of it and `…`.
std::string shortened(std::string_view text, std::size_t most_bytes);

}  // namespace interoper
