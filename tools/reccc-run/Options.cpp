// SPDX-License-Identifier: Apache-2.0
// Parses the command line of reccc-run.
#include "Options.h"

#include "recrt/recrt.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <functional>
#include <string_view>
#include <vector>

static const char helpText[] =
    R"(usage: reccc-run MODEL.so REQUESTS.safetensors [options]
       reccc-run MODEL.so --random-requests=N [options]
       reccc-run MODEL.so --describe

Runs a model that reccc compiled. Request files hold, for each input x, the packed rows as tensor
x or x.values; and for each row space s, the offsets s.offsets (or x.offsets of an input over s).

  -o FILE, --output=FILE      write the outputs: y, and y.offsets where requests have several rows
  --compare=FILE              compare the outputs with tensors y or y.values of a file; exit 1 if
                              one differs
  --tolerance=T               a float is right within T * max(1, |expected|); default 1e-5
  --repeat=N                  run N times after a warm-up and print the time
  --threads=N                 threads to use; default: the CPUs this process may use
  --isa=v3|v4                 instruction set level; default: the best that model and CPU have
  --random-requests=N         make N valid requests instead of reading a file
  --seed=S                    seed of the random requests; default 0
  --entry=NAME                entry point to run; default: the first one
  --states                    run by user states: prefill, export, import, score; for models with
                              such entry points. The output is as without it
  --slice=N                   with --states: score N candidates at a time
  --append=N                  with --states: prefill all but the last N rows, then append those
  --weights=FILE              weights of a model without embedded ones; default: MODEL.so.weights
  --profile                   print the time of every step
  --describe                  print entry points, inputs, outputs and row spaces
  --help, --version           print this, or the version

Exit codes: 0 good, 1 input refused or outputs differ, 2 usage, 3 file cannot be read or written,
4 a resource limit, 5 wrong CPU or version.
)";

namespace {
/// An option with a value; `set` returns false if the value is wrong.
struct ValueOption {
  const char *name;
  const char *expected;
  std::function<bool(const std::string &)> set;
};
} // namespace

template <typename T> static bool parseNumber(const std::string &text, T least, T most, T &value) {
  const char *end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end && value >= least && value <= most;
}

static bool setText(const std::string &text, std::string &value) {
  value = text;
  return !text.empty();
}

static bool setIsa(const std::string &text, int32_t &isa) {
  if (text == "v3" || text == "x86-64-v3")
    isa = RECRT_ISA_X86_64_V3;
  else if (text == "v4" || text == "x86-64-v4")
    isa = RECRT_ISA_X86_64_V4;
  else
    return false;
  return true;
}

static std::vector<ValueOption> valueOptions(Options &options) {
  using Text = const std::string &;
  constexpr int64_t most = 1000000000;
  return {
      {"--output", "a file name", [&](Text t) { return setText(t, options.output); }},
      {"--compare", "a file name", [&](Text t) { return setText(t, options.compare); }},
      {"--weights", "a file name", [&](Text t) { return setText(t, options.weights); }},
      {"--entry", "the name of an entry point", [&](Text t) { return setText(t, options.entry); }},
      {"--tolerance", "a number that is not negative",
       [&](Text t) { return parseNumber(t, 0.0, 1e300, options.tolerance); }},
      {"--repeat", "a number from 1 on", [&](Text t) { return parseNumber<int64_t>(t, 1, most, options.repeat); }},
      {"--random-requests", "a number from 1 to 1000000",
       [&](Text t) { return parseNumber<int64_t>(t, 1, 1000000, options.randomRequests); }},
      {"--seed", "a number", [&](Text t) { return parseNumber<uint64_t>(t, 0, UINT64_MAX, options.seed); }},
      {"--slice", "a number from 1 on", [&](Text t) { return parseNumber<int64_t>(t, 1, most, options.slice); }},
      {"--append", "a number from 1 on", [&](Text t) { return parseNumber<int64_t>(t, 1, most, options.append); }},
      {"--threads", "a number from 1 to 1024", [&](Text t) { return parseNumber(t, 1, 1024, options.threads); }},
      {"--isa", "v3 or v4", [&](Text t) { return setIsa(t, options.isa); }},
  };
}

static size_t editDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

static bool complain(const std::string &what, int &exitCode) {
  std::fprintf(stderr, "reccc-run: error: %s; see reccc-run --help\n", what.c_str());
  exitCode = 2;
  return false;
}

static bool unknownOption(const std::string &name, const std::vector<ValueOption> &known, int &exitCode) {
  std::vector<std::string> names = {"--profile", "--describe", "--states", "--help", "--version"};
  for (const ValueOption &option : known)
    names.push_back(option.name);
  const auto nearest = std::min_element(
      names.begin(), names.end(), [&](auto &a, auto &b) { return editDistance(name, a) < editDistance(name, b); });
  const bool close = editDistance(name, *nearest) <= 3;
  return complain("unknown option '" + name + "'" + (close ? ", did you mean '" + *nearest + "'?" : ""), exitCode);
}

bool parseOptions(int argc, char **argv, Options &options, int &exitCode) {
  const std::vector<ValueOption> known = valueOptions(options);
  std::vector<std::string> files;
  exitCode = 0;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument.empty() || argument[0] != '-') {
      files.push_back(argument);
      continue;
    }
    if (argument == "--help" || argument == "-h") {
      std::fputs(helpText, stdout);
      return false;
    }
    if (argument == "--version") {
      std::printf("reccc-run %d.%d.%d\n", RECRT_VERSION_MAJOR, RECRT_VERSION_MINOR, RECRT_VERSION_PATCH);
      return false;
    }
    if (argument == "--describe") {
      options.describe = true;
      continue;
    }
    if (argument == "--states") {
      options.states = true;
      continue;
    }
    if (argument == "--profile") {
      options.profile = true;
      continue;
    }
    // --name=value, --name value, -o value
    const size_t equals = argument.find('=');
    std::string name = argument.substr(0, equals);
    if (name == "-o")
      name = "--output";
    const auto option =
        std::find_if(known.begin(), known.end(), [&](const ValueOption &entry) { return name == entry.name; });
    if (option == known.end())
      return unknownOption(name, known, exitCode);
    std::string value;
    if (equals != std::string::npos)
      value = argument.substr(equals + 1);
    else if (i + 1 < argc)
      value = argv[++i];
    if (!option->set(value))
      return complain(name + " expects " + option->expected + ", got '" + value + "'", exitCode);
  }
  if (files.empty())
    return complain("expected a compiled model", exitCode);
  if (files.size() > 2)
    return complain("expected a model and a request file, got also '" + files[2] + "'", exitCode);
  options.model = files[0];
  if (files.size() == 2)
    options.requests = files[1];
  if (!options.states && (options.slice > 0 || options.append > 0))
    return complain("--slice and --append need --states", exitCode);
  if (options.states && (options.profile || !options.entry.empty() || !options.compare.empty()))
    return complain("--states excludes --profile, --entry and --compare", exitCode);
  const int sources = !options.requests.empty() + (options.randomRequests > 0) + options.describe;
  if (sources != 1)
    return complain(sources == 0 ? "expected a request file, --random-requests=N or --describe"
                                 : "a request file, --random-requests and --describe exclude one another",
                    exitCode);
  return true;
}
