// SPDX-License-Identifier: Apache-2.0
// Attention masks: which columns of a source segment each row of a query segment sees.
#include "reccc/Dialect/Recsys/IR/RowMaps.h"

#include "mlir/IR/DialectImplementation.h"

using namespace mlir;
using namespace mlir::recsys;

using RowsOf = llvm::function_ref<int64_t(Attribute)>;
using IntervalList = SmallVectorImpl<std::pair<int64_t, int64_t>>;

void FullMaskAttr::getIntervals(int64_t, int64_t columns, RowsOf, IntervalList &intervals) const {
  if (columns > 0)
    intervals.push_back({0, columns});
}

void NoMaskAttr::getIntervals(int64_t, int64_t, RowsOf, IntervalList &) const {}

void SelfMaskAttr::getIntervals(int64_t row, int64_t columns, RowsOf, IntervalList &intervals) const {
  if (row < columns)
    intervals.push_back({row, row + 1});
}

void IntervalAttr::getIntervals(int64_t row, int64_t columns, RowsOf rowsOf, IntervalList &intervals) const {
  SmallVector<int64_t> lengths;
  for (Attribute space : getLengths())
    lengths.push_back(rowsOf(space));
  int64_t low = 0, high = columns;
  for (AffineExpr expr : getLower().getResults())
    low = std::max(low, evaluateRowExpr(expr, row, lengths));
  for (AffineExpr expr : getUpper().getResults())
    high = std::min(high, evaluateRowExpr(expr, row, lengths));
  if (low < high)
    intervals.push_back({low, high});
}

void IntervalsAttr::getIntervals(int64_t row, int64_t columns, RowsOf rowsOf, IntervalList &intervals) const {
  int64_t end = 0;
  for (IntervalAttr interval : getIntervals()) {
    SmallVector<std::pair<int64_t, int64_t>> one;
    interval.getIntervals(row, columns, rowsOf, one);
    for (auto [low, high] : one) {
      low = std::max(low, end);
      if (low >= high)
        continue;
      intervals.push_back({low, high});
      end = high;
    }
  }
}

void TableMaskAttr::getIntervals(int64_t, int64_t columns, RowsOf, IntervalList &intervals) const {
  if (columns > 0)
    intervals.push_back({0, columns});
}

//===-- Verifiers and assembly ---------------------------------------------------------------===//

LogicalResult IntervalAttr::verify(function_ref<InFlightDiagnostic()> emitError, AffineMap lower, AffineMap upper,
                                   ArrayRef<Attribute> lengths) {
  for (AffineMap map : {lower, upper}) { // interval_c1
    if (map.getNumDims() != 1 || map.getNumSymbols() != lengths.size())
      return emitError() << "expected a bound of one dimension and " << lengths.size()
                         << " symbols, one for each length, got " << AffineMapAttr::get(map);
    if (failed(checkRowMap(emitError, map))) // interval_c3
      return failure();
  }
  for (Attribute space : lengths) // interval_c2
    if (!isa_and_nonnull<RowSpace>(space) || isa<NestAttr>(space))
      return emitError() << "expected the length of a row space that is no nest, got " << space;
  return success();
}

LogicalResult TableMaskAttr::verify(function_ref<InFlightDiagnostic()> emitError, int64_t lower, int64_t upper) {
  if (lower < -1 || upper < -1 || (lower == -1 && upper == -1)) // table_c1
    return emitError() << "expected a lower or an upper bound, or both, got lower = " << lower
                       << " and upper = " << upper;
  return success();
}

LogicalResult IntervalsAttr::verify(function_ref<InFlightDiagnostic()> emitError, ArrayRef<IntervalAttr> intervals) {
  if (intervals.size() < 2) // intervals_c1
    return emitError() << "expected at least two intervals, got " << intervals.size();
  return success();
}

Attribute IntervalAttr::parse(AsmParser &parser, Type) {
  SMLoc loc = parser.getCurrentLocation();
  AffineMap lower, upper;
  SmallVector<Attribute> lengths;
  if (parser.parseLess() || parser.parseAffineMap(lower) || parser.parseComma() || parser.parseAffineMap(upper))
    return {};
  if (succeeded(parser.parseOptionalComma()) && (parser.parseKeyword("lengths") || parser.parseEqual() ||
                                                 parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, [&] {
                                                   return parser.parseAttribute(lengths.emplace_back());
                                                 })))
    return {};
  if (parser.parseGreater())
    return {};
  return getChecked([&] { return parser.emitError(loc); }, parser.getContext(), lower, upper,
                    ArrayRef<Attribute>(lengths));
}

void IntervalAttr::print(AsmPrinter &printer) const {
  printer << "<";
  getLower().print(printer.getStream());
  printer << ", ";
  getUpper().print(printer.getStream());
  if (!getLengths().empty()) {
    printer << ", lengths = [";
    llvm::interleaveComma(getLengths(), printer);
    printer << "]";
  }
  printer << ">";
}
