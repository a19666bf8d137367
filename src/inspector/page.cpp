#include "inspector/page.hpp"

#ifdef INTEROPER_PAGE_FOLDER
asm(".pushsection .rodata\n"
    ".global interoper_page_script\n"
    ".global interoper_page_style\n"
    ".global interoper_page_end\n"
    "interoper_page_script:\n"
    ".incbin \"" INTEROPER_PAGE_FOLDER
    "/page.js\"\n"
    "interoper_page_style:\n"
    ".incbin \"" INTEROPER_PAGE_FOLDER
    "/page.css\"\n"
    "interoper_page_end:\n"
    ".byte 0\n"
    ".popsection\n");
extern "C" {
extern const char interoper_page_script[];
extern const char interoper_page_style[];
extern const char interoper_page_end[];
}
#endif

namespace interoper {

Page embedded_page() {
#ifdef INTEROPER_PAGE_FOLDER
  const auto between = [](const char* begin, const char* end) { return std::string_view(begin, static_cast<std::size_t>(end - begin)); };
  return {between(interoper_page_script, interoper_page_style), between(interoper_page_style, interoper_page_end)};
#else
  return {};
#endif
}

std::string page_document(std::string_view title, std::string_view head, std::string_view body) {
  std::string html = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
  html += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
  html += "<meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n<title>";
  html += html_escape(title);
  html += "</title>\n";
  html += head;
  html += "</head>\n<body>\n<div id=\"page\"></div>\n";
  html += body;
  html += "</body>\n</html>\n";
  return html;
}

std::string html_escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
  return out;
}

}  // namespace interoper
