// SPDX-License-Identifier: Apache-2.0
// The public headers are plain C, alone and without warnings.
#include "recrt/recrt.h"

int header_is_c(void);
int header_is_c(void) {
  recrt_capabilities capabilities = {.size = sizeof(capabilities)};
  return recrt_query_capabilities(&capabilities).code;
}
