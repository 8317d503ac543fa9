// SPDX-License-Identifier: Apache-2.0
// One function for each op: computes the results, for which `Evaluation::prepare` has made room,
// from the operands.
#ifndef RECCC_LIB_INTERPRETER_FAMILIES_H
#define RECCC_LIB_INTERPRETER_FAMILIES_H

#include "Evaluation.h"

namespace reccc {

// Parameters.cpp
LogicalResult evaluate(recsys::GetParameterOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::ParamSliceOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::ParamTransposeOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::ParamReshapeOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::ParamConcatOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::ParamAddOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::ParamSubOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::ParamMulOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::ParamRsqrtOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::ParamScaleRowsOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::ParamVecmatOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::ParamMatmulOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::ParamL2NormOp op, Evaluation &evaluation);

// Embedding.cpp
LogicalResult evaluate(recsys::EmbeddingOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::EmbeddingBagOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::EmbeddingBagsOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::ToFloatOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::ActionBitsOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::ThresholdBitsOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::HashIdsOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::BucketizeOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::RowIndexOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::CalendarFeaturesOp op, Evaluation &evaluation);

// Sequence.cpp
LogicalResult evaluate(recsys::ConcatRowsOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::InterleaveOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::SliceRowsOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::TakeRowsOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::DeinterleaveOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::ShiftOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::BroadcastRowsOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::RepeatRowsOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::GroupRowsOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::GatherRowsOp op, Evaluation &evaluation);
/// Before there is a value for the result: how many rows it has.
void bindRows(recsys::FilterRowsOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::FilterRowsOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::FoldRowsOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::SplatRowsOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::PadRowsOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::MaskRowsOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::MaskShortOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::PoolOp op, Evaluation &evaluation);

// Dense.cpp
LogicalResult evaluate(recsys::LinearOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::RequestLinearOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::AddOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::SubOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::MulOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::DivOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::ScaleOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::SiluOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::SigmoidOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::GeluOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::ReluOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::TanhOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::LeakyReluOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::ClampOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::ExpOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::LogOp op, Evaluation &evaluation);

// Features.cpp
LogicalResult evaluate(recsys::ConcatFeaturesOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::SliceFeaturesOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::ReshapeFeaturesOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::ScalePartsOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::SoftmaxOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::ReduceFeaturesOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::FeatureDotsOp op, Evaluation &evaluation);

// Norms.cpp
LogicalResult evaluate(recsys::LayerNormOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::L2NormOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::RmsNormOp op, Evaluation &evaluation);

// Attention.cpp
LogicalResult evaluate(recsys::AttentionOp op, Evaluation &evaluation);

// Retrieval.cpp
LogicalResult evaluate(recsys::TopKOp op, Evaluation &evaluation);
LogicalResult evaluate(recsys::NearestRowsOp op, Evaluation &evaluation);

} // namespace reccc

#endif // RECCC_LIB_INTERPRETER_FAMILIES_H
