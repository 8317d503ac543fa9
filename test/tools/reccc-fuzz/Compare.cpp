// SPDX-License-Identifier: Apache-2.0
// Distances between outputs.
#include "Compare.h"

#include "llvm/Support/FormatVariadic.h"

namespace reccc::fuzz {

static constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// The greatest difference; infinite where shapes, NaN or infinities differ.
static double distance(const JaggedValue &given, const JaggedValue &expected) {
  if (given.offsets != expected.offsets || given.floats.size() != expected.floats.size() ||
      given.integers != expected.integers)
    return kInfinity;
  double greatest = 0;
  for (auto [a, b] : llvm::zip_equal(given.floats, expected.floats)) {
    if (std::isfinite(a) && std::isfinite(b))
      greatest = std::max(greatest, std::abs(a - b));
    else if (!(a == b || (std::isnan(a) && std::isnan(b))))
      return kInfinity;
  }
  return greatest;
}

static double greatestOf(const JaggedValue &value) {
  double greatest = 0;
  for (double number : value.floats)
    if (std::isfinite(number))
      greatest = std::max(greatest, std::abs(number));
  return greatest;
}

static std::string describe(StringRef output, double error, double allowed) {
  return llvm::formatv("output '{0}' is off by {1:e3}, allowed are {2:e3}", output, error, allowed).str();
}

/// Names and types of the outputs.
static std::optional<std::string> compareSignatures(const Outputs &given, const Outputs &reference) {
  if (given.size() != reference.size())
    return llvm::formatv("expected {0} outputs, got {1}", reference.size(), given.size()).str();
  for (auto [a, b] : llvm::zip_equal(given, reference))
    if (a.name != b.name || a.value.type.getDims() != b.value.type.getDims() ||
        a.value.type.isFloat() != b.value.type.isFloat())
      return "expected output '" + b.name + "', got '" + a.name + "' or another type";
  return std::nullopt;
}

/// How far ids are from being a right order of the reference's scores, measured in scores. Scores of ids that the
/// reference did not rank are at most that of its last.
static double rankError(const JaggedValue &ids, const JaggedValue &scores, const JaggedValue &referenceIds,
                        const JaggedValue &referenceScores) {
  if (ids.offsets != referenceIds.offsets || ids.integers.size() != scores.floats.size())
    return kInfinity;
  double worst = 0;
  int64_t width = ids.type.getRowElements();
  for (int64_t row = 0; row < ids.numRows(); ++row) {
    std::map<int64_t, double> known;
    std::set<int64_t> seen;
    for (int64_t i = row * width; i < (row + 1) * width; ++i)
      known[referenceIds.integers[i]] = referenceScores.floats[i];
    for (int64_t i = row * width; i < (row + 1) * width; ++i) {
      int64_t id = ids.integers[i], expected = referenceIds.integers[i];
      if ((id != -1 && !seen.insert(id).second) || (id == -1) != (expected == -1))
        return kInfinity;
      if (id == expected)
        continue;
      auto found = known.find(id);
      worst = std::max(worst,
                       std::abs((found == known.end() ? scores.floats[i] : found->second) - referenceScores.floats[i]));
    }
  }
  return worst;
}

static const JaggedValue *findScores(const Outputs &outputs, StringRef ids) {
  if (!ids.consume_back(".ids"))
    return nullptr;
  for (const NamedValue &output : outputs)
    if (output.name == ids.str() + ".scores")
      return &output.value;
  return nullptr;
}

std::optional<std::string> compareTransformed(const Outputs &given, const Outputs &reference) {
  constexpr double kTolerance = 1e-9;
  if (auto message = compareSignatures(given, reference))
    return message;
  for (auto [a, b] : llvm::zip_equal(given, reference)) {
    double allowed = kTolerance * std::max(1.0, greatestOf(b.value)), error;
    const JaggedValue *scores = findScores(given, a.name), *referenceScores = findScores(reference, b.name);
    if (scores && referenceScores)
      error = rankError(a.value, *scores, b.value, *referenceScores);
    else
      error = distance(a.value, b.value);
    if (!(error <= allowed))
      return describe(a.name, error, allowed);
  }
  return std::nullopt;
}

std::optional<std::string> Contract::add(const TensorSet &inputs, const Outputs &given, const Outputs &reference,
                                         const Outputs &naive) {
  if (auto message = compareSignatures(given, reference))
    return message;
  greatestInput = std::max(greatestInput, inputs.getGreatest());
  std::map<const JaggedValue *, double> roughness;
  for (auto [output, rough] : llvm::zip_equal(reference, naive)) {
    double error = output.value.type.isFloat() ? distance(rough.value, output.value) : 0;
    if (std::isinf(error))
      return "output '" + output.name + "' of the naive interpreter has other infinities or NaN than that in double";
    roughness[&output.value] = error;
  }
  for (auto [a, b] : llvm::zip_equal(given, reference)) {
    const JaggedValue *scores = findScores(given, a.name), *referenceScores = findScores(reference, b.name);
    bool ranks = scores && referenceScores;
    const JaggedValue *measure = ranks ? referenceScores : &b.value;
    double error = ranks ? rankError(a.value, *scores, b.value, *referenceScores) : distance(a.value, b.value);
    Errors &errors = samples.back()[a.name];
    errors.error = std::max(errors.error, std::isnan(error) ? kInfinity : error);
    errors.roughness = std::max(errors.roughness, roughness[measure]);
    errors.greatest = std::max(errors.greatest, greatestOf(*measure));
    errors.times = ranks ? 2 : (b.value.type.isFloat() ? 1 : 0);
  }
  return std::nullopt;
}

double Contract::getUnit(double greatest) const {
  return greatest > 0 ? std::exp2(std::floor(std::log2(greatest)) - mantissaBits) : 0;
}

double Contract::getAllowed(const Errors &errors) const {
  return errors.times * std::max(2 * errors.roughness, getUnit(errors.greatest));
}

bool Contract::isAlwaysZero(const std::string &name) const {
  constexpr size_t kManySamples = 16;
  constexpr double kNoise = 1e-12; // of double
  return samples.size() >= kManySamples && llvm::all_of(samples, [&](const auto &sample) {
           const Errors &errors = sample.at(name);
           return errors.greatest <= kNoise * greatestInput && errors.roughness <= getUnit(greatestInput);
         });
}

std::optional<std::string> Contract::check() {
  std::optional<std::string> message;
  for (const auto &[name, errors] : samples.front()) {
    if (good.count(name))
      continue;
    double error = errors.error, allowed = getAllowed(errors);
    if (samples.size() > 1) {
      // The greatest of few errors is a matter of luck where a sum cancels, their mean is not.
      error = allowed = 0;
      for (const auto &sample : samples) {
        const Errors &part = sample.at(name);
        double unit = (part.greatest > 0 ? part.greatest : 1) * samples.size();
        error += part.error / unit;
        allowed += getAllowed(part) / unit;
      }
    }
    if (isAlwaysZero(name)) {
      error = 0;
      for (const auto &sample : samples)
        error = std::max(error, sample.at(name).error);
      allowed = errors.times * getUnit(greatestInput);
    }
    if (error <= allowed)
      good.insert(name);
    else if (!message)
      message = describe(name, error, allowed);
  }
  return message;
}

std::optional<std::string> compareBits(const Outputs &given, const Outputs &reference) {
  if (auto message = compareSignatures(given, reference))
    return message;
  for (auto [a, b] : llvm::zip_equal(given, reference))
    if (double error = distance(a.value, b.value); error > 0)
      return describe(a.name, error, 0);
  return std::nullopt;
}

} // namespace reccc::fuzz
