// SPDX-License-Identifier: Apache-2.0
// What a model needs of a batch of requests.
#ifndef RECCC_LIB_INTERPRETER_REQUESTS_H
#define RECCC_LIB_INTERPRETER_REQUESTS_H

#include "Evaluation.h"

namespace reccc {

/// The lengths of all base row spaces that `model` mentions.
FailureOr<RequestLengths> readLengths(recsys::ModelOp model, const NamedTensors &requests);

/// The values of the model's arguments.
LogicalResult readInputs(recsys::ModelOp model, const NamedTensors &requests, Evaluation &evaluation);

} // namespace reccc

#endif // RECCC_LIB_INTERPRETER_REQUESTS_H
