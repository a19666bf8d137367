// Markdown as HTML that may stand in our page, whoever wrote it: raw HTML becomes text-less comments, and links lead nowhere dangerous.
#pragma once

#include <string>
#include <string_view>

namespace interoper {

// CommonMark with the GFM extensions, as test files are written. Raw HTML and links such as javascript: are left out (cmark's safe mode).
std::string html_of_markdown(std::string_view text);

}  // namespace interoper
