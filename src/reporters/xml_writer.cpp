#include "reporters/xml_writer.hpp"

#include "base/visible.hpp"

namespace interoper {
namespace {

void append_line(std::string& out, std::string_view line) {
  for (const char c : visible(line)) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;  // also in "]]>"
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
}

}  // namespace

std::string xml_escaped(std::string_view text) {
  std::string out;
  for (;;) {
    const std::size_t end = text.find('\n');
    append_line(out, text.substr(0, end));
    if (end == std::string_view::npos) return out;
    out += '\n';
    text.remove_prefix(end + 1);
  }
}

XmlWriter::XmlWriter(const TextSink& out) : out_(out) { out_("<?xml version=\"1.0\" encoding=\"UTF-8\"?>"); }

void XmlWriter::close_tag() {
  if (levels_.empty() || !levels_.back().open) return;
  levels_.back().open = false;
  out_(">");
}

XmlWriter& XmlWriter::begin(std::string_view name) {
  close_tag();
  out_("\n" + std::string(levels_.size(), ' ') + "<" + std::string(name));
  levels_.push_back({std::string(name)});
  return *this;
}

XmlWriter& XmlWriter::attribute(std::string_view name, std::string_view value) {
  std::string text = " " + std::string(name) + "=\"";
  append_line(text, value);
  out_(text + "\"");
  return *this;
}

XmlWriter& XmlWriter::text(std::string_view text) {
  close_tag();
  levels_.back().has_text = true;
  out_(xml_escaped(text));
  return *this;
}

XmlWriter& XmlWriter::end() {
  const Level level = std::move(levels_.back());
  levels_.pop_back();
  if (level.open) {
    out_("/>");
  } else {
    out_((level.has_text ? "" : "\n" + std::string(levels_.size(), ' ')) + "</" + level.name + ">");
  }
  if (levels_.empty()) out_("\n");
  return *this;
}

}  // namespace interoper
