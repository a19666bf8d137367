#include "reporters/rerun.hpp"

#include <catch2/catch.hpp>

#include "reporters/sample_test.hpp"

using namespace interoper;

namespace {

std::string again(std::vector<std::string> command, std::size_t cell = 1) {
  RunRecord run = sample_plan();
  run.command = std::move(command);
  return rerun_command(run, run.cells[cell].cell);
}

}  // namespace

TEST_CASE("the command that runs one cell again names the cell and keeps the run's options") {
  CHECK(again({"interoper", "test"}) == "interoper test -t net-link -w local -d telehash-js --seed 7");
  CHECK(again({"interoper", "test"}, 2) == "interoper test -t net-link -w local -d telehash-js --set hold=2m30s --seed 7");
  CHECK(again({"./bin/interoper", "-C", "my project", "tournament", "--suite", "x", "--timeout-scale=2", "--keep"}) ==
        "./bin/interoper -C 'my project' tournament --suite x --timeout-scale=2 --keep -t net-link -w local -d telehash-js --seed 7");
}

TEST_CASE("what chose many cells goes") {
  CHECK(again({"interoper",  "test",    "-t",     "net-*",          "--test=x", "-tfoo",     "-d",      "!go",        "--driver",
               "a",          "-j4",     "-j",     "auto",           "--jobs=2", "--retries", "3",       "--repeat=2", "--fail-fast",
               "-q",         "-p",      "hold=*", "--params",       "all",      "--set",     "hold=1s", "--impl",     "x",
               "--tag=slow", "--shard", "1/2",    "--worker=local", "--format", "json",      "--junit", "f.xml",      "--network",
               "host"}) == "interoper test --network host -t net-link -w local -d telehash-js --seed 7");
  CHECK(again({"interoper", "test", "-d", "test"}) == "interoper test -t net-link -w local -d telehash-js --seed 7");
}

TEST_CASE("a run that was not started by test or tournament has no such command") {
  CHECK(again({}).empty());
  CHECK(again({"interoper"}).empty());
  CHECK(again({"interoper", "merge", "a", "b"}).empty());
  CHECK(again({"test"}).empty());
}

TEST_CASE("other roles are named when they are not the driver's, images never") {
  RunRecord run = sample_plan();
  run.command = {"interoper", "test", "--remote", "--relay", "x", "--per-test", "--client=y", "--seed=5"};
  Cell cell;
  cell.test = "a b";
  cell.cast = {{"relay", "telehash-js"}, {"client", "local"}, {"net", "some/image:1"}};
  CHECK(rerun_command(run, cell) == "interoper test --seed=5 -t 'a b' --role relay=telehash-js --role client=local");
  cell.cast = {{"worker", "local"}, {"driver", "telehash-js"}, {"helper", "telehash-js"}};
  CHECK(rerun_command(run, cell) == "interoper test --relay x --client=y --seed=5 -t 'a b' -w local -d telehash-js");
}

TEST_CASE("a test's name is no glob") {
  RunRecord run = sample_plan();
  run.command = {"interoper", "test"};
  Cell cell;
  cell.test = "!a*[b]?";
  CHECK(rerun_command(run, cell) == "interoper test -t '\\!a\\*\\[b]\\?' --seed 7");
}

TEST_CASE("the command that shows a cell finds the report where the run has put it") {
  RunRecord run = sample_plan();
  const std::string& cell = run.cells[1].cell.id;
  const auto show = [&](std::vector<std::string> command) {
    run.command = std::move(command);
    return show_command(run, run.cells[1].cell);
  };
  CHECK(show({"interoper", "test", "-t", "x"}) == "interoper show " + run.id + " '" + cell + "'");
  CHECK(show({"bin/interoper", "-C", "a b", "tournament", "--reports", "r", "-q"}) ==
        "bin/interoper -C 'a b' show --reports r " + run.id + " '" + cell + "'");
  CHECK(show({"interoper", "test", "--reports=r"}) == "interoper show --reports=r " + run.id + " '" + cell + "'");
  CHECK(show({}).empty());
}
