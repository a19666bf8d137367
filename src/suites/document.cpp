#include "suites/document.hpp"

#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm.h>

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

namespace interoper {
namespace {

using Node = std::unique_ptr<cmark_node, decltype(&cmark_node_free)>;
using Parser = std::unique_ptr<cmark_parser, decltype(&cmark_parser_free)>;

constexpr std::string_view blanks = " \t\r\n";
constexpr std::string_view how_to_begin =
    "begin the file with a JSON object, in a block that is indented by four spaces or fenced by ```json and ```";

Node parse(std::string_view text) {
  cmark_gfm_core_extensions_ensure_registered();
  const Parser parser(cmark_parser_new(CMARK_OPT_DEFAULT), cmark_parser_free);
  for (const char* name : {"table", "strikethrough", "autolink", "tasklist"}) {
    if (cmark_syntax_extension* extension = cmark_find_syntax_extension(name))
      cmark_parser_attach_syntax_extension(parser.get(), extension);
  }
  cmark_parser_feed(parser.get(), text.data(), text.size());
  return {cmark_parser_finish(parser.get()), cmark_node_free};
}

// Byte offsets at which lines begin, as cmark counts lines: \n, \r\n and a lone \r end one. The end of the text comes last.
std::vector<std::size_t> line_starts(std::string_view text) {
  std::vector<std::size_t> starts{0};
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool ends_line = text[i] == '\n' || (text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n'));
    if (ends_line) starts.push_back(i + 1);
  }
  if (starts.back() != text.size()) starts.push_back(text.size());
  return starts;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// Without the blank lines around it; the indentation of the first line means something in Markdown and stays.
std::string_view without_blank_lines(std::string_view text) {
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  const std::size_t newline = text.substr(0, first).find_last_of("\r\n");
  text = text.substr(newline == std::string_view::npos ? 0 : newline + 1);
  return text.substr(0, text.find_last_not_of(blanks) + 1);
}

std::string first_word(const char* text) {
  const std::string_view whole = text == nullptr ? "" : text;
  return std::string(whole.substr(0, whole.find_first_of(blanks)));
}

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

std::string plain_text(cmark_node* heading) {
  std::string text;
  cmark_iter* walk = cmark_iter_new(heading);
  for (cmark_event_type event = cmark_iter_next(walk); event != CMARK_EVENT_DONE; event = cmark_iter_next(walk)) {
    if (event != CMARK_EVENT_ENTER) continue;
    cmark_node* node = cmark_iter_get_node(walk);
    const cmark_node_type type = cmark_node_get_type(node);
    if (type == CMARK_NODE_TEXT || type == CMARK_NODE_CODE) text += cmark_node_get_literal(node);
    if (type == CMARK_NODE_SOFTBREAK || type == CMARK_NODE_LINEBREAK) text += ' ';
  }
  cmark_iter_free(walk);
  return std::string(trimmed(text));
}

std::string first_heading(cmark_node* root) {
  for (cmark_node* block = cmark_node_first_child(root); block != nullptr; block = cmark_node_next(block)) {
    if (cmark_node_get_type(block) == CMARK_NODE_HEADING) return plain_text(block);
  }
  return {};
}

}  // namespace

std::variant<Document, NoHeader> read_document(std::string_view text) {
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return NoHeader{0, "the file is empty", std::string(how_to_begin)};
  NoHeader other{first, "expected the header: an indented code block or a fenced json block that holds one JSON object",
                 text[first] == '{' ? "indent it by four spaces, or put it between ```json and ```" : std::string(how_to_begin)};

  const Node root = parse(text);
  cmark_node* block = cmark_node_first_child(root.get());
  if (block == nullptr || cmark_node_get_type(block) != CMARK_NODE_CODE_BLOCK) return other;
  const std::vector<std::size_t> starts = line_starts(text);
  const auto start_of = [&](std::size_t line) { return starts[std::min(line, starts.size() - 1)]; };  // line from 0
  const auto block_line = static_cast<std::size_t>(cmark_node_get_start_line(block) - 1);
  if (start_of(block_line) > first) return other;  // a link reference definition stands before it

  const std::string_view literal = cmark_node_get_literal(block);
  const auto lines = static_cast<std::size_t>(std::count(literal.begin(), literal.end(), '\n'));
  int fence_length = 0;
  int fence_offset = 0;
  char fence = 0;
  std::size_t begin = block_line;
  std::size_t end = block_line + lines;  // the line behind the header
  std::size_t rest = end;
  if (cmark_node_get_fenced(block, &fence_length, &fence_offset, &fence) != 0) {
    const std::string language = first_word(cmark_node_get_fence_info(block));
    if (language.empty()) return NoHeader{first, "the header's fence lacks the word 'json'", "write ```json"};
    if (lower(language) != "json") return NoHeader{first, "the header is fenced as '" + language + "', expected 'json'", "write ```json"};
    ++begin;
    ++end;
    rest = end + 1;
    const std::string_view closing = trimmed(text.substr(start_of(end), start_of(end + 1) - start_of(end)));
    if (closing.empty() || closing.find_first_not_of(fence) != std::string_view::npos) {
      return NoHeader{first, "the header's fence is never closed", "write ``` below the JSON object"};
    }
  }
  Document document;
  document.header = text.substr(start_of(begin), start_of(end) - start_of(begin));
  document.title = first_heading(root.get());
  document.description = without_blank_lines(text.substr(start_of(rest)));
  return document;
}

}  // namespace interoper
