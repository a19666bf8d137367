#include "base/program.hpp"

#include <catch2/catch.hpp>
#include <chrono>

#include "base/problem.hpp"

using namespace interoper;
using namespace std::chrono_literals;

namespace {

ProgramOrder shell(const std::string& script) {
  ProgramOrder order;
  order.argv = {"sh", "-c", script};
  order.deadline = 20s;
  return order;
}

std::string start_fault(const ProgramOrder& order) {
  try {
    run_program(order);
    return "started";
  } catch (const WorldError& error) {
    return error.reason() + ": " + error.what();
  }
}

std::chrono::steady_clock::duration since(std::chrono::steady_clock::time_point start) { return std::chrono::steady_clock::now() - start; }

}  // namespace

TEST_CASE("what a program writes and how it ends is handed over") {
  const ProgramResult result = run_program(shell("echo out; echo err >&2; exit 3"));
  CHECK(result.exit_code == 3);
  CHECK(result.out == "out\n");
  CHECK(result.err == "err\n");
  CHECK_FALSE(result.late);
  CHECK_FALSE(result.cut);
}

TEST_CASE("a signal is told apart by its exit code") { CHECK(run_program(shell("kill -9 $$")).exit_code == 137); }

TEST_CASE("words reach the program as they are, and its stdin is empty") {
  ProgramOrder order = shell("cat; printf '%s|' \"$@\"");
  order.argv.insert(order.argv.end(), {"sh", "a b", "", "$HOME"});
  CHECK(run_program(order).out == "a b||$HOME|");
}

TEST_CASE("variables are added and replaced, the others stay") {
  ProgramOrder order = shell("echo $PROGRAM_TEST:$HOME:${PATH:+path}");
  order.env = {{"PROGRAM_TEST", "yes"}, {"HOME", "elsewhere"}};
  CHECK(run_program(order).out == "yes:elsewhere:path\n");
}

TEST_CASE("a variable can be kept from it") {
  ProgramOrder order = shell("echo ${HOME-unset}");
  order.forget = {"HOME"};
  CHECK(run_program(order).out == "unset\n");
}

TEST_CASE("it runs in its working directory") {
  ProgramOrder order = shell("pwd");
  order.directory = "/";
  CHECK(run_program(order).out == "/\n");
}

TEST_CASE("a late program is killed with all that it started") {
  const auto start = std::chrono::steady_clock::now();
  ProgramOrder order = shell("echo begun; sleep 60 & sleep 60");
  order.deadline = 300ms;
  const ProgramResult result = run_program(order);
  CHECK(result.late);
  CHECK(result.exit_code == 137);
  CHECK(result.out == "begun\n");
  CHECK(since(start) < 10s);
}

TEST_CASE("what it left running ends with it") {
  const auto start = std::chrono::steady_clock::now();
  const ProgramResult result = run_program(shell("sleep 60 & echo done"));
  CHECK(result.exit_code == 0);
  CHECK(result.out == "done\n");
  CHECK(since(start) < 10s);
}

TEST_CASE("a program that closes its streams early is waited for") {
  const ProgramResult result = run_program(shell("exec >&- 2>&-; sleep 0.2; exit 4"));
  CHECK(result.exit_code == 4);
}

TEST_CASE("of a flood the end is kept") {
  ProgramOrder order = shell("head -c 3000000 /dev/zero | tr '\\0' x; echo end");
  order.keep_bytes = 1000;
  const ProgramResult result = run_program(order);
  CHECK(result.cut);
  CHECK(result.out.size() == 1000);
  CHECK(result.out.substr(990) == "xxxxxxend\n");
}

TEST_CASE("what cannot be started is said") {
  ProgramOrder order = shell("");
  order.argv = {"interoper-no-such-program"};
  CHECK(start_fault(order) ==
        "program-missing: cannot start interoper-no-such-program: No such file or directory; install it, or put it into PATH");
  order.argv = {"/"};
  CHECK(start_fault(order) == "program-missing: cannot start /: Permission denied; check its permissions");
  order = shell("true");
  order.directory = "/interoper-no-such-folder";
  CHECK(start_fault(order) == "program-missing: cannot start sh in /interoper-no-such-folder: No such file or directory");
}
