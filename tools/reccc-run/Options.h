// SPDX-License-Identifier: Apache-2.0
// The command line of reccc-run.
#ifndef RECCC_TOOLS_RECCC_RUN_OPTIONS_H
#define RECCC_TOOLS_RECCC_RUN_OPTIONS_H

#include <cstdint>
#include <string>

struct Options {
  std::string model, requests, output, compare, weights, entry;
  double tolerance = 1e-5;
  int64_t repeat = 1;
  int64_t randomRequests = 0;
  uint64_t seed = 0;
  int32_t threads = 0;
  int32_t isa = -1;
  bool describe = false;
  bool states = false;
  int64_t slice = 0;  // candidates at a time; 0: all
  int64_t append = 0; // rows that are appended to the states
  bool profile = false;
};

/// Returns true when there is something to run; otherwise `exitCode` says how to end. Writes help
/// to stdout and complaints to stderr.
bool parseOptions(int argc, char **argv, Options &options, int &exitCode);

#endif // RECCC_TOOLS_RECCC_RUN_OPTIONS_H
