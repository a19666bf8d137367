#include "reporters/xml_writer.hpp"

#include <catch2/catch.hpp>

using namespace interoper;

TEST_CASE("XML is written element by element") {
  std::string out;
  {
    const TextSink sink = [&](std::string_view text) { out += text; };
    XmlWriter xml(sink);
    xml.begin("a").attribute("x", "1 < \"2\" & 3").begin("b").end().begin("c").text("one\n two").end().end();
  }
  CHECK(out == "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a x=\"1 &lt; &quot;2&quot; &amp; 3\">\n <b/>\n <c>one\n two</c>\n</a>\n");
}

TEST_CASE("what XML cannot hold is shown") {
  CHECK(xml_escaped("]]>") == "]]&gt;");
  CHECK(xml_escaped(std::string("\0\x01\x1b[31m\x7f\r", 9)) == "\\0\\x01\\e[31m\\x7f\\r");
  CHECK(xml_escaped("\xff\xc0\x80") == "\\xff\\xc0\\x80");
  CHECK(xml_escaped("\xED\xA0\x80") == "\\xed\\xa0\\x80");  // half of a surrogate pair
  CHECK(xml_escaped("\xEF\xBF\xBE \xEF\xBF\xBF \xEF\xBF\xBD") == "\\u{fffe} \\u{ffff} \xEF\xBF\xBD");
  CHECK(xml_escaped("grüße 🙂\n") == "grüße 🙂\n");
}
