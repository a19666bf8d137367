#include "reporters/annotations.hpp"

#include <catch2/catch.hpp>

#include "reporters/sample_test.hpp"

using namespace interoper;

namespace {

std::string annotations_of(const RunRecord& run) {
  Recording recording;
  recording.run = run;
  std::string text;
  write_annotations(
      recording, [](const std::string& file) { return AnnotatedPlace{"sub/" + file, 3}; }, [&](std::string_view piece) { text += piece; });
  return text;
}

CellRecord failed(const std::string& test, const std::string& implementation, const std::string& message) {
  CellRecord cell;
  cell.cell.test = test;
  cell.cell.cast = {{"worker", "local"}, {"driver", implementation}};
  cell.cell.id = cell_id(test, cell.cell.cast, {});
  cell.verdict = Verdict::failed;
  cell.reason = "exited";
  cell.message = message;
  cell.blame = Blame{"driver", implementation, 1, 4};
  return cell;
}

}  // namespace

TEST_CASE("what did not pass is annotated on its test's file, the worst first") {
  CHECK(annotations_of(sample_run()) ==
        "::error file=sub/interop/tests/net-link.md,line=3,title=net-link failed (exited)%2C blamed%3A driver (telehash-js)::"
        "net-link~local~telehash-js~hold=5s: driver (telehash-js) exited with status 3 before it said done%0A"
        "again: interoper test -t net-link -w local -d telehash-js --seed 7\n"
        "::error file=sub/interop/tests/net-link.md,line=3,title=net-link error (image-missing)::"
        "net-link~local~telehash-js~hold=2m30s: there is no image interoper/telehash-js:latest; build it with `interoper tests build "
        "telehash-js`%0Aagain: interoper test -t net-link -w local -d telehash-js --set hold=2m30s --seed 7\n"
        "::error file=sub/interop/tests/sanity.md,line=3,title=sanity aborted (interrupted)::"
        "sanity~local~late: the run was interrupted before this cell ended%0Aagain: interoper test -t sanity -w local --seed 7\n");
}

TEST_CASE("failures of one kind are one annotation, and ten are the most") {
  RunRecord run;
  for (int i = 0; i < 12; ++i)
    run.cells.push_back(failed("t" + std::to_string(i), "a", "x"));
  for (int i = 0; i < 3; ++i)
    run.cells.push_back(failed("often", "a", "the same"));
  const std::string text = annotations_of(run);
  CHECK(std::count(text.begin(), text.end(), '\n') == 10);
  CHECK(text.starts_with(
      "::error title=often failed (exited)%2C blamed%3A driver (a)::often~local~a: the same%0Aand 2 more cells in the same way\n"));
  CHECK(text.ends_with("%0Anot shown here: 3 more kinds of failure\n"));
}

TEST_CASE("an annotation is one line, whatever a process says") {
  RunRecord run;
  run.cells = {failed("a,b:c%", "x", "one\ntwo\r::error::three 50% \x1b[31m")};
  const std::string text = annotations_of(run);
  CHECK(text == "::error title=a%2Cb%3Ac%25 failed (exited)%2C blamed%3A driver (x)::" + run.cells[0].cell.id +
                    ": one\\ntwo\\r::error::three 50%25 \\e[31m\n");
}

TEST_CASE("workflow commands in what is printed are text") {
  std::string out;
  const TextSink sink = without_workflow_commands([&](std::string_view text) { out += text; });
  sink("::error::x\n  ::set-output name=a::b\nan ::error:: inside\n");
  sink("x ##[add-mask]y ###[group]z\n# # [\n");
  sink("");
  sink("::end");
  CHECK(out == "|::error::x\n|  ::set-output name=a::b\nan ::error:: inside\nx # #[add-mask]y ## #[group]z\n# # [\n|::end");
}
