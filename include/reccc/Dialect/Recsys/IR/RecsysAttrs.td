// SPDX-License-Identifier: Apache-2.0
// Row spaces, attention masks and bucket rules.
#ifndef RECCC_DIALECT_RECSYS_IR_RECSYSATTRS_TD
#define RECCC_DIALECT_RECSYS_IR_RECSYSATTRS_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "reccc/Dialect/Recsys/IR/RecsysEnums.td"
include "reccc/Dialect/Recsys/IR/RecsysInterfaces.td"

class Recsys_Attr<string name, string attrMnemonic, list<Trait> traits = []> : AttrDef<Recsys_Dialect, name, traits> {
  let mnemonic = attrMnemonic;
}

//===-- Row spaces ---------------------------------------------------------------------------------------------------===//

// Composed spaces: (bounded_c1) at most 256 spaces in all, (bounded_c2) fewer than 2^31 rows in a request.
class Recsys_SpaceAttr<string name, string attrMnemonic>
    : Recsys_Attr<name, attrMnemonic, [DeclareAttrInterfaceMethods<Recsys_RowSpaceInterface>]> {
  let genVerifyDecl = 1;
  let hasCustomAssemblyFormat = 1;
}

def Recsys_BaseSpaceAttr : Recsys_SpaceAttr<"BaseSpace", "space"> {
  let summary = "Rows whose number comes with each request";
  let description = [{
    `#recsys.space<"history", max = 4096>`: between 0 and `max` rows in a request. (space_c1) The name is not empty.
    (space_c2) 1 <= max < 2^31.
  }];
  let parameters = (ins "::mlir::StringAttr":$name, "int64_t":$max);
}

def Recsys_RowsAttr : Recsys_SpaceAttr<"Rows", "rows"> {
  let summary = "The same number of rows in every request";
  let description = [{ `#recsys.rows<6>`. (rows_c1) The count is 0 or at least 2 and below 2^31; one row is `#recsys.request`. }];
  let parameters = (ins "int64_t":$count);
}

def Recsys_RequestAttr : Recsys_SpaceAttr<"Request", "request"> {
  let summary = "One row in every request";
}

def Recsys_ConcatAttr : Recsys_SpaceAttr<"Concat", "concat"> {
  let summary = "Rows of several spaces, one after another";
  let description = [{
    `#recsys.concat<a, b, …>`: the rows of `a`, then those of `b`. Normal form: (concat_c1) at least two parts, none a concat,
    none `rows<0>`, no two neighbours of constant size.
  }];
  let parameters = (ins ArrayRefParameter<"::mlir::Attribute">:$spaces);
}

def Recsys_InterleaveAttr : Recsys_SpaceAttr<"Interleave", "interleave"> {
  let summary = "n rows for each row";
  let description = [{ `#recsys.interleave<s, n>`: rows n*i to n*i + n-1 belong to row i of `s`. (interleave_space_c1) n >= 2 and `s` is not of constant size. }];
  let parameters = (ins "::mlir::Attribute":$of, "int64_t":$times);
}

def Recsys_GroupAttr : Recsys_SpaceAttr<"Group", "group"> {
  let summary = "One row for each k rows";
  let description = [{
    `#recsys.group<s, k, pad_last>` has ceil(len/k) rows, `#recsys.group<s, k, drop_last>` floor(len/k); the rows that fill no
    group are the last ones, with `pad_first` and `drop_first` the first ones. Rows of a history are dropped at its oldest end: the
    last rows where it is kept newest first. (group_c1) k >= 2 and `s` is not of constant size.
  }];
  let parameters = (ins "::mlir::Attribute":$of, "int64_t":$size, "::mlir::recsys::Remainder":$remainder);
}

def Recsys_TakeFirstAttr : Recsys_SpaceAttr<"TakeFirst", "take_first"> {
  let summary = "At most the first k rows";
  let description = [{ `#recsys.take_first<s, k>`. (take_c1) 1 <= k < max(s), and `s` is not a take of the same end. }];
  let parameters = (ins "::mlir::Attribute":$of, "int64_t":$count);
}

def Recsys_TakeLastAttr : Recsys_SpaceAttr<"TakeLast", "take_last"> {
  let summary = "At most the last k rows";
  let description = [{ `#recsys.take_last<s, k>`: the newest rows of a history kept oldest first. (take_c1) as `take_first`. }];
  let parameters = (ins "::mlir::Attribute":$of, "int64_t":$count);
}

def Recsys_NestAttr : Recsys_SpaceAttr<"Nest", "nest"> {
  let summary = "For each outer row, the inner rows of its request";
  let description = [{
    `#recsys.nest<outer, inner>`; `inner` may be `#recsys.rows<n>`. `outer` is the *frame* of its rows: attention, takes, shifts and
    pools of a value over a nest work within each row of it.
    (nest_c1) Neither is `request`, and `inner` is no nest: nest<a, nest<b, c>> is nest<nest<a, b>, c>. An interleave, group or take of a
    nest is a nest of the interleave, group or take.
  }];
  let parameters = (ins "::mlir::Attribute":$outer, "::mlir::Attribute":$inner);
}

def Recsys_BagsAttr : Recsys_SpaceAttr<"Bags", "bags"> {
  let summary = "A bag of rows for each row of a base space";
  let description = [{
    `#recsys.bags<"genres", of = #history, max = 8>`: each row of `history` has a bag of 0 to `max` rows, and all bags of a request follow one another. A request
    gives the offsets of bags, one more than `history` has rows. The frame of the rows is the request; `embedding_bags` joins those of a bag.
    (space_c1) The name is not empty. (bags_c1) `of` is a base space. (bags_c2) max >= 1.
  }];
  let parameters = (ins "::mlir::StringAttr":$name, "::mlir::Attribute":$of, "int64_t":$max);
}

def Recsys_OpaqueSpaceAttr : Recsys_SpaceAttr<"OpaqueSpace", "opaque"> {
  let summary = "Rows whose number the data decides";
  let description = [{ `#recsys.opaque<"id", max = n>`: exactly one op of a model binds an id (`filter_rows`), before any other has rows of it. (opaque_c1) as `space`. }];
  let parameters = (ins "::mlir::StringAttr":$id, "int64_t":$max);
}

//===-- Masks --------------------------------------------------------------------------------------------------------===//

class Recsys_MaskAttr<string name, string attrMnemonic>
    : Recsys_Attr<name, attrMnemonic, [DeclareAttrInterfaceMethods<Recsys_MaskInterface>]>;

def Recsys_FullMaskAttr : Recsys_MaskAttr<"FullMask", "full"> { let summary = "Every column"; }
def Recsys_NoMaskAttr : Recsys_MaskAttr<"NoMask", "none"> { let summary = "No column"; }
def Recsys_SelfMaskAttr : Recsys_MaskAttr<"SelfMask", "self"> { let summary = "Column i for row i"; }

def Recsys_IntervalAttr : Recsys_MaskAttr<"Interval", "interval"> {
  let summary = "One interval of columns";
  let description = [{
    Row i sees the columns [greatest of `lower`, least of `upper`), clamped to the segment. Both maps take the row (d0) and the
    lengths of the row spaces in `lengths` (s0, s1, …) in its request. `upper` with no result: no upper limit; `lower` likewise.

        #recsys.interval<(d0) -> (d0 - 11), (d0) -> (d0 + 1)>

    (interval_c1) Maps have one dimension and as many symbols as there are lengths. (interval_c2) Lengths are row spaces that are no nests.
    (interval_c3) Maps divide by positive constants only and stay below 2^62 for all rows and lengths.
  }];
  let parameters = (ins "::mlir::AffineMap":$lower, "::mlir::AffineMap":$upper,
                    OptionalArrayRefParameter<"::mlir::Attribute">:$lengths);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

def Recsys_IntervalsAttr : Recsys_MaskAttr<"Intervals", "intervals"> {
  let summary = "Several intervals of columns";
  let description = [{
    Sorted and disjoint for every row; an overlap would count a column twice, so intervals are clipped to begin where the one before ended.
    (intervals_c1) At least two intervals.
  }];
  let parameters = (ins ArrayRefParameter<"::mlir::recsys::IntervalAttr">:$intervals);
  let assemblyFormat = "`<` $intervals `>`";
  let genVerifyDecl = 1;
}

def Recsys_TableMaskAttr : Recsys_MaskAttr<"TableMask", "table"> {
  let summary = "One interval of columns, given row by row";
  let description = [{
    Row i sees the columns [lower[i], upper[i]), clamped to the segment: `lower` and `upper` are numbers of operands in `bounds` of the attention, -1 for no bound.

        #recsys.table<lower = 0, upper = 1>

    (table_c1) At least one bound, and numbers from 0 on.
  }];
  let parameters = (ins DefaultValuedParameter<"int64_t", "-1">:$lower, DefaultValuedParameter<"int64_t", "-1">:$upper);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

//===-- Bucket rules -------------------------------------------------------------------------------------------------===//

def Recsys_EdgesAttr : Recsys_Attr<"Edges", "edges"> {
  let summary = "Buckets given by their first values";
  let description = [{
    bucket(x) = number of edges <= x. An edge that is repeated skips a bucket. (edges_c1) Edges do not decrease.
  }];
  let parameters = (ins OptionalArrayRefParameter<"int64_t">:$edges);
  let assemblyFormat = "`<` (`[` $edges^ `]`)? `>`";
  let genVerifyDecl = 1;
}

def Recsys_SqrtBucketAttr : Recsys_Attr<"SqrtBucket", "sqrt_bucket"> {
  let summary = "Buckets of Meta's time encoder";
  let description = [{
    bucket(x) = min(trunc(sqrt(max(float(x), 1e-6) / unit)), last), conversion, division and root each rounded to fp32
    (spec/hstu.md 2.3). (sqrt_bucket_c1) unit > 0 and last >= 0.
  }];
  let parameters = (ins "::llvm::APFloat":$unit, "int64_t":$last);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

def Recsys_VocabularyAttr : Recsys_Attr<"Vocabulary", "vocabulary"> {
  let summary = "Places in a list of numbers";
  let description = [{
    bucket(x) = the place of x among `ids`, from 0; `absent` where it is not among them. (vocabulary_c1) At least one id, each greater than the one before.
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$ids, "int64_t":$absent);
  let assemblyFormat = "`<` `[` $ids `]` `,` $absent `>`";
  let genVerifyDecl = 1;
}

#endif // RECCC_DIALECT_RECSYS_IR_RECSYSATTRS_TD
