// SPDX-License-Identifier: Apache-2.0
// The values of a model's parameters.
#ifndef RECCC_TOOLS_RECCC_PARAMETERS_H
#define RECCC_TOOLS_RECCC_PARAMETERS_H

#include "Input.h"
#include "reccc/Dialect/Recsys/IR/RecsysOps.h"

namespace reccc {

/// Reads a parameter from the weights, or makes up values that follow from its name alone when there are none. Reports
/// a tensor that is missing or of another shape.
LogicalResult readParameter(const Input &input, recsys::ParameterOp parameter, std::vector<double> &values);

} // namespace reccc

#endif // RECCC_TOOLS_RECCC_PARAMETERS_H
