// SPDX-License-Identifier: Apache-2.0
// Wrong masks, scores and biases.
#include "WrongDescription.h"

using namespace reccc;

namespace {

#define PADDED(heads, mask, rows, bias)                                                                                \
  HEAD "node { name: \"n\" hstu { input: \"x\" layers: 1 " heads " qk_width: 2 v_width: 2 mask { " mask                \
       " } score { softmax { padded_rows: " rows " } factor: 1 } " bias                                                \
       "input_norm { eps: 1e-6 affine: false } output_norm { eps: 1e-6 affine: false per_head: false } "               \
       "silu { u: true v: true q: true k: true } output: GATED weights { prefix: \"l.\" uvqk: \"w\" "                  \
       "use_uvqk_bias: false output: \"o\" use_output_bias: false order: BLOCKS_UVQK uvqk_layout: IN_OUT "             \
       "output_layout: OUT_IN } } }\n" TAIL

const Wrong kWrong[] = {
    {"fullMaskWithWindow",
     HEAD MASKED("full {} window { past: 2 }") TAIL,
     {"a full mask has no window, semi_local or context [RC2204]"}},
    {"semiLocalWithWindow",
     HEAD MASKED("causal {} semi_local { local: 1 prefix: 1 } window { past: 2 }") TAIL,
     {"semi_local with a window or context, expected semi_local alone"}},
    {"semiLocalPrefixRows",
     HEAD MASKED("causal {} semi_local { local: 1 prefix: 1 prefix_rows: \"c\" }") TAIL,
     {"rows 'c' are c, expected what stands first in the sequence h"}},
    {"groupWithoutSize",
     HEAD "node { name: \"a\" append { history: \"x\" candidates: \"y\" } }\nnode { name: \"n\" attention { query: "
          "\"a\" key: \"a\" value: \"a\" heads: 2 mask { causal {} candidates { rows: \"c\" see: GROUP } } score { "
          "softmax {} factor: 1 } } }\n" TAIL,
     {"has one of `see: GROUP`, or WHOLE_GROUP, and group, expected both or neither"}},
    {"keyMaskMissing",
     HEAD "node { name: \"n\" attention { query: \"x\" key: \"x\" value: \"x\" heads: 2 mask { full {} } "
          "masked_see_themselves: true score { softmax {} factor: 1 } } }\n" TAIL,
     {"has masked_see_themselves, expected key_mask beside it [RC2204]"}},
    {"biasWithContext",
     HEAD "node { name: \"a\" append { context: \"x\" history: \"y\" } }\nnode { name: \"n\" attention { query: "
          "\"a\" key: \"a\" value: \"a\" heads: 2 mask { causal {} context { rows: \"h\" } } score { softmax {} "
          "factor: 1 } bias { position: \"w\" } } }\n" TAIL,
     {"a bias under a mask with context, expected history and candidates"}},
    {"seenUnderCausal",
     HEAD "node { name: \"a\" append { history: \"x\" candidates: \"y\" } }\nnode { name: \"n\" attention { query: "
          "\"a\" key: \"a\" value: \"a\" heads: 2 mask { causal {} candidates { rows: \"c\" see: SELF seen: true } } "
          "score { softmax {} factor: 1 } } }\n" TAIL,
     {"error: node 'n': candidates are seen, expected that with a full mask alone"}},
    {"semiLocalCandidates",
     HEAD
     "node { name: \"a\" append { history: \"x\" candidates: \"y\" } }\nnode { name: \"n\" attention { query: "
     "\"a\" key: \"a\" value: \"a\" heads: 2 mask { causal {} semi_local { local: 1 prefix: 1 } candidates { rows: "
     "\"c\" see: SELF } } score { softmax {} factor: 1 } } }\n" TAIL,
     {"the semi_local mask has no `candidates`, expected from where candidates look back"}},
    {"fullMaskOverOtherRows",
     HEAD
     "node { name: \"n\" attention { query: \"x\" key: \"y\" value: \"y\" heads: 2 mask { full {} candidates { rows: "
     "\"c\" see: SELF } } score { softmax {} factor: 1 } } }\n" TAIL,
     {"query rows are h, key rows c, expected the same under a mask with candidates"}},
    {"maskPartMissing",
     HEAD "node { name: \"n\" attention { query: \"x\" key: \"x\" value: \"x\" heads: 2 mask { "
          "causal {} candidates { rows: \"c\" see: SELF } } score { softmax {} inverse_sqrt_width "
          "{} } } }\n" TAIL,
     {"error: node 'n': rows 'c' are c, expected what stands last in the sequence h [RC2406]"}},
    {"noDivisor",
     HEAD "node { name: \"n\" attention { query: \"x\" key: \"x\" value: \"x\" heads: 2 mask { "
          "causal {} } score { silu {} inverse_sqrt_width {} } } }\n" TAIL,
     {"the silu score has no divisor", "[RC2201]"}},
    {"headsDoNotDivide",
     HEAD "node { name: \"n\" attention { query: \"x\" key: \"x\" value: \"x\" heads: 3 mask { "
          "causal {} } score { softmax {} factor: 1 } } }\n" TAIL,
     {"query has 4 numbers a row, expected a multiple of the 3 heads [RC2402]"}},
    {"rejectedPositions",
     "name: \"m\" rows { name: \"h\" max: 8 } input { name: \"x\" rows: \"h\" type: FLOAT32 dims: "
     "4 } input { name: \"t\" rows: \"h\" type: INT64 } input { name: \"now\" rows: \"request\" "
     "type: INT64 }\n"
     "node { name: \"n\" hstu { input: \"x\" preset: META_RESEARCH_HSTU layers: 1 heads: 1 "
     "qk_width: 2 v_width: 2 score { silu { divisor: 8 } }\n"
     "bias { timestamps: \"t\" request_time: \"now\" position_entries: 9 time_entries: 129 } "
     "weights { prefix: \"l.\" } } }\n" TAIL,
     {"3:1: error: node 'n': the position bias has 9 entries, expected an odd number of at least "
      "15 (2N - 1) for up to 8 rows [RC2405]"}},
    {"paddedRowsOutsideOfHstu",
     HEAD "node { name: \"n\" attention { query: \"x\" key: \"x\" value: \"x\" heads: 1 mask { causal {} } score { "
          "softmax { padded_rows: 9 } factor: 1 } } }\n" TAIL,
     {"error: node 'n' has a softmax over padded rows, expected it in the macro hstu alone [RC2204]"}},
    {"paddedRowsInATransformer",
     HEAD "node { name: \"n\" transformer { input: \"x\" layers: 1 heads: 1 inner_width: 4 norm: POST eps: 1e-5 "
          "activation: RELU mask { causal {} } score { softmax { padded_rows: 9 } factor: 1 } weights { prefix: \"t.\" "
          "query: \"q\" key: \"k\" value: \"v\" attention_output: \"o\" attention_norm: \"n1\" inner: \"i\" "
          "inner_output: \"j\" output_norm: \"n2\" } } }\n" TAIL,
     {"has a softmax over padded rows, expected it in the macro hstu alone"}},
    {"paddedRowsOfTwoHeads",
     PADDED("heads: 2", "causal {}", "9", ""),
     {"error: node 'n' has a softmax over padded rows and 2 heads, expected one head [RC2204]"}},
    {"paddedRowsUnderAWindow",
     PADDED("heads: 1", "causal {} window { past: 2 }", "9", ""),
     {"has a softmax over padded rows, expected that under a causal mask of a history of one part, without window"}},
    {"paddedRowsTooFew",
     PADDED("heads: 1", "causal {}", "7", ""),
     {"node 'n': the rows h are more than the 7 padded rows, expected at most as many [RC2405]"}},
    {"paddedRowsAndFewPositions",
     PADDED("heads: 1", "causal {}", "9", "bias { position: \"p\" position_entries: 15 order: ADD_THEN_SCALE } "),
     {"the position bias has 15 entries, expected at least 17 (2N - 1) for 9 padded rows [RC2405]"}},
};

} // namespace

INSTANTIATE_TEST_SUITE_P(Attention, WrongDescription, testing::ValuesIn(kWrong), nameOf);
