// SPDX-License-Identifier: Apache-2.0
// Bucket rules: exact integer step functions.
#include "reccc/Dialect/Recsys/IR/RecsysAttrs.h"

#include "mlir/IR/DialectImplementation.h"
#include <cmath>

using namespace mlir;
using namespace mlir::recsys;

int64_t recsys::getBucket(Attribute rule, int64_t value) {
  if (auto edges = dyn_cast<EdgesAttr>(rule))
    return llvm::upper_bound(edges.getEdges(), value) - edges.getEdges().begin();
  if (auto vocabulary = dyn_cast<VocabularyAttr>(rule)) {
    ArrayRef<int64_t> ids = vocabulary.getIds();
    const int64_t *place = llvm::lower_bound(ids, value);
    return place != ids.end() && *place == value ? place - ids.begin() : vocabulary.getAbsent();
  }
  auto sqrtRule = cast<SqrtBucketAttr>(rule);
  float minutes = std::max(static_cast<float>(value), 1e-6f) / sqrtRule.getUnit().convertToFloat();
  return std::min(static_cast<int64_t>(std::sqrt(minutes)), sqrtRule.getLast());
}

LogicalResult EdgesAttr::verify(function_ref<InFlightDiagnostic()> emitError, ArrayRef<int64_t> edges) {
  if (!llvm::is_sorted(edges)) // edges_c1
    return emitError() << "expected edges that do not decrease";
  return success();
}

LogicalResult VocabularyAttr::verify(function_ref<InFlightDiagnostic()> emitError, ArrayRef<int64_t> ids, int64_t) {
  if (ids.empty() || llvm::adjacent_find(ids, std::greater_equal<>()) != ids.end()) // vocabulary_c1
    return emitError() << "expected at least one id, each greater than the one before";
  return success();
}

LogicalResult SqrtBucketAttr::verify(function_ref<InFlightDiagnostic()> emitError, APFloat unit, int64_t last) {
  if (&unit.getSemantics() != &APFloat::IEEEsingle() || !unit.isFinite() || unit.isNegative() || unit.isZero() ||
      last < 0) // sqrt_bucket_c1
    return emitError() << "expected an fp32 unit > 0 and last >= 0, got unit " << unit.convertToDouble() << " and last "
                       << last;
  return success();
}

Attribute SqrtBucketAttr::parse(AsmParser &parser, Type) {
  SMLoc loc = parser.getCurrentLocation();
  double unit;
  int64_t last;
  if (parser.parseLess() || parser.parseFloat(unit) || parser.parseComma() || parser.parseInteger(last) ||
      parser.parseGreater())
    return {};
  return getChecked([&] { return parser.emitError(loc); }, parser.getContext(), APFloat(static_cast<float>(unit)),
                    last);
}

void SqrtBucketAttr::print(AsmPrinter &printer) const {
  printer << "<";
  printer.printFloat(getUnit());
  printer << ", " << getLast() << ">";
}
