// The verbs (interface §8). Each returns its exit status; WorldError comes out and is told by main.
#pragma once

#include "commands/options.hpp"

namespace interoper {

int run_cells(const Options& options);       // test, tournament
int update_project(const Options& options);  // tests update
int build_tests(const Options& options);
int list_tests(const Options& options);
int show_report(const Options& options);
int inspect_report(const Options& options);
int render_report(const Options& options);
int judge_report(const Options& options);
int merge_reports(const Options& options);
int init_project(const Options& options);
int doctor(const Options& options);
int clean(const Options& options);

}  // namespace interoper
