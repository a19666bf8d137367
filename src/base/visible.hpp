// What processes and files say, made safe to look at: control characters, escape sequences and marks that turn the direction of
// writing are shown, never obeyed by the terminal. Every foreign text on its way to a terminal goes through here.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace interoper {

// Controls become `\e`, `\n`, `\t`, `\r`, `\0`, `\x07`; bytes that are no UTF-8 `\xff`; invisible and direction-turning characters
// `\u{202e}`. With `ascii` every other character outside ASCII becomes `\u{…}` as well. A backslash stays as it is.
// At most about `limit_bytes` of the result, then `…` (or `...`): a 4 MiB line costs no more than a short one.
std::string visible(std::string_view text, bool ascii = false, std::size_t limit_bytes = std::string_view::npos);

// Columns that `visible` text takes on a terminal: wide characters take two, marks that join the one before take none.
std::size_t columns_of(std::string_view text);

// As much of `visible` text as fits in so many columns; what is cut ends with `…` (or `...`).
std::string cut_to_columns(std::string_view text, std::size_t columns, bool ascii = false);

}  // namespace interoper
