// The page itself, as the build made it from src/inspector/page: one script and one style sheet, embedded in the program.
#pragma once

#include <string>
#include <string_view>

namespace interoper {

struct Page {
  std::string_view script;
  std::string_view style;
};

// Empty texts when this interoper was built without it (INTEROPER_PAGE=OFF).
Page embedded_page();

// What `inspect` says then.
constexpr std::string_view no_page = "this interoper was built without the page (INTEROPER_PAGE=OFF)";

// The document around the page. `head` and `body` are ours, and are put in as they are.
std::string page_document(std::string_view title, std::string_view head, std::string_view body);

// `text` as HTML text or the value of an attribute.
std::string html_escape(std::string_view text);

}  // namespace interoper
