// SPDX-License-Identifier: Apache-2.0
// Wrong descriptions: the line, the column, what was expected, what was given, what to do.
#include "ImportForTest.h"
#include "WrongDescription.h"
#include "gtest/gtest.h"

using namespace reccc;

namespace {

const Wrong kWrong[] = {
    {"empty", "", {"0:0: error: empty file, expected a model description (recsys.v1.Model) [RC2001]"}},
    {"onlyComments", "# nothing\n\n  # here\n", {"0:0: error: empty file"}},
    {"json",
     "{\"name\": \"m\"}",
     {"0:0: error: expected a model description (recsys.v1.Model), got what looks like JSON", "[RC2002]"}},
    {"mlir",
     "#s = #recsys.space<\"h\", max = 4>\nrecsys.model @rank() {}",
     {"looks like MLIR; name it with the ending .mlir [RC2002]"}},
    {"lfsPointer",
     "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n",
     {"looks like a Git LFS pointer; fetch the file itself with `git lfs pull` [RC2002]"}},
    {"scaleByNothing",
     HEAD "node { name: \"n\" scale { input: \"x\" } }\n" TAIL,
     {"7:18: error: node 'n' scales by nothing, expected factor, divisor or plus [RC2"}},
    {"scaleByNegativeDivisor",
     HEAD "node { name: \"n\" scale { input: \"x\" divisor: -1 } }\n" TAIL,
     {"error: node 'n': scale.divisor is -1, expected a number above 0"}},
    {"clampUpsideDown",
     HEAD "node { name: \"n\" clamp { input: \"x\" low: 2 high: 1 } }\n" TAIL,
     {"7:44: error: high is 1, expected at least low, which is 2"}},
    {"logToBase1",
     HEAD "node { name: \"n\" log { input: \"x\" base: 1 } }\n" TAIL,
     {"log.base is 1, expected a number above 1"}},
    {"toFloatOfFloats",
     HEAD "node { name: \"n\" to_float { input: \"x\" } }\n" TAIL,
     {"7:29: error: node 'n': input 'x' is h of 4 FLOAT32, expected INT64"}},
    {"softmaxOfOneNumber",
     HEAD "input { name: \"one\" rows: \"h\" type: FLOAT32 }\nnode { name: \"n\" softmax { input: \"one\" } }\n" TAIL,
     {"8:28: error: node 'n': input 'one' is h of FLOAT32, expected records of at least one dimension"}},
    {"divOtherRows",
     HEAD "node { name: \"n\" div { input: \"x\" by: \"y\" by_zero: ZERO } }\n" TAIL,
     {"7:35: error: node 'n': by 'y' has the rows c, expected h"}},
    {"positionsOfNests",
     HEAD "node { name: \"r\" repeat_rows { input: \"x\" rows: \"c\" } }\n"
          "node { name: \"n\" positions { input: \"r\" factor: 1 count: FROM_OLDEST weight: \"p\" } }\n" TAIL,
     {"8:30: error: node 'n': input has the rows (h) for each of c, expected rows that are not nested; add positions "
      "before "
      "repeat_rows"}},
    {"batchNormWithoutWeights",
     HEAD "node { name: \"n\" mlp { input: \"x\" stage: [BATCH_NORM] weights: \"m.{stage}.\" } }\n" TAIL,
     {"error: node 'n': eps is not set, expected the eps of its norms"}},
    {"leakyWithoutSlope",
     HEAD "node { name: \"n\" mlp { input: \"x\" stage: [LEAKY_RELU] weights: \"m.{stage}.\" } }\n" TAIL,
     {"error: node 'n': slope is not set, expected the slope of LEAKY_RELU"}},
    {"l2NormGroups",
     HEAD "node { name: \"n\" l2_norm { input: \"x\" eps: 1e-6 groups: 3 } }\n" TAIL,
     {"error: groups is 3, expected a divisor of the 4 numbers of a record"}},
    {"scalePartsUneven",
     HEAD "node { name: \"m\" slice_features { input: \"x\" offset: 0 size: 3 } }\nnode { name: \"n\" scale_parts { "
          "input: \"x\" factors: \"m\" } }\n" TAIL,
     {"error: node 'n': factors 'm' has 3 numbers a row, expected as many as a record of 4 numbers has equal parts"}},
    {"reduceWhichEnd",
     HEAD "node { name: \"n\" reduce_features { input: \"x\" kind: LAST dim: 0 } }\n" TAIL,
     {"error: kind is LAST, expected SUM, MEAN or MAX"}},
    {"reduceOtherDim",
     HEAD "node { name: \"n\" reduce_features { input: \"x\" kind: SUM dim: 1 } }\n" TAIL,
     {"error: dim is 1, expected a dimension of h of 4 FLOAT32, counted from 0"}},
    {"dotsOfOneDimension",
     HEAD "node { name: \"n\" feature_dots { left: \"x\" right: \"x\" pairs: LOWER } }\n" TAIL,
     {"error: node 'n': left is h of 4 FLOAT32 and right h of 4 FLOAT32, expected records of vectors of one width, as "
      "many on both sides and at least two",
      "note: reshape_features makes vectors of a record"}},
    {"bagOfOneId",
     HEAD
     "table { name: \"t\" weight: \"w\" out_of_range: CLAMP rows: 3 width: 2 }\nnode { name: \"n\" embedding_bag { "
     "ids: \"id\" table: \"t\" kind: SUM } }\n" TAIL,
     {"error: node 'n': ids 'id' is h of INT64, expected INT64 records of one dimension, or one "
      "INT64 for each row of bags"}},
    {"bagsOfDerivedRows",
     "name: \"m\"\nrows { name: \"h\" max: 9 }\nrows { name: \"g\" bags { of: \"request\" max: 3 } }\n"
     "input { name: \"x\" rows: \"g\" type: INT64 }\noutput { node: \"x\" }\n",
     {"3:25: error: rows 'g' are bags of 'request', expected base rows", "note: base rows have a `max`"}},
    {"noBounds",
     HEAD MASKED("bounds {}") TAIL,
     {"error: node 'n': the bounds are empty, expected lower, upper or both"}},
    {"boundsInAWindow",
     HEAD MASKED("bounds { upper: \"id\" } window { past: 3 }") TAIL,
     {"error: node 'n': bounds on keys of the rows h, expected keys of one part and no window, semi_local, context or "
      "candidates"}},
    {"boundsOfFloats",
     HEAD MASKED("bounds { upper: \"x\" }") TAIL,
     {"error: node 'n': upper 'x' is h of 4 FLOAT32, expected one INT64 for each row"}},
    {"boundsOverOtherRows",
     HEAD "input { name: \"b\" rows: \"c\" type: INT64 }\n" MASKED("bounds { lower: \"b\" }") TAIL,
     {"error: node 'n': lower 'b' has the rows c, expected h"}},
    {"filterOfNestedRows",
     HEAD "rows { name: \"n\" nested { outer: \"h\" inner: \"c\" } }\n"
          "rows { name: \"k\" filtered { of: \"n\" where: \"id\" } }\n"
          "node { name: \"n\" broadcast_rows { input: \"x\" rows: \"k\" } }\n" TAIL,
     {"error: rows 'k' are filtered of 'n', expected rows of the request"}},
    {"filterByOtherRows",
     HEAD "rows { name: \"k\" filtered { of: \"c\" where: \"id\" } }\n"
          "node { name: \"n\" select { input: \"y\" rows: \"k\" } }\n" TAIL,
     {"error: rows 'k': where 'id' is h of INT64, expected one INT64 for each row of c"}},
    {"filterByItself",
     HEAD "rows { name: \"k\" filtered { of: \"h\" where: \"n\" } }\n"
          "node { name: \"n\" select { input: \"id\" rows: \"k\" } }\n" TAIL,
     {"error: node 'n' depends on itself"}},
    {"tooManyBags",
     "name: \"m\"\nrows { name: \"h\" max: 65536 }\nrows { name: \"g\" bags { of: \"h\" max: 65536 } }\n"
     "input { name: \"x\" rows: \"g\" type: INT64 }\noutput { node: \"x\" }\n",
     {"error: rows 'g' are too many [RC2407]: expected a row space of fewer than 2^31 rows in a request"}},
    {"bagPaddingOutside",
     HEAD "input { name: \"ids\" rows: \"h\" type: INT64 dims: 3 }\ntable { name: \"t\" weight: \"w\" out_of_range: "
          "CLAMP rows: 3 width: 2 }\nnode { name: \"n\" embedding_bag { ids: \"ids\" table: \"t\" kind: SUM padding: 3 "
          "} }\n" TAIL,
     {"error: padding is 3, expected a row of table 't', which has 3"}},
    {"nearestOfOtherWidth",
     HEAD "input { name: \"q\" rows: \"c\" type: INT64 dims: 2 }\n"
          "node { name: \"n\" nearest_rows { query: \"q\" keys: \"id\" k: 2 order: BY_PLACE } }\n" TAIL,
     {"8:44: error: node 'n': keys 'id' is h of INT64, expected records as of c of 2 INT64"}},
    {"nearestOfFloats",
     HEAD "node { name: \"n\" nearest_rows { query: \"y\" keys: \"x\" k: 2 order: BY_PLACE } }\n" TAIL,
     {"7:33: error: node 'n': query 'y' is c of 4 FLOAT32, expected INT64"}},
    {"gatherOfNested",
     HEAD "node { name: \"r\" repeat_rows { input: \"x\" rows: \"c\" } }\n"
          "node { name: \"n\" gather_rows { input: \"r\" places: \"id\" } }\n" TAIL,
     {"8:32: error: node 'n': input is (h) for each of c of 4 FLOAT32, expected rows of the request"}},
    {"gatherByMatrix",
     HEAD "input { name: \"p\" rows: \"c\" type: INT64 dims: [2, 2] }\n"
          "node { name: \"n\" gather_rows { input: \"x\" places: \"p\" } }\n" TAIL,
     {"8:43: error: node 'n': places is c of 2 x 2 INT64, expected records of one dimension at most"}},
    {"mixtureOfOtherCount",
     HEAD "node { name: \"n\" mixture { gate: \"x\" expert: [\"x\", \"x\"] } }\n" TAIL,
     {"error: node 'n': gate 'x' has 4 numbers a row, expected 2, one for each expert"}},
    {"crossWithoutKind",
     HEAD "node { name: \"n\" cross { input: \"x\" layers: 1 } }\n" TAIL,
     {"error: node 'n' has no kind of cross layer, expected full or low_rank"}},
    {"syntax", "name: \"m\"\nrows { name: }\n", {"2:14: error: ", "[RC2003]"}},
    {"wrongFieldType", "name: \"m\"\nrows { name: \"h\" max: \"many\" }\n", {"2:23: error: ", "[RC2003]"}},
    {"unknownBlock",
     HEAD "node { name: \"n\" linaer { input: \"x\" weight: \"w\" } }\n" TAIL,
     {"7:18: error: unknown block 'linaer' [RC2105]", "7:18: note: did you mean 'linear'?"}},
    {"noBlock",
     HEAD "node { name: \"n\" }\n" TAIL,
     {"7:1: error: node 'n' has no block, expected one of those of `message Node`", "[RC2105]"}},
    {"unknownEnum",
     HEAD "node { name: \"n\" pool { input: \"x\" kind: MIDDLE } }\n" TAIL,
     {"7:42: error: kind is 'MIDDLE', expected a value of its enumeration [RC2203]",
      "7:42: note: there are LAST, FIRST, SUM, MEAN, MAX, BINARY and REGRESSION"}},
    {"undefinedInput",
     HEAD "node { name: \"n\" relu { input: \"xx\" } }\n" TAIL,
     {"7:25: error: no input or node 'xx' [RC2101]", "7:25: note: did you mean 'x', 'id' or 'n'?"}},
    {"undefinedInner",
     HEAD "node { name: \"m1\" relu { input: \"x\" } }\nnode { name: \"n\" relu { input: "
          "\"m1.layers.0\" } }\n" TAIL,
     {"8:25: error: node 'm1' has no value 'm1.layers.0' [RC2101]"}},
    {"undefinedRows",
     HEAD "node { name: \"n\" select { input: \"x\" rows: \"hh\" } }\n" TAIL,
     {"7:38: error: no rows 'hh' [RC2101]", "did you mean 'h'"}},
    {"undefinedTable",
     HEAD "table { name: \"items\" weight: \"w\" out_of_range: CLAMP rows: 3 width: 2 }\nnode { "
          "name: \"n\" embedding { ids: \"id\" table: \"item\" } }\n" TAIL,
     {"8:40: error: no table 'item' [RC2101]", "did you mean 'items'?"}},
    {"undefinedOutput",
     HEAD "node { name: \"n\" relu { input: \"x\" } }\noutput { node: \"nn\" }\n",
     {"8:10: error: no input or node 'nn' [RC2101]"}},
    {"cycle",
     HEAD "node { name: \"n\" relu { input: \"b\" } }\nnode { name: \"b\" relu { input: \"c1\" } "
          "}\nnode { name: \"c1\" relu { input: \"n\" } }\n" TAIL,
     {"7:1: error: node 'n' depends on itself: n -> b -> c1 -> n [RC2103]", "8:1: note: 'b' is here",
      "9:1: note: 'c1' is here"}},
    {"selfCycle",
     HEAD "node { name: \"n\" relu { input: \"n\" } }\n" TAIL,
     {"7:1: error: node 'n' depends on itself: n -> n [RC2103]"}},
    {"rowsCycle",
     "name: \"m\"\nrows { name: \"a\" newest { of: \"b\" count: 2 } }\nrows { name: \"b\" oldest { "
     "of: \"a\" count: 2 } }\noutput { node: \"x\" }\ninput { name: \"x\" rows: \"a\" type: INT64 "
     "}\n",
     {"2:1: error: rows 'a' depends on itself: a -> b -> a [RC2103]"}},
    {"duplicateNode",
     HEAD "node { name: \"n\" relu { input: \"x\" } }\nnode { name: \"n\" silu { input: \"x\" } "
          "}\n" TAIL,
     {"8:8: error: node 'n': the name is taken [RC2102]", "7:8: note: it is given here first"}},
    {"nodeNamedAsInput",
     HEAD "node { name: \"x\" relu { input: \"y\" } }\noutput { node: \"x\" }\n",
     {"7:8: error: node 'x': the name is taken", "4:9: note: it is given here first"}},
    {"duplicateRows",
     "name: \"m\"\nrows { name: \"h\" max: 8 }\nrows { name: \"h\" max: 9 }\noutput { node: \"x\" "
     "}\ninput { name: \"x\" rows: \"h\" type: INT64 }\n",
     {"3:8: error: rows 'h': the name is taken [RC2102]", "2:8: note"}},
    {"rowsNamedRequest",
     "name: \"m\"\nrows { name: \"request\" max: 8 }\ninput { name: \"x\" rows: \"request\" type: "
     "INT64 }\noutput { node: \"x\" }\n",
     {"2:8: error: rows 'request': the name is taken by the one row that every request has "
      "[RC2102]"}},
    {"duplicateOutput",
     HEAD "node { name: \"n\" relu { input: \"x\" } }\noutput { node: \"n\" }\noutput { node: "
          "\"x\" name: \"n\" }\n",
     {"9:20: error: output 'n': the name is taken [RC2102]", "8:1: note"}},
    {"badName",
     HEAD "node { name: \"a.b\" relu { input: \"x\" } }\noutput { node: \"x\" }\n",
     {"7:8: error: node 'a.b': name is 'a.b', expected a name", "[RC2104]"}},
    {"nameWithEscapes",
     HEAD "node { name: \"\\033[31m\" relu { input: \"x\" } }\noutput { node: \"x\" }\n",
     {"name is '\\x1b[31m'", "[RC2104]"}},
    {"badOutputName",
     HEAD "node { name: \"n\" relu { input: \"x\" } }\noutput { node: \"n\" name: \"a\\nb\" }\n",
     {"8:20: error: output 'n': name is 'a\\x0ab', expected a name", "[RC2104]"}},
    {"missingAttribute",
     HEAD "node { name: \"n\" layer_norm { input: \"x\" } }\n" TAIL,
     {"7:18: error: node 'n': layer_norm.eps is not set, expected a number of at least 0 "
      "[RC2201]"}},
    {"missingOutput",
     HEAD "node { name: \"n\" relu { input: \"x\" } }\n",
     {"0:0: error: output is not set", "[RC2201]"}},
    {"missingMax",
     "name: \"m\"\nrows { name: \"h\" }\ninput { name: \"x\" rows: \"h\" type: INT64 }\noutput { "
     "node: \"x\" }\n",
     {"2:1: error: rows 'h' have no number, expected one of max, count, newest, oldest, "
      "interleaved, nested, grouped, bags and filtered [RC2201]"}},
    {"epsNan",
     HEAD "node { name: \"n\" layer_norm { input: \"x\" eps: nan } }\n" TAIL,
     {"7:42: error: node 'n': layer_norm.eps is nan, expected a number of at least 0 [RC2202]"}},
    {"negativeEps",
     HEAD "node { name: \"n\" layer_norm { input: \"x\" eps: -1 } }\n" TAIL,
     {"7:42: error: node 'n': layer_norm.eps is -1, expected a number of at least 0 [RC2202]"}},
    {"maxZero",
     "name: \"m\"\nrows { name: \"h\" max: 0 }\ninput { name: \"x\" rows: \"h\" type: INT64 "
     "}\noutput { node: \"x\" }\n",
     {"2:18: error: rows 'h': max is 0, expected an integer from 1 to 2147483647 [RC2202]"}},
    {"negativeDim",
     "name: \"m\"\nrows { name: \"h\" max: 8 }\ninput { name: \"x\" rows: \"h\" type: FLOAT32 "
     "dims: -2 }\noutput { node: \"x\" }\n",
     {"3:43: error: input 'x': dims is -2", "[RC2202]"}},
    {"dimsOverflow",
     "name: \"m\"\nrows { name: \"h\" max: 8 }\ninput { name: \"x\" rows: \"h\" type: FLOAT32 "
     "dims: [2147483647, 2147483647, 8] }\noutput { node: \"x\" }\n",
     {"3:1: error: node 'x': a record of shape [2147483647, 2147483647, 8] is too large", "[RC2407]"}},
    {"rank9",
     "name: \"m\"\nrows { name: \"h\" max: 8 }\ninput { name: \"x\" rows: \"h\" type: FLOAT32 "
     "dims: [1, 1, 1, 1, 1, 1, 1, 1, 1] }\noutput { node: \"x\" }\n",
     {"at most 8 dimensions", "[RC2407]"}},
    {"rowsDiffer",
     HEAD "node { name: \"n\" add { input: \"x\" input: \"y\" } }\n" TAIL,
     {"7:35: error: node 'n': input 'y' has the rows c, expected h [RC2401]"}},
    {"recordsDiffer",
     HEAD "node { name: \"s\" slice_features { input: \"x\" offset: 0 size: 2 } }\nnode { name: "
          "\"n\" mul { input: \"x\" input: \"s\" } }\n" TAIL,
     {"8:35: error: node 'n': input 's' is h of 2 FLOAT32, expected records as of h of 4 FLOAT32 "
      "[RC2402]"}},
    {"idsAsFloats",
     HEAD "node { name: \"n\" relu { input: \"id\" } }\n" TAIL,
     {"7:25: error: node 'n': input 'id' is h of INT64, expected FLOAT32 [RC2403]"}},
    {"floatsAsIds",
     HEAD "table { name: \"t\" weight: \"w\" out_of_range: CLAMP rows: 3 width: 2 }\nnode { name: "
          "\"n\" embedding { ids: \"x\" table: \"t\" } }\n" TAIL,
     {"8:30: error: node 'n': ids 'x' is h of 4 FLOAT32, expected one INT64 for each row "
      "[RC2403]"}},
    {"computedIdsRejected",
     HEAD "table { name: \"t\" weight: \"w\" out_of_range: REJECT_REQUEST rows: 3 width: 2 }\nnode "
          "{ name: \"b\" bucketize { input: \"id\" rule { edges { edge: 3 } } } }\nnode { name: "
          "\"n\" embedding { ids: \"b\" table: \"t\" } }\n" TAIL,
     {"9:30: error: node 'n': ids 'b' are computed", "[RC2204]", "7:31: note"}},
    {"noSuchPart",
     HEAD "node { name: \"n\" select { input: \"x\" rows: \"c\" } }\n" TAIL,
     {"7:38: error: node 'n': rows 'c' are c, which are no part of the input's rows, h [RC2404]"}},
    {"inputOverNewest",
     "name: \"m\"\nrows { name: \"h\" max: 8 }\nrows { name: \"r\" newest { of: \"h\" count: 2 } "
     "}\ninput { name: \"x\" rows: \"r\" type: INT64 }\noutput { node: \"x\" }\n",
     {"4:19: error: input 'x' is over newest 2 of h, expected base rows, bags or 'request' [RC2404]"}},
    {"oneInput",
     HEAD "node { name: \"n\" concat_rows { input: \"x\" } }\n" TAIL,
     {"7:18: error: node 'n' has one input, expected two or more [RC2201]"}},
    {"sizeNeeded",
     HEAD "node { name: \"n\" linear { input: \"x\" weight: \"w\" } }\n" TAIL,
     {"7:38: error: the shape [?, 4] of weight 'w' is not known without a weights file [RC2304]",
      "note: set outputs, or give the weights"}},
    {"edgesDecrease",
     HEAD "node { name: \"n\" bucketize { input: \"id\" rule { edges { edge: [3, 5, 4] } } } }\n" TAIL,
     {"edge 4 follows 5, expected edges that do not decrease [RC2202]"}},
    {"sliceTooLong",
     HEAD "node { name: \"n\" slice_features { input: \"x\" offset: 3 size: 9223372036854775807 } "
          "}\n" TAIL,
     {"expected a part of the 4 that the input has [RC2202]"}},
    {"reshapeWrong",
     HEAD "node { name: \"n\" reshape_features { input: \"x\" dims: [3, 2] } }\n" TAIL,
     {"shape [3, 2] has 6 numbers, expected the 4 of the input [RC2402]"}},
    {"vocabularyTwice",
     HEAD "node { name: \"n\" vocabulary { input: \"id\" id: [1, 5, 5] absent: 0 } }\n" TAIL,
     {"error: id 5 follows 5, expected ids each greater than the one before"}},
    {"lastPositionBehindTheWeight",
     HEAD "node { name: \"n\" positions { input: \"x\" factor: 1 count: FROM_OLDEST weight: \"p\" entries: 6 last: 6 } "
          "}\n" TAIL,
     {"error: last is 6, expected a row of weight 'p', which has 6"}},
    {"groupOfPositionsWithoutCandidates",
     HEAD "node { name: \"n\" positions { input: \"x\" factor: 1 count: FROM_OLDEST weight: \"p\" entries: 6 group: 2 "
          "} }\n" TAIL,
     {"error: node 'n' has group, expected it with candidates and FROM_OLDEST"}},
    {"hashTables",
     HEAD
     "table { name: \"t\" weight: \"w\" out_of_range: CLAMP rows: 3 width: 2 }\nnode { name: \"n\" hashed_embedding { "
     "ids: \"id\" table: \"t\" table: \"t\" hash { multiplier: 3 addend: 1 } modulus: 7 combine: SUM } }\n" TAIL,
     {"node 'n' has 2 tables and 1 hashes, expected one table, or one for each hash"}},
    {"hashWidths",
     HEAD
     "table { name: \"t\" weight: \"w\" out_of_range: CLAMP rows: 3 width: 2 }\ntable { name: \"u\" weight: \"v\" "
     "out_of_range: CLAMP rows: 3 width: 4 }\nnode { name: \"n\" hashed_embedding { ids: \"id\" table: \"t\" table: "
     "\"u\" hash { multiplier: 3 addend: 1 } hash { multiplier: 3 addend: 1 } modulus: 7 combine: SUM } }\n" TAIL,
     {"table 'u' has 4 numbers a row, expected 2 as the first one"}},
    {"easyRecLast",
     HEAD "node { name: \"n\" bucketize { input: \"id\" rule { torch_easyrec { function: LOG unit: 60 } } } }\n" TAIL,
     {"the largest bucket is -1, expected 1 to 65536"}},
    {"easyRecUnit",
     HEAD "node { name: \"n\" bucketize { input: \"id\" rule { torch_easyrec { function: LOG unit: 1e200 last: 3 } } } "
          "}\n" TAIL,
     {"expected a number that fp32 holds"}},
    {"endRow",
     HEAD "table { name: \"t\" weight: \"w\" out_of_range: CLAMP rows: 3 width: 4 }\nnode { name: \"n\" dot_table { "
          "input: \"x\" table: \"t\" first_row: 1 end_row: 4 } }\n" TAIL,
     {"end_row is 4, expected 2 to 3, the rows of the table"}},
    {"tooManyInterleavedRows",
     "name: \"m\"\nrows { name: \"h\" max: 2000000000 }\nrows { name: \"i\" interleaved { of: \"h\" times: 4 } }\n"
     "input { name: \"x\" rows: \"h\" type: INT64 }\nnode { name: \"n\" bucketize { input: \"x\" rule { edges { edge: "
     "1 } } "
     "} }\n" TAIL,
     {"rows 'i' are too many"}},
    {"unknownField",
     HEAD "node { name: \"n\" relu { input: \"x\" inptu: \"y\" } }\n" TAIL,
     {"7:36: warning: unknown field 'inptu' in message Operand; it is ignored [RC2006]",
      "7:36: note: did you mean 'input'?"}},
    {"newerRevision",
     "name: \"m\"\nrevision: 7\n",
     {"2:1: error: the description needs revision 7 of recsys.v1, this tool reads up to 1", "[RC2007]"}},
};

} // namespace

TEST_P(WrongDescription, isExplained) {
  const Wrong &test = GetParam();
  Imported imported = importText(test.text);
  std::string text = imported.text();
  bool warning = text.find(": warning: ") != std::string::npos;
  EXPECT_EQ(static_cast<bool>(imported.module), warning) << text;
  size_t at = 0;
  for (const char *part : test.says) {
    size_t found = text.find(part, at);
    EXPECT_NE(found, std::string::npos) << "missing: " << part << "\nin:\n" << text;
    at = found == std::string::npos ? at : found;
  }
}

INSTANTIATE_TEST_SUITE_P(All, WrongDescription, testing::ValuesIn(kWrong), nameOf);

//===-- With weights
//--------------------------------------------------------------------------------------------------===//

namespace {

/// A weights file in memory.
SafetensorsFile weightsFile(std::vector<std::pair<std::string, std::vector<int64_t>>> tensors,
                            reccc::TensorType type = reccc::TensorType::F32) {
  static std::vector<float> zeros(1 << 16);
  std::vector<TensorToWrite> list;
  for (auto &[name, shape] : tensors)
    list.push_back({name, type, shape, zeros.data()});
  std::string path = testing::TempDir() + "/frontend_weights.safetensors";
  FileError error;
  EXPECT_TRUE(writeSafetensors(path, list, error));
  auto file = SafetensorsFile::open(path, error);
  EXPECT_TRUE(file);
  return std::move(*file);
}

const char *kLinear = HEAD "node {\n  name: \"n\"\n  linear { input: \"x\" weight: \"head.weight\" "
                           "bias: \"head.bias\" outputs: 3 }\n}\n" TAIL;

} // namespace

TEST(WrongWeights, missingTensor) {
  SafetensorsFile weights = weightsFile({{"head.wieght", {3, 4}}, {"head.bias", {3}}});
  Imported imported = importText(kLinear, &weights);
  EXPECT_FALSE(imported.module);
  EXPECT_NE(imported.text().find("9:23: error: the weights have no tensor 'head.weight' "
                                 "[RC2301]\n0:0: note: did you mean 'head.wieght'?"),
            std::string::npos)
      << imported.text();
}

TEST(WrongWeights, wrongShape) {
  SafetensorsFile weights = weightsFile({{"head.weight", {3, 5}}, {"head.bias", {3}}});
  Imported imported = importText(kLinear, &weights);
  EXPECT_FALSE(imported.module);
  EXPECT_NE(imported.text().find("9:23: error: weight 'head.weight' has shape [3, 5], expected [3, "
                                 "4] (4 = width of the input) [RC2302]\n"
                                 "0:0: note: tensor 'head.weight' is f32[3, 5]\n"
                                 "9:12: note: the input is h of 4 FLOAT32; the layout is OUT_IN"),
            std::string::npos)
      << imported.text();
}

TEST(WrongWeights, sizesThatTheDescriptionGivesAreChecked) {
  SafetensorsFile weights = weightsFile({{"head.weight", {2, 4}}, {"head.bias", {2}}});
  Imported imported = importText(kLinear, &weights);
  EXPECT_FALSE(imported.module);
  EXPECT_NE(imported.text().find("has shape [2, 4], expected [3, 4] (3 = outputs) [RC2302]"), std::string::npos)
      << imported.text();
}

TEST(WrongWeights, integersAreNoWeights) {
  SafetensorsFile weights = weightsFile({{"head.weight", {3, 4}}, {"head.bias", {3}}}, reccc::TensorType::I32);
  Imported imported = importText(kLinear, &weights);
  EXPECT_FALSE(imported.module);
  EXPECT_NE(imported.text().find("weight 'head.weight' holds I32, expected F32, F64, BF16 or F16 [RC2303]"),
            std::string::npos)
      << imported.text();
}

TEST(WrongWeights, unusedTensorsAreAWarning) {
  SafetensorsFile weights = weightsFile({{"head.weight", {3, 4}}, {"head.bias", {3}}, {"tail", {1}}});
  Imported imported = importText(kLinear, &weights);
  EXPECT_TRUE(imported.module);
  EXPECT_NE(imported.text().find("0:0: warning: one tensor is never used: 'tail' [RC2305]"), std::string::npos)
      << imported.text();
  EXPECT_EQ(importText(std::string(kLinear) + "unused_weight: \"tail\"\n", &weights).text(), "");
}

TEST(WrongWeights, partsOfATable) {
  SafetensorsFile weights = weightsFile({{"w", {5, 2}}, {"v", {5}}});
  auto said = [&](const std::string &table) {
    return importText(HEAD "table { name: \"t\" out_of_range: CLAMP " + table +
                          " }\nnode { name: \"n\" embedding { ids: \"id\" table: \"t\" } }\n" TAIL,
                      &weights)
        .text();
  };
  EXPECT_NE(said("weight: \"w\" first_row: 2")
                .find("7:51: error: table 't': rows is not set, expected the number of rows "
                      "from first_row on"),
            std::string::npos)
      << said("weight: \"w\" first_row: 2");
  EXPECT_NE(said("weight: \"w\" first_row: 2 rows: 4")
                .find("error: table 't': rows 2 to 2 + 4 are asked for, expected a part of the 5 that weight 'w' has"),
            std::string::npos);
  EXPECT_EQ(said("weight: \"w\" first_row: 2 rows: 3 } unused_weight: \"v\" rows { name: \"u\" max: 1"), "");
  // One dimension: a table of width 1.
  EXPECT_EQ(said("weight: \"v\" first_row: 2 rows: 3 } unused_weight: \"w\" rows { name: \"u\" max: 1"), "");
}

TEST(WrongWeights, splatOfOtherShape) {
  SafetensorsFile weights = weightsFile({{"w", {5, 2}}});
  const char *text = HEAD "node { name: \"n\" splat_rows { weight: \"w\" rows: \"h\" dims: [3, 3] } }\n" TAIL;
  Imported imported = importText(text, &weights);
  EXPECT_FALSE(imported.module);
  EXPECT_NE(imported.text().find("error: node 'n': shape [3, 3] has not the 10 numbers of weight 'w', which is [5, 2]"),
            std::string::npos)
      << imported.text();
}

TEST(WrongWeights, fusedHstuWeights) {
  const char *text = HEAD "node {\n  name: \"n\"\n  hstu {\n    input: \"x\" preset: META_STU layers: 1 heads: "
                          "4\n    qk_width: 16 v_width: 16\n    score { silu { divisor: 8 } }\n"
                          "    weights { prefix: \"stu.{layer}.\" }\n  }\n}\n" TAIL;
  SafetensorsFile weights = weightsFile({{"stu.0._uvqk_weight", {4, 240}},
                                         {"stu.0._uvqk_beta", {240}},
                                         {"stu.0._output_weight", {192, 4}},
                                         {"stu.0._input_norm_weight", {4}},
                                         {"stu.0._input_norm_bias", {4}},
                                         {"stu.0._output_norm_weight", {64}},
                                         {"stu.0._output_norm_bias", {64}}});
  Imported imported = importText(text, &weights);
  EXPECT_FALSE(imported.module);
  EXPECT_NE(imported.text().find("error: weight 'stu.0._uvqk_weight' has shape [4, 240], expected "
                                 "[4, 256] (256 = 4 heads x (2 x 16 qk + 2 x 16 v)) [RC2302]"),
            std::string::npos)
      << imported.text();
  EXPECT_NE(imported.text().find("11:5: note: qk_width is set here"), std::string::npos) << imported.text();
}

//===-- Options
//-------------------------------------------------------------------------------------------------------===//

TEST(Options, strictMakesUnknownFieldsErrors) {
  ImportOptions options;
  options.strict = true;
  Imported imported = importText(HEAD "node { name: \"n\" relu { input: \"x\" more: 1 } }\n" TAIL, nullptr, options);
  EXPECT_FALSE(imported.module);
  EXPECT_NE(imported.text().find("7:36: error: unknown field 'more' in message Operand [RC2006]"), std::string::npos)
      << imported.text();
}

TEST(Options, alsoNamesAreChecked) {
  ImportOptions options;
  options.also = {"m"};
  Imported imported = importText(HEAD "node { name: \"n\" relu { input: \"x\" } }\n" TAIL, nullptr, options);
  EXPECT_FALSE(imported.module);
  EXPECT_NE(imported.text().find("error: the model has no value 'm' to return also [RC2101]"), std::string::npos)
      << imported.text();
}
